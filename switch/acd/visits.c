/* What contacts do, and what waiting brings; router.py says why. */
#include "state.h"

void visit_widen(Router *r, Visit *visit)
{
    int64_t due = step_due_at(visit);
    if (due != NEVER && due <= r->now) {
        int waits = visit->state == VISIT_WAITING;
        if (waits)
            wait_end(r, visit);
        while ((due = step_due_at(visit)) != NEVER && due <= r->now)
            visit->step++;
        if (waits)
            wait_begin(r, visit);
        Decision *d = emit(r, DE_WIDENED);
        d->contact = visit->contact;
        d->queue = visit->plan->queue;
        d->number = visit->step;
    }
    if (due != NEVER)
        due_set(&r->memory, &r->due, &visit->step_due, DUE_STEP, visit->seq, due);
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
    due_set(&r->memory, &r->due, &visit->backoff_due, DUE_BACKOFF, visit->seq, earliest);
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

/* Somebody is signed in who serves the queue, or one that joins at some step. */
static int anyone_present(const Router *r, const Plan *plan)
{
    if (r->present_everywhere || plan->queue->role->present)
        return 1;
    for (size_t i = 0; i < plan->step_count; i++) {
        const NameList *queues = &plan->steps[i].class->want.queues;
        for (size_t k = 0; k < queues->count; k++)
            if (queues->at[k]->role && queues->at[k]->role->present)
                return 1;
    }
    return 0;
}

static int refusal(const Router *r, const Queue *queue, const Plan *plan)
{
    if (!queue)
        return REFUSED_UNKNOWN_QUEUE;
    if (queue->set.contacts_max && queue->line.count >= (uint64_t)queue->set.contacts_max)
        return REFUSED_FULL;
    if (queue->set.refuse_without_agents && !anyone_present(r, plan))
        return REFUSED_NO_AGENTS;
    return servable(plan) ? REFUSED_NOT : REFUSED_UNSERVABLE;
}

static void refuse(Router *r, Name *contact, Plan *plan, Queue *queue, int why)
{
    if (queue)
        queue->refused++;
    Decision *d = emit(r, DE_REFUSED);
    d->contact = contact;
    d->queue = plan->queue;
    d->word = why;
    release(r, contact);
    plan_release(r, plan);
}

static void arrive(Router *r, const Event *event)
{
    Name *contact = take_name(r, event);
    if (contact->visit) {
        release(r, contact);
        return;
    }
    Plan *plan = event->plan ? plan_share(r, event->plan) : plan_new(r, event, 0);
    Queue *queue = queue_of(plan->queue);
    int why = refusal(r, queue, plan);
    if (why != REFUSED_NOT) {
        refuse(r, contact, plan, queue, why);
        return;
    }
    Visit *visit = pool_new(&r->memory, &r->visit_pool, sizeof *visit);
    visit->contact = contact;
    visit->plan = plan;
    int64_t since = clamp(event->waiting_since, -AMOUNT_MAX, AMOUNT_MAX);
    visit->waiting_since = event->waiting_since == 0 || since > r->now ? r->now : since;
    visit->queue = queue;
    visit->seq = ++r->last_seq;
    queue->entered++;
    visit_add(r, visit);
    Decision *d = emit(r, DE_ADMITTED);
    d->contact = contact;
    d->queue = plan->queue;
    d->number = (int64_t)line_position(visit);
    if (kept_until(visit) > r->now)
        due_set(&r->memory, &r->due, &visit->kept_due, DUE_KEPT, visit->seq, kept_until(visit));
    visit_widen(r, visit);
}

/* A visit that waits leaves its line for good. */
void visit_leave(Router *r, Visit *visit, int outcome, Name *reason)
{
    line_leave(r, visit);
    wait_end(r, visit);
    Decision *d = emit(r, DE_VISIT_ENDED);
    d->contact = visit->contact;
    d->queue = visit->plan->queue;
    d->word = outcome;
    d->reason = reason;
    d->agent = r->empty;
    d->waited_us = r->now - visit->waiting_since;
    visit_drop(r, visit);
}

static void end_talk(Router *r, Visit *visit)
{
    int64_t talked_us = r->now - visit->connected_at;
    if (visit->queue) {
        visit->queue->talking--;
        queue_note_handling(visit->queue,
                            clamp(talked_us, 0, SPAN_MAX) + clamp(visit->wrap_up_us, 0, SPAN_MAX));
    }
    Decision *d = emit(r, DE_VISIT_ENDED);
    d->contact = visit->contact;
    d->queue = visit->plan->queue;
    d->word = VISIT_ENDED;
    d->reason = r->empty;
    d->agent = visit->agent_name;
    d->waited_us = visit->connected_at - visit->waiting_since;
    d->talked_us = talked_us;
    Agent *agent = visit->agent;
    int64_t wrap_up_us = visit->wrap_up_us, units = visit->plan->units;
    if (agent)
        talk_end(agent, visit);
    visit_drop(r, visit);
    if (!agent)
        return;
    if (wrap_up_us) {
        if (agent->wrap_until < r->now + wrap_up_us)
            agent->wrap_until = r->now + wrap_up_us;
        agent->wrap_units += units;
        due_set(&r->memory, &r->due, &agent->wrap_due, DUE_WRAP_UP, agent->number, agent->wrap_until);
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
    int64_t waited_us = r->now - visit->waiting_since;
    visit->queue->abandoned++;
    visit->queue->abandoned_in_time += in_time(visit->queue, waited_us);
    queue_note_end(visit->queue, waited_us);
    queue_note_wait(visit->queue, waited_us, 1);
    visit_leave(r, visit, VISIT_ABANDONED, r->empty);
}

static void withdraw(Router *r, Visit *visit, Text reason)
{
    if (visit->state == VISIT_CONNECTED)
        return;
    if (visit->state == VISIT_OFFERED)
        offer_rescind(r, visit, OFFER_WITHDRAWN);
    visit->queue->withdrawn++;
    queue_note_wait(visit->queue, r->now - visit->waiting_since, 0);
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
    const Name *name = name_of(r, event);
    Visit *visit = name ? name->visit : NULL;
    if (!visit)
        return;
    if (event->kind == EV_ABANDON)
        abandon(r, visit);
    else if (event->kind == EV_WITHDRAW)
        withdraw(r, visit, event->other);
    else if (visit->state == VISIT_CONNECTED)
        end_talk(r, visit);
}
