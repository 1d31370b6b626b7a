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

static int backed_off(const Visit *visit, const Name *agent)
{
    for (size_t i = 0; i < visit->backoff_count; i++)
        if (visit->backoffs[i].agent == agent)
            return 1;
    return 0;
}

static int is_offered(const Agent *agent, const Visit *visit)
{
    for (const Offer *offer = agent->first_offer; offer; offer = offer->next_of_agent)
        if (offer->visit == visit)
            return 1;
    return 0;
}

/* The agent for whom alone the visit is kept now: the one of before, as long as that agent could come. */
static const Agent *kept_for(const Router *r, const Visit *visit)
{
    const Name *before = visit->plan->before;
    if (!before->agent || kept_until(visit) <= r->now)
        return NULL;
    const Agent *agent = before->agent;
    if (!agent->signed_in || !agent->reachable || agent->line == LINE_UNUSABLE ||
        !bit_test(class_of(visit)->eligible, agent->slot) || avoids(visit->plan, before) ||
        backed_off(visit, before))
        return NULL;
    return agent;
}

/* An agent who is ready meets the class, and has room for one of it. */
int class_may_be_served(const Agent *agent, const Class *class)
{
    return bit_test(class->eligible, agent->slot) &&
           (agent->axis == AXIS_FREE || agent_fits(agent, class->want.units, class->want.channel));
}

/* An agent who is ready, and meets and has room for the visit's class, may be offered this visit. */
int pair_may_serve(const Router *r, const Agent *agent, const Visit *visit)
{
    if (avoids(visit->plan, agent->name) || backed_off(visit, agent->name))
        return 0;
    if (visit->state == VISIT_OFFERED && is_offered(agent, visit))
        return 0;
    const Agent *kept = kept_for(r, visit);
    return !kept || kept == agent;
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

/* Candidates */

static const int AXIS_OUT[AXIS_PARTLY] = {OUT_SIGNED_OUT, OUT_UNREACHABLE, OUT_LINE_BAD, OUT_PAUSED,
                                          OUT_OFFERED,    OUT_BUSY,        OUT_WRAP_UP};

/* Takes one agent out of the set; 1 where it was in it. */
static size_t take_out(uint64_t *set, const Name *name)
{
    const Agent *agent = name->agent;
    if (!agent || !bit_test(set, agent->slot))
        return 0;
    bit_clear(set, agent->slot);
    return 1;
}

/* Leaves nobody but the agent in the set, if the agent was in it; how many left. */
static size_t keep_one(uint64_t *set, const Agent *agent, size_t words)
{
    int inside = bit_test(set, agent->slot);
    size_t count = bits_count_both(set, set, words);
    memset(set, 0, words * sizeof *set);
    if (inside)
        bit_set(set, agent->slot);
    return count - (size_t)inside;
}

/* Those who fit the class but not the visit leave the set, and are counted; how many left. */
static size_t except_pairs(const Router *r, const Visit *visit, uint64_t *set, int64_t *out)
{
    size_t avoided = 0, declined = 0, kept = 0;
    for (size_t i = 0; i < visit->plan->avoid_count; i++)
        avoided += take_out(set, visit->plan->avoid[i]);
    if (r->rest_count)
        declined += bits_without(set, r->resting, r->slot_words);
    for (size_t i = 0; i < visit->backoff_count; i++)
        declined += take_out(set, visit->backoffs[i].agent);
    const Agent *agent = visit->plan->before->size ? kept_for(r, visit) : NULL;
    if (agent)
        kept = keep_one(set, agent, r->slot_words);
    out[OUT_AVOIDED] = (int64_t)avoided;
    out[OUT_JUST_DECLINED] = (int64_t)declined;
    out[OUT_KEPT_FOR_OTHER] = (int64_t)kept;
    return avoided + declined + kept;
}

/* Those who hold something, and still have room for one of the visit's class. */
static size_t add_partly(Router *r, const Visit *visit)
{
    const Class *class = class_of(visit);
    size_t count = 0;
    for (size_t i = 0; i < r->slot_words; i++) {
        for (uint64_t left = r->axis[AXIS_PARTLY][i] & class->eligible[i]; left; left &= left - 1) {
            const Agent *agent = r->slots[i * WORD_BITS + (size_t)__builtin_ctzll(left)];
            if (!agent_fits(agent, class->want.units, class->want.channel) || is_offered(agent, visit))
                continue;
            bit_set(r->candidates, agent->slot);
            count++;
        }
    }
    return count;
}

/* The candidates for a visit into their set; how many. */
size_t find_candidates(Router *r, const Visit *visit)
{
    int64_t out[OUT_COUNT];
    size_t count = bits_both(r->candidates, r->axis[AXIS_FREE], class_of(visit)->eligible, r->slot_words);
    if (r->axis_count[AXIS_PARTLY])
        count += add_partly(r, visit);
    return count ? count - except_pairs(r, visit, r->candidates, out) : 0;
}

/* Who holds something and is no candidate has no room, or is offered this very visit. */
static size_t count_partly(const Router *r, const Visit *visit, const uint64_t *fit, int64_t *out)
{
    size_t count = 0;
    for (size_t i = 0; i < r->slot_words; i++) {
        uint64_t left = r->axis[AXIS_PARTLY][i] & fit[i] & ~r->candidates[i];
        for (; left; left &= left - 1, count++) {
            const Agent *agent = r->slots[i * WORD_BITS + (size_t)__builtin_ctzll(left)];
            out[agent->first_offer || is_offered(agent, visit)  ? OUT_OFFERED
                : agent->talks || agent->engaged ? OUT_BUSY
                                                 : OUT_WRAP_UP]++;
        }
    }
    return count;
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
    size_t left = class->eligible_count - (size_t)choice->candidates;
    if (visit->plan->avoid_count || visit->backoff_count || r->rest_count || visit->plan->before->size) {
        memcpy(r->fit, fit, r->slot_words * sizeof *fit);
        left -= except_pairs(r, visit, r->fit, out);
        fit = r->fit;
    }
    if (r->axis_count[AXIS_PARTLY])
        left -= count_partly(r, visit, fit, out);
    int last = AXIS_PARTLY;
    while (last && !r->axis_count[last - 1])
        last--;
    for (int i = 0; i < last && left; i++) {
        if (!r->axis_count[i])
            continue;
        size_t count = i + 1 < last ? bits_count_both(fit, r->axis[i], r->slot_words) : left;
        out[AXIS_OUT[i]] += (int64_t)count;
        left -= count;
    }
}

/* The choice */

static int better(const Candidate *a, const Candidate *b)
{
    if (a->line != b->line)
        return a->line < b->line;
    if (a->score != b->score)
        return a->score > b->score;
    if (a->other != b->other)
        return a->other < b->other;
    if (a->agent->idle_since != b->agent->idle_since)
        return a->agent->idle_since < b->agent->idle_since;
    return agent_before(a->agent, b->agent);
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
    if (best[0].line != best[1].line)
        return TIE_LINE;
    if (best[0].score != best[1].score)
        return policy == POLICY_RANDOM || policy == POLICY_WEIGHTED_RANDOM ? TIE_RANDOM : TIE_SCORE;
    if (best[0].other != best[1].other)
        return TIE_BEFORE;
    return best[0].agent->idle_since != best[1].agent->idle_since ? TIE_IDLE : TIE_ORDER;
}

/* Whom a batch gives stands before all. */
static int rank_candidates(Router *r, const Visit *visit, const Given *given, const Choice *choice,
                           Candidate *best)
{
    const Name *before = visit->plan->before;
    Scoring scoring;
    int kept = 0;
    scoring_begin(r, &scoring, visit, (size_t)choice->candidates, given);
    for (size_t i = 0; i < r->slot_words; i++) {
        Agent *agents[WORD_BITS];
        int64_t scores[WORD_BITS];
        size_t count = 0;
        for (uint64_t left = r->candidates[i]; left; left &= left - 1)
            agents[count++] = r->slots[i * WORD_BITS + (size_t)__builtin_ctzll(left)];
        scores_of(r, &scoring, agents, count, scores);
        for (size_t k = 0; k < count; k++) {
            int line = given && given->agent == agents[k] ? -1 : agents[k]->line;
            kept = keep(best, kept, (Candidate){agents[k], scores[k], line, agents[k]->name != before});
        }
    }
    return kept;
}

/* The best agent for a visit, or the one given, and why; NULL where nobody may serve it now. */
Agent *choose(Router *r, const Visit *visit, const Given *given, Choice *choice)
{
    choice->candidates = (int64_t)find_candidates(r, visit);
    if (!choice->candidates)
        return NULL;
    count_exclusions(r, visit, choice);
    Candidate best[BEST_KEPT];
    int kept = rank_candidates(r, visit, given, choice, best);
    const Want *want = &class_of(visit)->want;
    choice->policy = visit->queue->set.policy;
    choice->tie = given ? TIE_BATCH : tie_of(choice->policy, best, kept);
    choice->sequence = r->sequence;
    choice->step = visit->step;
    choice->key = contact_key(r, visit);
    choice->batch = given ? given->together : 0;
    choice->needs = want->needs.at;
    choice->need_count = want->needs.count;
    choice->best_count = kept;
    for (int i = 0; i < kept; i++)
        choice->best[i] =
            (Ranked){best[i].agent->name, best[i].score, r->now - best[i].agent->idle_since};
    return best[0].agent->name->agent;
}
