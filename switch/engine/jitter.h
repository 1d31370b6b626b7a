/* An adaptive jitter buffer: packets in when they arrive, out when it is their time.
 *
 * Two clocks meet here. The sender's is in the timestamps; ours is `now_us`, and one call of jitter_take() after the
 * other, each of which stands for more of the sender's time. A packet's transit is its arrival less its timestamp: no
 * delay that means anything by itself, but the least transit of the last seconds is that of a packet which nothing held
 * up, and what another one has above it is its jitter. How long to wait (the target) is what all but a few of the last
 * packets' jitter keeps within. See docs/decisions/0024-decoded-path.md for the states.
 *
 * All times that are called units are counts of the RTP clock, which wrap. */
#ifndef SWITCH_ENGINE_JITTER_H
#define SWITCH_ENGINE_JITTER_H

#include "rtp.h"

enum {
    JITTER_PACKETS = 64,          /* held at most; a power of two */
    JITTER_BINS = 60,             /* of the histogram, */
    JITTER_BIN_MS = 5,            /* each this wide: up to 300 ms, which is the highest target */
    JITTER_DELAY_MS_MAX = 500,    /* what waits longer than this above the fastest packet is thrown away */
    JITTER_STARVED_MS_MAX = 60,   /* of concealment; what comes after it begins anew, at the target */
};

struct jitter_cell {
    uint32_t timestamp, units;
    uint16_t sequence, bytes;
    uint16_t asides; /* before it, see jitter_aside() */
    bool used;
};

/* What became of the packets and of the time. */
struct jitter_counts {
    uint64_t packets;         /* that were taken in */
    uint64_t late;            /* came when their time was over */
    uint64_t duplicates;
    uint64_t discarded;       /* were held and thrown away: a buffer that is full, a delay beyond its bound, a reset */
    uint64_t resets;          /* another SSRC, or a clock that jumped */
    uint64_t concealed_units; /* of loss and lateness, told when it is known that the sender was not just silent */
    uint64_t target_ms;       /* what is waited for now */
};

struct jitter {
    uint32_t units_per_ms;
    uint32_t cell_bytes;      /* room of each payload */
    bool started;             /* a packet has come since the start or the last reset */
    bool taken;               /* and one of them was taken out */
    bool starved;
    bool pausing;             /* until the next packet is taken out: what is missing before it was silence */
    uint32_t ssrc;
    uint16_t newest;          /* sequence number */
    uint16_t next_sequence;   /* after the last packet that was taken out */
    uint16_t asides;          /* packets since the newest that are no audio and left holes in the sequence */
    uint64_t played;          /* of the 64 sequence numbers before next_sequence, which came out */
    uint32_t next;            /* units: the first time that is not taken out yet */
    uint32_t starved_units;   /* concealed while nothing was there: the time that stands still */

    uint32_t least_transit, past_least_transit; /* of this and the last window */
    uint64_t window_began_us;
    double weights[JITTER_BINS + 1], weight_total, weight; /* the newest packet's weight grows: so the old are forgotten */
    uint32_t until_target;    /* packets until it is computed again */
    struct jitter_counts counts;
    struct jitter_cell cells[JITTER_PACKETS]; /* by sequence number */
    uint8_t payloads[];       /* of the cells, in their order */
};

size_t jitter_bytes(uint32_t cell_bytes);

/* `jitter` is jitter_bytes(cell_bytes) of zeros. `units_per_ms` is the RTP clock: 8, 16 or 48. */
void jitter_init(struct jitter *jitter, uint32_t cell_bytes, uint32_t units_per_ms);

/* Forgets all packets, but not how late they came. */
void jitter_restart(struct jitter *jitter);

/* A packet that arrived, which lasts `units`; what it holds is copied. False: late, twice, or too long for a cell. */
bool jitter_put(struct jitter *jitter, const struct rtp_packet *packet, uint32_t units, uint64_t now_us);

/* A packet of the same sender that is no audio (a telephone event): its number is not missing. */
void jitter_aside(struct jitter *jitter, const struct rtp_packet *packet);

enum jitter_verdict {
    JITTER_PACKET,  /* decode it, and leave out its first `skip` units, whose time is over */
    JITTER_LOST,    /* conceal `units`, a packet at a time; the last has `payload`, which is the packet behind the gap */
    JITTER_PAUSE,   /* the sender was silent for `units` */
    JITTER_STARVED, /* nothing is here: conceal for a while; the sender's time stands */
    JITTER_SILENT,  /* nothing was ever here, or concealing is over */
};

struct jitter_piece {
    uint32_t units, skip;
    const uint8_t *payload; /* until the next jitter_put() */
    uint16_t bytes;
};

/* What comes next. A gap comes in whole ticks: what is less at its end is left out or made up to one. */
enum jitter_verdict jitter_take(struct jitter *jitter, struct jitter_piece *piece);

/* Whether that would be a packet. */
bool jitter_has_next(struct jitter *jitter);

/* How much later than the target all is heard (units), negative if earlier, when what was taken out and is not heard
 * yet lasts `ahead_units`. To be cut, or filled, a little at a time. 0 while there is nothing to go by. */
int32_t jitter_excess(const struct jitter *jitter, uint32_t ahead_units, uint64_t now_us);

const struct jitter_counts *jitter_counts(const struct jitter *jitter);

/* The time that a packet with the least transit waits now, likewise; for measuring. */
int32_t jitter_delay(const struct jitter *jitter, uint32_t ahead_units, uint64_t now_us);

#endif
