/* Which contact is served first: the keys of each order; docs/decisions/0030 has the table. */
#include "state.h"

/* The points of priority that are worth waiting, in the order `ageing`, as time. */
static int64_t aged_us(const Router *r, const Visit *visit)
{
    int64_t points = visit->queue->set.priority + visit->plan->priority;
    return clamp(points, -PRIORITY_MAX, PRIORITY_MAX) * r->tenant.ageing_us;
}

/* The first part of the key in the line; waiting since and arrival follow. */
int64_t line_first_key(const Router *r, const Visit *visit)
{
    if (r->tenant.order == ORDER_FIRST_COME)
        return 0;
    if (r->tenant.order == ORDER_AGEING)
        return visit->waiting_since - aged_us(r, visit);
    return -visit->plan->priority;
}

/* The keys of two contacts stand to each other as they will at any other time. */
int order_is_fixed(const Router *r) { return r->tenant.order <= ORDER_AGEING; }

int64_t queue_mean_handling_us(const Queue *queue)
{
    if (queue->handling_count < HANDLINGS_LEAST)
        return queue->set.handling_us;
    int64_t sum = 0;
    for (size_t i = 0; i < queue->handling_count; i++)
        sum += queue->handlings[i];
    return sum / (int64_t)queue->handling_count;
}

/* By how much the queue has more of the waiting than its share. */
static int64_t excess(const Router *r, const Queue *queue)
{
    int64_t waiting = (int64_t)queue->line.count - queue->offered - queue->walk.assigned;
    return waiting * r->share_sum - queue->set.share * (r->waiting - r->assigned);
}

/* By how much the last waits that ended fall short of the target, in 1/65536. */
static int64_t lateness(const Queue *queue)
{
    if (!queue->ends)
        return 0;
    uint64_t kept = queue->ends == RECENT_KEPT ? ~0ull : (1ull << queue->ends) - 1;
    int64_t in_time = __builtin_popcountll(queue->ends_in_time & kept);
    int64_t target = (queue->set.target_percent << 16) / 100;
    return clamp(target - (in_time << 16) / queue->ends, 0, INT64_MAX);
}

static int64_t t_us(const Queue *queue)
{
    return queue->set.service_level_us ? queue->set.service_level_us : DEFAULT_T_US;
}

/* The key of the choice: the greatest is served first. 0 where the order has no such number. */
int64_t contact_key(const Router *r, const Visit *visit)
{
    const Queue *queue = visit->queue;
    int64_t waited = r->now - visit->waiting_since, span = clamp(waited, -SPAN_MAX, SPAN_MAX), mean;
    switch (r->tenant.order) {
    case ORDER_AGEING:
        return waited + aged_us(r, visit);
    case ORDER_COST:
        mean = clamp(queue_mean_handling_us(queue) >> 10, 1, INT64_MAX);
        return queue->set.cost * span * 4096 / mean;
    case ORDER_RATIO:
        return excess(r, queue);
    case ORDER_SERVICE_LEVEL:
        return (lateness(queue) << 32) + span * 65536 / t_us(queue);
    default:
        return 0;
    }
}

int is_late(const Router *r, const Visit *visit)
{
    return r->tenant.order == ORDER_SERVICE_LEVEL && r->now - visit->waiting_since > t_us(visit->queue);
}

/* Of the first visits of two lines, whether x is served before y. */
int served_before(const Router *r, const Visit *x, const Visit *y)
{
    if (order_is_fixed(r)) {
        int64_t rank_x = x->queue->set.priority, rank_y = y->queue->set.priority;
        if (r->tenant.order == ORDER_PRIORITY && rank_x != rank_y)
            return rank_x > rank_y;
        Key a = visit_key(x), b = visit_key(y);
        return key_before(&a, &b);
    }
    int late = is_late(r, x), late_other = is_late(r, y);
    if (late != late_other)
        return late < late_other;
    int64_t key = contact_key(r, x), other = contact_key(r, y);
    if (key != other)
        return key > other;
    return x->waiting_since != y->waiting_since ? x->waiting_since < y->waiting_since : x->seq < y->seq;
}

/* What queues remember of what was */

/* A wait ended by an answer or by an abandonment. */
void queue_note_end(Queue *queue, int64_t waited_us)
{
    queue->ends = clamp(queue->ends + 1, 0, RECENT_KEPT);
    queue->ends_in_time = queue->ends_in_time << 1 | (uint64_t)in_time(queue, waited_us);
}

/* A wait ended by an answer, an abandonment or a withdrawal. */
void queue_note_wait(Queue *queue, int64_t waited_us, int gave_up)
{
    queue->gave_up += gave_up;
    queue->wait_sum_us += clamp(waited_us, -SPAN_MAX, SPAN_MAX);
    if (queue->gave_up >= GIVEN_UP_MAX || queue->wait_sum_us >= WAIT_SUM_MAX_US) {
        queue->gave_up >>= 1;
        queue->wait_sum_us >>= 1;
    }
}

void queue_note_handling(Queue *queue, int64_t handling_us)
{
    if (queue->handling_count == RECENT_KEPT) {
        for (size_t i = 1; i < RECENT_KEPT; i++)
            queue->handlings[i - 1] = queue->handlings[i];
        queue->handling_count--;
    }
    queue->handlings[queue->handling_count++] = handling_us;
}
