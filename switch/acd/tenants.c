/* What holds in all queues, and the settings of each; router.py says why. */
#include "state.h"

int rings_several(const Queue *queue)
{
    return queue->set.policy == POLICY_RING_ALL || queue->set.policy == POLICY_RING_PROGRESSIVELY;
}

/* Counts what of a queue's settings the tenant sums up. */
void queue_count_in(Router *r, const Queue *queue, int64_t by)
{
    r->share_sum += by * queue->set.share;
    if (rings_several(queue))
        r->ring_queues += (size_t)by;
}

static void set_tenant(Router *r, const Event *event)
{
    TenantIn before = r->tenant;
    needs_release(r, &r->channels);
    r->channels = needs_sorted(r, event->pairs, 1, UNITS_MAX);
    r->tenant = event->tenant;
    r->tenant.ageing_us = clamp(event->tenant.ageing_us, 0, SPAN_MAX);
    int64_t start = r->tenant.day_start_us =
        clamp(event->tenant.day_start_us, -AMOUNT_MAX, AMOUNT_MAX);
    if (start != before.day_start_us) {
        int64_t passed = r->now < start ? 0 : (r->now - start) / DAY_US + 1;
        r->day_end = start ? start + passed * DAY_US : 0;
    }
    if (r->tenant.order == before.order && r->tenant.ageing_us == before.ageing_us)
        return;
    for (size_t i = 0; i < r->queue_count; i++) {
        lines_sort(r, r->queues[i]);
        lines_rank(r, r->queues[i]);
    }
}

/* `fewest-calls` begins anew. */
void turn_day(Router *r)
{
    if (!r->day_end || r->now < r->day_end)
        return;
    r->day_end += ((r->now - r->day_end) / DAY_US + 1) * DAY_US;
    for (size_t i = 0; i < r->agent_count; i++)
        r->agents[i]->today = 0;
}

QueueIn queue_clean(const QueueIn *in)
{
    QueueIn set = *in;
    set.refuse_without_agents = in->refuse_without_agents != 0;
    set.busy_is_miss = in->busy_is_miss != 0;
    set.unreachable_is_miss = in->unreachable_is_miss != 0;
    set.priority = clamp(in->priority, -AMOUNT_MAX, AMOUNT_MAX);
    set.ring_us = clamp(in->ring_us, 0, AMOUNT_MAX);
    set.lease_margin_us = clamp(in->lease_margin_us, 0, AMOUNT_MAX);
    set.wrap_up_us = clamp(in->wrap_up_us, 0, AMOUNT_MAX);
    set.misses_before_pause = clamp(in->misses_before_pause, 0, AMOUNT_MAX);
    set.contacts_max = clamp(in->contacts_max, 0, AMOUNT_MAX);
    set.service_level_us = clamp(in->service_level_us, 0, AMOUNT_MAX);
    set.retry_same_agent_us = clamp(in->retry_same_agent_us, 0, AMOUNT_MAX);
    set.share = clamp(in->share, 0, SHARE_MAX);
    set.cost = clamp(in->cost, 0, SHARE_MAX);
    set.handling_us = clamp(in->handling_us, 1, SPAN_MAX);
    set.target_percent = clamp(in->target_percent, 0, 100);
    set.ring_more_us = clamp(in->ring_more_us, 0, AMOUNT_MAX);
    return set;
}

static void set_queue(Router *r, const Event *event)
{
    Name *name = name_of(r, event);
    Queue *queue = name ? queue_of(name) : NULL;
    if (queue)
        queue_count_in(r, queue, -1);
    else
        queue = queue_add(r, take_name(r, event));
    int64_t priority = queue->set.priority;
    queue->set = queue_clean(&event->queue);
    needs_release(r, &queue->shares);
    queue->shares = needs_take(r, event->pairs, 0, SHARE_MAX);
    queue_count_in(r, queue, 1);
    if (queue->set.priority != priority) {
        if (r->tenant.order == ORDER_AGEING)
            lines_sort(r, queue);
        lines_rank(r, queue);
    }
    /* The policy may now ask for more offers a contact. */
    for (size_t i = 0; rings_several(queue) && i < queue->line.chunk_count; i++)
        for (uint32_t k = 0; k < queue->line.chunks[i].count; k++) {
            Visit *visit = queue->line.chunks[i].at[k].item;
            if (visit->state == VISIT_OFFERED)
                visit_touch(r, visit);
        }
}

static void remove_queue(Router *r, Queue *queue)
{
    while (queue->line.count) {
        Visit *visit = line_first(&queue->line)->item;
        if (visit->state == VISIT_OFFERED)
            offer_rescind(r, visit, OFFER_WITHDRAWN);
        Decision *d = emit(r, DE_REFUSED);
        d->contact = visit->contact;
        d->queue = queue->name;
        d->word = REFUSED_QUEUE_REMOVED;
        visit_leave(r, visit, VISIT_REFUSED, r->queue_removed);
    }
    queue_count_in(r, queue, -1);
    needs_release(r, &queue->shares);
    queue_drop(r, queue);
}

/* All events about the tenant and its queues. An unknown name is a no-op. */
void tenant_event(Router *r, const Event *event)
{
    if (event->kind == EV_SET_TENANT) {
        set_tenant(r, event);
    } else if (event->kind == EV_SET_QUEUE) {
        set_queue(r, event);
    } else {
        Name *name = name_of(r, event);
        if (name && queue_of(name))
            remove_queue(r, queue_of(name));
    }
}
