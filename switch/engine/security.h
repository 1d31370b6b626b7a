/* Secure RTP for one stream (RFC 3711), by libsrtp2: one key each way, agreed in signalling.
 *
 * Made on the submitting thread, handed over with the command that needs it, and freed by the engine thread when the
 * stream ends or takes another key. Replays are refused by libsrtp's window of 128 packets. */
#ifndef SWITCH_ENGINE_SECURITY_H
#define SWITCH_ENGINE_SECURITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of SrtpSuite in switch/media/plan.py. */
enum srtp_suite {
    SUITE_AES_CM_128_HMAC_SHA1_80,
    SUITE_AES_CM_128_HMAC_SHA1_32,
    SUITE_AEAD_AES_128_GCM,
    SUITE_AEAD_AES_256_GCM,
    SUITES,
};

enum {
    SRTP_KEY_BYTES_MAX = 44, /* master key and salt of AEAD_AES_256_GCM */
    SRTP_TAG_BYTES_MAX = 16, /* what sealing adds at most; we use no MKI */
};

struct security;

/* Bytes of master key and salt together (RFC 4568 section 6.2, RFC 7714 section 12). */
size_t security_key_bytes(enum srtp_suite suite);

/* What libsrtp2 is called where it is installed; its interface is that of 2.0. */
#define SRTP_LIBRARY "libsrtp2.so.1"

/* Before the first key; again is harmless. NULL, or why nothing can be encrypted: then there are no keys. */
const char *security_load(void);

/* Each key has security_key_bytes(suite) bytes. NULL when memory is refused. */
struct security *security_new(enum srtp_suite suite, const uint8_t *inbound_key, const uint8_t *outbound_key);
void security_free(struct security *security); /* NULL is harmless */

/* `security` follows `before` on a stream. A direction whose key has not changed goes on where it was: to begin again
 * under the same key would repeat its keystream. */
void security_continue(struct security *security, struct security *before, bool inbound, bool outbound);

/* Authenticates and decrypts in place; `bytes` shrinks. False: not the peer's, altered, or replayed. The first
 * authentic packet of a new SSRC makes libsrtp allocate its counters, once. */
bool security_open(struct security *security, uint8_t *datagram, size_t *bytes);

/* The same for RTCP. `bytes` shrinks, or grows by at most SRTP_TAG_BYTES_MAX and the four of the index. */
bool security_open_control(struct security *security, uint8_t *datagram, size_t *bytes);
bool security_seal_control(struct security *security, uint8_t *datagram, size_t *bytes);

/* Encrypts in place; `bytes` grows by at most SRTP_TAG_BYTES_MAX, for which there must be room. False: the key is
 * used up (2^48 packets) or memory was refused at the first packet. */
bool security_seal(struct security *security, uint8_t *datagram, size_t *bytes);

#endif
