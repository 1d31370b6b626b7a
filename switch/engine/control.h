/* What arrives on a media port and is no RTP: checks of ICE, and records of a DTLS handshake (RFC 7983). */
#ifndef SWITCH_ENGINE_CONTROL_H
#define SWITCH_ENGINE_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "core.h"

/* True when the first byte says so and the stream expects such: then the datagram is dealt with. */
bool control_receive(struct engine *engine, uint32_t slot, const uint8_t *datagram, size_t bytes,
                     const struct address *source, uint64_t now_us);

/* Sends a record of our side of a handshake. */
void control_send_record(struct engine *engine, struct stream *stream, const uint8_t *record, size_t bytes);

/* Once a second: a peer that has stopped checking has withdrawn its consent (RFC 7675). */
void control_second(struct stream *stream, uint64_t now_us);

#endif
