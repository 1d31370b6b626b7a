/* Agents: their slots, and the sets by what they are doing. */
#include "state.h"

#include <stdlib.h>
#include <string.h>

/* Agents that the sets are first made for. */
#define SLOTS_FIRST 64

static void widen_set(Router *r, uint64_t **set, size_t words)
{
    *set = memory_grow(&r->memory, *set, words * sizeof **set);
    size_t before = r->slot_room / WORD_BITS;
    memset(*set + before, 0, (words - before) * sizeof **set);
}

/* Twice the slots, in every set of agents. */
static void widen_slots(Router *r)
{
    size_t room = r->slot_room ? 2 * r->slot_room : SLOTS_FIRST, words = room / WORD_BITS;
    r->slots = memory_grow(&r->memory, r->slots, room * sizeof *r->slots);
    r->spare = memory_grow(&r->memory, r->spare, room * sizeof *r->spare);
    for (int i = 0; i < AXIS_COUNT; i++)
        widen_set(r, &r->axis[i], words);
    widen_set(r, &r->resting, words);
    widen_set(r, &r->everywhere, words);
    widen_set(r, &r->candidates, words);
    widen_set(r, &r->fit, words);
    size_t old_room = r->slot_room;
    r->slot_room = room;
    classes_widen_slots(r, old_room);
}

Agent *agent_add(Router *r, Name *name, int64_t number)
{
    memory_reserve(&r->memory, (void **)&r->agents, &r->agent_room, r->agent_count + 1, sizeof(Agent *));
    memory_reserve(&r->memory, (void **)&r->roster, &r->roster_room, r->agent_count + 1, sizeof(Agent *));
    memory_reserve(&r->memory, (void **)&r->dirty_agents, &r->dirty_agent_room, r->agent_count + 1,
                   sizeof(Agent *));
    if (!r->spare_count && r->slot_count == r->slot_room)
        widen_slots(r);
    Agent *agent = pool_new(&r->memory, &r->agent_pool, sizeof *agent);
    agent->slot = r->spare_count ? r->spare[--r->spare_count] : (uint32_t)r->slot_count++;
    r->slots[agent->slot] = agent;
    r->slot_words = (r->slot_count + WORD_BITS - 1) / WORD_BITS;
    agent->name = name;
    name->agent = agent;
    agent->number = number;
    agent->idle_since = agent->since = agent->signed_in_at = r->now;
    agent->busy_since = NEVER;
    agent->weight = 1;
    agent->units = UNITS;
    agent->pause_reason = share(r->empty);
    agent->shown_reason = share(r->empty);
    agent->axis = AXIS_SIGNED_OUT;
    bit_set(r->axis[AXIS_SIGNED_OUT], agent->slot);
    r->axis_count[AXIS_SIGNED_OUT]++;
    bit_set(r->everywhere, agent->slot);
    r->everywhere_count++;
    r->agents[r->agent_count++] = agent;
    r->roster_count = 0;
    classes_learn(r, agent);
    return agent;
}

static void clean(Router *r, Agent *agent)
{
    if (!agent->dirty_place)
        return;
    Agent *last = r->dirty_agents[--r->dirty_agent_count];
    r->dirty_agents[agent->dirty_place - 1] = last;
    last->dirty_place = agent->dirty_place;
    agent->dirty_place = 0;
}

/* An agent without offers. */
void agent_drop(Router *r, Agent *agent)
{
    classes_forget(r, agent);
    bit_clear(r->axis[agent->axis], agent->slot);
    r->axis_count[agent->axis]--;
    agent_rest_until(r, agent, 0);
    clean(r, agent);
    due_cancel(&r->due, &agent->wrap_due);
    due_cancel(&r->due, &agent->rest_due);
    size_t i = 0;
    while (r->agents[i] != agent)
        i++;
    r->agent_count--;
    memmove(&r->agents[i], &r->agents[i + 1], (r->agent_count - i) * sizeof(Agent *));
    r->roster_count = 0;
    agent_unset(r, agent);
    r->slots[agent->slot] = NULL;
    r->spare[r->spare_count++] = agent->slot;
    agent->name->agent = NULL;
    release(r, agent->name);
    release(r, agent->pause_reason);
    release(r, agent->shown_reason);
    pool_drop(&r->agent_pool, agent, sizeof *agent);
}

/* Linear order: by `order`, then name. */
int agent_before(const Agent *a, const Agent *b)
{
    return a->order != b->order ? a->order < b->order : names_compare(a->name, b->name) < 0;
}

static int by_place(const void *x, const void *y)
{
    const Agent *a = *(Agent *const *)x, *b = *(Agent *const *)y;
    return agent_before(a, b) ? -1 : agent_before(b, a);
}

/* Gives all agents their places in linear order, where these are not known. */
void agents_place(Router *r)
{
    if (r->roster_count == r->agent_count)
        return;
    memcpy(r->roster, r->agents, r->agent_count * sizeof(Agent *));
    qsort(r->roster, r->agent_count, sizeof(Agent *), by_place);
    r->roster_count = r->agent_count;
    for (size_t i = 0; i < r->roster_count; i++)
        r->roster[i]->place = i;
}

/* Capacity */

int64_t agent_used(const Agent *agent)
{
    return agent->given + UNITS * clamp(agent->engaged, 0, ENGAGED_MAX) + agent->wrap_units;
}

/* There is room for a contact of the channel beside what the agent does now. */
int agent_fits(const Agent *agent, int64_t units, const Name *channel)
{
    if (agent_used(agent) + units > agent->units)
        return 0;
    int64_t most = needs_find(&agent->most, channel, AMOUNT_MAX), held = 0;
    if (most == AMOUNT_MAX)
        return 1;
    for (const Offer *offer = agent->first_offer; offer; offer = offer->next_of_agent)
        held += offer->visit->plan->channel == channel;
    for (const Visit *talk = agent->talks; talk; talk = talk->next_near)
        held += talk->plan->channel == channel;
    return held < most;
}

/* May be given offers as far as the agent alone is concerned, and where there is room. */
int agent_is_ready(const Agent *agent)
{
    return (agent->axis == AXIS_FREE || agent->axis == AXIS_PARTLY) && !agent->rest_until;
}

/* What an agent is doing */

static int axis_of(const Agent *agent)
{
    if (!agent->signed_in)
        return AXIS_SIGNED_OUT;
    if (!agent->reachable)
        return AXIS_UNREACHABLE;
    if (agent->line == LINE_UNUSABLE)
        return AXIS_LINE_BAD;
    if (agent->paused)
        return AXIS_PAUSED;
    int64_t used = agent_used(agent);
    if (!used)
        return AXIS_FREE;
    if (used < agent->units)
        return AXIS_PARTLY;
    if (agent->first_offer)
        return AXIS_OFFERED;
    return agent->talks || agent->engaged ? AXIS_BUSY : AXIS_WRAP_UP;
}

static int derive(const Agent *agent)
{
    if (!agent->signed_in)
        return SHOWN_LOGGED_OUT;
    if (!agent->reachable)
        return SHOWN_UNREACHABLE;
    if (agent->first_offer)
        return SHOWN_OFFERED;
    if (agent->talks || agent->engaged)
        return SHOWN_BUSY;
    if (agent->wrap_until)
        return SHOWN_WRAP_UP;
    return agent->paused ? SHOWN_PAUSED : SHOWN_AVAILABLE;
}

/* Moves the agent into the set of what it is doing now. */
void agent_index(Router *r, Agent *agent)
{
    int axis = axis_of(agent);
    if (axis == agent->axis)
        return;
    bit_clear(r->axis[agent->axis], agent->slot);
    r->axis_count[agent->axis]--;
    bit_set(r->axis[axis], agent->slot);
    r->axis_count[axis]++;
    agent->axis = axis;
}

static void count_busy(Router *r, Agent *agent)
{
    int busy = agent->talks || agent->engaged || agent->wrap_until;
    if (busy && agent->busy_since == NEVER) {
        agent->busy_since = r->now;
    } else if (!busy && agent->busy_since != NEVER) {
        agent->busy_us += r->now - agent->busy_since;
        agent->busy_since = NEVER;
    }
}

void agent_refresh(Router *r, Agent *agent)
{
    int shown = derive(agent);
    Name *reason = agent->pause_reason;
    if (shown != agent->shown || reason != agent->shown_reason || agent->line != agent->shown_line) {
        if (shown != agent->shown || shown == SHOWN_PAUSED)
            agent->since = r->now;
        agent->shown = shown;
        share(reason);
        release(r, agent->shown_reason);
        agent->shown_reason = reason;
        agent->shown_line = agent->line;
        Decision *d = emit(r, DE_AGENT_CHANGED);
        d->agent = agent->name;
        d->word = shown;
        d->reason = reason;
        d->number = agent->line;
    }
    count_busy(r, agent);
    agent_index(r, agent);
    if (agent_is_ready(agent) && !agent->dirty_place) {
        r->dirty_agents[r->dirty_agent_count++] = agent;
        agent->dirty_place = r->dirty_agent_count;
    }
}

/* 0: rests no longer. */
void agent_rest_until(Router *r, Agent *agent, int64_t until)
{
    r->rest_count += (until != 0) - (size_t)(agent->rest_until != 0);
    agent->rest_until = until;
    if (until)
        bit_set(r->resting, agent->slot);
    else
        bit_clear(r->resting, agent->slot);
}
