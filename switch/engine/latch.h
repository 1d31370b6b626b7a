/* Who is the peer really? Symmetric RTP (RFC 4961) learnt from packets, in a way that a stranger cannot use.
 *
 * The announced address is believed at its first packet. Any other source, which is what a NAT makes of the
 * peer, must send LATCH_PACKETS in sequence with one SSRC. From then on only that source is heard, until it
 * has been silent for RELATCH_SILENCE_MS, or the plan names a new address, or the announced address itself
 * is heard after all: whoever controls the signalling has the last word. */
#ifndef SWITCH_ENGINE_LATCH_H
#define SWITCH_ENGINE_LATCH_H

#include "rtp.h"
#include "values.h"

struct candidate {
    struct address source;
    uint32_t ssrc;
    uint16_t sequence;
    uint8_t packets;
};

struct latch {
    bool locked;
    struct address source;
    uint64_t heard_us;
    uint32_t ssrc;
    uint16_t sequence;
    struct candidate candidates[LATCH_CANDIDATES];
    uint8_t oldest_candidate;
};

enum latch_verdict { LATCH_REFUSED, LATCH_ACCEPTED, LATCH_CHANGED /* accepted, and the source is new */ };

void latch_open(struct latch *latch);

/* The same for a packet that is authentic (SRTP): its source is the peer's, whatever was announced. It moves the
 * latch unless the present source was heard just now, so that a copy sent from elsewhere takes nothing over. */
enum latch_verdict latch_believe(struct latch *latch, const struct address *source, const struct rtp_packet *packet,
                                 uint64_t now_us);
enum latch_verdict latch_judge(struct latch *latch, const struct address *announced, const struct address *source,
                               const struct rtp_packet *packet, uint64_t now_us);

#endif
