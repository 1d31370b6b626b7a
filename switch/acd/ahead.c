/* Reading ahead in a packed batch.

   In a large centre hardly anything that an event is about is in the caches, and one thing leads to the next:
   the number to the name, the name to the agent, the agent to the classes. A batch says what comes, so each
   of these can be asked for while the events before are taken, so many events ahead that it is there when the next
   is to be read from it. Nothing is changed, and nothing kept but the guess at a class: each step begins anew
   from what the router holds now, so that it does not matter what the events between do. */
#include "ahead.h"

/* Bytes of a set that are asked for; the processor sees by itself that more of the same is read. */
enum { SET_AHEAD = 2048 };

static void fetch(const void *at, size_t size)
{
    for (size_t i = 0; i < size; i += CACHE_LINE)
        __builtin_prefetch((const char *)at + i);
}

static void fetch_name(const Name *name) { fetch(name, sizeof *name + 1); }

/* What most events ask of an agent; behind it are settings. */
static void fetch_agent(const Agent *agent) { fetch(agent, offsetof(Agent, rest_due)); }

static const Name *name_of_coming(const Router *r, const Coming *e) { return acd_interned(r, e->name); }

/* Of who arrives. */
static const Plan *plan_of_coming(const Router *r, const Coming *e) { return r->numbers.at[e->plan].plan; }

static int is_of_offer(const Coming *e) { return e->kind == EV_CLAIM || e->kind == EV_DECLINE; }

static int is_of_visit(const Coming *e)
{
    return e->kind == EV_FINISH || e->kind == EV_ABANDON || e->kind == EV_WITHDRAW;
}

/* The steps, the first of which is furthest ahead */

static void see_numbers(const Router *r, const Coming *e)
{
    if (is_of_offer(e)) {
        if (r->offers.room)
            fetch(offer_bucket(r, e->offer), 1);
    } else {
        fetch(&r->numbers.at[e->name], 1);
        fetch(&r->numbers.at[e->plan], 1);
    }
}

static void see_names(const Router *r, const Coming *e)
{
    if (is_of_offer(e)) {
        const Offer *offer = r->offers.room ? *offer_bucket(r, e->offer) : NULL;
        if (offer)
            fetch(offer, sizeof *offer);
        return;
    }
    if (name_of_coming(r, e))
        fetch_name(name_of_coming(r, e));
    if (e->kind == EV_ARRIVE)
        fetch(plan_of_coming(r, e), sizeof(Plan) + sizeof(Step));
}

static void see_things(const Router *r, const Coming *e)
{
    const Offer *offer = is_of_offer(e) ? offer_find(r, e->offer) : NULL;
    const Name *name = is_of_offer(e) ? NULL : name_of_coming(r, e);
    if (offer) {
        fetch(offer->visit, sizeof *offer->visit);
        fetch_agent(offer->agent);
    } else if (e->kind == EV_ARRIVE) {
        fetch(plan_of_coming(r, e)->steps[0].class, sizeof(Class));
    } else if (name && name->visit) {
        fetch(name->visit, sizeof *name->visit);
    } else if (name && name->agent) {
        fetch_agent(name->agent);
    }
}

/* What a visit that ends stands beside. */
static void see_beside(const Visit *visit)
{
    if (visit->agent)
        fetch_agent(visit->agent);
    if (visit->agent_name)
        fetch_name(visit->agent_name);
    if (visit->prev)
        fetch(&visit->prev->next, 1);
    if (visit->next)
        fetch(&visit->next->prev, 1);
    fetch(visit->plan, sizeof(Plan));
}

static void see_near(const Router *r, const Coming *e)
{
    const Offer *offer = is_of_offer(e) ? offer_find(r, e->offer) : NULL;
    const Name *name = is_of_offer(e) ? NULL : name_of_coming(r, e);
    if (offer) {
        fetch_name(offer->agent->name);
        fetch_name(offer->visit->contact);
        fetch(offer->visit->plan, sizeof(Plan));
    } else if (e->kind == EV_ARRIVE) {
        fetch(plan_of_coming(r, e)->steps[0].class->line.chunks, sizeof(Chunk));
    } else if (name && name->visit) {
        see_beside(name->visit);
    } else if (name && name->agent) {
        const Classes *c = &r->classes;
        fetch(c->rows + name->agent->slot * c->words, c->words * sizeof *c->rows);
        fetch(name->agent->skills.at, name->agent->skills.count * sizeof(Need));
    }
}

/* Of the classes that the agent may serve the one that would be served first now. */
static uint32_t guess_class(const Router *r, const Agent *agent)
{
    const Classes *c = &r->classes;
    const uint64_t *row = c->rows + agent->slot * c->words;
    uint32_t best = 0;
    for (size_t w = 0; w < c->words; w++) {
        for (uint64_t left = row[w] & c->waiting[w]; left; left &= left - 1) {
            uint32_t slot = (uint32_t)(w * WORD_BITS) + (uint32_t)__builtin_ctzll(left);
            if (!best || head_before(&c->heads[slot], &c->heads[best - 1]))
                best = slot + 1;
        }
    }
    return best;
}

/* The agent whom the event may set free, or NULL. */
static const Agent *freed_by(const Router *r, const Coming *e)
{
    const Name *name = is_of_offer(e) ? NULL : name_of_coming(r, e);
    if (name && is_of_visit(e))
        return name->visit && !name->visit->wrap_up_us ? name->visit->agent : NULL;
    return name ? name->agent : NULL;
}

static void see_class(const Router *r, Coming *e)
{
    if (e->kind == EV_ARRIVE) {
        const Line *line = &plan_of_coming(r, e)->steps[0].class->line;
        const Chunk *last = line->chunk_count ? &line->chunks[line->chunk_count - 1] : NULL;
        if (last)
            fetch(last->at + last->count / 2, 1 + last->count / 2 * sizeof(Entry));
        return;
    }
    const Agent *agent = freed_by(r, e);
    e->class = agent ? guess_class(r, agent) : 0;
    if (e->class)
        fetch(r->classes.slots[e->class - 1], sizeof(Class));
}

/* The guessed class, if it is still there and somebody waits. */
static const Class *class_of_coming(const Router *r, const Coming *e)
{
    const Class *class = e->class && e->class <= r->classes.used ? r->classes.slots[e->class - 1] : NULL;
    return class && class->line.count ? class : NULL;
}

static void see_sets(const Router *r, const Coming *e)
{
    const Class *class = class_of_coming(r, e);
    if (!class)
        return;
    fetch(class->line.chunks, sizeof(Chunk));
    size_t size = r->slot_words * sizeof *class->eligible;
    fetch(class->eligible, size < SET_AHEAD ? size : SET_AHEAD);
}

static void see_line(const Router *r, const Coming *e)
{
    const Class *class = class_of_coming(r, e);
    if (class)
        fetch(class->line.chunks[0].at, 2 * sizeof(Entry));
}

static void see_head(const Router *r, const Coming *e)
{
    const Class *class = class_of_coming(r, e);
    if (class)
        fetch(line_first(&class->line)->item, sizeof(Visit));
}

static void see_rest(const Router *r, const Coming *e)
{
    const Class *class = class_of_coming(r, e);
    const Visit *visit = class ? line_first(&class->line)->item : NULL;
    if (!visit)
        return;
    fetch_name(visit->contact);
    fetch(visit->plan, sizeof(Plan));
}

void ahead_look(const Router *r, Coming coming[AHEAD_MAX], size_t at, size_t end)
{
#define STEP(ahead, see)                                                                                    \
    if (at + (ahead) < end)                                                                                 \
        see(r, &coming[(at + (ahead)) % AHEAD_MAX]);
    STEP(15, see_numbers)
    STEP(13, see_names)
    STEP(11, see_things)
    STEP(9, see_near)
    STEP(7, see_class)
    STEP(5, see_sets)
    STEP(4, see_line)
    STEP(3, see_head)
    STEP(1, see_rest)
#undef STEP
}
