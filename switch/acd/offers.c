/* The life of an offer; router.py says why. */
#include "state.h"

#include <string.h>

int in_time(const Queue *queue, int64_t waited_us)
{
    return queue->set.service_level_us == 0 || waited_us <= queue->set.service_level_us;
}

static int64_t retry_us(const Queue *queue)
{
    return queue->set.retry_same_agent_us > RETRY_MIN_US ? queue->set.retry_same_agent_us : RETRY_MIN_US;
}

/* Chooses the best agent, if any, and reserves in the same step. */
void offer_make(Router *r, Visit *visit)
{
    Choice choice;
    Agent *agent = choose(r, visit, &choice);
    if (!agent)
        return;
    Queue *queue = visit->queue;
    int64_t ring_us = queue->set.ring_us ? queue->set.ring_us : RING_UNLIMITED_US;
    r->last_offer++;
    r->last_fence = r->last_fence + 1 > r->now ? r->last_fence + 1 : r->now;
    wait_end(r, visit);
    visit->state = VISIT_OFFERED;
    visit->offer = r->last_offer;
    visit->fence = r->last_fence;
    visit->agent = agent;
    visit->agent_name = share(agent->name);
    visit->lease_until = r->now + ring_us + queue->set.lease_margin_us;
    agent->visit = visit;
    queue->offered++;
    offers_add(r, visit);
    due_set(&r->memory, &r->due, &visit->lease_due, DUE_LEASE, visit->offer, visit->lease_until);
    Decision *d = emit(r, DE_OFFERED);
    d->number = visit->offer;
    d->fence = visit->fence;
    d->contact = visit->contact;
    d->queue = visit->plan->queue;
    d->agent = agent->name;
    d->ring_us = ring_us;
    d->lease_until = visit->lease_until;
    d->choice = choice;
    agent_refresh(r, agent);
}

/* The reservation is over; the visit waits again with its place, the agent keeps the idle time. */
static Agent *close_offer(Router *r, Visit *visit)
{
    Agent *agent = visit->agent;
    offers_drop(r, visit);
    due_cancel(&r->due, &visit->lease_due);
    visit->queue->offered--;
    visit->state = VISIT_WAITING;
    wait_begin(r, visit);
    visit->offer = visit->fence = visit->lease_until = 0;
    visit->agent = NULL;
    release(r, visit->agent_name);
    visit->agent_name = NULL;
    agent->visit = NULL;
    visit_touch(r, visit);
    return agent;
}

static void emit_ended(Router *r, int64_t offer, const Visit *visit, const Agent *agent, int outcome)
{
    Decision *d = emit(r, DE_OFFER_ENDED);
    d->number = offer;
    d->contact = visit->contact;
    d->agent = agent->name;
    d->word = outcome;
}

void offer_rescind(Router *r, Visit *visit, int outcome)
{
    int64_t offer = visit->offer;
    Agent *agent = close_offer(r, visit);
    emit_ended(r, offer, visit, agent, outcome);
    agent_refresh(r, agent);
}

void offer_rescind_of(Router *r, Agent *agent)
{
    if (agent->visit && agent->visit->state == VISIT_OFFERED)
        offer_rescind(r, agent->visit, OFFER_AGENT_GONE);
}

void agent_rest(Router *r, Agent *agent, const Queue *queue)
{
    int64_t until = r->now + retry_us(queue);
    if (until > agent->rest_until)
        agent_rest_until(r, agent, until);
    due_set(&r->memory, &r->due, &agent->rest_due, DUE_REST, agent->number, agent->rest_until);
}

static void backoff_erase(Router *r, Visit *visit, size_t i)
{
    release(r, visit->backoffs[i].agent);
    visit->backoff_count--;
    memmove(&visit->backoffs[i], &visit->backoffs[i + 1], (visit->backoff_count - i) * sizeof(Backoff));
}

static void back_off(Router *r, Visit *visit, Agent *agent, const Queue *queue)
{
    int64_t until = r->now + retry_us(queue);
    for (size_t i = visit->backoff_count; i-- > 0;)
        if (visit->backoffs[i].agent == agent->name)
            backoff_erase(r, visit, i);
    if (visit->backoff_count >= BACKOFFS_MAX) {
        size_t soonest = 0;
        for (size_t i = 1; i < visit->backoff_count; i++)
            if (visit->backoffs[i].until < visit->backoffs[soonest].until)
                soonest = i;
        backoff_erase(r, visit, soonest);
    }
    memory_reserve(&r->memory, (void **)&visit->backoffs, &visit->backoff_room, visit->backoff_count + 1,
                   sizeof(Backoff));
    visit->backoffs[visit->backoff_count++] = (Backoff){share(agent->name), until};
    visit_time_backoffs(r, visit);
}

/* What rang out backs off this pair and counts as a miss; what failed at once rests the agent. */
void offer_failed(Router *r, Visit *visit, int outcome)
{
    const Queue *queue = visit->queue;
    int64_t offer = visit->offer;
    Agent *agent = close_offer(r, visit);
    if (outcome == OFFER_NO_ANSWER || outcome == OFFER_LEASE_EXPIRED) {
        back_off(r, visit, agent, queue);
        agent->missed++;
        int64_t limit = queue->set.misses_before_pause;
        if (limit && agent->missed >= limit && !agent->paused) {
            agent->paused = 1;
            release(r, agent->pause_reason);
            agent->pause_reason = share(r->missed);
        }
    } else {
        agent_rest(r, agent, queue);
    }
    emit_ended(r, offer, visit, agent, outcome);
    agent_refresh(r, agent);
}

static void remember_answer(Queue *queue, int64_t now)
{
    if (queue->answer_count == ANSWERS_KEPT) {
        memmove(queue->answers, queue->answers + 1, (ANSWERS_KEPT - 1) * sizeof queue->answers[0]);
        queue->answer_count--;
    }
    queue->answers[queue->answer_count++] = now;
}

static void claim(Router *r, Visit *visit)
{
    Agent *agent = visit->agent;
    Queue *queue = visit->queue;
    offers_drop(r, visit);
    due_cancel(&r->due, &visit->lease_due);
    due_cancel(&r->due, &visit->step_due);
    due_cancel(&r->due, &visit->backoff_due);
    line_leave(r, visit);
    int64_t waited_us = r->now - visit->waiting_since;
    visit->state = VISIT_CONNECTED;
    visit->fence = visit->lease_until = 0;
    while (visit->backoff_count)
        backoff_erase(r, visit, visit->backoff_count - 1);
    visit->connected_at = r->now;
    visit->wrap_up_us = queue->set.wrap_up_us;
    queue->offered--;
    queue->talking++;
    queue->answered++;
    queue->answered_in_time += in_time(queue, waited_us);
    queue_note_wait(queue, waited_us, 0);
    remember_answer(queue, r->now);
    agent->answered++;
    agent->missed = 0;
    Decision *d = emit(r, DE_CONNECTED);
    d->number = visit->offer;
    d->contact = visit->contact;
    d->queue = visit->plan->queue;
    d->agent = agent->name;
    d->waited_us = waited_us;
    visit->offer = 0;
    agent_refresh(r, agent);
}

/* Claim and Decline. */
void offer_event(Router *r, const Event *event)
{
    Visit *visit = offers_find(&r->offers, event->number);
    int stands = visit && visit->fence == event->fence;
    if (event->kind == EV_CLAIM) {
        if (stands)
            claim(r, visit);
        else
            emit(r, DE_CLAIM_REFUSED)->number = event->number;
    } else if (stands) {
        offer_failed(r, visit, event->flag);
    }
}
