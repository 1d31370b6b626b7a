/* A router from a snapshot. Nothing in the bytes is believed: a contradiction ends in "damaged". */
#include "snapshot.h"

#include <stdlib.h>
#include <string.h>

/* Larger than any number that a router writes, small enough that two of them add up. */
#define NUMBER_MAX ((1LL << 62) - 1)

enum { NO_MEMORY = 1, DAMAGED = 2 };

typedef struct Source {
    Router *r;
    const unsigned char *at;
    size_t left;
} Source;

static void check(Source *src, int condition)
{
    if (!condition)
        longjmp(src->r->memory.failed, DAMAGED);
}

static uint64_t word(Source *src)
{
    check(src, src->left >= 8);
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | src->at[i];
    src->at += 8;
    src->left -= 8;
    return value;
}

static int64_t between(Source *src, int64_t least, int64_t most)
{
    int64_t value = (int64_t)word(src);
    check(src, value >= least && value <= most);
    return value;
}

static int64_t number(Source *src) { return between(src, -NUMBER_MAX, NUMBER_MAX); }

/* A count of things that each take at least 8 bytes; so a damaged one cannot be huge. */
static size_t count(Source *src)
{
    uint64_t value = word(src);
    check(src, value <= src->left / 8);
    return (size_t)value;
}

static int flag(Source *src) { return number(src) != 0; }

/* RFC 3629: well formed, shortest, no surrogates. */
static int is_utf8(const unsigned char *at, size_t size)
{
    for (size_t i = 0; i < size;) {
        unsigned char lead = at[i];
        size_t more = lead < 0x80 ? 0 : lead >= 0xC2 && lead < 0xE0 ? 1 : (lead & 0xF0) == 0xE0 ? 2 : 3;
        if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || size - i <= more)
            return 0;
        for (size_t k = 1; k <= more; k++)
            if ((at[i + k] & 0xC0) != 0x80)
                return 0;
        unsigned char second = more ? at[i + 1] : 0;
        if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
            (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F))
            return 0;
        i += more + 1;
    }
    return 1;
}

static Text text(Source *src)
{
    uint64_t size = word(src);
    check(src, size <= src->left && is_utf8(src->at, (size_t)size));
    Text out = {(const char *)src->at, (size_t)size};
    src->at += size;
    src->left -= (size_t)size;
    return out;
}

static int64_t duration(Source *src) { return clamp(number(src), 0, AMOUNT_MAX); }

static void read_queue(Source *src)
{
    Name *name = take(src->r, text(src));
    check(src, !queue_of(name));
    Queue *q = queue_add(src->r, name);
    QueueIn *s = &q->set;
    s->policy = (int)between(src, 0, POLICY_COUNT - 1);
    s->priority = clamp(number(src), -AMOUNT_MAX, AMOUNT_MAX);
    s->ring_us = duration(src);
    s->lease_margin_us = duration(src);
    s->wrap_up_us = duration(src);
    s->misses_before_pause = duration(src);
    s->contacts_max = duration(src);
    s->refuse_without_agents = flag(src);
    s->service_level_us = duration(src);
    s->retry_same_agent_us = duration(src);
    q->entered = number(src);
    q->answered = number(src);
    q->answered_in_time = number(src);
    q->abandoned = number(src);
    q->abandoned_in_time = number(src);
    q->withdrawn = number(src);
    q->refused = number(src);
    q->answer_count = count(src);
    check(src, q->answer_count <= ANSWERS_KEPT);
    for (size_t i = 0; i < q->answer_count; i++)
        q->answers[i] = between(src, -AMOUNT_MAX, src->r->now);
}

/* Skills and queues as an event gives them, so that they are put in order as from an event. */
static void read_settings(Source *src, Agent *agent, int64_t order)
{
    Router *r = src->r;
    Event event = {.number = order};
    event.skill_count = count(src);
    TextLevel *skills = event.skill_count ? memory_new(&r->memory, event.skill_count * sizeof *skills) : NULL;
    for (size_t i = 0; i < event.skill_count; i++) {
        skills[i].name = text(src);
        skills[i].level = number(src);
    }
    event.skills = skills;
    event.name_count = count(src);
    Text *queues = event.name_count ? memory_new(&r->memory, event.name_count * sizeof *queues) : NULL;
    for (size_t i = 0; i < event.name_count; i++)
        queues[i] = text(src);
    event.names = queues;
    agent_configure(r, agent, &event);
    memory_drop(&r->memory, skills);
    memory_drop(&r->memory, queues);
}

static void read_agent(Source *src)
{
    Router *r = src->r;
    Name *name = take(r, text(src));
    check(src, !name->agent);
    int64_t last = r->agent_count ? r->agents[r->agent_count - 1]->number : 0;
    Agent *a = agent_add(r, name, between(src, last + 1, r->last_agent));
    read_settings(src, a, number(src));
    agent_sign(r, a, flag(src));
    a->reachable = flag(src);
    a->paused = flag(src);
    release(r, a->pause_reason);
    a->pause_reason = take(r, text(src));
    a->engaged = between(src, 0, AMOUNT_MAX);
    a->wrap_until = between(src, 0, NUMBER_MAX);
    agent_rest_until(r, a, between(src, 0, NUMBER_MAX));
    a->idle_since = number(src);
    a->answered = number(src);
    a->missed = number(src);
    a->shown = (int)between(src, 0, SHOWN_COUNT - 1);
    release(r, a->shown_reason);
    a->shown_reason = take(r, text(src));
    a->since = number(src);
    if (a->wrap_until)
        due_set(&r->memory, &r->due, &a->wrap_due, DUE_WRAP_UP, a->number, a->wrap_until);
    if (a->rest_until)
        due_set(&r->memory, &r->due, &a->rest_due, DUE_REST, a->number, a->rest_until);
}

/* The needs of one step, as an event gives them. */
static void read_needs(Source *src, StepIn *step)
{
    step->after_us = number(src);
    step->need_count = count(src);
    TextLevel *needs = step->need_count ? memory_new(&src->r->memory, step->need_count * sizeof *needs) : NULL;
    for (size_t i = 0; i < step->need_count; i++) {
        needs[i].name = text(src);
        needs[i].level = number(src);
    }
    step->needs = needs;
}

/* Steps and who is avoided, as an event gives them. */
static Plan *read_plan(Source *src, Text queue, int64_t priority)
{
    Memory *m = &src->r->memory;
    Event event = {.other = queue, .number = priority, .step_count = count(src)};
    check(src, event.step_count > 0);
    StepIn *steps = memory_new(m, event.step_count * sizeof *steps);
    for (size_t i = 0; i < event.step_count; i++)
        read_needs(src, &steps[i]);
    event.steps = steps;
    event.name_count = count(src);
    Text *names = event.name_count ? memory_new(m, event.name_count * sizeof *names) : NULL;
    for (size_t i = 0; i < event.name_count; i++)
        names[i] = text(src);
    event.names = names;
    Plan *plan = plan_new(src->r, &event);
    for (size_t i = 0; i < event.step_count; i++)
        memory_drop(m, (void *)steps[i].needs);
    memory_drop(m, steps);
    memory_drop(m, names);
    return plan;
}

static void read_backoffs(Source *src, Visit *v)
{
    Router *r = src->r;
    size_t backoffs = count(src);
    check(src, backoffs <= BACKOFFS_MAX);
    memory_reserve(&r->memory, (void **)&v->backoffs, &v->backoff_room, backoffs, sizeof *v->backoffs);
    for (size_t i = 0; i < backoffs; i++) {
        Name *agent = take(r, text(src));
        v->backoffs[v->backoff_count++] = (Backoff){agent, between(src, 0, NUMBER_MAX)};
    }
}

/* What is derived from a visit: its agent's load, counts of its queue, the offer's index, due times. */
static void derive(Source *src, Visit *v, int has_agent)
{
    Router *r = src->r;
    check(src, has_agent ? v->state != VISIT_WAITING : v->state != VISIT_OFFERED);
    if (has_agent) {
        Agent *agent = v->agent_name->agent;
        check(src, agent && !agent->visit);
        v->agent = agent;
        agent->visit = v;
    }
    if (v->state == VISIT_CONNECTED) {
        if (v->queue)
            v->queue->talking++;
        return;
    }
    check(src, v->queue != NULL);
    if (v->state == VISIT_OFFERED) {
        check(src, v->offer > 0 && v->offer <= r->last_offer && !offers_find(&r->offers, v->offer));
        v->queue->offered++;
        offers_add(r, v);
        due_set(&r->memory, &r->due, &v->lease_due, DUE_LEASE, v->offer, v->lease_until);
    }
    int64_t due = step_due_at(v);
    if (due != NEVER)
        due_set(&r->memory, &r->due, &v->step_due, DUE_STEP, v->seq, due);
    visit_time_backoffs(r, v);
}

static void read_visit(Source *src)
{
    Router *r = src->r;
    Text contact = text(src), queue = text(src);
    int attached = flag(src);
    int64_t seq = between(src, (r->last_visit ? r->last_visit->seq : 0) + 1, r->last_seq);
    int64_t priority = number(src);
    int64_t since = between(src, -AMOUNT_MAX, r->now);
    Visit *v = memory_new(&r->memory, sizeof *v);
    v->contact = take(r, contact);
    v->plan = read_plan(src, queue, priority);
    check(src, !v->contact->visit && (!attached || queue_of(v->plan->queue)));
    v->queue = attached ? queue_of(v->plan->queue) : NULL;
    v->seq = seq;
    v->waiting_since = since;
    v->state = (int)between(src, VISIT_WAITING, VISIT_CONNECTED);
    v->step = (uint32_t)between(src, 0, (int64_t)v->plan->step_count - 1);
    Text agent_name = text(src);
    int has_agent = flag(src);
    if (agent_name.size || has_agent)
        v->agent_name = take(r, agent_name);
    v->offer = number(src);
    v->fence = number(src);
    v->lease_until = number(src);
    v->connected_at = number(src);
    v->wrap_up_us = duration(src);
    read_backoffs(src, v);
    derive(src, v, has_agent);
    visit_add(r, v);
}

static void read_all(Source *src)
{
    Router *r = src->r;
    r->rng = word(src);
    r->now = between(src, 0, AMOUNT_MAX);
    r->sequence = between(src, 0, AMOUNT_MAX);
    r->last_offer = between(src, 0, AMOUNT_MAX);
    r->last_fence = between(src, 0, NUMBER_MAX);
    r->last_seq = between(src, 0, AMOUNT_MAX);
    r->last_agent = between(src, 0, AMOUNT_MAX);
    r->wake_at = number(src);
    size_t queues = count(src), agents = count(src), visits = count(src);
    while (queues--)
        read_queue(src);
    while (agents--)
        read_agent(src);
    while (visits--)
        read_visit(src);
    check(src, src->left == 0);
    for (size_t i = 0; i < r->agent_count; i++)
        agent_index(r, r->agents[i]);
    /* visit_add and the like touch nothing, so that the first event settles only what it touches. */
}

/* Apart from acd_restore, so that no variable lives across the jump. */
static int fill(Router *r, const unsigned char *at, size_t size)
{
    switch (setjmp(r->memory.failed)) {
    case 0:
        break;
    case DAMAGED:
        return DAMAGED;
    default:
        return NO_MEMORY;
    }
    Source src = {r, at + SNAPSHOT_MAGIC_SIZE, size - 8 - SNAPSHOT_MAGIC_SIZE};
    read_all(&src);
    return 0;
}

Router *acd_restore(const unsigned char *at, size_t size, const char **why)
{
    *why = NULL;
    if (size < SNAPSHOT_MAGIC_SIZE + 8 || memcmp(at, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_SIZE) != 0) {
        *why = "not a snapshot of this version of the router";
        return NULL;
    }
    uint64_t digest = acd_digest(at, size - 8);
    for (int i = 0; i < 8; i++) {
        if (at[size - 8 + (size_t)i] != (unsigned char)(digest >> (8 * i))) {
            *why = "snapshot is damaged: its digest does not fit";
            return NULL;
        }
    }
    Router *r = acd_open(0);
    if (!r)
        return NULL;
    int failure = fill(r, at, size);
    if (!failure)
        return r;
    acd_close(r);
    if (failure == DAMAGED)
        *why = "snapshot is damaged: it contradicts itself";
    return NULL;
}
