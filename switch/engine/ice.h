/* ICE-lite (RFC 8445 section 2.5): a full agent checks its ways to us, we answer, and the way that it nominates is
 * where we send. Of STUN (RFC 8489) this is all that is needed: binding requests under short-term credentials.
 *
 * Made on the submitting thread and freed by the engine thread, as struct security is. */
#ifndef SWITCH_ENGINE_ICE_H
#define SWITCH_ENGINE_ICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "values.h"

enum {
    ICE_TEXT_BYTES_MAX = 256,  /* ufrag and password of RFC 8839 section 5.4 */
    ICE_ANSWER_BYTES_MAX = 128 /* 20 of header, 24 of mapped address, 24 of integrity, 8 of fingerprint */
};

struct ice;

enum ice_verdict {
    ICE_REFUSED,   /* no request of our peer's: nothing is sent */
    ICE_CHECKED,   /* authentic: send the answer */
    ICE_NOMINATED, /* and the peer will use this way */
};

/* `username` is what requests must carry: our ufrag, a colon, the peer's. NULL when memory is refused. */
struct ice *ice_new(const char *username, const char *password);
void ice_free(struct ice *ice); /* NULL is harmless */

/* Judges a datagram whose first byte is below 4 (RFC 7983), and writes its answer. */
enum ice_verdict ice_check(const struct ice *ice, const uint8_t *datagram, size_t bytes, const struct address *source,
                           uint8_t answer[ICE_ANSWER_BYTES_MAX], size_t *answer_bytes);

#endif
