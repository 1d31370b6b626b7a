/* Settling: after each event nobody waits beside a free agent who may serve; router.py says why.

   Before each event that was so. Hence only touched visits and touched agents can make a pair, and the
   next offer is that of the first visit, in the order of service, which is touched or which a touched
   agent may serve. Visits of a class stand in its line, so that only the first of each need be compared. */
#include "state.h"

#include <stdlib.h>

static int head_before(const Head *x, const Head *y)
{
    return x->rank != y->rank ? x->rank < y->rank : key_before(&x->key, &y->key);
}

static Head head_of(const Visit *visit)
{
    return (Head){-visit->queue->set.priority, visit_key(visit)};
}

static int by_service(const void *x, const void *y)
{
    Head a = head_of(*(Visit *const *)x), b = head_of(*(Visit *const *)y);
    return head_before(&a, &b) ? -1 : head_before(&b, &a);
}

/* Leaves among the touched agents only those who may take an offer. */
static void filter_agents(Router *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->dirty_agent_count; i++) {
        Agent *agent = r->dirty_agents[i];
        agent->dirty_place = 0;
        if (agent->axis == AXIS_FREE && !agent->rest_until) {
            r->dirty_agents[kept++] = agent;
            agent->dirty_place = kept;
        }
    }
    r->dirty_agent_count = kept;
}

/* Leaves among the touched visits those who wait, in the order of service. */
static void sort_visits(Router *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->dirty_count; i++) {
        r->dirty[i]->dirty_place = 0;
        if (r->dirty[i]->state == VISIT_WAITING)
            r->dirty[kept++] = r->dirty[i];
    }
    r->dirty_count = kept;
    if (kept > 1)
        qsort(r->dirty, kept, sizeof *r->dirty, by_service);
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

/* The first of the class's line whom a touched agent may serve, or NULL. */
static Visit *first_served(const Router *r, const Class *class)
{
    for (size_t i = 0; i < class->line.chunk_count; i++) {
        const Chunk *chunk = &class->line.chunks[i];
        for (uint32_t k = 0; k < chunk->count; k++)
            for (size_t a = 0; a < r->dirty_agent_count; a++)
                if (may_serve(r->dirty_agents[a], chunk->at[k].item))
                    return chunk->at[k].item;
    }
    return NULL;
}

/* The first visit of all whom a touched agent may serve, if it stands before `best`, else NULL. */
static Visit *first_wanted(const Router *r, Head best)
{
    const Classes *c = &r->classes;
    const uint64_t *wanted = wanted_classes(r);
    Visit *found = NULL;
    for (size_t w = 0; wanted && w < c->words; w++) {
        for (uint64_t left = wanted[w]; left; left &= left - 1) {
            size_t slot = w * WORD_BITS + (size_t)__builtin_ctzll(left);
            if (!head_before(&c->heads[slot], &best))
                continue;
            Visit *visit = first_served(r, c->slots[slot]);
            Head head = visit ? head_of(visit) : best;
            if (head_before(&head, &best)) {
                best = head;
                found = visit;
            }
        }
    }
    return found;
}

void settle(Router *r)
{
    static const Head LAST = {INT64_MAX, {INT64_MAX, INT64_MAX, INT64_MAX}};
    size_t at = 0;
    filter_agents(r);
    sort_visits(r);
    while (r->axis_count[AXIS_FREE] && (at < r->dirty_count || r->dirty_agent_count)) {
        Visit *touched = at < r->dirty_count ? r->dirty[at] : NULL;
        Visit *wanted = NULL;
        if (r->dirty_agent_count) {
            filter_agents(r);
            wanted = first_wanted(r, touched ? head_of(touched) : LAST);
        }
        if (!wanted && !touched)
            break;
        if (!wanted)
            at++;
        offer_make(r, wanted ? wanted : touched);
    }
    r->dirty_count = 0;
    for (size_t i = 0; i < r->dirty_agent_count; i++)
        r->dirty_agents[i]->dirty_place = 0;
    r->dirty_agent_count = 0;
}
