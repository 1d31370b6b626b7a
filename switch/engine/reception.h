/* What a stream has heard: loss and jitter (RFC 3550 sections 6.4.1, A.1, A.3, A.8). */
#ifndef SWITCH_ENGINE_RECEPTION_H
#define SWITCH_ENGINE_RECEPTION_H

#include "rtp.h"

struct reception {
    bool started;
    uint32_t ssrc;
    uint32_t first, newest;  /* extended sequence numbers of the run: one SSRC, one unbroken count */
    uint32_t runs;           /* how many have begun */
    uint64_t run_received;
    uint64_t received, lost_in_past_runs;
    uint32_t units_per_ms; /* of the RTP clock */
    uint64_t gaps; /* times that packets were missing, however many */
    bool has_transit;
    uint32_t transit;
    uint32_t jitter_16; /* sixteenths of a sample */
};

/* The clock of the codec, before the first packet and when it changes. */
void reception_set_clock(struct reception *reception, uint32_t units_per_ms);

/* `timed` is false for packets whose timestamp is not their own, which is so for telephone events. */
void reception_packet(struct reception *reception, const struct rtp_packet *packet, uint64_t now_us, bool timed);
uint64_t reception_lost(const struct reception *reception);
uint32_t reception_jitter_us(const struct reception *reception);

#endif
