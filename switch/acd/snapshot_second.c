/* What came with the second design as bytes; snapshot_second.py describes the layout. */
#include "snapshot.h"

static void texts(Router *r, const NameList *list)
{
    write_number(r, (int64_t)list->count);
    for (size_t i = 0; i < list->count; i++)
        write_text(r, list->at[i]);
}

static void write_queue(Router *r, const Queue *q)
{
    const QueueIn *s = &q->set;
    NUMBERS(s->share, s->cost, s->handling_us, s->target_percent);
    write_pairs(r, &q->shares);
    NUMBERS(s->ring_more_us, s->busy_is_miss, s->unreachable_is_miss);
    NUMBERS(q->last != NULL, q->last ? q->last_order : 0);
    write_text(r, q->last ? q->last : r->empty);
    write_number(r, (int64_t)q->handling_count);
    write_numbers(r, q->handling_count, q->handlings);
    NUMBERS(q->ends, (int64_t)q->ends_in_time, q->gave_up, q->wait_sum_us);
}

static void write_agent(Router *r, const Agent *a)
{
    texts(r, &a->teams);
    NUMBERS(a->weight, a->units);
    write_pairs(r, &a->most);
    NUMBERS(a->line, a->shown_line, a->wrap_units);
    NUMBERS(a->signed_in_at, a->busy_us, a->busy_since, a->today);
}

static void write_step(Router *r, const Want *want)
{
    write_number(r, (int64_t)want->group_count);
    for (size_t i = 0; i < want->group_count; i++)
        write_pairs(r, &want->groups[i]);
    write_pairs(r, &want->none_of);
    write_pairs(r, &want->prefer);
    texts(r, &want->teams);
    texts(r, &want->queues);
}

static void write_visit(Router *r, const Visit *v)
{
    const Plan *plan = v->plan;
    write_text(r, plan->channel);
    write_text(r, plan->before);
    NUMBERS(plan->sticky_us, plan->units);
    for (size_t i = 0; i < plan->step_count; i++)
        write_step(r, &plan->steps[i].class->want);
    NUMBERS(v->rings, v->more_at, v->offer_count > 1 ? v->offer_count - 1 : 0);
    for (const Offer *offer = v->first_offer; offer; offer = offer->next_of_visit) {
        if (offer == v->first_offer)
            continue;
        NUMBERS(offer->number, offer->fence, offer->lease_until);
        write_text(r, offer->agent->name);
    }
}

/* The tenant, then queues, agents and visits in the orders of the first part. */
void write_second(Router *r)
{
    NUMBERS(r->tenant.order, r->tenant.assign, r->tenant.ageing_us);
    write_pairs(r, &r->channels);
    NUMBERS(r->tenant.own_calls_reset_idle, r->tenant.day_start_us, r->day_end);
    for (size_t i = 0; i < r->queue_count; i++)
        write_queue(r, r->queues[i]);
    for (size_t i = 0; i < r->agent_count; i++)
        write_agent(r, r->agents[i]);
    for (const Visit *visit = r->first_visit; visit; visit = visit->next)
        write_visit(r, visit);
}
