/* What contacts do, and what waiting brings; router.py says why. */
#include "state.h"

#include <string.h>

/* A visit with room for its steps and for those it avoids; in no list yet. */
Visit *visit_new(Router *r, Text contact, Text queue, size_t steps, size_t avoid)
{
    Visit *visit = memory_new(&r->memory, sizeof *visit);
    visit->contact = take(r, contact);
    visit->queue_name = take(r, queue);
    visit->steps = memory_new(&r->memory, steps * sizeof *visit->steps);
    visit->step_count = steps;
    if (avoid)
        visit->avoid = memory_new(&r->memory, avoid * sizeof *visit->avoid);
    return visit;
}

static Visit *visit_from(Router *r, const Event *event)
{
    size_t steps = event->step_count ? event->step_count : 1;
    Visit *visit = visit_new(r, event->name, event->other, steps, event->name_count);
    visit->priority = clamp(event->number, -AMOUNT_MAX, AMOUNT_MAX);
    int64_t since = clamp(event->waiting_since, -AMOUNT_MAX, AMOUNT_MAX);
    visit->waiting_since = event->waiting_since == 0 || since > r->now ? r->now : since;
    for (size_t i = 0; i < event->name_count; i++)
        visit->avoid[visit->avoid_count++] = take(r, event->names[i]);
    for (size_t i = 0; i < event->step_count; i++) {
        const StepIn *in = &event->steps[i];
        Step *step = &visit->steps[i];
        step->after_us = clamp(in->after_us, 0, AMOUNT_MAX);
        if (in->need_count)
            step->needs = memory_new(&r->memory, in->need_count * sizeof *step->needs);
        for (size_t k = 0; k < in->need_count; k++) {
            int64_t level = clamp(in->needs[k].level, -AMOUNT_MAX, AMOUNT_MAX);
            step->needs[step->need_count++] = (Need){take(r, in->needs[k].name), level};
        }
    }
    return visit;
}

void visit_widen(Router *r, Visit *visit)
{
    int64_t due;
    size_t before = visit->step;
    while ((due = step_due_at(visit)) != NEVER && due <= r->now)
        visit->step++;
    if (visit->step != before) {
        Decision *d = emit(r, DE_WIDENED);
        d->contact = visit->contact;
        d->queue = visit->queue_name;
        d->number = (int64_t)visit->step;
    }
    if (due != NEVER)
        due_set(&r->memory, &r->due, &visit->step_due, DUE_STEP, visit->seq, visit, due);
    visit_touch(r, visit);
}

void visit_time_backoffs(Router *r, Visit *visit)
{
    if (!visit->backoff_count) {
        due_cancel(&r->due, &visit->backoff_due);
        return;
    }
    int64_t earliest = visit->backoffs[0].until;
    for (size_t i = 1; i < visit->backoff_count; i++)
        if (visit->backoffs[i].until < earliest)
            earliest = visit->backoffs[i].until;
    due_set(&r->memory, &r->due, &visit->backoff_due, DUE_BACKOFF, visit->seq, visit, earliest);
}

void visit_drop_backoffs(Router *r, Visit *visit)
{
    size_t kept = 0;
    for (size_t i = 0; i < visit->backoff_count; i++) {
        if (visit->backoffs[i].until > r->now)
            visit->backoffs[kept++] = visit->backoffs[i];
        else
            release(r, visit->backoffs[i].agent);
    }
    visit->backoff_count = kept;
    visit_time_backoffs(r, visit);
    visit_touch(r, visit);
}

static int refusal(const Router *r, const Queue *queue, const Visit *visit)
{
    if (!queue)
        return REFUSED_UNKNOWN_QUEUE;
    if (queue->set.contacts_max && queue->line_count >= (uint64_t)queue->set.contacts_max)
        return REFUSED_FULL;
    if (queue->set.refuse_without_agents) {
        int present = 0;
        for (size_t i = 0; i < r->agent_count && !present; i++)
            present = r->agents[i]->signed_in && agent_serves(r->agents[i], queue->name);
        if (!present)
            return REFUSED_NO_AGENTS;
    }
    return servable(r, visit) ? REFUSED_NOT : REFUSED_UNSERVABLE;
}

static void arrive(Router *r, const Event *event)
{
    if (visit_find(r, event->name))
        return;
    Queue *queue = queue_find(r, event->other);
    Visit *visit = visit_from(r, event);
    int refused = refusal(r, queue, visit);
    if (refused != REFUSED_NOT) {
        if (queue)
            queue->refused++;
        Decision *d = emit(r, DE_REFUSED);
        d->contact = visit->contact;
        d->queue = visit->queue_name;
        d->word = refused;
        visit_drop(r, visit);
        return;
    }
    visit->queue = queue;
    visit->seq = ++r->last_seq;
    queue->entered++;
    visit_add(r, visit);
    Decision *d = emit(r, DE_ADMITTED);
    d->contact = visit->contact;
    d->queue = visit->queue_name;
    d->number = (int64_t)line_position(visit);
    visit_widen(r, visit);
}

/* A visit that waits leaves its line for good. */
void visit_leave(Router *r, Visit *visit, int outcome, Name *reason)
{
    line_leave(r, visit);
    Decision *d = emit(r, DE_VISIT_ENDED);
    d->contact = visit->contact;
    d->queue = visit->queue_name;
    d->word = outcome;
    d->reason = reason;
    d->agent = r->empty;
    d->waited_us = r->now - visit->waiting_since;
    visit_drop(r, visit);
}

static void end_talk(Router *r, Visit *visit)
{
    if (visit->queue)
        visit->queue->talking--;
    Decision *d = emit(r, DE_VISIT_ENDED);
    d->contact = visit->contact;
    d->queue = visit->queue_name;
    d->word = VISIT_ENDED;
    d->reason = r->empty;
    d->agent = visit->agent_name;
    d->waited_us = visit->connected_at - visit->waiting_since;
    d->talked_us = r->now - visit->connected_at;
    Agent *agent = visit->agent;
    int64_t wrap_up_us = visit->wrap_up_us;
    visit_drop(r, visit);
    if (!agent)
        return;
    agent->visit = NULL;
    if (wrap_up_us) {
        if (agent->wrap_until < r->now + wrap_up_us)
            agent->wrap_until = r->now + wrap_up_us;
        due_set(&r->memory, &r->due, &agent->wrap_due, DUE_WRAP_UP, agent->number, agent, agent->wrap_until);
    }
    agent->idle_since = agent->wrap_until > r->now ? agent->wrap_until : r->now;
    agent_refresh(r, agent);
}

static void abandon(Router *r, Visit *visit)
{
    if (visit->state == VISIT_CONNECTED) {
        end_talk(r, visit);
        return;
    }
    if (visit->state == VISIT_OFFERED)
        offer_rescind(r, visit, OFFER_CALLER_GONE);
    visit->queue->abandoned++;
    visit->queue->abandoned_in_time += in_time(visit->queue, r->now - visit->waiting_since);
    visit_leave(r, visit, VISIT_ABANDONED, r->empty);
}

static void withdraw(Router *r, Visit *visit, Text reason)
{
    if (visit->state == VISIT_CONNECTED)
        return;
    if (visit->state == VISIT_OFFERED)
        offer_rescind(r, visit, OFFER_WITHDRAWN);
    visit->queue->withdrawn++;
    Name *name = take(r, reason);
    visit_leave(r, visit, VISIT_WITHDRAWN, name);
    release(r, name);
}

/* All events about contacts. An unknown contact is a no-op. */
void visit_event(Router *r, const Event *event)
{
    if (event->kind == EV_ARRIVE) {
        arrive(r, event);
        return;
    }
    Visit *visit = visit_find(r, event->name);
    if (!visit)
        return;
    if (event->kind == EV_ABANDON)
        abandon(r, visit);
    else if (event->kind == EV_WITHDRAW)
        withdraw(r, visit, event->other);
    else if (visit->state == VISIT_CONNECTED)
        end_talk(r, visit);
}
