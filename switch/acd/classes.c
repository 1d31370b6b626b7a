/* Requirement classes: which agents may serve whom, worked out once for all who ask for the same. */
#include "state.h"

#include <string.h>

/* Classes that the sets are first made for. */
#define CLASSES_FIRST 64

/* Classes without users are kept, for the next contact will ask for the same: so many that their sets take
   8 MiB, within these bounds. */
#define IDLE_BITS (1u << 26)
#define IDLE_MIN 64
#define IDLE_MAX 4096

static uint64_t *row_of(const Router *r, const Agent *agent)
{
    return r->classes.rows + agent->slot * r->classes.words;
}

static int admit(Router *r, Class *class, const Agent *agent)
{
    int why = want_unmet(agent, &class->want);
    if (why != OUT_NONE) {
        class->outside[why]++;
        return why;
    }
    bit_set(class->eligible, agent->slot);
    bit_set(row_of(r, agent), class->slot);
    class->eligible_count++;
    return why;
}

/* The agent is new, or has changed: into the classes that it fits. */
void classes_learn(Router *r, Agent *agent)
{
    for (size_t i = 0; i < r->classes.used; i++)
        if (r->classes.slots[i])
            admit(r, r->classes.slots[i], agent);
}

/* The agent goes, or is about to change: out of all classes. */
void classes_forget(Router *r, Agent *agent)
{
    for (size_t i = 0; i < r->classes.used; i++) {
        Class *class = r->classes.slots[i];
        int why = class ? want_unmet(agent, &class->want) : OUT_COUNT;
        if (class && why != OUT_NONE)
            class->outside[why]--;
        if (!class || why != OUT_NONE)
            continue;
        bit_clear(class->eligible, agent->slot);
        bit_clear(row_of(r, agent), class->slot);
        class->eligible_count--;
    }
}

/* Twice the classes: each agent's row is copied into a longer one. */
static void widen_classes(Router *r)
{
    Classes *c = &r->classes;
    size_t room = c->room ? 2 * c->room : CLASSES_FIRST, words = room / WORD_BITS;
    uint64_t *rows = memory_new(&r->memory, (r->slot_room ? r->slot_room : 1) * words * sizeof *rows);
    for (size_t i = 0; i < r->slot_room && c->words; i++)
        memcpy(rows + i * words, c->rows + i * c->words, c->words * sizeof *rows);
    memory_drop(&r->memory, c->rows);
    c->rows = rows;
    c->waiting = memory_grow(&r->memory, c->waiting, words * sizeof *c->waiting);
    memset(c->waiting + c->words, 0, (words - c->words) * sizeof *c->waiting);
    c->mask = memory_grow(&r->memory, c->mask, words * sizeof *c->mask);
    c->slots = memory_grow(&r->memory, c->slots, room * sizeof *c->slots);
    c->heads = memory_grow(&r->memory, c->heads, room * sizeof *c->heads);
    c->spare = memory_grow(&r->memory, c->spare, room * sizeof *c->spare);
    c->room = room;
    c->words = words;
}

/* The sets of agents have become longer. */
void classes_widen_slots(Router *r, size_t old_room)
{
    Classes *c = &r->classes;
    size_t old_words = old_room / WORD_BITS, words = r->slot_room / WORD_BITS;
    for (size_t i = 0; i < c->used; i++) {
        Class *class = c->slots[i];
        if (!class)
            continue;
        class->eligible = memory_grow(&r->memory, class->eligible, words * sizeof *class->eligible);
        memset(class->eligible + old_words, 0, (words - old_words) * sizeof *class->eligible);
    }
    if (!c->words)
        return;
    c->rows = memory_grow(&r->memory, c->rows, r->slot_room * c->words * sizeof *c->rows);
    memset(c->rows + old_room * c->words, 0, (r->slot_room - old_room) * c->words * sizeof *c->rows);
}

static const Holders NOBODY;

/* Those who have the rarest of the needed skills; NULL where no skill is needed. */
static const Holders *rarest_of(const Want *want)
{
    const Holders *rarest = NULL;
    for (size_t i = 0; i < want->needs.count; i++) {
        const Need *need = &want->needs.at[i];
        const Holders *holders = need->skill->role ? &need->skill->role->skilled : &NOBODY;
        if (need->level > 0 && (!rarest || holders->count < rarest->count))
            rarest = holders;
    }
    return rarest;
}

static void add_serving(Router *r, const Name *queue)
{
    const Holders *serving = queue->role ? &queue->role->serving : &NOBODY;
    for (size_t i = 0; i < serving->count; i++)
        bit_set(r->fit, serving->at[i].slot);
}

/* All agents into a new class, or counted outside. Who lacks the rarest skill needs no look: to those who
   serve the queues a skill is missing, and the others serve other queues. */
static void admit_all(Router *r, Class *class)
{
    const Want *want = &class->want;
    if (!r->slot_words)
        return;
    memcpy(r->fit, r->everywhere, r->slot_words * sizeof *r->fit);
    add_serving(r, want->queue);
    for (size_t i = 0; i < want->queues.count; i++)
        add_serving(r, want->queues.at[i]);
    size_t serving = bits_count_both(r->fit, r->fit, r->slot_words), inside = 0;
    const Holders *rarest = rarest_of(want);
    for (size_t i = 0; rarest && i < rarest->count; i++)
        admit(r, class, r->slots[rarest->at[i].slot]);
    for (size_t i = 0; !rarest && i < r->slot_words; i++)
        for (uint64_t left = r->fit[i]; left; left &= left - 1)
            admit(r, class, r->slots[i * WORD_BITS + (size_t)__builtin_ctzll(left)]);
    for (int i = OUT_SKILL_MISSING + 1; i < OUTSIDE_COUNT; i++)
        inside += class->outside[i];
    class->outside[OUT_SKILL_MISSING] = serving - inside - class->eligible_count;
    class->outside[OUT_OTHER_QUEUES] = r->agent_count - serving;
}

static void enlarge_buckets(Router *r)
{
    Classes *c = &r->classes;
    size_t count = c->bucket_count ? 2 * c->bucket_count : 64;
    Class **buckets = memory_new(&r->memory, count * sizeof *buckets);
    for (size_t i = 0; i < c->used; i++) {
        Class *class = c->slots[i];
        if (!class)
            continue;
        Class **bucket = &buckets[class->hash & (count - 1)];
        class->next = *bucket;
        *bucket = class;
    }
    memory_drop(&r->memory, c->buckets);
    c->buckets = buckets;
    c->bucket_count = count;
}

static Class *class_new(Router *r, uint64_t hash)
{
    Classes *c = &r->classes;
    if (!c->spare_count && c->used == c->room)
        widen_classes(r);
    if (c->count >= c->bucket_count)
        enlarge_buckets(r);
    Class *class = memory_new(&r->memory, sizeof *class);
    class->hash = hash;
    /* One word even without agents, so that there is something to point to. */
    size_t words = r->slot_room ? r->slot_room / WORD_BITS : 1;
    class->eligible = memory_new(&r->memory, words * sizeof *class->eligible);
    class->slot = c->spare_count ? c->spare[--c->spare_count] : (uint32_t)c->used++;
    c->slots[class->slot] = class;
    c->count++;
    class->next = c->buckets[hash & (c->bucket_count - 1)];
    c->buckets[hash & (c->bucket_count - 1)] = class;
    return class;
}

/* The class leaves the list of those without users. */
static void idle_leave(Classes *c, Class *class)
{
    *(class->older ? &class->older->newer : &c->oldest) = class->newer;
    *(class->newer ? &class->newer->older : &c->newest) = class->older;
    class->older = class->newer = NULL;
    c->idle_count--;
}

static void class_drop(Router *r, Class *class)
{
    Classes *c = &r->classes;
    idle_leave(c, class);
    for (size_t i = 0; i < r->slot_words && class->eligible_count; i++)
        for (uint64_t left = class->eligible[i]; left; left &= left - 1)
            bit_clear(row_of(r, r->slots[i * WORD_BITS + (size_t)__builtin_ctzll(left)]), class->slot);
    Class **at = &c->buckets[class->hash & (c->bucket_count - 1)];
    while (*at != class)
        at = &(*at)->next;
    *at = class->next;
    c->count--;
    c->slots[class->slot] = NULL;
    c->spare[c->spare_count++] = class->slot;
    want_release(r, &class->want);
    line_close(&r->memory, &class->line);
    memory_drop(&r->memory, class->eligible);
    memory_drop(&r->memory, class);
}

void class_release(Router *r, Class *class)
{
    Classes *c = &r->classes;
    if (--class->users)
        return;
    class->older = c->newest;
    *(c->newest ? &c->newest->newer : &c->oldest) = class;
    c->newest = class;
    c->idle_count++;
    size_t most = (size_t)clamp((int64_t)(IDLE_BITS / (r->slot_room + 1)), IDLE_MIN, IDLE_MAX);
    if (c->idle_count > most)
        class_drop(r, c->oldest);
}

/* The class of a step, with one more user. */
Class *class_take(Router *r, Name *queue, Name *channel, int64_t units, const StepIn *in)
{
    Classes *c = &r->classes;
    uint64_t hash = want_hash(queue, channel, units, in);
    Class *class = c->bucket_count ? c->buckets[hash & (c->bucket_count - 1)] : NULL;
    while (class && (class->hash != hash || !want_is(r, &class->want, queue, channel, units, in)))
        class = class->next;
    if (!class) {
        class = class_new(r, hash);
        want_take(r, &class->want, queue, channel, units, in);
        admit_all(r, class);
    } else if (!class->users) {
        idle_leave(c, class);
    }
    class->users++;
    return class;
}
