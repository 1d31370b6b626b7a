/* Agents: their slots, what they are set to, and the sets by what they are doing. */
#include "state.h"

#include <string.h>

/* Agents that the sets are first made for. */
#define SLOTS_FIRST 64

static void widen_set(Router *r, uint64_t **set, size_t words)
{
    *set = memory_grow(&r->memory, *set, words * sizeof **set);
    memset(*set + r->slot_words, 0, (words - r->slot_words) * sizeof **set);
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
    r->slot_words = words;
    classes_widen_slots(r, old_room);
}

Agent *agent_add(Router *r, Name *name, int64_t number)
{
    memory_reserve(&r->memory, (void **)&r->agents, &r->agent_room, r->agent_count + 1, sizeof(Agent *));
    memory_reserve(&r->memory, (void **)&r->dirty_agents, &r->dirty_agent_room, r->agent_count + 1,
                   sizeof(Agent *));
    if (!r->spare_count && r->slot_count == r->slot_room)
        widen_slots(r);
    Agent *agent = memory_new(&r->memory, sizeof *agent);
    agent->slot = r->spare_count ? r->spare[--r->spare_count] : (uint32_t)r->slot_count++;
    r->slots[agent->slot] = agent;
    agent->name = name;
    name->agent = agent;
    agent->number = number;
    agent->idle_since = agent->since = r->now;
    agent->pause_reason = share(r->empty);
    agent->shown_reason = share(r->empty);
    agent->axis = AXIS_SIGNED_OUT;
    bit_set(r->axis[AXIS_SIGNED_OUT], agent->slot);
    r->axis_count[AXIS_SIGNED_OUT]++;
    bit_set(r->everywhere, agent->slot);
    r->everywhere_count++;
    r->agents[r->agent_count++] = agent;
    classes_learn(r, agent);
    return agent;
}

void agent_clean(Router *r, Agent *agent)
{
    if (!agent->dirty_place)
        return;
    Agent *last = r->dirty_agents[--r->dirty_agent_count];
    r->dirty_agents[agent->dirty_place - 1] = last;
    last->dirty_place = agent->dirty_place;
    agent->dirty_place = 0;
}

/* What an agent's settings say */

int agent_serves(const Agent *agent, const Name *queue)
{
    for (size_t i = 0; i < agent->queue_count; i++)
        if (agent->queues[i] == queue)
            return 1;
    return agent->queue_count == 0;
}

int64_t agent_level(const Agent *agent, const Name *skill)
{
    for (size_t i = 0; i < agent->skill_count; i++)
        if (agent->skills[i].skill == skill)
            return agent->skills[i].level;
    return 0;
}

static void hold(Router *r, Holders *holders, const Agent *agent, int64_t level)
{
    memory_reserve(&r->memory, (void **)&holders->at, &holders->room, holders->count + 1, sizeof(Holder));
    holders->at[holders->count++] = (Holder){agent->slot, (int32_t)level};
}

static void unhold(Holders *holders, const Agent *agent)
{
    size_t i = 0;
    while (holders->at[i].slot != agent->slot)
        i++;
    holders->at[i] = holders->at[--holders->count];
}

/* Counts a signed-in agent in or out of those present for the queues served. */
static void count_present(Router *r, const Agent *agent, int64_t by)
{
    if (!agent->signed_in)
        return;
    if (!agent->queue_count)
        r->present_everywhere += by;
    for (size_t i = 0; i < agent->queue_count; i++)
        agent->queues[i]->role->present += by;
}

/* Lists the agent under what it has and serves. */
static void list_settings(Router *r, Agent *agent)
{
    agent->level_sum = 0;
    for (size_t i = 0; i < agent->skill_count; i++) {
        agent->level_sum += agent->skills[i].level;
        hold(r, &names_role(&r->memory, agent->skills[i].skill)->skilled, agent, agent->skills[i].level);
    }
    for (size_t i = 0; i < agent->queue_count; i++)
        hold(r, &names_role(&r->memory, agent->queues[i])->serving, agent, 0);
    if (!agent->queue_count) {
        bit_set(r->everywhere, agent->slot);
        r->everywhere_count++;
    }
    count_present(r, agent, 1);
}

static void unlist_settings(Router *r, Agent *agent)
{
    count_present(r, agent, -1);
    if (!agent->queue_count) {
        bit_clear(r->everywhere, agent->slot);
        r->everywhere_count--;
    }
    for (size_t i = 0; i < agent->skill_count; i++)
        unhold(&agent->skills[i].skill->role->skilled, agent);
    for (size_t i = 0; i < agent->queue_count; i++)
        unhold(&agent->queues[i]->role->serving, agent);
}

static void release_settings(Router *r, Agent *agent)
{
    for (size_t i = 0; i < agent->skill_count; i++)
        release(r, agent->skills[i].skill);
    for (size_t i = 0; i < agent->queue_count; i++)
        release(r, agent->queues[i]);
    memory_drop(&r->memory, agent->skills);
    memory_drop(&r->memory, agent->queues);
}

static size_t add_skill(Router *r, Need *skills, size_t count, const TextLevel *in)
{
    Name *skill = take(r, in->name);
    int64_t level = clamp(in->level, 0, LEVEL_MAX);
    for (size_t i = 0; i < count; i++) {
        if (skills[i].skill == skill) {
            release(r, skill);
            skills[i].level = level;
            return count;
        }
    }
    size_t at = count;
    for (; at > 0 && names_compare(skill, skills[at - 1].skill) < 0; at--)
        skills[at] = skills[at - 1];
    skills[at] = (Need){skill, level};
    return count + 1;
}

static size_t add_queue(Router *r, Name **queues, size_t count, Text text)
{
    Name *queue = take(r, text);
    for (size_t i = 0; i < count; i++) {
        if (queues[i] == queue) {
            release(r, queue);
            return count;
        }
    }
    size_t at = count;
    for (; at > 0 && names_compare(queue, queues[at - 1]) < 0; at--)
        queues[at] = queues[at - 1];
    queues[at] = queue;
    return count + 1;
}

static int same_settings(const Agent *a, const Agent *b)
{
    if (a->skill_count != b->skill_count || a->queue_count != b->queue_count)
        return 0;
    for (size_t i = 0; i < a->skill_count; i++)
        if (a->skills[i].skill != b->skills[i].skill || a->skills[i].level != b->skills[i].level)
            return 0;
    for (size_t i = 0; i < a->queue_count; i++)
        if (a->queues[i] != b->queues[i])
            return 0;
    return 1;
}

/* Takes skills, queues and order; all else stays. What a reload repeats costs no class a look. */
void agent_configure(Router *r, Agent *agent, const Event *event)
{
    Agent in = {.slot = agent->slot, .signed_in = agent->signed_in};
    if (event->skill_count)
        in.skills = memory_new(&r->memory, event->skill_count * sizeof *in.skills);
    if (event->name_count)
        in.queues = memory_new(&r->memory, event->name_count * sizeof *in.queues);
    for (size_t i = 0; i < event->skill_count; i++)
        in.skill_count = add_skill(r, in.skills, in.skill_count, &event->skills[i]);
    for (size_t i = 0; i < event->name_count; i++)
        in.queue_count = add_queue(r, in.queues, in.queue_count, event->names[i]);
    agent->order = clamp(event->number, -ORDER_MAX, ORDER_MAX);
    if (same_settings(agent, &in)) {
        release_settings(r, &in);
        return;
    }
    classes_forget(r, agent);
    unlist_settings(r, agent);
    release_settings(r, agent);
    agent->skills = in.skills;
    agent->skill_count = in.skill_count;
    agent->queues = in.queues;
    agent->queue_count = in.queue_count;
    list_settings(r, agent);
    classes_learn(r, agent);
}

void agent_drop(Router *r, Agent *agent)
{
    classes_forget(r, agent);
    bit_clear(r->axis[agent->axis], agent->slot);
    r->axis_count[agent->axis]--;
    agent_rest_until(r, agent, 0);
    agent_clean(r, agent);
    due_cancel(&r->due, &agent->wrap_due);
    due_cancel(&r->due, &agent->rest_due);
    size_t i = 0;
    while (r->agents[i] != agent)
        i++;
    r->agent_count--;
    memmove(&r->agents[i], &r->agents[i + 1], (r->agent_count - i) * sizeof(Agent *));
    unlist_settings(r, agent);
    release_settings(r, agent);
    r->slots[agent->slot] = NULL;
    r->spare[r->spare_count++] = agent->slot;
    agent->name->agent = NULL;
    release(r, agent->name);
    release(r, agent->pause_reason);
    release(r, agent->shown_reason);
    memory_drop(&r->memory, agent);
}

/* What an agent is doing */

static int axis_of(const Agent *agent)
{
    if (!agent->signed_in)
        return AXIS_SIGNED_OUT;
    if (!agent->reachable)
        return AXIS_UNREACHABLE;
    if (agent->paused)
        return AXIS_PAUSED;
    if (agent->visit && agent->visit->state == VISIT_OFFERED)
        return AXIS_OFFERED;
    if (agent->visit || agent->engaged)
        return AXIS_BUSY;
    return agent->wrap_until ? AXIS_WRAP_UP : AXIS_FREE;
}

static int derive(const Agent *agent)
{
    if (!agent->signed_in)
        return SHOWN_LOGGED_OUT;
    if (!agent->reachable)
        return SHOWN_UNREACHABLE;
    if (agent->visit && agent->visit->state == VISIT_OFFERED)
        return SHOWN_OFFERED;
    if (agent->visit || agent->engaged)
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

void agent_refresh(Router *r, Agent *agent)
{
    int shown = derive(agent);
    Name *reason = agent->pause_reason;
    if (shown != agent->shown || reason != agent->shown_reason) {
        if (shown != agent->shown || shown == SHOWN_PAUSED)
            agent->since = r->now;
        agent->shown = shown;
        share(reason);
        release(r, agent->shown_reason);
        agent->shown_reason = reason;
        Decision *d = emit(r, DE_AGENT_CHANGED);
        d->agent = agent->name;
        d->word = shown;
        d->reason = reason;
    }
    agent_index(r, agent);
    if (agent->axis == AXIS_FREE && !agent->dirty_place) {
        r->dirty_agents[r->dirty_agent_count++] = agent;
        agent->dirty_place = r->dirty_agent_count;
    }
}

void agent_sign(Router *r, Agent *agent, int signed_in)
{
    count_present(r, agent, -1);
    agent->signed_in = signed_in;
    count_present(r, agent, 1);
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
