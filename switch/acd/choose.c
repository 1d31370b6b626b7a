/* Who may serve whom, and who is best; choose.py says why. */
#include "state.h"

static int64_t level_of(const Agent *agent, const Name *skill)
{
    for (size_t i = 0; i < agent->skill_count; i++)
        if (agent->skills[i].skill == skill)
            return agent->skills[i].level;
    return 0;
}

static int lacks(const Agent *agent, const Step *step)
{
    int low = 0;
    for (size_t i = 0; i < step->need_count; i++) {
        int64_t level = level_of(agent, step->needs[i].skill);
        if (level < step->needs[i].level) {
            if (level == 0)
                return OUT_SKILL_MISSING;
            low = 1;
        }
    }
    return low ? OUT_LEVEL_TOO_LOW : OUT_NONE;
}

static int avoids(const Visit *visit, const Agent *agent)
{
    for (size_t i = 0; i < visit->avoid_count; i++)
        if (visit->avoid[i] == agent->name)
            return 1;
    return 0;
}

/* Why this agent may not serve this visit, whatever else occupies the agent. */
int agent_unfit(const Agent *agent, const Visit *visit)
{
    if (!agent_serves(agent, visit->queue_name))
        return OUT_OTHER_QUEUES;
    int lacking = lacks(agent, &visit->steps[visit->step]);
    if (lacking != OUT_NONE)
        return lacking;
    if (avoids(visit, agent))
        return OUT_AVOIDED;
    if (agent->rest_until)
        return OUT_JUST_DECLINED;
    for (size_t i = 0; i < visit->backoff_count; i++)
        if (visit->backoffs[i].agent == agent->name)
            return OUT_JUST_DECLINED;
    return OUT_NONE;
}

int servable(const Router *r, const Visit *visit)
{
    for (size_t i = 0; i < r->agent_count; i++) {
        const Agent *agent = r->agents[i];
        if (!agent_serves(agent, visit->queue_name) || avoids(visit, agent))
            continue;
        for (size_t k = visit->step_count; k-- > 0;)
            if (lacks(agent, &visit->steps[k]) == OUT_NONE)
                return 1;
    }
    return 0;
}

static const int64_t SCORE_ONE = 1LL << SCORE_SHIFT;

static int64_t score_of(int policy, const Agent *agent, const Step *step, uint64_t draw)
{
    int64_t total = 0;
    uint64_t seed;
    switch (policy) {
    case POLICY_MOST_SKILLED:
        if (!step->need_count)
            return 0;
        for (size_t i = 0; i < step->need_count; i++)
            total += level_of(agent, step->needs[i].skill);
        return total * SCORE_ONE / (int64_t)step->need_count;
    case POLICY_LEAST_SKILLED:
        return -agent->level_sum * SCORE_ONE;
    case POLICY_FEWEST_CALLS:
        return -clamp(agent->answered, 0, ORDER_MAX) * SCORE_ONE;
    case POLICY_LINEAR:
        return -agent->order * SCORE_ONE;
    case POLICY_RANDOM:
        seed = draw ^ agent->name->hash;
        return (int64_t)(splitmix(&seed) >> 2);
    default:
        return 0;
    }
}

typedef struct Candidate {
    const Agent *agent;
    int64_t score;
} Candidate;

static int better(const Candidate *a, const Candidate *b)
{
    if (a->score != b->score)
        return a->score > b->score;
    if (a->agent->idle_since != b->agent->idle_since)
        return a->agent->idle_since < b->agent->idle_since;
    if (a->agent->order != b->agent->order)
        return a->agent->order < b->agent->order;
    return names_compare(a->agent->name, b->agent->name) < 0;
}

/* Keeps the BEST_KEPT best in order; returns how many are kept now. */
static int keep(Candidate *best, int count, Candidate candidate)
{
    int i = count;
    if (count == BEST_KEPT) {
        if (!better(&candidate, &best[BEST_KEPT - 1]))
            return count;
        i = BEST_KEPT - 1;
    } else {
        count++;
    }
    for (; i > 0 && better(&candidate, &best[i - 1]); i--)
        best[i] = best[i - 1];
    best[i] = candidate;
    return count;
}

static int tie_of(int policy, const Candidate *best, int count)
{
    if (count == 1)
        return TIE_ONLY;
    if (best[0].score != best[1].score)
        return policy == POLICY_RANDOM ? TIE_RANDOM : TIE_SCORE;
    return best[0].agent->idle_since != best[1].agent->idle_since ? TIE_IDLE : TIE_ORDER;
}

/* The best agent for a waiting visit and why, or NULL where nobody may serve it now. */
Agent *choose(Router *r, const Visit *visit, Choice *choice)
{
    int policy = visit->queue->set.policy;
    const Step *step = &visit->steps[visit->step];
    /* Drawn before it is known whether anyone is fit; the state moves only when somebody is. */
    uint64_t rng = r->rng;
    uint64_t draw = policy == POLICY_RANDOM ? splitmix(&rng) : 0;
    Candidate best[BEST_KEPT];
    int kept = 0;
    for (int i = 0; i < OUT_COUNT; i++)
        choice->exclusions[i] = 0;
    choice->candidates = 0;
    for (size_t i = 0; i < r->agent_count; i++) {
        const Agent *agent = r->agents[i];
        int why = agent_unfit(agent, visit);
        if (why == OUT_NONE)
            why = agent->occupied;
        if (why != OUT_NONE) {
            choice->exclusions[why]++;
            continue;
        }
        choice->candidates++;
        kept = keep(best, kept, (Candidate){agent, score_of(policy, agent, step, draw)});
    }
    if (!kept)
        return NULL;
    r->rng = rng;
    choice->policy = policy;
    choice->tie = tie_of(policy, best, kept);
    choice->sequence = r->sequence;
    choice->step = (int64_t)visit->step;
    choice->needs = step->needs;
    choice->need_count = step->need_count;
    choice->best_count = kept;
    for (int i = 0; i < kept; i++)
        choice->best[i] =
            (Ranked){best[i].agent->name, best[i].score, r->now - best[i].agent->idle_since};
    return best[0].agent->name->agent;
}
