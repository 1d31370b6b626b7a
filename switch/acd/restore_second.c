/* The second part of a snapshot; snapshot_second.py describes the layout. */
#include "source.h"

static void read_tenant(Source *src)
{
    Router *r = src->r;
    r->tenant.order = (int)between(src, 0, ORDER_COUNT - 1);
    r->tenant.assign = (int)between(src, 0, ASSIGN_COUNT - 1);
    r->tenant.ageing_us = between(src, 0, SPAN_MAX);
    TextLevels channels = read_pairs(src);
    r->channels = needs_sorted(r, channels, 1, UNITS_MAX);
    memory_drop(&r->memory, (void *)channels.at);
    r->tenant.own_calls_reset_idle = read_flag(src);
    r->tenant.day_start_us = between(src, -AMOUNT_MAX, AMOUNT_MAX);
    r->day_end = between(src, 0, NUMBER_MAX);
}

static void read_queue(Source *src, Queue *q)
{
    Router *r = src->r;
    QueueIn *s = &q->set;
    s->share = read_number(src);
    s->cost = read_number(src);
    s->handling_us = read_number(src);
    s->target_percent = read_number(src);
    TextLevels shares = read_pairs(src);
    q->shares = needs_take(r, shares, 0, SHARE_MAX);
    memory_drop(&r->memory, (void *)shares.at);
    s->ring_more_us = read_number(src);
    s->busy_is_miss = read_flag(src);
    s->unreachable_is_miss = read_flag(src);
    *s = queue_clean(s);
    int has_last = read_flag(src);
    q->last_order = between(src, -ORDER_MAX, ORDER_MAX);
    Text last = read_text(src);
    q->last = has_last ? take(r, last) : NULL;
    q->handling_count = read_count(src);
    check(src, q->handling_count <= RECENT_KEPT);
    for (size_t i = 0; i < q->handling_count; i++)
        q->handlings[i] = between(src, 0, 2 * SPAN_MAX);
    q->ends = between(src, 0, RECENT_KEPT);
    q->ends_in_time = (uint64_t)between(src, INT64_MIN, INT64_MAX);
    q->gave_up = between(src, 0, GIVEN_UP_MAX);
    q->wait_sum_us = between(src, 0, WAIT_SUM_MAX_US);
}

static void read_agent(Source *src, Draft *draft)
{
    Agent *a = draft->agent;
    draft->event.teams = read_texts(src);
    draft->event.weight = read_number(src);
    draft->event.units = read_number(src);
    draft->event.pairs = read_pairs(src);
    a->line = (int)between(src, 0, LINE_COUNT - 1);
    a->shown_line = (int)between(src, 0, LINE_COUNT - 1);
    a->wrap_units = between(src, 0, AMOUNT_MAX);
    a->signed_in_at = between(src, 0, src->r->now);
    a->busy_us = between(src, 0, AMOUNT_MAX);
    a->busy_since = between(src, NEVER, src->r->now);
    a->today = between(src, 0, NUMBER_MAX);
}

static void read_step(Source *src, StepIn *step)
{
    size_t groups = read_count(src);
    TextLevels *group = groups ? memory_new(&src->r->memory, groups * sizeof *group) : NULL;
    step->groups = group;
    for (; step->group_count < groups; step->group_count++)
        group[step->group_count] = read_pairs(src);
    step->none_of = read_pairs(src);
    step->prefer = read_pairs(src);
    step->teams = read_texts(src);
    step->queues = read_texts(src);
}

static void read_visit(Source *src, Draft *draft)
{
    Visit *v = draft->visit;
    draft->event.channel = read_text(src);
    draft->event.before = read_text(src);
    draft->event.sticky_us = read_number(src);
    draft->units = between(src, 1, UNITS_MAX);
    for (size_t i = 0; i < draft->event.step_count; i++)
        read_step(src, &draft->steps[i]);
    v->rings = between(src, 0, RINGS_MAX);
    v->more_at = between(src, 0, NUMBER_MAX);
    check(src, v->state == VISIT_OFFERED || !(v->rings || v->more_at));
    draft->more_count = read_count(src);
    check(src, !draft->more_count || v->state == VISIT_OFFERED);
    draft->more = draft->more_count
                      ? memory_new(&src->r->memory, draft->more_count * sizeof *draft->more)
                      : NULL;
    for (size_t i = 0; i < draft->more_count; i++) {
        MoreOffer *offer = &draft->more[i];
        offer->number = read_number(src);
        offer->fence = read_number(src);
        offer->lease_until = read_number(src);
        offer->agent = read_text(src);
    }
}

/* Completes what the first part gave. */
void read_second(Source *src, Drafts *drafts)
{
    read_tenant(src);
    for (size_t i = 0; i < src->r->queue_count; i++)
        read_queue(src, src->r->queues[i]);
    for (size_t i = 0; i < drafts->agent_count; i++)
        read_agent(src, &drafts->agents[i]);
    for (size_t i = 0; i < drafts->visit_count; i++)
        read_visit(src, &drafts->visits[i]);
}

/* What a router of the first version would have known of what came later: nothing before now. */
void assume_second(Source *src, Drafts *drafts)
{
    Router *r = src->r;
    for (size_t i = 0; i < r->queue_count; i++) {
        QueueIn *s = &r->queues[i]->set;
        s->share = s->cost = 1;
        s->handling_us = 180000000;
        s->target_percent = 80;
        s->ring_more_us = 10000000;
        *s = queue_clean(s);
    }
    for (size_t i = 0; i < drafts->visit_count; i++) {
        Draft *draft = &drafts->visits[i];
        draft->units = UNITS;
        draft->visit->rings = draft->visit->state == VISIT_OFFERED;
        Name *name = names_find(&r->names, draft->agent_name);
        if (draft->has_agent && draft->visit->state == VISIT_CONNECTED && name && name->agent)
            name->agent->busy_since = r->now;
    }
    for (size_t i = 0; i < drafts->agent_count; i++) {
        Agent *a = drafts->agents[i].agent;
        a->signed_in_at = r->now;
        a->busy_since = a->busy_since != NEVER || a->engaged || a->wrap_until ? r->now : NEVER;
        a->today = a->answered;
        a->wrap_units = a->wrap_until ? UNITS : 0;
    }
}
