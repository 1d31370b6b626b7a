#include "reception.h"

#include "bounds.h"

static uint64_t lost_in_run(const struct reception *reception)
{
    if (!reception->started)
        return 0;
    uint64_t expected = (uint64_t)(reception->newest - reception->first) + 1;
    /* Duplicates can make more received than expected. */
    return expected > reception->run_received ? expected - reception->run_received : 0;
}

static void begin_run(struct reception *reception, const struct rtp_packet *packet)
{
    reception->lost_in_past_runs += lost_in_run(reception);
    reception->started = true;
    reception->ssrc = packet->ssrc;
    reception->first = reception->newest = 0x10000u | packet->sequence; /* room for reordering at the start */
    reception->run_received = 0;
    reception->runs++;
    reception->has_transit = false;
}

static void measure_jitter(struct reception *reception, const struct rtp_packet *packet, uint64_t now_us)
{
    uint32_t arrival = (uint32_t)(now_us * reception->units_per_ms / 1000);
    uint32_t transit = arrival - packet->timestamp;
    int32_t difference = (int32_t)(transit - reception->transit);
    bool had_transit = reception->has_transit;
    reception->transit = transit;
    reception->has_transit = true;
    /* A peer that restarts its clock is no jitter. */
    int32_t jump = (int32_t)(TIMESTAMP_JUMP_MS * reception->units_per_ms);
    if (!had_transit || difference > jump || difference < -jump)
        return;
    uint32_t size = (uint32_t)(difference < 0 ? -difference : difference);
    reception->jitter_16 += size - ((reception->jitter_16 + 8) >> 4);
}

void reception_packet(struct reception *reception, const struct rtp_packet *packet, uint64_t now_us, bool timed)
{
    int16_t ahead = (int16_t)(packet->sequence - (uint16_t)reception->newest);
    if (!reception->started || reception->ssrc != packet->ssrc || ahead > SEQUENCE_DROPOUT_MAX ||
        ahead < -SEQUENCE_MISORDER_MAX) {
        begin_run(reception, packet);
        ahead = 0;
    }
    reception->gaps += ahead > 1;
    if (ahead > 0)
        reception->newest += (uint32_t)ahead;
    else if (reception->newest + (uint32_t)(int32_t)ahead < reception->first)
        reception->first = reception->newest + (uint32_t)(int32_t)ahead;
    reception->run_received++;
    reception->received++;
    if (timed)
        measure_jitter(reception, packet, now_us);
}

void reception_set_clock(struct reception *reception, uint32_t units_per_ms)
{
    if (reception->units_per_ms == units_per_ms)
        return;
    if (reception->units_per_ms != 0)
        reception->jitter_16 = reception->jitter_16 / reception->units_per_ms * units_per_ms;
    reception->units_per_ms = units_per_ms;
    reception->has_transit = false;
}

uint64_t reception_lost(const struct reception *reception)
{
    return reception->lost_in_past_runs + lost_in_run(reception);
}

uint32_t reception_jitter_us(const struct reception *reception)
{
    return (reception->jitter_16 >> 4) * 1000 / reception->units_per_ms;
}
