/* What each policy thinks of each candidate: higher is better. docs/decisions/0030 has the table. */
#include "state.h"

static const int64_t SCORE_ONE = 1LL << SCORE_SHIFT;

/* Words whose logarithms are taken together. */
enum { LANES = 8 };

/* `part` / `whole` with 32 bits behind the point, 0 <= part <= whole; 0 where `whole` is 0. */
static int64_t fraction(int64_t part, int64_t whole)
{
    part = part < whole ? part : whole;
    for (; whole >> 31; part >>= 1)
        whole >>= 1;
    return whole ? part * SCORE_ONE / whole : 0;
}

/* -log2(word / 2**64) of each word with 32 bits behind the point, bit by bit from repeated squares. Each step
   waits for the one before, so that several words take hardly longer than one. */
static inline void surprises(uint64_t *words, size_t count)
{
    uint64_t mantissa[LANES], bits[LANES] = {0};
    for (size_t k = 0; k < count; k++) {
        words[k] = words[k] ? words[k] : 1;
        mantissa[k] = (words[k] << __builtin_clzll(words[k])) >> 32;
    }
    for (int i = 0; i < 32; i++) {
        for (size_t k = 0; k < count; k++) {
            uint64_t square = mantissa[k] * mantissa[k], bit = square >> 63;
            bits[k] = bits[k] << 1 | bit;
            mantissa[k] = square >> (31 + bit);
        }
    }
    for (size_t k = 0; k < count; k++) {
        uint64_t exponent = 63 - (uint64_t)__builtin_clzll(words[k]);
        words[k] = (64ull << 32) - (exponent << 32 | bits[k]);
    }
}

/* The score by `weighted-random`, from what `surprises` made of the agent's word. */
static int64_t weighed(uint64_t surprise, const Agent *agent)
{
    return -((int64_t)surprise * 65536 / agent->weight);
}

/* The mean level of what is needed together with one group. */
static int64_t mean_level(const Agent *agent, const Needs *needs, const Needs *group)
{
    int64_t total = 0, count = (int64_t)(needs->count + group->count);
    for (size_t i = 0; i < needs->count; i++)
        total += agent_level(agent, needs->at[i].skill);
    for (size_t i = 0; i < group->count; i++)
        total += agent_level(agent, group->at[i].skill);
    return count ? total * SCORE_ONE / count : 0;
}

static int64_t skill_of(const Agent *agent, const Want *want)
{
    static const Needs nothing;
    int64_t best = want->group_count ? INT64_MIN : mean_level(agent, &want->needs, &nothing);
    for (size_t i = 0; i < want->group_count; i++) {
        int64_t mean = mean_level(agent, &want->needs, &want->groups[i]);
        if (mean > best && want_lacks(agent, &want->groups[i]) == OUT_NONE)
            best = mean;
    }
    int64_t wished = 0, weights = 0;
    for (size_t i = 0; i < want->prefer.count; i++) {
        wished += want->prefer.at[i].level * agent_level(agent, want->prefer.at[i].skill);
        weights += want->prefer.at[i].level;
    }
    return weights ? best + wished * SCORE_ONE / weights : best;
}

/* How many agents are not behind the one whom the queue last offered something, as that one was then. */
static size_t start_of(const Router *r, const Queue *queue)
{
    size_t low = 0, high = queue->last ? r->roster_count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const Agent *agent = r->roster[middle];
        int behind = agent->order != queue->last_order ? agent->order > queue->last_order
                                                       : names_compare(agent->name, queue->last) > 0;
        if (behind)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The place of the agent's team among the shares, or their count. */
static size_t team_of(const Agent *agent, const Needs *shares)
{
    size_t at = 0;
    while (at < shares->count && !list_has(&agent->teams, shares->at[at].skill))
        at++;
    return at;
}

static void count_teams(Router *r, const Queue *queue)
{
    size_t teams = queue->shares.count + 1;
    memory_reserve(&r->memory, (void **)&r->team_counts, &r->team_room, teams, sizeof *r->team_counts);
    for (size_t i = 0; i < teams; i++)
        r->team_counts[i] = 0;
    for (size_t i = 0; i < r->slot_words; i++)
        for (uint64_t left = r->candidates[i]; left; left &= left - 1)
            r->team_counts[team_of(r->slots[i * WORD_BITS + (size_t)__builtin_ctzll(left)], &queue->shares)]++;
}

/* For a visit that has candidates; with the random word of what a batch gives, where it gives it. */
void scoring_begin(Router *r, Scoring *scoring, const Visit *visit, size_t candidates, const Given *given)
{
    const Queue *queue = visit->queue;
    int policy = queue->set.policy;
    *scoring = (Scoring){.queue = queue, .want = &class_of(visit)->want, .candidates = candidates};
    if (policy == POLICY_RANDOM || policy == POLICY_WEIGHTED_RANDOM) {
        scoring->draw = given ? given->draw : splitmix(&r->rng);
    } else if (policy == POLICY_ROUND_ROBIN) {
        agents_place(r);
        scoring->start = start_of(r, queue);
    } else if (policy == POLICY_IDLENESS_RATIO) {
        count_teams(r, queue);
    }
}

static int64_t turn_of(const Router *r, const Scoring *scoring, const Agent *agent)
{
    size_t turn = agent->place >= scoring->start ? agent->place - scoring->start
                                                 : agent->place + r->agent_count - scoring->start;
    return -(int64_t)turn * SCORE_ONE;
}

static int64_t idleness_of(const Router *r, const Scoring *scoring, const Agent *agent)
{
    const Needs *shares = &scoring->queue->shares;
    size_t team = team_of(agent, shares);
    int64_t whole = 0, share = team < shares->count ? shares->at[team].level : 0;
    for (size_t i = 0; i < shares->count; i++)
        whole += shares->at[i].level;
    return r->team_counts[team] * whole - share * (int64_t)scoring->candidates;
}

int64_t score_of(const Router *r, const Scoring *scoring, const Agent *agent)
{
    uint64_t seed = scoring->draw ^ agent->name->hash, word;
    int64_t busy_us;
    switch (scoring->queue->set.policy) {
    case POLICY_MOST_SKILLED:
        return skill_of(agent, scoring->want);
    case POLICY_LEAST_SKILLED:
        return -agent->level_sum * SCORE_ONE;
    case POLICY_FEWEST_CALLS:
        return -clamp(agent->today, 0, ORDER_MAX) * SCORE_ONE;
    case POLICY_LINEAR:
        return -agent->order * SCORE_ONE;
    case POLICY_RANDOM:
        return (int64_t)(splitmix(&seed) >> 2);
    case POLICY_LEAST_OCCUPIED:
        busy_us = agent->busy_us + (agent->busy_since != NEVER ? r->now - agent->busy_since : 0);
        return -fraction(busy_us, r->now - agent->signed_in_at);
    case POLICY_ROUND_ROBIN:
        return turn_of(r, scoring, agent);
    case POLICY_WEIGHTED_RANDOM:
        word = splitmix(&seed);
        surprises(&word, 1);
        return weighed(word, agent);
    case POLICY_IDLENESS_RATIO:
        return idleness_of(r, scoring, agent);
    default:
        return 0;
    }
}

void scores_of(const Router *r, const Scoring *scoring, Agent *const *agents, size_t count, int64_t *scores)
{
    size_t at = 0;
    uint64_t words[LANES];
    for (; scoring->queue->set.policy == POLICY_WEIGHTED_RANDOM && at + LANES <= count; at += LANES) {
        for (size_t k = 0; k < LANES; k++) {
            uint64_t seed = scoring->draw ^ agents[at + k]->name->hash;
            words[k] = splitmix(&seed);
        }
        surprises(words, LANES);
        for (size_t k = 0; k < LANES; k++)
            scores[at + k] = weighed(words[k], agents[at + k]);
    }
    for (; at < count; at++)
        scores[at] = score_of(r, scoring, agents[at]);
}
