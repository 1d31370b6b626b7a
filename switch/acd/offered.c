/* Offers by number, of each visit and of each agent; and the talks of agents. */
#include "state.h"

/* Numbers are given in turn, so that live ones spread over the buckets by themselves: hardly ever two in one. */
Offer **offer_bucket(const Router *r, int64_t number)
{
    return &r->offers.buckets[(size_t)number & (r->offers.room - 1)];
}

Offer *offer_find(const Router *r, int64_t number)
{
    Offer *offer = r->offers.room ? *offer_bucket(r, number) : NULL;
    while (offer && offer->number != number)
        offer = offer->next;
    return offer;
}

static void put(Router *r, Offer *offer)
{
    Offer **at = offer_bucket(r, offer->number);
    offer->next = *at;
    *at = offer;
}

static void enlarge(Router *r)
{
    Offers *offers = &r->offers;
    size_t old_room = offers->room;
    Offer **old = offers->buckets;
    size_t room = old_room ? old_room * 2 : 64;
    offers->buckets = memory_new(&r->memory, room * sizeof *offers->buckets);
    offers->room = room;
    for (size_t i = 0; i < old_room; i++) {
        for (Offer *offer = old[i], *next; offer; offer = next) {
            next = offer->next;
            put(r, offer);
        }
    }
    memory_drop(&r->memory, old);
}

/* Behind those with lesser numbers, which live ones all have. */
static void link_to_agent(Offer *offer, Agent *agent)
{
    Offer *before = agent->last_offer;
    while (before && before->number > offer->number)
        before = before->prev_of_agent;
    Offer *after = before ? before->next_of_agent : agent->first_offer;
    offer->prev_of_agent = before;
    offer->next_of_agent = after;
    *(before ? &before->next_of_agent : &agent->first_offer) = offer;
    *(after ? &after->prev_of_agent : &agent->last_offer) = offer;
    agent->given += offer->visit->plan->units;
}

void offer_add(Router *r, Visit *visit, Agent *agent, int64_t number, int64_t fence, int64_t lease_until)
{
    if (r->offers.count >= r->offers.room)
        enlarge(r);
    Offer *offer = pool_new(&r->memory, &r->offer_pool, sizeof *offer);
    offer->number = number;
    offer->fence = fence;
    offer->lease_until = lease_until;
    offer->visit = visit;
    offer->agent = agent;
    put(r, offer);
    r->offers.count++;
    offer->prev_of_visit = visit->last_offer;
    *(visit->last_offer ? &visit->last_offer->next_of_visit : &visit->first_offer) = offer;
    visit->last_offer = offer;
    visit->offer_count++;
    link_to_agent(offer, agent);
    due_set(&r->memory, &r->due, &offer->lease_due, DUE_LEASE, number, lease_until);
}

static void take_out(Router *r, const Offer *offer)
{
    Offer **at = offer_bucket(r, offer->number);
    while (*at != offer)
        at = &(*at)->next;
    *at = offer->next;
    r->offers.count--;
}

void offer_drop(Router *r, Offer *offer)
{
    Visit *visit = offer->visit;
    Agent *agent = offer->agent;
    take_out(r, offer);
    due_cancel(&r->due, &offer->lease_due);
    *(offer->prev_of_visit ? &offer->prev_of_visit->next_of_visit : &visit->first_offer) = offer->next_of_visit;
    *(offer->next_of_visit ? &offer->next_of_visit->prev_of_visit : &visit->last_offer) = offer->prev_of_visit;
    *(offer->prev_of_agent ? &offer->prev_of_agent->next_of_agent : &agent->first_offer) = offer->next_of_agent;
    *(offer->next_of_agent ? &offer->next_of_agent->prev_of_agent : &agent->last_offer) = offer->prev_of_agent;
    visit->offer_count--;
    agent->given -= visit->plan->units;
    pool_drop(&r->offer_pool, offer, sizeof *offer);
}

/* Talks stand by arrival. */
void talk_begin(Agent *agent, Visit *visit)
{
    Visit *before = NULL, *after = agent->talks;
    for (; after && after->seq < visit->seq; after = after->next_near)
        before = after;
    visit->prev_near = before;
    visit->next_near = after;
    *(before ? &before->next_near : &agent->talks) = visit;
    if (after)
        after->prev_near = visit;
    agent->given += visit->plan->units;
}

void talk_end(Agent *agent, Visit *visit)
{
    *(visit->prev_near ? &visit->prev_near->next_near : &agent->talks) = visit->next_near;
    if (visit->next_near)
        visit->next_near->prev_near = visit->prev_near;
    visit->prev_near = visit->next_near = NULL;
    agent->given -= visit->plan->units;
}
