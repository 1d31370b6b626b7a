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

/* What keeps the agent out of the class, the first that applies, or OUT_NONE. */
static int judge(const Agent *agent, const Class *class)
{
    if (!agent_serves(agent, class->queue))
        return OUT_OTHER_QUEUES;
    int low = 0;
    for (size_t i = 0; i < class->need_count; i++) {
        int64_t level = agent_level(agent, class->needs[i].skill);
        if (level < class->needs[i].level && level == 0)
            return OUT_SKILL_MISSING;
        low |= level < class->needs[i].level;
    }
    return low ? OUT_LEVEL_TOO_LOW : OUT_NONE;
}

static int admit(Router *r, Class *class, const Agent *agent)
{
    int why = judge(agent, class);
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
        int why = class ? judge(agent, class) : OUT_COUNT;
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
    size_t old_words = old_room / WORD_BITS;
    for (size_t i = 0; i < c->used; i++) {
        Class *class = c->slots[i];
        if (!class)
            continue;
        class->eligible = memory_grow(&r->memory, class->eligible, r->slot_words * sizeof *class->eligible);
        memset(class->eligible + old_words, 0, (r->slot_words - old_words) * sizeof *class->eligible);
    }
    if (!c->words)
        return;
    c->rows = memory_grow(&r->memory, c->rows, r->slot_room * c->words * sizeof *c->rows);
    memset(c->rows + old_room * c->words, 0, (r->slot_room - old_room) * c->words * sizeof *c->rows);
}

static const Holders NOBODY;

/* Those who have the rarest of the needed skills; NULL where no skill is needed. */
static const Holders *rarest_of(const Class *class)
{
    const Holders *rarest = NULL;
    for (size_t i = 0; i < class->need_count; i++) {
        const Need *need = &class->needs[i];
        const Holders *holders = need->skill->role ? &need->skill->role->skilled : &NOBODY;
        if (need->level > 0 && (!rarest || holders->count < rarest->count))
            rarest = holders;
    }
    return rarest;
}

/* All agents into a new class, or counted outside. Who lacks the rarest skill needs no look: to those who
   serve the queue a skill is missing, and the others serve other queues. */
static void admit_all(Router *r, Class *class)
{
    const Holders *serving = class->queue->role ? &class->queue->role->serving : &NOBODY;
    const Holders *rarest = rarest_of(class);
    for (size_t i = 0; rarest && i < rarest->count; i++)
        admit(r, class, r->slots[rarest->at[i].slot]);
    for (size_t i = 0; !rarest && i < serving->count; i++)
        admit(r, class, r->slots[serving->at[i].slot]);
    for (size_t i = 0; !rarest && i < r->slot_words; i++)
        for (uint64_t left = r->everywhere[i]; left; left &= left - 1)
            admit(r, class, r->slots[i * WORD_BITS + (size_t)__builtin_ctzll(left)]);
    size_t all = serving->count + r->everywhere_count, inside = class->eligible_count;
    for (int i = OUT_SKILL_MISSING + 1; i < OUTSIDE_COUNT; i++)
        inside += class->outside[i];
    class->outside[OUT_SKILL_MISSING] = all - inside;
    class->outside[OUT_OTHER_QUEUES] = r->agent_count - all;
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

static Class *class_new(Router *r, uint64_t hash, Name *queue, const StepIn *in)
{
    Classes *c = &r->classes;
    if (!c->spare_count && c->used == c->room)
        widen_classes(r);
    if (c->count >= c->bucket_count)
        enlarge_buckets(r);
    Class *class = memory_new(&r->memory, sizeof *class);
    class->hash = hash;
    class->queue = share(queue);
    if (in->need_count)
        class->needs = memory_new(&r->memory, in->need_count * sizeof *class->needs);
    for (size_t i = 0; i < in->need_count; i++) {
        int64_t level = clamp(in->needs[i].level, -AMOUNT_MAX, AMOUNT_MAX);
        class->needs[class->need_count++] = (Need){take(r, in->needs[i].name), level};
    }
    /* One word even without agents, so that there is something to point to. */
    class->eligible = memory_new(&r->memory, (r->slot_words ? r->slot_words : 1) * sizeof *class->eligible);
    class->slot = c->spare_count ? c->spare[--c->spare_count] : (uint32_t)c->used++;
    c->slots[class->slot] = class;
    c->count++;
    class->next = c->buckets[hash & (c->bucket_count - 1)];
    c->buckets[hash & (c->bucket_count - 1)] = class;
    admit_all(r, class);
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
    for (size_t i = 0; i < class->need_count; i++)
        release(r, class->needs[i].skill);
    release(r, class->queue);
    line_close(&r->memory, &class->line);
    memory_drop(&r->memory, class->needs);
    memory_drop(&r->memory, class->eligible);
    memory_drop(&r->memory, class);
}

static void class_release(Router *r, Class *class)
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

static int is_class(const Router *r, const Class *class, const Name *queue, const StepIn *in)
{
    if (class->queue != queue || class->need_count != in->need_count)
        return 0;
    for (size_t i = 0; i < in->need_count; i++)
        if (class->needs[i].level != clamp(in->needs[i].level, -AMOUNT_MAX, AMOUNT_MAX) ||
            class->needs[i].skill != names_find(&r->names, in->needs[i].name))
            return 0;
    return 1;
}

/* The class of a step, with one more user. */
static Class *class_take(Router *r, Name *queue, const StepIn *in)
{
    Classes *c = &r->classes;
    uint64_t hash = queue->hash;
    for (size_t i = 0; i < in->need_count; i++) {
        uint64_t level = (uint64_t)clamp(in->needs[i].level, -AMOUNT_MAX, AMOUNT_MAX);
        hash = (hash ^ names_hash(in->needs[i].name) ^ level << 32 ^ level) * 0x9E3779B97F4A7C15u;
    }
    hash ^= hash >> 32;
    Class *class = c->bucket_count ? c->buckets[hash & (c->bucket_count - 1)] : NULL;
    while (class && (class->hash != hash || !is_class(r, class, queue, in)))
        class = class->next;
    if (!class)
        class = class_new(r, hash, queue, in);
    else if (!class->users)
        idle_leave(c, class);
    class->users++;
    return class;
}

/* What an arriving contact asks for: its queue, priority, steps, and whom it avoids. */
Plan *plan_new(Router *r, const Event *event)
{
    static const StepIn anybody;
    const StepIn *steps = event->step_count ? event->steps : &anybody;
    size_t count = event->step_count ? event->step_count : 1;
    Plan *plan = memory_new(&r->memory, sizeof *plan + count * sizeof(Step) + event->name_count * sizeof(Name *));
    plan->users = 1;
    plan->queue = take(r, event->other);
    plan->priority = clamp(event->number, -AMOUNT_MAX, AMOUNT_MAX);
    for (size_t i = 0; i < count; i++)
        plan->steps[plan->step_count++] =
            (Step){clamp(steps[i].after_us, 0, AMOUNT_MAX), class_take(r, plan->queue, &steps[i])};
    plan->avoid = (Name **)&plan->steps[count];
    for (size_t i = 0; i < event->name_count; i++)
        plan->avoid[plan->avoid_count++] = take(r, event->names[i]);
    return plan;
}

Plan *plan_share(Plan *plan)
{
    plan->users++;
    return plan;
}

void plan_release(Router *r, Plan *plan)
{
    if (--plan->users)
        return;
    for (size_t i = 0; i < plan->step_count; i++)
        class_release(r, plan->steps[i].class);
    for (size_t i = 0; i < plan->avoid_count; i++)
        release(r, plan->avoid[i]);
    release(r, plan->queue);
    memory_drop(&r->memory, plan);
}
