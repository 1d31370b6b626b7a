/* What is asked for at a step, and who meets it. */
#include "state.h"

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
}

static uint64_t mix_levels(uint64_t hash, const TextLevels *in)
{
    hash = mix(hash, in->count);
    for (size_t i = 0; i < in->count; i++)
        hash = mix(mix(hash, names_hash(in->at[i].name)), (uint64_t)clamp(in->at[i].level, -AMOUNT_MAX, AMOUNT_MAX));
    return hash;
}

static uint64_t mix_texts(uint64_t hash, const Texts *in)
{
    hash = mix(hash, in->count);
    for (size_t i = 0; i < in->count; i++)
        hash = mix(hash, names_hash(in->at[i]));
    return hash;
}

static int is_plain(const StepIn *in)
{
    return !(in->none_of.count || in->prefer.count || in->group_count || in->teams.count || in->queues.count);
}

uint64_t want_hash(const Name *queue, const Name *channel, int64_t units, const StepIn *in)
{
    uint64_t hash = mix_levels(queue->hash ^ (uint64_t)units, &in->needs);
    hash = mix(hash, channel->hash);
    if (is_plain(in))
        return hash;
    hash = mix_levels(mix_levels(hash, &in->none_of), &in->prefer);
    for (size_t i = 0; i < in->group_count; i++)
        hash = mix_levels(hash, &in->groups[i]);
    return mix_texts(mix_texts(hash, &in->teams), &in->queues);
}

static int are_levels(const Router *r, const Needs *needs, const TextLevels *in, int64_t least, int64_t most)
{
    if (needs->count != in->count)
        return 0;
    for (size_t i = 0; i < in->count; i++)
        if (needs->at[i].level != clamp(in->at[i].level, least, most) ||
            needs->at[i].skill != names_find(&r->names, in->at[i].name))
            return 0;
    return 1;
}

static int are_names(const Router *r, const NameList *list, const Texts *in)
{
    if (list->count != in->count)
        return 0;
    for (size_t i = 0; i < in->count; i++)
        if (list->at[i] != names_find(&r->names, in->at[i]))
            return 0;
    return 1;
}

int want_is(const Router *r, const Want *want, Name *queue, const Name *channel, int64_t units,
            const StepIn *in)
{
    if (want->queue != queue || want->channel != channel || want->units != units ||
        want->group_count != in->group_count || !are_levels(r, &want->needs, &in->needs, -AMOUNT_MAX, AMOUNT_MAX))
        return 0;
    for (size_t i = 0; i < in->group_count; i++)
        if (!are_levels(r, &want->groups[i], &in->groups[i], -AMOUNT_MAX, AMOUNT_MAX))
            return 0;
    return are_levels(r, &want->none_of, &in->none_of, -AMOUNT_MAX, AMOUNT_MAX) &&
           are_levels(r, &want->prefer, &in->prefer, 1, SHARE_MAX) &&
           are_names(r, &want->teams, &in->teams) && are_names(r, &want->queues, &in->queues);
}

void want_take(Router *r, Want *want, Name *queue, Name *channel, int64_t units, const StepIn *in)
{
    want->queue = share(queue);
    want->channel = share(channel);
    want->units = units;
    want->needs = needs_take(r, in->needs, -AMOUNT_MAX, AMOUNT_MAX);
    want->none_of = needs_take(r, in->none_of, -AMOUNT_MAX, AMOUNT_MAX);
    want->prefer = needs_take(r, in->prefer, 1, SHARE_MAX);
    if (in->group_count)
        want->groups = memory_new(&r->memory, in->group_count * sizeof *want->groups);
    for (; want->group_count < in->group_count; want->group_count++)
        want->groups[want->group_count] =
            needs_take(r, in->groups[want->group_count], -AMOUNT_MAX, AMOUNT_MAX);
    want->teams = list_take(r, in->teams);
    want->queues = list_take(r, in->queues);
}

void want_release(Router *r, Want *want)
{
    needs_release(r, &want->needs);
    needs_release(r, &want->none_of);
    needs_release(r, &want->prefer);
    for (size_t i = 0; i < want->group_count; i++)
        needs_release(r, &want->groups[i]);
    memory_drop(&r->memory, want->groups);
    list_release(r, &want->teams);
    list_release(r, &want->queues);
    release(r, want->queue);
    release(r, want->channel);
}

/* The first thing that an agent lacks, any skill missing before any low level; or OUT_NONE. */
int want_lacks(const Agent *agent, const Needs *needs)
{
    int low = 0;
    for (size_t i = 0; i < needs->count; i++) {
        int64_t level = agent_level(agent, needs->at[i].skill);
        if (level < needs->at[i].level && level == 0)
            return OUT_SKILL_MISSING;
        low |= level < needs->at[i].level;
    }
    return low ? OUT_LEVEL_TOO_LOW : OUT_NONE;
}

static int serves(const Agent *agent, const Want *want)
{
    int serves = agent_serves(agent, want->queue);
    for (size_t i = 0; i < want->queues.count && !serves; i++)
        serves = agent_serves(agent, want->queues.at[i]);
    return serves;
}

static int is_excluded(const Agent *agent, const Needs *none_of)
{
    for (size_t i = 0; i < none_of->count; i++)
        if (agent_level(agent, none_of->at[i].skill) >= none_of->at[i].level)
            return 1;
    return 0;
}

/* What keeps the agent out, whatever it does now: the first that applies, or OUT_NONE. */
int want_unmet(const Agent *agent, const Want *want)
{
    if (!serves(agent, want))
        return OUT_OTHER_QUEUES;
    int lacking = want_lacks(agent, &want->needs);
    if (lacking != OUT_NONE)
        return lacking;
    int met = want->group_count == 0;
    for (size_t i = 0; i < want->group_count && !met; i++)
        met = want_lacks(agent, &want->groups[i]) == OUT_NONE;
    if (!met)
        return OUT_LEVEL_TOO_LOW;
    if (is_excluded(agent, &want->none_of))
        return OUT_EXCLUDED_SKILL;
    int member = want->teams.count == 0;
    for (size_t i = 0; i < want->teams.count && !member; i++)
        member = list_has(&agent->teams, want->teams.at[i]);
    if (!member)
        return OUT_OTHER_TEAM;
    if (want->units > agent->units || needs_find(&agent->most, want->channel, AMOUNT_MAX) == 0)
        return OUT_OTHER_CHANNELS;
    return OUT_NONE;
}
