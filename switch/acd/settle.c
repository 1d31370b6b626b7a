/* Settling: after each event nobody waits beside an agent who is ready and may serve; router.py says why.

   Before each event that was so. Hence only touched visits and touched agents can make a pair, and the
   next offer is that of the first visit, in the order of service, which is touched or which a touched
   agent may serve. Visits of a class stand in its line, so that only the first of each need be compared. */
#include "state.h"

#include <stdlib.h>

static Head head_of(const Router *r, const Visit *visit)
{
    return (Head){r->tenant.order == ORDER_PRIORITY ? -visit->queue->set.priority : 0, visit_key(visit)};
}

/* Leaves among the touched agents only those who may take an offer. */
void filter_agents(Router *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->dirty_agent_count; i++) {
        Agent *agent = r->dirty_agents[i];
        agent->dirty_place = 0;
        if (agent_is_ready(agent)) {
            r->dirty_agents[kept++] = agent;
            agent->dirty_place = kept;
        }
    }
    r->dirty_agent_count = kept;
}

/* By rank of the queue where the order goes by it, then by place in the line. */
static int by_line(const void *x, const void *y)
{
    const Visit *a = *(Visit *const *)x, *b = *(Visit *const *)y;
    Key key = visit_key(a), other = visit_key(b);
    return key_before(&key, &other) ? -1 : key_before(&other, &key);
}

static int by_rank(const void *x, const void *y)
{
    int64_t a = (*(Visit *const *)x)->queue->set.priority, b = (*(Visit *const *)y)->queue->set.priority;
    return a != b ? (a > b ? -1 : 1) : by_line(x, y);
}

/* The touched visits in the order of service, or where that changes, each queue's in the order of its line. */
static void sort_visits(Router *r)
{
    for (size_t i = 0; i < r->dirty_count; i++)
        r->dirty[i]->dirty_place = 0;
    if (r->dirty_count > 1)
        qsort(r->dirty, r->dirty_count, sizeof *r->dirty, r->tenant.order == ORDER_PRIORITY ? by_rank : by_line);
}

/* The classes with somebody waiting whom a touched agent may serve, or NULL where there is none at all. */
static const uint64_t *wanted_classes(const Router *r)
{
    const Classes *c = &r->classes;
    uint64_t any = 0;
    for (size_t w = 0; w < c->words; w++) {
        uint64_t served = 0;
        for (size_t i = 0; i < r->dirty_agent_count; i++)
            served |= c->rows[r->dirty_agents[i]->slot * c->words + w];
        any |= c->mask[w] = served & c->waiting[w];
    }
    return any ? c->mask : NULL;
}

/* A touched agent may serve the visit. */
static int is_wanted(const Router *r, const Visit *visit)
{
    for (size_t i = 0; i < r->dirty_agent_count; i++)
        if (class_may_be_served(r->dirty_agents[i], class_of(visit)) &&
            pair_may_serve(r, r->dirty_agents[i], visit))
            return 1;
    return 0;
}

/* The first of the class's line whom a touched agent may serve, or NULL. */
static Visit *first_served(const Router *r, const Class *class)
{
    size_t able = 0;
    while (able < r->dirty_agent_count && !class_may_be_served(r->dirty_agents[able], class))
        able++;
    if (able == r->dirty_agent_count)
        return NULL;
    for (size_t i = 0; i < class->line.chunk_count; i++) {
        const Chunk *chunk = &class->line.chunks[i];
        for (uint32_t k = 0; k < chunk->count; k++)
            if (is_wanted(r, chunk->at[k].item))
                return chunk->at[k].item;
    }
    return NULL;
}

/* Of the wanted classes the one whose first visit stands before all others and before `best`, or NULL. */
static const Class *first_class(const Router *r, const uint64_t *wanted, Head best)
{
    const Classes *c = &r->classes;
    size_t found = SIZE_MAX;
    for (size_t w = 0; w < c->words; w++) {
        for (uint64_t left = wanted[w]; left; left &= left - 1) {
            size_t slot = w * WORD_BITS + (size_t)__builtin_ctzll(left);
            if (head_before(&c->heads[slot], &best)) {
                best = c->heads[slot];
                found = slot;
            }
        }
    }
    return found == SIZE_MAX ? NULL : c->slots[found];
}

/* The first visit of all whom a touched agent may serve, if it stands before `best`, else NULL. Keys alone
   tell, as a rule; only where the first of a class may not be served its line is looked at. */
static Visit *first_wanted(const Router *r, Head best)
{
    const Classes *c = &r->classes;
    const uint64_t *wanted = wanted_classes(r);
    const Class *first = wanted ? first_class(r, wanted, best) : NULL;
    if (!first)
        return NULL;
    Visit *found = first_served(r, first);
    if (found && found == line_first(&first->line)->item)
        return found;
    found = NULL;
    for (size_t w = 0; w < c->words; w++) {
        for (uint64_t left = wanted[w]; left; left &= left - 1) {
            size_t slot = w * WORD_BITS + (size_t)__builtin_ctzll(left);
            if (!head_before(&c->heads[slot], &best))
                continue;
            Visit *visit = first_served(r, c->slots[slot]);
            Head head = visit ? head_of(r, visit) : best;
            if (head_before(&head, &best)) {
                best = head;
                found = visit;
            }
        }
    }
    return found;
}

/* Orders in which contacts keep standing to each other as they stood */

static void serve_in_fixed_order(Router *r)
{
    static const Head LAST = {INT64_MAX, {INT64_MAX, INT64_MAX, INT64_MAX}};
    size_t at = 0;
    while (r->axis_count[AXIS_FREE] + r->axis_count[AXIS_PARTLY]) {
        while (at < r->dirty_count && r->dirty[at]->state != VISIT_WAITING)
            at++;
        Visit *touched = at < r->dirty_count ? r->dirty[at] : NULL;
        filter_agents(r);
        Visit *wanted = NULL;
        if (r->dirty_agent_count)
            wanted = first_wanted(r, touched ? head_of(r, touched) : LAST);
        if (!wanted && !touched)
            break;
        if (!wanted)
            at++;
        offer_make(r, wanted ? wanted : touched, NULL);
    }
}

/* Orders by the moment: of each queue the first of its line, of these the one with the best key */

static void offer_first(Queue *queue, Visit *visit)
{
    if (queue->first) {
        Key key = visit_key(visit), first = visit_key(queue->first);
        if (!key_before(&key, &first))
            return;
    }
    queue->first = visit;
}

/* Each queue's first visit who may be served. */
static void find_firsts(Router *r)
{
    for (size_t i = 0; i < r->queue_count; i++)
        r->queues[i]->first = NULL;
    for (size_t i = 0; i < r->dirty_count; i++) {
        Visit *visit = r->dirty[i];
        if (visit->state == VISIT_WAITING && !visit->queue->first && find_candidates(r, visit))
            visit->queue->first = visit;
    }
    const Classes *c = &r->classes;
    const uint64_t *wanted = r->dirty_agent_count ? wanted_classes(r) : NULL;
    for (size_t w = 0; wanted && w < c->words; w++) {
        for (uint64_t left = wanted[w]; left; left &= left - 1) {
            Class *class = c->slots[w * WORD_BITS + (size_t)__builtin_ctzll(left)];
            Visit *visit = first_served(r, class);
            if (visit)
                offer_first(visit->queue, visit);
        }
    }
}

static void serve_by_the_moment(Router *r)
{
    while (r->axis_count[AXIS_FREE] + r->axis_count[AXIS_PARTLY] && (r->dirty_count || r->dirty_agent_count)) {
        filter_agents(r);
        find_firsts(r);
        Visit *first = NULL;
        for (size_t i = 0; i < r->queue_count; i++) {
            Visit *visit = r->queues[i]->first;
            if (visit && (!first || served_before(r, visit, first)))
                first = visit;
        }
        if (!first)
            return;
        offer_make(r, first, NULL);
    }
}

/* Further offers of visits that are offered already */

static int wants_more(const Visit *visit)
{
    if (visit->queue->set.policy == POLICY_RING_ALL)
        return visit->offer_count < RINGS_MAX;
    return visit->queue->set.policy == POLICY_RING_PROGRESSIVELY && visit->offer_count < visit->rings;
}

static void add_ringing(Router *r, size_t *count, Visit *visit)
{
    if (visit->state != VISIT_OFFERED || !wants_more(visit))
        return;
    memory_reserve(&r->memory, (void **)&r->ringing, &r->ringing_room, *count + 1, sizeof *r->ringing);
    r->ringing[(*count)++] = visit;
}

/* Who might be rung for: with touched agents anybody, else only the touched. Each queue's stand in order. */
static size_t find_ringing(Router *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->dirty_count && !r->dirty_agent_count; i++)
        add_ringing(r, &count, r->dirty[i]);
    for (size_t i = 0; i < r->queue_count && r->dirty_agent_count; i++) {
        const Line *line = &r->queues[i]->line;
        if (!rings_several(r->queues[i]))
            continue;
        for (size_t c = 0; c < line->chunk_count; c++)
            for (uint32_t k = 0; k < line->chunks[c].count; k++)
                add_ringing(r, &count, line->chunks[c].at[k].item);
    }
    return count;
}

/* The place of the next to ring for among `count`, or `count`. Who may not be rung for is left out for
   good: agents are only taken. */
static size_t next_ringing(Router *r, size_t *count)
{
    size_t kept = 0, next = SIZE_MAX;
    for (size_t i = 0; i < r->queue_count; i++)
        r->queues[i]->first = NULL;
    for (size_t i = 0; i < *count; i++) {
        Visit *visit = r->ringing[i];
        int first = !visit->queue->first;
        if (first && !(visit->dirty_place ? find_candidates(r, visit) != 0 : (size_t)is_wanted(r, visit)))
            continue;
        if (first) {
            visit->queue->first = visit;
            if (next == SIZE_MAX || served_before(r, visit, r->ringing[next]))
                next = kept;
        }
        r->ringing[kept++] = visit;
    }
    *count = kept;
    return next;
}

static void ring_more(Router *r)
{
    filter_agents(r);
    for (size_t i = 0; i < r->dirty_count; i++)
        r->dirty[i]->dirty_place = i + 1;
    size_t count = find_ringing(r);
    while (count) {
        size_t next = next_ringing(r, &count);
        if (next == SIZE_MAX)
            break;
        Visit *visit = r->ringing[next];
        for (size_t i = next + 1; i < count; i++)
            r->ringing[i - 1] = r->ringing[i];
        count--;
        while (wants_more(visit) && offer_make(r, visit, NULL))
            ;
        filter_agents(r);
    }
    for (size_t i = 0; i < r->dirty_count; i++)
        r->dirty[i]->dirty_place = 0;
}

void settle(Router *r)
{
    if (!r->dirty_count && !r->dirty_agent_count)
        return;
    filter_agents(r);
    sort_visits(r);
    if (r->dirty_count || r->dirty_agent_count) {
        if (r->tenant.assign == ASSIGN_BATCH)
            serve_together(r);
        if (order_is_fixed(r))
            serve_in_fixed_order(r);
        else
            serve_by_the_moment(r);
        if (r->ring_queues)
            ring_more(r);
    }
    r->dirty_count = 0;
    for (size_t i = 0; i < r->dirty_agent_count; i++)
        r->dirty_agents[i]->dirty_place = 0;
    r->dirty_agent_count = 0;
}
