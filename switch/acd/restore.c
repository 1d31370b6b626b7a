/* A router from a snapshot. Nothing in the bytes is believed: a contradiction ends in "damaged". */
#include "source.h"

#include <string.h>

static void read_queue(Source *src)
{
    Name *name = take(src->r, read_text(src));
    check(src, !queue_of(name));
    Queue *q = queue_add(src->r, name);
    QueueIn *s = &q->set;
    s->policy = (int)between(src, 0, POLICY_COUNT - 1);
    s->priority = read_number(src);
    s->ring_us = read_number(src);
    s->lease_margin_us = read_number(src);
    s->wrap_up_us = read_number(src);
    s->misses_before_pause = read_number(src);
    s->contacts_max = read_number(src);
    s->refuse_without_agents = read_flag(src);
    s->service_level_us = read_number(src);
    s->retry_same_agent_us = read_number(src);
    q->entered = read_number(src);
    q->answered = read_number(src);
    q->answered_in_time = read_number(src);
    q->abandoned = read_number(src);
    q->abandoned_in_time = read_number(src);
    q->withdrawn = read_number(src);
    q->refused = read_number(src);
    q->answer_count = read_count(src);
    check(src, q->answer_count <= ANSWERS_KEPT);
    for (size_t i = 0; i < q->answer_count; i++)
        q->answers[i] = between(src, -AMOUNT_MAX, src->r->now);
}

static void read_agent(Source *src, Draft *draft)
{
    Router *r = src->r;
    Name *name = take(r, read_text(src));
    check(src, !name->agent);
    int64_t last = r->agent_count ? r->agents[r->agent_count - 1]->number : 0;
    Agent *a = agent_add(r, name, between(src, last + 1, r->last_agent));
    draft->agent = a;
    draft->event = (Event){.number = read_number(src), .weight = 1, .units = UNITS};
    draft->event.skills = read_pairs(src);
    draft->event.names = read_texts(src);
    agent_sign(r, a, read_flag(src));
    a->reachable = read_flag(src);
    a->paused = read_flag(src);
    release(r, a->pause_reason);
    a->pause_reason = take(r, read_text(src));
    a->engaged = between(src, 0, AMOUNT_MAX);
    a->wrap_until = between(src, 0, NUMBER_MAX);
    agent_rest_until(r, a, between(src, 0, NUMBER_MAX));
    a->idle_since = read_number(src);
    a->answered = between(src, 0, NUMBER_MAX);
    a->missed = read_number(src);
    a->shown = (int)between(src, 0, SHOWN_COUNT - 1);
    release(r, a->shown_reason);
    a->shown_reason = take(r, read_text(src));
    a->since = read_number(src);
    if (a->wrap_until)
        due_set(&r->memory, &r->due, &a->wrap_due, DUE_WRAP_UP, a->number, a->wrap_until);
    if (a->rest_until)
        due_set(&r->memory, &r->due, &a->rest_due, DUE_REST, a->number, a->rest_until);
}

static void read_backoffs(Source *src, Visit *v)
{
    Router *r = src->r;
    size_t backoffs = read_count(src);
    check(src, backoffs <= BACKOFFS_MAX);
    memory_reserve(&r->memory, (void **)&v->backoffs, &v->backoff_room, backoffs, sizeof *v->backoffs);
    for (size_t i = 0; i < backoffs; i++) {
        Name *agent = take(r, read_text(src));
        v->backoffs[v->backoff_count++] = (Backoff){agent, between(src, 0, NUMBER_MAX)};
    }
}

/* A visit as the first part has it; its plan and its lines follow. */
static void read_visit(Source *src, Draft *draft, int64_t *last_seq)
{
    Router *r = src->r;
    Event *event = &draft->event;
    Visit *v = draft->visit = pool_new(&r->memory, &r->visit_pool, sizeof *v);
    v->contact = take(r, read_text(src));
    event->other = read_text(src);
    int attached = read_flag(src);
    v->seq = *last_seq = between(src, *last_seq + 1, r->last_seq);
    event->number = read_number(src);
    v->waiting_since = between(src, -AMOUNT_MAX, r->now);
    event->channel = (Text){r->voice->text, r->voice->size};
    event->step_count = read_count(src);
    check(src, event->step_count > 0 && !v->contact->visit);
    v->contact->visit = v;
    Name *queue = names_find(&r->names, event->other);
    check(src, !attached || (queue && queue_of(queue)));
    v->queue = attached ? queue_of(queue) : NULL;
    event->steps = draft->steps = memory_new(&r->memory, event->step_count * sizeof *draft->steps);
    for (size_t i = 0; i < event->step_count; i++) {
        draft->steps[i].after_us = read_number(src);
        draft->steps[i].needs = read_pairs(src);
    }
    event->names = read_texts(src);
    v->state = (int)between(src, VISIT_WAITING, VISIT_CONNECTED);
    v->step = (uint32_t)between(src, 0, (int64_t)event->step_count - 1);
    draft->agent_name = read_text(src);
    draft->has_agent = read_flag(src);
    draft->offer = read_number(src);
    draft->fence = read_number(src);
    draft->lease_until = read_number(src);
    v->connected_at = read_number(src);
    v->wrap_up_us = read_duration(src);
    read_backoffs(src, v);
    check(src, v->state == VISIT_CONNECTED || v->queue);
    check(src, draft->has_agent ? v->state != VISIT_WAITING : v->state != VISIT_OFFERED);
}

static Agent *find_agent(Source *src, Text text)
{
    Name *name = names_find(&src->r->names, text);
    check(src, name && name->agent);
    return name->agent;
}

static void add_offer(Source *src, Visit *v, const MoreOffer *offer)
{
    Router *r = src->r;
    check(src, offer->number > 0 && offer->number <= r->last_offer && !offer_find(r, offer->number));
    offer_add(r, v, find_agent(src, offer->agent), offer->number, offer->fence, offer->lease_until);
}

static void add_talk(Source *src, Visit *v, const Draft *draft)
{
    if (draft->has_agent || draft->agent_name.size)
        v->agent_name = take(src->r, draft->agent_name);
    if (draft->has_agent) {
        v->agent = find_agent(src, draft->agent_name);
        talk_begin(v->agent, v);
    }
    if (v->queue)
        v->queue->talking++;
}

/* The visit into its lines, and what is derived from it: its agents' load, counts, due times. */
static void place_visit(Source *src, Draft *draft)
{
    Router *r = src->r;
    Visit *v = draft->visit;
    v->plan = plan_new(r, &draft->event, draft->units);
    visit_add(r, v);
    if (v->state == VISIT_CONNECTED) {
        add_talk(src, v, draft);
        return;
    }
    if (v->state == VISIT_OFFERED) {
        v->queue->offered++;
        add_offer(src, v, &(MoreOffer){draft->offer, draft->fence, draft->lease_until, draft->agent_name});
        for (size_t i = 0; i < draft->more_count; i++)
            add_offer(src, v, &draft->more[i]);
    }
    int64_t due = step_due_at(v);
    if (due != NEVER)
        due_set(&r->memory, &r->due, &v->step_due, DUE_STEP, v->seq, due);
    visit_time_backoffs(r, v);
    if (kept_until(v) > r->now)
        due_set(&r->memory, &r->due, &v->kept_due, DUE_KEPT, v->seq, kept_until(v));
    if (v->more_at)
        due_set(&r->memory, &r->due, &v->more_due, DUE_MORE, v->seq, v->more_at);
}

static void place_all(Source *src, Drafts *drafts)
{
    Router *r = src->r;
    for (size_t i = 0; i < r->queue_count; i++)
        queue_count_in(r, r->queues[i], 1);
    for (size_t i = 0; i < drafts->agent_count; i++)
        agent_configure(r, drafts->agents[i].agent, &drafts->agents[i].event);
    for (size_t i = 0; i < drafts->visit_count; i++)
        place_visit(src, &drafts->visits[i]);
    for (size_t i = 0; i < r->agent_count; i++)
        agent_index(r, r->agents[i]);
    /* Nothing is touched, so that the first event settles only what it touches. */
    for (size_t i = 0; i < r->dirty_count; i++)
        r->dirty[i]->dirty_place = 0;
    r->dirty_count = 0;
}

static void drop_drafts(Router *r, Drafts *drafts)
{
    for (size_t i = 0; i < drafts->agent_count + drafts->visit_count; i++) {
        Draft *draft = i < drafts->agent_count ? &drafts->agents[i] : &drafts->visits[i - drafts->agent_count];
        Event *event = &draft->event;
        memory_drop(&r->memory, (void *)event->skills.at);
        memory_drop(&r->memory, (void *)event->names.at);
        memory_drop(&r->memory, (void *)event->teams.at);
        memory_drop(&r->memory, (void *)event->pairs.at);
        memory_drop(&r->memory, draft->more);
        for (size_t k = 0; k < event->step_count; k++) {
            StepIn *step = &draft->steps[k];
            memory_drop(&r->memory, (void *)step->needs.at);
            memory_drop(&r->memory, (void *)step->none_of.at);
            memory_drop(&r->memory, (void *)step->prefer.at);
            memory_drop(&r->memory, (void *)step->teams.at);
            memory_drop(&r->memory, (void *)step->queues.at);
            for (size_t g = 0; g < step->group_count; g++)
                memory_drop(&r->memory, (void *)step->groups[g].at);
            memory_drop(&r->memory, (void *)step->groups);
        }
        memory_drop(&r->memory, draft->steps);
    }
    memory_drop(&r->memory, drafts->agents);
    memory_drop(&r->memory, drafts->visits);
}

static void read_all(Source *src, int version)
{
    Router *r = src->r;
    r->rng = (uint64_t)between(src, INT64_MIN, INT64_MAX);
    r->now = between(src, 0, AMOUNT_MAX);
    r->sequence = between(src, 0, AMOUNT_MAX);
    r->last_offer = between(src, 0, AMOUNT_MAX);
    r->last_fence = between(src, 0, NUMBER_MAX);
    r->last_seq = between(src, 0, AMOUNT_MAX);
    r->last_agent = between(src, 0, AMOUNT_MAX);
    r->wake_at = read_number(src);
    size_t queues = read_count(src);
    Drafts drafts = {.agent_count = read_count(src), .visit_count = read_count(src)};
    drafts.agents = memory_new(&r->memory, (drafts.agent_count + 1) * sizeof *drafts.agents);
    drafts.visits = memory_new(&r->memory, (drafts.visit_count + 1) * sizeof *drafts.visits);
    int64_t last_seq = 0;
    while (queues--)
        read_queue(src);
    for (size_t i = 0; i < drafts.agent_count; i++)
        read_agent(src, &drafts.agents[i]);
    for (size_t i = 0; i < drafts.visit_count; i++)
        read_visit(src, &drafts.visits[i], &last_seq);
    if (version >= SNAPSHOT_VERSION)
        read_second(src, &drafts);
    else
        assume_second(src, &drafts);
    check(src, src->left == 0);
    place_all(src, &drafts);
    drop_drafts(r, &drafts);
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
    Source src = {r, at + SNAPSHOT_HEAD, size - 8 - SNAPSHOT_HEAD};
    read_all(&src, at[SNAPSHOT_MAGIC_SIZE]);
    return 0;
}

Router *acd_restore(const unsigned char *at, size_t size, const char **why)
{
    *why = NULL;
    if (size < SNAPSHOT_HEAD + 8 || memcmp(at, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_SIZE) != 0 ||
        at[SNAPSHOT_MAGIC_SIZE] < 1 || at[SNAPSHOT_MAGIC_SIZE] > SNAPSHOT_VERSION) {
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
