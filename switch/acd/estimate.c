/* How long a waiting contact will still wait; estimate.py says why, and is the same number by number. */
#include <stdlib.h>
#include <string.h>

#include "state.h"

#define ONE 1024
#define BLOCKS 64
#define KINDS_MAX 32
#define ROUNDS_MAX 8
#define HANDLING_MAX_US (1LL << 36)
#define WORK_MAX (1LL << 20)
#define AHEAD_MAX (1LL << 30)
#define RATE_MAX (1LL << 20)
#define LEAST_SHARE 8
#define AT_ONCE_MAX 100
#define UNKNOWN (-1)

/* Contacts ahead whom the same agents may serve: of these those who work. */
typedef struct Kind {
    const uint64_t *agents;
    int64_t work, seq;
} Kind;

typedef struct Estimate {
    const Router *r;
    const Visit *visit;
    int64_t now;
    size_t words;
    uint64_t *working, *agents, *out, *found, *theirs;
    Kind *kinds;
    size_t kind_count;
} Estimate;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t handling_us(const Queue *queue)
{
    return clamp(queue_mean_handling_us(queue), 1, HANDLING_MAX_US);
}

static int64_t count_of(const uint64_t *set, size_t words) { return (int64_t)bits_count_both(set, set, words); }

/* Of the kind's agents those who work, but for those who are out, word by word. */
static inline uint64_t left(const Estimate *e, const Kind *kind, size_t word)
{
    return kind->agents[word] & e->working[word] & ~e->out[word];
}

static int alike(const Estimate *e, const uint64_t *a, const uint64_t *b)
{
    for (size_t i = 0; i < e->words; i++)
        if ((a[i] ^ b[i]) & e->working[i])
            return 0;
    return 1;
}

static Kind *kind_of(Estimate *e, const uint64_t *agents)
{
    for (size_t i = 0; i < e->kind_count; i++)
        if (alike(e, e->kinds[i].agents, agents))
            return &e->kinds[i];
    e->kinds[e->kind_count] = (Kind){.agents = agents, .seq = INT64_MAX};
    return &e->kinds[e->kind_count++];
}

static int is_before(const Estimate *e, const Visit *other)
{
    if (other->queue != e->visit->queue)
        return served_before(e->r, other, e->visit);
    Key key = visit_key(other), ours = visit_key(e->visit);
    return key_before(&key, &ours);
}

/* How many of the class are served before the visit, and the arrival of the first of them. In orders that
   are fixed they are the first of the class's line. */
static size_t count_before(const Estimate *e, const Class *class, int64_t *seq)
{
    size_t count = 0;
    int fixed = order_is_fixed(e->r);
    for (size_t i = 0; i < class->line.chunk_count; i++)
        for (size_t k = 0; k < class->line.chunks[i].count; k++) {
            const Visit *other = class->line.chunks[i].at[k].item;
            if (is_before(e, other)) {
                *seq = least(*seq, other->seq);
                count++;
            } else if (fixed) {
                return count;
            }
        }
    return count;
}

static void count_class(Estimate *e, const Class *class)
{
    int64_t seq = INT64_MAX;
    size_t count = count_before(e, class, &seq);
    if (!count || !bits_count_both(class->eligible, e->working, e->words))
        return;
    Kind *kind = kind_of(e, class->eligible);
    int64_t ours_us = handling_us(e->visit->queue), theirs_us = handling_us(queue_of(class->want.queue));
    kind->work += (int64_t)count * least(ONE * theirs_us / ours_us, WORK_MAX);
    kind->seq = least(kind->seq, seq);
}

static int by_seq(const void *a, const void *b)
{
    const Kind *x = a, *y = b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

/* The work ahead that falls on these agents, while those who are out take none of it. */
static int64_t work_on(const Estimate *e, const uint64_t *agents)
{
    int64_t work = 0;
    for (size_t i = 0; i < e->kind_count; i++) {
        int64_t mine = 0, all = 0;
        for (size_t k = 0; k < e->words; k++) {
            uint64_t word = left(e, &e->kinds[i], k);
            all += __builtin_popcountll(word);
            mine += __builtin_popcountll(e->kinds[i].agents[k] & agents[k]);
        }
        if (all)
            work += e->kinds[i].work * mine / all;
    }
    return work;
}

/* Whether the kind has agents, and all of them are among those of the other who are in `agents`. */
static int is_within(const Estimate *e, const Kind *kind, const Kind *other)
{
    uint64_t any = 0;
    for (size_t k = 0; k < e->words; k++) {
        uint64_t word = left(e, kind, k);
        if (word & ~(other->agents[k] & e->agents[k]))
            return 0;
        any |= word;
    }
    return any != 0;
}

/* The part of the agents that a narrower kind keeps busy for longest, into `found`; 0 where there is none. */
static int bottleneck(Estimate *e)
{
    int64_t work = work_on(e, e->agents) + ONE, all = count_of(e->agents, e->words), count = all;
    const Kind *narrow = NULL;
    size_t told = e->kind_count < KINDS_MAX ? e->kind_count : KINDS_MAX;
    for (size_t i = 0; i < told; i++) {
        int64_t part = (int64_t)bits_count_both(e->kinds[i].agents, e->agents, e->words), within = 0;
        if (!part || part == all)
            continue;
        for (size_t k = 0; k < told; k++)
            if (is_within(e, &e->kinds[k], &e->kinds[i]))
                within += e->kinds[k].work;
        if (within * count > work * part) {
            work = within;
            count = part;
            narrow = &e->kinds[i];
        }
    }
    if (narrow)
        bits_both(e->found, narrow->agents, e->agents, e->words);
    return narrow != NULL;
}

/* How much of the agents' time goes to what queues of higher priority send, as of late. */
static int64_t taken(Estimate *e, int64_t whole)
{
    int64_t sum = 0;
    if (e->r->tenant.order != ORDER_PRIORITY)
        return 0;
    for (size_t i = 0; i < e->r->queue_count; i++) {
        const Queue *other = e->r->queues[i];
        size_t oldest = 0;
        while (oldest < other->answer_count && other->answers[oldest] < e->now - ANSWERS_WINDOW_US)
            oldest++;
        int64_t recent = (int64_t)(other->answer_count - oldest);
        if (other->set.priority <= e->visit->queue->set.priority || recent < 2)
            continue;
        memset(e->theirs, 0, e->words * sizeof *e->theirs);
        for (size_t k = 0; k < e->r->agent_count; k++)
            if (bit_test(e->working, e->r->agents[k]->slot) && agent_serves(e->r->agents[k], other->name))
                bit_set(e->theirs, e->r->agents[k]->slot);
        int64_t ours = (int64_t)bits_count_both(e->theirs, e->agents, e->words);
        if (!ours)
            continue;
        int64_t busy = recent * handling_us(other) * ONE / most(1, e->now - other->answers[oldest]);
        sum += least(busy, whole) * ours / count_of(e->theirs, e->words);
    }
    return sum;
}

/* How many contacts like this one these agents serve at once. */
static int64_t places(const Estimate *e)
{
    const Plan *plan = e->visit->plan;
    int64_t sum = 0;
    for (size_t i = 0; i < e->words; i++)
        for (uint64_t bits = e->agents[i]; bits; bits &= bits - 1) {
            const Agent *agent = e->r->slots[i * WORD_BITS + (size_t)__builtin_ctzll(bits)];
            int64_t most_of = needs_find(&agent->most, plan->channel, AT_ONCE_MAX);
            sum += least(least(agent->units / plan->units, most_of), AT_ONCE_MAX);
        }
    return sum * ONE;
}

/* Until those ahead and the visit are served by `agents`, all of whom are busy. */
static int64_t cleared_us(Estimate *e)
{
    memset(e->out, 0, e->words * sizeof *e->out);
    for (int round = 0; round < ROUNDS_MAX && bottleneck(e); round++)
        for (size_t k = 0; k < e->words; k++) {
            e->out[k] |= e->found[k];
            e->agents[k] &= ~e->found[k];
        }
    const Queue *queue = e->visit->queue;
    int64_t whole = places(e), takes_us = 0, handling = handling_us(queue), rate = 0;
    int64_t servers = most(whole - taken(e, whole), whole / LEAST_SHARE);
    if (queue->wait_sum_us)
        rate = least(queue->gave_up * handling * ONE / queue->wait_sum_us, RATE_MAX);
    int64_t ahead = least(work_on(e, e->agents), AHEAD_MAX) + ONE, block = ahead / BLOCKS;
    while (ahead > 0) {
        int64_t part = least(block, ahead), others = most(0, ahead - ONE - part / 2);
        takes_us += part * handling / (servers + others * rate / ONE);
        ahead -= part;
    }
    return takes_us;
}

/* Who works and may serve the visit at a step, into `agents`. */
static size_t who(Estimate *e, const Class *class)
{
    size_t count = bits_both(e->agents, class->eligible, e->working, e->words);
    const Plan *plan = e->visit->plan;
    for (size_t i = 0; i < plan->avoid_count; i++) {
        const Agent *agent = plan->avoid[i]->agent;
        if (agent && bit_test(e->agents, agent->slot)) {
            bit_clear(e->agents, agent->slot);
            count--;
        }
    }
    return count;
}

static int64_t answer(Estimate *e)
{
    const Plan *plan = e->visit->plan;
    for (size_t i = e->visit->step; i < plan->step_count; i++) {
        if (!who(e, plan->steps[i].class))
            continue;
        int64_t since = e->visit->waiting_since;
        int64_t takes_us = most(cleared_us(e), since + plan->steps[i].after_us - e->now);
        if (i + 1 == plan->step_count || e->now + takes_us < since + plan->steps[i + 1].after_us)
            return takes_us;
    }
    return UNKNOWN;
}

int64_t estimate_us(Router *r, const Visit *visit, int64_t now)
{
    const Classes *c = &r->classes;
    size_t words = r->slot_words, kinds = 0;
    for (size_t i = 0; i < c->words; i++)
        kinds += (size_t)__builtin_popcountll(c->waiting[i]);
    uint64_t *sets = memory_new(&r->memory, 5 * words * sizeof(uint64_t) + (kinds + 1) * sizeof(Kind));
    Estimate e = {.r = r, .visit = visit, .now = now, .words = words, .working = sets, .agents = sets + words,
                  .out = sets + 2 * words, .found = sets + 3 * words, .theirs = sets + 4 * words,
                  .kinds = (Kind *)(void *)(sets + 5 * words)};
    static const int at_work[] = {AXIS_OFFERED, AXIS_BUSY, AXIS_WRAP_UP, AXIS_PARTLY, AXIS_FREE};
    for (size_t i = 0; i < sizeof at_work / sizeof *at_work; i++)
        for (size_t k = 0; k < words; k++)
            e.working[k] |= r->axis[at_work[i]][k];
    for (size_t i = 0; i < c->used; i++)
        if (c->slots[i] && bit_test(c->waiting, i))
            count_class(&e, c->slots[i]);
    qsort(e.kinds, e.kind_count, sizeof *e.kinds, by_seq);
    int64_t found_us = answer(&e);
    memory_drop(&r->memory, sets);
    return found_us;
}
