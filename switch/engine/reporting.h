/* A stream's reports on the wire: sent on time, taken from its peer alone, sealed where its audio is. */
#ifndef SWITCH_ENGINE_REPORTING_H
#define SWITCH_ENGINE_REPORTING_H

#include "core.h"

/* A datagram that came on the port of its own, or (`muxed`, RFC 5761) beside the audio. */
void reporting_receive(struct engine *engine, uint32_t slot, uint8_t *datagram, size_t bytes,
                       const struct address *source, bool muxed, uint64_t now_us);

/* Once a second: sends what is due. */
void reporting_second(struct engine *engine, uint32_t slot, uint64_t now_us);

/* The stream ends: the peer need not wait for its time-out. */
void reporting_goodbye(struct engine *engine, uint32_t slot, uint64_t now_us);

/* The plan names another peer: its reports come from elsewhere. */
void reporting_forget_source(struct stream *stream);

#endif
