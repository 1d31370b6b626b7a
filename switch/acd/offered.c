/* Offers by number, of each visit and of each agent; and the talks of agents. */
#include "state.h"

static size_t home(const Offers *offers, int64_t number) { return (size_t)number & (offers->room - 1); }

static size_t find(const Offers *offers, int64_t number)
{
    size_t i = home(offers, number);
    while (offers->slots[i] && offers->slots[i]->number != number)
        i = (i + 1) & (offers->room - 1);
    return i;
}

Offer *offer_find(const Router *r, int64_t number)
{
    return r->offers.room ? r->offers.slots[find(&r->offers, number)] : NULL;
}

static void enlarge(Router *r)
{
    Offers *offers = &r->offers;
    size_t old_room = offers->room;
    Offer **old = offers->slots;
    size_t room = old_room ? old_room * 2 : 64;
    offers->slots = memory_new(&r->memory, room * sizeof *offers->slots);
    offers->room = room;
    for (size_t i = 0; i < old_room; i++)
        if (old[i])
            offers->slots[find(offers, old[i]->number)] = old[i];
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
    if (r->offers.count * 2 >= r->offers.room)
        enlarge(r);
    Offer *offer = memory_new(&r->memory, sizeof *offer);
    offer->number = number;
    offer->fence = fence;
    offer->lease_until = lease_until;
    offer->visit = visit;
    offer->agent = agent;
    r->offers.slots[find(&r->offers, number)] = offer;
    r->offers.count++;
    offer->prev_of_visit = visit->last_offer;
    *(visit->last_offer ? &visit->last_offer->next_of_visit : &visit->first_offer) = offer;
    visit->last_offer = offer;
    visit->offer_count++;
    link_to_agent(offer, agent);
    due_set(&r->memory, &r->due, &offer->lease_due, DUE_LEASE, number, lease_until);
}

/* Knuth, volume 3, algorithm 6.4 R. */
static void erase(Offers *offers, int64_t number)
{
    size_t mask = offers->room - 1;
    size_t gap = find(offers, number);
    for (size_t i = (gap + 1) & mask; offers->slots[i]; i = (i + 1) & mask) {
        size_t from = home(offers, offers->slots[i]->number);
        if (((i - from) & mask) >= ((i - gap) & mask)) {
            offers->slots[gap] = offers->slots[i];
            gap = i;
        }
    }
    offers->slots[gap] = NULL;
    offers->count--;
}

void offer_drop(Router *r, Offer *offer)
{
    Visit *visit = offer->visit;
    Agent *agent = offer->agent;
    erase(&r->offers, offer->number);
    due_cancel(&r->due, &offer->lease_due);
    *(offer->prev_of_visit ? &offer->prev_of_visit->next_of_visit : &visit->first_offer) = offer->next_of_visit;
    *(offer->next_of_visit ? &offer->next_of_visit->prev_of_visit : &visit->last_offer) = offer->prev_of_visit;
    *(offer->prev_of_agent ? &offer->prev_of_agent->next_of_agent : &agent->first_offer) = offer->next_of_agent;
    *(offer->next_of_agent ? &offer->next_of_agent->prev_of_agent : &agent->last_offer) = offer->prev_of_agent;
    visit->offer_count--;
    agent->given -= visit->plan->units;
    memory_drop(&r->memory, offer);
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
