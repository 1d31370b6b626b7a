/* Settling and the life of an offer; router.py says why. */
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
static void make_offer(Router *r, Visit *visit)
{
    Choice choice;
    Agent *agent = choose(r, visit, &choice);
    if (!agent)
        return;
    Queue *queue = visit->queue;
    int64_t ring_us = queue->set.ring_us ? queue->set.ring_us : RING_UNLIMITED_US;
    r->last_offer++;
    r->last_fence = r->last_fence + 1 > r->now ? r->last_fence + 1 : r->now;
    visit->state = VISIT_OFFERED;
    visit->offer = r->last_offer;
    visit->fence = r->last_fence;
    visit->agent = agent;
    visit->agent_name = share(agent->name);
    visit->lease_until = r->now + ring_us + queue->set.lease_margin_us;
    agent->visit = visit;
    queue->offered++;
    offers_add(r, visit);
    due_set(&r->memory, &r->due, &visit->lease_due, DUE_LEASE, visit->offer, visit, visit->lease_until);
    Decision *d = emit(r, DE_OFFERED);
    d->number = visit->offer;
    d->fence = visit->fence;
    d->contact = visit->contact;
    d->queue = visit->queue_name;
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
        agent->rest_until = until;
    due_set(&r->memory, &r->due, &agent->rest_due, DUE_REST, agent->number, agent, agent->rest_until);
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
    remember_answer(queue, r->now);
    agent->answered++;
    agent->missed = 0;
    Decision *d = emit(r, DE_CONNECTED);
    d->number = visit->offer;
    d->contact = visit->contact;
    d->queue = visit->queue_name;
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

/* Settling: the walk over the waiting in the order of service. */

static int global_before(const Visit *a, const Visit *b)
{
    if (a->queue->set.priority != b->queue->set.priority)
        return a->queue->set.priority > b->queue->set.priority;
    return visit_before(a, b);
}

static int cursor_before(const Queue *a, const Queue *b)
{
    return global_before(a->line[a->cursor], b->line[b->cursor]);
}

static void sink(Queue **heap, size_t count, size_t place)
{
    Queue *queue = heap[place];
    for (;;) {
        size_t child = place * 2 + 1;
        if (child >= count)
            break;
        if (child + 1 < count && cursor_before(heap[child + 1], heap[child]))
            child++;
        if (!cursor_before(heap[child], queue))
            break;
        heap[place] = heap[child];
        place = child;
    }
    heap[place] = queue;
}

/* The lines worth walking: with a touched visit, or served by an agent who became free. */
static size_t gather(Router *r)
{
    for (size_t i = 0; i < r->dirty_count; i++)
        if (r->dirty[i]->queue)
            r->dirty[i]->queue->wanted = 1;
    size_t count = 0;
    for (size_t i = 0; i < r->busy_count; i++) {
        Queue *queue = r->busy[i];
        int wanted = queue->wanted;
        for (size_t k = 0; k < r->dirty_agent_count && !wanted; k++)
            wanted = agent_serves(r->dirty_agents[k], queue->name);
        if (wanted) {
            queue->cursor = 0;
            r->cursors[count++] = queue;
        }
    }
    for (size_t i = 0; i < r->dirty_count; i++)
        if (r->dirty[i]->queue)
            r->dirty[i]->queue->wanted = 0;
    for (size_t i = count / 2; i-- > 0;)
        sink(r->cursors, count, i);
    return count;
}

/* Leaves among the touched agents only those who may take an offer. */
static void filter_agents(Router *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->dirty_agent_count; i++) {
        Agent *agent = r->dirty_agents[i];
        agent->dirty_place = 0;
        if (agent->occupied == OUT_NONE && !agent->rest_until) {
            r->dirty_agents[kept++] = agent;
            agent->dirty_place = kept;
        }
    }
    r->dirty_agent_count = kept;
}

static int wanted_by_free(const Router *r, const Visit *visit)
{
    for (size_t i = 0; i < r->dirty_agent_count; i++)
        if (agent_unfit(r->dirty_agents[i], visit) == OUT_NONE)
            return 1;
    return 0;
}

static void walk_lines(Router *r)
{
    size_t count = gather(r);
    while (count && r->dirty_agent_count) {
        Queue *queue = r->cursors[0];
        Visit *visit = queue->line[queue->cursor++];
        if (visit->state == VISIT_WAITING && (visit->dirty_place || wanted_by_free(r, visit))) {
            make_offer(r, visit);
            filter_agents(r);
        }
        if (visit->dirty_place) {
            Visit *last = r->dirty[--r->dirty_count];
            r->dirty[visit->dirty_place - 1] = last;
            last->dirty_place = visit->dirty_place;
            visit->dirty_place = 0;
        }
        if (queue->cursor == queue->line_count)
            r->cursors[0] = r->cursors[--count];
        if (count)
            sink(r->cursors, count, 0);
    }
}

/* Takes the first of the touched visits in the order of service: a heap would be more than the few
   that one event touches deserve, and many fall due together only after a long sleep. */
static Visit *next_dirty(Router *r)
{
    size_t first = 0;
    for (size_t i = 1; i < r->dirty_count; i++)
        if (global_before(r->dirty[i], r->dirty[first]))
            first = i;
    Visit *visit = r->dirty[first];
    r->dirty[first] = r->dirty[--r->dirty_count];
    r->dirty[first]->dirty_place = first + 1;
    visit->dirty_place = 0;
    return visit;
}

static void forget_connected(Router *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->dirty_count; i++) {
        Visit *visit = r->dirty[i];
        visit->dirty_place = 0;
        if (visit->state == VISIT_WAITING) {
            r->dirty[kept++] = visit;
            visit->dirty_place = kept;
        }
    }
    r->dirty_count = kept;
}

void settle(Router *r)
{
    filter_agents(r);
    forget_connected(r);
    walk_lines(r);
    /* No touched agent is left: only touched visits can find one, of those free before. */
    while (r->dirty_count && r->free_count)
        make_offer(r, next_dirty(r));
    for (size_t i = 0; i < r->dirty_count; i++)
        r->dirty[i]->dirty_place = 0;
    r->dirty_count = 0;
    filter_agents(r);
    for (size_t i = 0; i < r->dirty_agent_count; i++)
        r->dirty_agents[i]->dirty_place = 0;
    r->dirty_agent_count = 0;
}
