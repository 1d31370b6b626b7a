/* Whole-batch assignment: several contacts and several agents matched at once; batch.py says why. */
#include "batch.h"

#include <string.h>

#define FAILING_SHIFT 54
#define BATCH_SCORE_SHIFT 17

/* Columns */

static int idle_before(const Agent *a, const Agent *b)
{
    return a->idle_since != b->idle_since ? a->idle_since < b->idle_since : agent_before(a, b);
}

static int serves_someone(const Router *r, const Agent *agent)
{
    const Classes *c = &r->classes;
    for (size_t w = 0; w < c->words; w++) {
        for (uint64_t left = c->rows[agent->slot * c->words + w] & c->waiting[w]; left; left &= left - 1) {
            const Class *class = c->slots[w * WORD_BITS + (size_t)__builtin_ctzll(left)];
            if (!class_may_be_served(agent, class))
                continue;
            for (size_t i = 0; i < class->line.chunk_count; i++)
                for (uint32_t k = 0; k < class->line.chunks[i].count; k++)
                    if (pair_may_serve(r, agent, class->line.chunks[i].at[k].item))
                        return 1;
        }
    }
    return 0;
}

/* Into its place among the longest idle, as far as there is room. */
static void consider(const Router *r, Batch *b, Agent *agent)
{
    size_t at = b->agent_count;
    if (at == BATCH_MAX && !idle_before(agent, b->agents[at - 1]))
        return;
    if (!serves_someone(r, agent))
        return;
    at -= at == BATCH_MAX;
    b->agent_count = at + 1;
    for (; at && idle_before(agent, b->agents[at - 1]); at--)
        b->agents[at] = b->agents[at - 1];
    b->agents[at] = agent;
}

/* Who is ready and may serve any of the waiting; and the classes that they may serve, into the mask. */
static void find_agents(Router *r, Batch *b)
{
    Classes *c = &r->classes;
    b->agent_count = 0;
    for (size_t w = 0; w < r->slot_words; w++) {
        uint64_t left = (r->axis[AXIS_FREE][w] | r->axis[AXIS_PARTLY][w]) & ~r->resting[w];
        for (; left; left &= left - 1)
            consider(r, b, r->slots[w * WORD_BITS + (size_t)__builtin_ctzll(left)]);
    }
    for (size_t w = 0; w < c->words; w++) {
        c->mask[w] = 0;
        for (size_t i = 0; i < b->agent_count; i++)
            c->mask[w] |= c->rows[b->agents[i]->slot * c->words + w];
    }
}

/* Rows */

static void find_able(const Router *r, const Batch *b, const Visit *visit, uint64_t *able)
{
    memset(able, 0, BATCH_WORDS * sizeof *able);
    for (size_t at = 0; at < b->agent_count; at++)
        if (class_may_be_served(b->agents[at], class_of(visit)) && pair_may_serve(r, b->agents[at], visit))
            bit_set(able, at);
}

static void walk_on(Walk *walk, const Chunk *chunk)
{
    walk->known = 0;
    if (++walk->entry == chunk->count) {
        walk->entry = 0;
        walk->chunk++;
    }
}

/* The next of the queue's line who can be kept beside those who are, or NULL. Who cannot is passed over for
   good: agents are only taken. */
static Visit *walk_head(Router *r, Batch *b, Queue *queue)
{
    Walk *walk = &queue->walk;
    while (walk->chunk < queue->line.chunk_count && queue->line.count) {
        const Chunk *chunk = &queue->line.chunks[walk->chunk];
        Visit *visit = chunk->at[walk->entry].item;
        if (visit->state == VISIT_WAITING && bit_test(r->classes.mask, class_of(visit)->slot)) {
            if (!walk->known)
                find_able(r, b, visit, walk->able);
            walk->known = 1;
            memcpy(b->able[b->count], walk->able, sizeof walk->able);
            if (matching_extend(b, b->count, 0))
                return visit;
        }
        walk_on(walk, chunk);
    }
    return NULL;
}

/* The contacts that are served, in order. */
static void find_kept(Router *r, Batch *b)
{
    memset(b->taken, 0, sizeof b->taken);
    for (size_t i = 0; i < r->queue_count; i++)
        r->queues[i]->walk = (Walk){0};
    for (b->count = 0; b->count < b->agent_count; b->count++) {
        Visit *first = NULL;
        for (size_t i = 0; i < r->queue_count; i++) {
            Visit *visit = walk_head(r, b, r->queues[i]);
            if (visit && (!first || served_before(r, visit, first)))
                first = visit;
        }
        if (!first)
            break;
        Queue *queue = first->queue;
        memcpy(b->able[b->count], queue->walk.able, sizeof queue->walk.able);
        matching_extend(b, b->count, 1);
        b->given[b->count].visit = first;
        walk_on(&queue->walk, &queue->line.chunks[queue->walk.chunk]);
        /* For the order `ratio` who is kept waits no longer. */
        queue->walk.assigned++;
        r->assigned++;
    }
    for (size_t i = 0; i < r->queue_count; i++)
        r->queues[i]->walk.assigned = 0;
    r->assigned = 0;
}

/* Costs */

/* How many bits of a score are left out, so that sums stay within 64 bits. */
static int scale_of(int policy)
{
    switch (policy) {
    case POLICY_RANDOM:
        return 35;
    case POLICY_WEIGHTED_RANDOM:
        return 27;
    case POLICY_IDLENESS_RATIO:
        return 0;
    default:
        return 19;
    }
}

static void find_costs(Router *r, Batch *b, size_t row)
{
    const Visit *visit = b->given[row].visit;
    int scale = scale_of(visit->queue->set.policy);
    Agent *candidates[BATCH_MAX];
    size_t columns[BATCH_MAX], count = 0;
    int64_t scores[BATCH_MAX];
    memset(r->candidates, 0, r->slot_words * sizeof *r->candidates);
    for (size_t at = 0; at < b->agent_count; at++) {
        b->costs[row][at] = COST_NEVER;
        if (!bit_test(b->able[row], at))
            continue;
        bit_set(r->candidates, b->agents[at]->slot);
        candidates[count] = b->agents[at];
        columns[count++] = at;
    }
    Scoring scoring;
    scoring_begin(r, &scoring, visit, count, NULL);
    b->given[row].draw = scoring.draw;
    scores_of(r, &scoring, candidates, count, scores);
    for (size_t i = 0; i < count; i++) {
        const Agent *agent = candidates[i];
        int64_t score = clamp(scores[i] >> scale, -BATCH_SCORE_MAX, BATCH_SCORE_MAX);
        int64_t idle = agent->name == visit->plan->before ? 0 : (int64_t)columns[i] + 1;
        b->costs[row][columns[i]] =
            ((int64_t)agent->line << FAILING_SHIFT) - score * (1LL << BATCH_SCORE_SHIFT) + idle;
    }
}

/* One batch; how many are served. Each pair has a touched contact or a touched agent, for before the event
   nobody waited beside one who may serve: with fewer than two touched there are no two pairs. */
static size_t assign(Router *r)
{
    size_t touched = r->dirty_agent_count;
    for (size_t i = 0; i < r->dirty_count; i++)
        touched += r->dirty[i]->state == VISIT_WAITING;
    if (touched < 2 || r->waiting < 2)
        return 0;
    if (!r->batch)
        r->batch = memory_new(&r->memory, sizeof *r->batch);
    Batch *b = r->batch;
    find_agents(r, b);
    if (b->agent_count < 2)
        return 0;
    find_kept(r, b);
    if (b->count < 2)
        return 0;
    for (size_t row = 0; row < b->count; row++)
        find_costs(r, b, row);
    matching_least(b);
    for (size_t row = 0; row < b->count; row++) {
        b->given[row].agent = b->agents[b->column_of[row]];
        b->given[row].together = (int64_t)b->count;
    }
    return b->count;
}

/* As long as two or more can be served at once. */
void serve_together(Router *r)
{
    for (size_t count; (count = assign(r));) {
        for (size_t i = 0; i < count; i++)
            offer_make(r, r->batch->given[i].visit, &r->batch->given[i]);
        filter_agents(r);
    }
}
