/* What agents are set to, and the lists of who has a skill and who serves a queue. */
#include "state.h"

int agent_serves(const Agent *agent, const Name *queue)
{
    return agent->queues.count == 0 || list_has(&agent->queues, queue);
}

int64_t agent_level(const Agent *agent, const Name *skill) { return needs_find(&agent->skills, skill, 0); }

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
    if (!agent->queues.count)
        r->present_everywhere += by;
    for (size_t i = 0; i < agent->queues.count; i++)
        agent->queues.at[i]->role->present += by;
}

void agent_sign(Router *r, Agent *agent, int signed_in)
{
    count_present(r, agent, -1);
    agent->signed_in = signed_in;
    count_present(r, agent, 1);
}

static void list_settings(Router *r, Agent *agent)
{
    agent->level_sum = 0;
    for (size_t i = 0; i < agent->skills.count; i++) {
        const Need *has = &agent->skills.at[i];
        agent->level_sum += has->level;
        hold(r, &names_role(&r->memory, has->skill)->skilled, agent, has->level);
    }
    for (size_t i = 0; i < agent->queues.count; i++)
        hold(r, &names_role(&r->memory, agent->queues.at[i])->serving, agent, 0);
    if (!agent->queues.count) {
        bit_set(r->everywhere, agent->slot);
        r->everywhere_count++;
    }
    count_present(r, agent, 1);
}

static void unlist_settings(Router *r, Agent *agent)
{
    count_present(r, agent, -1);
    if (!agent->queues.count) {
        bit_clear(r->everywhere, agent->slot);
        r->everywhere_count--;
    }
    for (size_t i = 0; i < agent->skills.count; i++)
        unhold(&agent->skills.at[i].skill->role->skilled, agent);
    for (size_t i = 0; i < agent->queues.count; i++)
        unhold(&agent->queues.at[i]->role->serving, agent);
}

static void release_settings(Router *r, Agent *agent)
{
    needs_release(r, &agent->skills);
    needs_release(r, &agent->most);
    list_release(r, &agent->queues);
    list_release(r, &agent->teams);
}

/* The agent is in no list any more. */
void agent_unset(Router *r, Agent *agent)
{
    unlist_settings(r, agent);
    release_settings(r, agent);
}

/* Takes what is configured; all else stays. What a reload repeats costs no class a look. */
void agent_configure(Router *r, Agent *agent, const Event *event)
{
    Agent in = {
        .skills = needs_sorted(r, event->skills, 0, LEVEL_MAX),
        .queues = list_sorted(r, event->names),
        .teams = list_sorted(r, event->teams),
        .most = needs_sorted(r, event->pairs, 0, AMOUNT_MAX),
        .units = clamp(event->units, 0, UNITS_MAX),
    };
    agent->order = clamp(event->number, -ORDER_MAX, ORDER_MAX);
    agent->weight = clamp(event->weight, 1, SHARE_MAX);
    r->roster_count = 0;
    if (needs_same(&agent->skills, &in.skills) && list_same(&agent->queues, &in.queues) &&
        list_same(&agent->teams, &in.teams) && needs_same(&agent->most, &in.most) &&
        agent->units == in.units) {
        release_settings(r, &in);
        return;
    }
    classes_forget(r, agent);
    agent_unset(r, agent);
    agent->skills = in.skills;
    agent->queues = in.queues;
    agent->teams = in.teams;
    agent->most = in.most;
    agent->units = in.units;
    list_settings(r, agent);
    classes_learn(r, agent);
}
