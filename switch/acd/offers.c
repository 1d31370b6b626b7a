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

static void time_rings(Router *r, Visit *visit)
{
    int64_t more_us = visit->queue->set.ring_more_us;
    visit->more_at = r->now + (more_us > RETRY_MIN_US ? more_us : RETRY_MIN_US);
    due_set(&r->memory, &r->due, &visit->more_due, DUE_MORE, visit->seq, visit->more_at);
}

/* One more agent may be rung from now on. */
void rings_more(Router *r, Visit *visit)
{
    visit->rings++;
    visit->more_at = 0;
    if (visit->rings < RINGS_MAX)
        time_rings(r, visit);
    visit_touch(r, visit);
}

static void stop_rings(Router *r, Visit *visit)
{
    visit->rings = visit->more_at = 0;
    due_cancel(&r->due, &visit->more_due);
}

/* The first offer: the visit does not wait any more. */
static void begin_offers(Router *r, Visit *visit)
{
    wait_end(r, visit);
    visit->state = VISIT_OFFERED;
    visit->queue->offered++;
    visit->rings = 1;
    if (visit->queue->set.policy == POLICY_RING_PROGRESSIVELY)
        time_rings(r, visit);
}

/* Chooses the best agent, if any, or takes the one given, and reserves in the same step. 0 where there is none. */
int offer_make(Router *r, Visit *visit, const Given *given)
{
    Choice choice;
    Agent *agent = choose(r, visit, given, &choice);
    if (!agent)
        return 0;
    Queue *queue = visit->queue;
    int64_t ring_us = queue->set.ring_us ? queue->set.ring_us : RING_UNLIMITED_US;
    r->last_offer++;
    r->last_fence = r->last_fence + 1 > r->now ? r->last_fence + 1 : r->now;
    if (visit->state == VISIT_WAITING)
        begin_offers(r, visit);
    int64_t lease_until = r->now + ring_us + queue->set.lease_margin_us;
    offer_add(r, visit, agent, r->last_offer, r->last_fence, lease_until);
    if (queue->last != agent->name) {
        release(r, queue->last);
        queue->last = share(agent->name);
    }
    queue->last_order = agent->order;
    Decision *d = emit(r, DE_OFFERED);
    d->number = r->last_offer;
    d->fence = r->last_fence;
    d->contact = visit->contact;
    d->queue = visit->plan->queue;
    d->agent = agent->name;
    d->ring_us = ring_us;
    d->lease_until = lease_until;
    d->choice = choice;
    agent_refresh(r, agent);
    return 1;
}

/* The reservation is over. Without offers the visit waits again, with its place. */
static void close_offer(Router *r, Offer *offer)
{
    Visit *visit = offer->visit;
    offer_drop(r, offer);
    if (visit->state != VISIT_OFFERED)
        return;
    visit_touch(r, visit);
    if (visit->first_offer)
        return;
    visit->state = VISIT_WAITING;
    visit->queue->offered--;
    wait_begin(r, visit);
    stop_rings(r, visit);
}

static void emit_ended(Router *r, int64_t offer, const Visit *visit, const Agent *agent, int outcome)
{
    Decision *d = emit(r, DE_OFFER_ENDED);
    d->number = offer;
    d->contact = visit->contact;
    d->agent = agent->name;
    d->word = outcome;
}

/* Not the agent's doing: the agent keeps idle time and is free at once. */
static void end_offer(Router *r, Offer *offer, int outcome)
{
    int64_t number = offer->number;
    Visit *visit = offer->visit;
    Agent *agent = offer->agent;
    close_offer(r, offer);
    emit_ended(r, number, visit, agent, outcome);
    agent_refresh(r, agent);
}

void offer_rescind(Router *r, Visit *visit, int outcome)
{
    while (visit->first_offer)
        end_offer(r, visit->first_offer, outcome);
}

/* The agent went away while rung: the caller goes on at once. */
void offer_rescind_of(Router *r, Agent *agent)
{
    while (agent->first_offer)
        end_offer(r, agent->first_offer, OFFER_AGENT_GONE);
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

static int is_miss(const Queue *queue, int outcome)
{
    return outcome == OFFER_NO_ANSWER || outcome == OFFER_LEASE_EXPIRED ||
           (outcome == OFFER_BUSY && queue->set.busy_is_miss) ||
           (outcome == OFFER_UNREACHABLE && queue->set.unreachable_is_miss);
}

/* What rang out backs off this pair; what failed at once rests the agent. */
void offer_failed(Router *r, Offer *offer, int outcome)
{
    Visit *visit = offer->visit;
    Agent *agent = offer->agent;
    const Queue *queue = visit->queue;
    int64_t number = offer->number;
    close_offer(r, offer);
    if (outcome == OFFER_NO_ANSWER || outcome == OFFER_LEASE_EXPIRED)
        back_off(r, visit, agent, queue);
    else
        agent_rest(r, agent, queue);
    if (is_miss(queue, outcome)) {
        agent->missed++;
        int64_t limit = queue->set.misses_before_pause;
        if (limit && agent->missed >= limit && !agent->paused) {
            agent->paused = 1;
            release(r, agent->pause_reason);
            agent->pause_reason = share(r->missed);
        }
    }
    emit_ended(r, number, visit, agent, outcome);
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

static void count_answer(Router *r, Queue *queue, Agent *agent, int64_t waited_us)
{
    queue->offered--;
    queue->talking++;
    queue->answered++;
    queue->answered_in_time += in_time(queue, waited_us);
    remember_answer(queue, r->now);
    queue_note_end(queue, waited_us);
    queue_note_wait(queue, waited_us, 0);
    agent->answered++;
    agent->today++;
    agent->missed = 0;
}

static void claim(Router *r, Offer *offer)
{
    Visit *visit = offer->visit;
    Agent *agent = offer->agent;
    int64_t number = offer->number, waited_us = r->now - visit->waiting_since;
    line_leave(r, visit);
    due_cancel(&r->due, &visit->step_due);
    due_cancel(&r->due, &visit->backoff_due);
    due_cancel(&r->due, &visit->kept_due);
    stop_rings(r, visit);
    visit->state = VISIT_CONNECTED;
    close_offer(r, offer);
    visit->agent = agent;
    visit->agent_name = share(agent->name);
    while (visit->backoff_count)
        backoff_erase(r, visit, visit->backoff_count - 1);
    visit->connected_at = r->now;
    visit->wrap_up_us = visit->queue->set.wrap_up_us;
    talk_begin(agent, visit);
    count_answer(r, visit->queue, agent, waited_us);
    Decision *d = emit(r, DE_CONNECTED);
    d->number = number;
    d->contact = visit->contact;
    d->queue = visit->plan->queue;
    d->agent = agent->name;
    d->waited_us = waited_us;
    agent_refresh(r, agent);
    offer_rescind(r, visit, OFFER_ANSWERED_ELSEWHERE);
}

/* Claim and Decline. */
void offer_event(Router *r, const Event *event)
{
    Offer *offer = offer_find(r, event->number);
    int stands = offer && offer->fence == event->fence;
    if (event->kind == EV_CLAIM) {
        if (stands)
            claim(r, offer);
        else
            emit(r, DE_CLAIM_REFUSED)->number = event->number;
    } else if (stands) {
        offer_failed(r, offer, event->flag);
    }
}
