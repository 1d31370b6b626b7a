/* Who may serve whom, and who is best; choose.py says why. */
#include "state.h"

#include <string.h>

static int avoids(const Plan *plan, const Name *agent)
{
    for (size_t i = 0; i < plan->avoid_count; i++)
        if (plan->avoid[i] == agent)
            return 1;
    return 0;
}

/* A free agent, who does not rest, may be offered this visit. */
int may_serve(const Agent *agent, const Visit *visit)
{
    if (!bit_test(class_of(visit)->eligible, agent->slot) || avoids(visit->plan, agent->name))
        return 0;
    for (size_t i = 0; i < visit->backoff_count; i++)
        if (visit->backoffs[i].agent == agent->name)
            return 0;
    return 1;
}

/* Whom the plan avoids, each once, of those who fit the class. */
static size_t count_avoided(const Plan *plan, const Class *class)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->avoid_count; i++) {
        const Agent *agent = plan->avoid[i]->agent;
        int first = agent && bit_test(class->eligible, agent->slot);
        for (size_t k = 0; k < i && first; k++)
            first = plan->avoid[k] != plan->avoid[i];
        count += (size_t)first;
    }
    return count;
}

/* Somebody in the configuration could serve it at one of its steps. */
int servable(const Plan *plan)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        const Class *class = plan->steps[i].class;
        if (class->eligible_count && class->eligible_count > count_avoided(plan, class))
            return 1;
    }
    return 0;
}

static const int64_t SCORE_ONE = 1LL << SCORE_SHIFT;

static int64_t score_of(int policy, const Agent *agent, const Class *class, uint64_t draw)
{
    int64_t total = 0;
    uint64_t seed;
    switch (policy) {
    case POLICY_MOST_SKILLED:
        if (!class->need_count)
            return 0;
        for (size_t i = 0; i < class->need_count; i++)
            total += agent_level(agent, class->needs[i].skill);
        return total * SCORE_ONE / (int64_t)class->need_count;
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

static const int AXIS_OUT[AXIS_FREE] = {OUT_SIGNED_OUT, OUT_UNREACHABLE, OUT_PAUSED,
                                        OUT_OFFERED, OUT_BUSY, OUT_WRAP_UP};

/* Takes one agent out of the set; 1 where it was in it. */
static size_t take_out(uint64_t *set, const Name *name)
{
    const Agent *agent = name->agent;
    if (!agent || !bit_test(set, agent->slot))
        return 0;
    bit_clear(set, agent->slot);
    return 1;
}

/* Those who fit the class but not the visit leave the set, and are counted. */
static void except_pairs(const Router *r, const Visit *visit, uint64_t *set, int64_t *out)
{
    for (size_t i = 0; i < visit->plan->avoid_count; i++)
        out[OUT_AVOIDED] += (int64_t)take_out(set, visit->plan->avoid[i]);
    if (r->rest_count)
        out[OUT_JUST_DECLINED] += (int64_t)bits_without(set, r->resting, r->slot_words);
    for (size_t i = 0; i < visit->backoff_count; i++)
        out[OUT_JUST_DECLINED] += (int64_t)take_out(set, visit->backoffs[i].agent);
}

/* The candidates for a visit into their set; how many. */
static size_t find_candidates(Router *r, const Visit *visit)
{
    int64_t out[OUT_COUNT] = {0};
    const Class *class = class_of(visit);
    size_t count = bits_both(r->candidates, r->axis[AXIS_FREE], class->eligible, r->slot_words);
    if (count)
        except_pairs(r, visit, r->candidates, out);
    return count - (size_t)(out[OUT_AVOIDED] + out[OUT_JUST_DECLINED]);
}

/* Why the others are none. Each agent counts once, so that the last number is what is left. */
static void count_exclusions(Router *r, const Visit *visit, Choice *choice)
{
    const Class *class = class_of(visit);
    const uint64_t *fit = class->eligible;
    int64_t *out = choice->exclusions;
    memset(out, 0, sizeof choice->exclusions);
    for (int i = 0; i < OUTSIDE_COUNT; i++)
        out[i] = (int64_t)class->outside[i];
    int64_t left = (int64_t)class->eligible_count - choice->candidates;
    if (visit->plan->avoid_count || visit->backoff_count || r->rest_count) {
        memcpy(r->fit, fit, r->slot_words * sizeof *fit);
        except_pairs(r, visit, r->fit, out);
        left -= out[OUT_AVOIDED] + out[OUT_JUST_DECLINED];
        fit = r->fit;
    }
    for (int i = 0; i < AXIS_FREE && left; i++) {
        if (!r->axis_count[i])
            continue;
        out[AXIS_OUT[i]] = (int64_t)bits_count_both(fit, r->axis[i], r->slot_words);
        left -= out[AXIS_OUT[i]];
    }
}

/* The best agent for a waiting visit and why, or NULL where nobody may serve it now. */
Agent *choose(Router *r, const Visit *visit, Choice *choice)
{
    choice->candidates = (int64_t)find_candidates(r, visit);
    if (!choice->candidates)
        return NULL;
    count_exclusions(r, visit, choice);
    int policy = visit->queue->set.policy;
    const Class *class = class_of(visit);
    uint64_t draw = policy == POLICY_RANDOM ? splitmix(&r->rng) : 0;
    Candidate best[BEST_KEPT];
    int kept = 0;
    for (size_t i = 0; i < r->slot_words; i++) {
        for (uint64_t left = r->candidates[i]; left; left &= left - 1) {
            const Agent *agent = r->slots[i * WORD_BITS + (size_t)__builtin_ctzll(left)];
            kept = keep(best, kept, (Candidate){agent, score_of(policy, agent, class, draw)});
        }
    }
    choice->policy = policy;
    choice->tie = tie_of(policy, best, kept);
    choice->sequence = r->sequence;
    choice->step = visit->step;
    choice->needs = class->needs;
    choice->need_count = class->need_count;
    choice->best_count = kept;
    for (int i = 0; i < kept; i++)
        choice->best[i] =
            (Ranked){best[i].agent->name, best[i].score, r->now - best[i].agent->idle_since};
    return best[0].agent->name->agent;
}
