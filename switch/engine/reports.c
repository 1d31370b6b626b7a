#include "reports.h"

#include <string.h>

#include "bounds.h"

/* splitmix64: enough to keep peers that began together from reporting together. */
static uint64_t draw(uint64_t *state)
{
    uint64_t value = *state += 0x9E3779B97F4A7C15u;
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
    value = (value ^ value >> 27) * 0x94D049BB133111EBu;
    return value ^ value >> 31;
}

uint64_t reports_interval_us(uint64_t *random, bool is_first)
{
    uint64_t minimum_us = (uint64_t)REPORT_INTERVAL_MS * 1000 / (is_first ? 2 : 1);
    /* Half to one and a half of it, over e - 3/2, which makes up for what reconsideration would add. */
    uint64_t share = (1u << 15) + (draw(random) >> 48);
    return (minimum_us * share >> 16) * 100000 / 121828;
}

void reports_open(struct reports *reports, const uint8_t cname[RTCP_CNAME_BYTES], uint64_t seed, uint64_t now_us)
{
    memset(reports, 0, sizeof *reports);
    memcpy(reports->cname, cname, RTCP_CNAME_BYTES);
    reports->random = seed;
    reports->left = REPORTS_PER_SECOND_MAX;
    reports->due_us = now_us + reports_interval_us(&reports->random, true);
}

bool reports_block(struct reports *reports, const struct reception *reception, uint64_t now_us,
                   struct rtcp_block *block)
{
    if (!reception->started || reception->received == reports->heard_prior)
        return false;
    if (reports->prior_run != reception->runs) {
        reports->prior_run = reception->runs;
        reports->expected_prior = reports->received_prior = 0;
    }
    uint64_t expected = (uint64_t)(reception->newest - reception->first) + 1;
    uint64_t expected_now = expected - reports->expected_prior;
    uint64_t received_now = reception->run_received - reports->received_prior;
    uint64_t lost_now = expected_now > received_now ? expected_now - received_now : 0;
    int64_t lost = (int64_t)expected - (int64_t)reception->run_received;
    lost = lost > 0x7FFFFF ? 0x7FFFFF : lost < -0x800000 ? -0x800000 : lost;
    bool knows_sender = reports->last_report_us != 0 && reports->peer_ssrc == reception->ssrc;
    *block = (struct rtcp_block){
        .ssrc = reception->ssrc,
        .fraction_lost = (uint8_t)(expected_now == 0 ? 0 : (lost_now << 8) / expected_now > 255 ? 255 : (lost_now << 8) / expected_now),
        .lost = (int32_t)lost,
        /* Counted from 0, as section A.1 does; `first` has room below it for reordering. */
        .highest = reception->newest - 0x10000u,
        .jitter = reception->jitter_16 >> 4,
        .last_report = knows_sender ? reports->last_report : 0,
        .delay = knows_sender ? (uint32_t)(((now_us - reports->last_report_us) << 16) / 1000000) : 0,
    };
    reports->expected_prior = expected;
    reports->received_prior = reception->run_received;
    reports->heard_prior = reception->received;
    return true;
}

/* RFC 3550 section 6.4.1: now, less when our report left, less how long the peer kept it. By our clock alone. */
static void learn_round_trip(struct peer_view *peer, const struct rtcp_block *block, uint32_t now_middle)
{
    if (block->last_report == 0)
        return;
    int32_t trip = (int32_t)(now_middle - block->last_report - block->delay);
    /* A peer that counts its delay a little long is near; one that says nonsense is not believed. */
    if (trip < -(65536 / 100) || trip > ROUND_TRIP_MAX_S * 65536)
        return;
    peer->round_trip_us = trip <= 0 ? 1 : (uint32_t)(((uint64_t)trip * 1000000) >> 16) + 1;
    peer->round_trip_sum_us += peer->round_trip_us;
    peer->round_trips++;
    if (peer->round_trip_us > peer->round_trip_max_us)
        peer->round_trip_max_us = peer->round_trip_us;
}

static void learn_block(struct peer_view *peer, const struct rtcp_block *block, uint64_t sent, uint32_t clock_khz)
{
    bool anew = peer->reports == 0 || block->highest != peer->highest;
    if (anew)
        peer->deaf = 0;
    else if (sent - peer->sent_then >= DEAF_PACKETS_MIN)
        peer->deaf++;
    peer->reports++;
    peer->fraction_lost = block->fraction_lost;
    peer->lost = block->lost;
    peer->highest = block->highest;
    peer->jitter_us = (uint32_t)((uint64_t)block->jitter * 1000 / clock_khz);
    if (peer->jitter_us > peer->jitter_max_us)
        peer->jitter_max_us = peer->jitter_us;
}

void reports_learn(struct reports *reports, const struct rtcp_report *report, uint64_t sent, uint32_t clock_khz,
                   uint64_t now_us, uint64_t wall_offset_us)
{
    struct peer_view *peer = &reports->peer;
    if (report->is_sender) {
        reports->peer_ssrc = report->ssrc;
        reports->last_report = ntp_middle(report->ntp);
        reports->last_report_us = now_us;
    }
    reports->said_goodbye = report->bye;
    if (report->has_block) {
        learn_block(peer, &report->block, sent, clock_khz);
        learn_round_trip(peer, &report->block, ntp_middle(ntp_of(now_us, wall_offset_us)));
    } else if (sent - peer->sent_then >= DEAF_PACKETS_MIN) {
        /* Section 6.4: a source from which nothing came since the last report gets no block. */
        peer->deaf++;
    }
    peer->sent_then = sent;
}
