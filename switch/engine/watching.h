/* Looks at the quality of streams once a second, shows it, and tells when somebody hears nothing. */
#ifndef SWITCH_ENGINE_WATCHING_H
#define SWITCH_ENGINE_WATCHING_H

#include "core.h"

/* What the stream is at this moment, counted from its beginning. */
void watching_see(const struct stream *stream, struct quality_view *view);

void watching_second(struct engine *engine, uint32_t slot);

/* The slot is closed: there is nothing to see. */
void watching_end(struct engine *engine, uint32_t slot);

#endif
