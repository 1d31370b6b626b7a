/* A stream's RTCP: when it reports, to whom, and what it learns from the peer's reports (RFC 3550 section 6).
 *
 * A call has two members a session and 5% of even the thinnest codec's bandwidth is more than their reports need
 * each five seconds, so the interval is always the minimum of section 6.2, randomised as in section 6.3.1, and
 * timer reconsideration has nothing to reconsider. Each stream is looked at once a second, so a report leaves up to
 * a second after its time. */
#ifndef SWITCH_ENGINE_REPORTS_H
#define SWITCH_ENGINE_REPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reception.h"
#include "rtcp.h"
#include "values.h"

/* What the peer says that it hears of us, and how far it is. */
struct peer_view {
    uint32_t reports; /* of the peer, with a block on us */
    uint8_t fraction_lost;
    int32_t lost;     /* since the beginning, by its count */
    uint32_t jitter_us, jitter_max_us;
    uint32_t highest;
    uint64_t sent_then;  /* packets that we had sent when it said so */
    uint32_t deaf;       /* reports in a row that show none of our packets arriving, though we sent */
    uint32_t round_trip_us, round_trip_max_us; /* 0: not known */
    uint64_t round_trip_sum_us;
    uint32_t round_trips;
};

struct reports {
    uint8_t cname[RTCP_CNAME_BYTES];
    uint64_t random;
    uint64_t due_us;
    bool sent_any, said_goodbye;
    /* RFC 3550 section 6.4: a sender's report where packets were sent since the report before last. */
    uint64_t sent_at_last, sent_before_last;
    /* For the block on the peer (section A.3). */
    uint64_t expected_prior, received_prior, heard_prior;
    uint32_t prior_run;
    uint32_t peer_ssrc, last_report; /* of its last sender's report, */
    uint64_t last_report_us;         /* which came then; 0: never */
    /* Where its reports come from, where they have a port of their own. */
    struct address source;
    uint64_t source_us;
    uint32_t left; /* that may be read in this second */
    struct peer_view peer;
};

void reports_open(struct reports *reports, const uint8_t cname[RTCP_CNAME_BYTES], uint64_t seed, uint64_t now_us);

/* The time from one report to the next; draws from `random`. */
uint64_t reports_interval_us(uint64_t *random, bool is_first);

/* The block on what `reception` has heard, and where the next one begins; false where nothing new was. */
bool reports_block(struct reports *reports, const struct reception *reception, uint64_t now_us,
                   struct rtcp_block *block);

/* Takes what the peer says of us; `sent` are the packets that we have sent, `clock_khz` is of their timestamps. */
void reports_learn(struct reports *reports, const struct rtcp_report *report, uint64_t sent, uint32_t clock_khz,
                   uint64_t now_us, uint64_t wall_offset_us);

#endif
