/* The state's indexes: lines, free and occupied agents, visits by arrival, offers by number. */
#include "state.h"

#include <string.h>

int64_t clamp(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

Name *take(Router *r, Text text) { return names_take(&r->memory, &r->names, text); }

Name *share(Name *name)
{
    name->users++;
    return name;
}

void release(Router *r, Name *name)
{
    if (name)
        names_release(&r->memory, &r->names, name);
}

/* SplitMix64 (Steele, Lea, Flood 2014), as in base/rng.py. */
uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

Decision *emit(Router *r, int kind)
{
    memory_reserve(&r->memory, (void **)&r->out, &r->out_room, r->out_count + 1, sizeof *r->out);
    Decision *decision = &r->out[r->out_count++];
    /* The choice, the large part, is set whole where there is one. */
    memset(decision, 0, offsetof(Decision, choice));
    decision->kind = kind;
    return decision;
}

Agent *agent_find(const Router *r, Text name)
{
    Name *found = names_find(&r->names, name);
    return found ? found->agent : NULL;
}

Visit *visit_find(const Router *r, Text name)
{
    Name *found = names_find(&r->names, name);
    return found ? found->visit : NULL;
}

Queue *queue_find(const Router *r, Text name)
{
    Name *found = names_find(&r->names, name);
    return found ? found->queue : NULL;
}

Queue *queue_add(Router *r, Name *name)
{
    memory_reserve(&r->memory, (void **)&r->queues, &r->queue_room, r->queue_count + 1, sizeof(Queue *));
    memory_reserve(&r->memory, (void **)&r->busy, &r->busy_room, r->queue_count + 1, sizeof(Queue *));
    memory_reserve(&r->memory, (void **)&r->cursors, &r->cursor_room, r->queue_count + 1, sizeof(Queue *));
    Queue *queue = memory_new(&r->memory, sizeof *queue);
    queue->name = name;
    name->queue = queue;
    r->queues[r->queue_count++] = queue;
    return queue;
}

/* Agents */

Agent *agent_add(Router *r, Name *name, int64_t number)
{
    memory_reserve(&r->memory, (void **)&r->agents, &r->agent_room, r->agent_count + 1, sizeof(Agent *));
    memory_reserve(&r->memory, (void **)&r->free, &r->free_room, r->agent_count + 1, sizeof(Agent *));
    memory_reserve(&r->memory, (void **)&r->dirty_agents, &r->dirty_agent_room, r->agent_count + 1,
                   sizeof(Agent *));
    Agent *agent = memory_new(&r->memory, sizeof *agent);
    agent->name = name;
    name->agent = agent;
    agent->number = number;
    agent->idle_since = agent->since = r->now;
    agent->pause_reason = share(r->empty);
    agent->shown_reason = share(r->empty);
    agent->occupied = OUT_SIGNED_OUT;
    r->occupied[OUT_SIGNED_OUT]++;
    r->agents[r->agent_count++] = agent;
    return agent;
}

static void free_leave(Router *r, Agent *agent)
{
    Agent *last = r->free[--r->free_count];
    r->free[agent->free_place - 1] = last;
    last->free_place = agent->free_place;
    agent->free_place = 0;
}

static void dirty_leave(Router *r, Agent *agent)
{
    Agent *last = r->dirty_agents[--r->dirty_agent_count];
    r->dirty_agents[agent->dirty_place - 1] = last;
    last->dirty_place = agent->dirty_place;
    agent->dirty_place = 0;
}

void agent_drop(Router *r, Agent *agent)
{
    if (agent->free_place)
        free_leave(r, agent);
    else
        r->occupied[agent->occupied]--;
    if (agent->dirty_place)
        dirty_leave(r, agent);
    due_cancel(&r->due, &agent->wrap_due);
    due_cancel(&r->due, &agent->rest_due);
    size_t i = 0;
    while (r->agents[i] != agent)
        i++;
    r->agent_count--;
    memmove(&r->agents[i], &r->agents[i + 1], (r->agent_count - i) * sizeof(Agent *));
    for (i = 0; i < agent->skill_count; i++)
        release(r, agent->skills[i].skill);
    for (i = 0; i < agent->queue_count; i++)
        release(r, agent->queues[i]);
    agent->name->agent = NULL;
    release(r, agent->name);
    release(r, agent->pause_reason);
    release(r, agent->shown_reason);
    memory_drop(&r->memory, agent->skills);
    memory_drop(&r->memory, agent->queues);
    memory_drop(&r->memory, agent);
}

int agent_occupied(const Agent *agent)
{
    if (!agent->signed_in)
        return OUT_SIGNED_OUT;
    if (!agent->reachable)
        return OUT_UNREACHABLE;
    if (agent->paused)
        return OUT_PAUSED;
    if (agent->visit && agent->visit->state == VISIT_OFFERED)
        return OUT_OFFERED;
    if (agent->visit || agent->engaged)
        return OUT_BUSY;
    return agent->wrap_until ? OUT_WRAP_UP : OUT_NONE;
}

int agent_serves(const Agent *agent, const Name *queue)
{
    for (size_t i = 0; i < agent->queue_count; i++)
        if (agent->queues[i] == queue)
            return 1;
    return agent->queue_count == 0;
}

static int derive(const Agent *agent)
{
    if (!agent->signed_in)
        return SHOWN_LOGGED_OUT;
    if (!agent->reachable)
        return SHOWN_UNREACHABLE;
    if (agent->visit && agent->visit->state == VISIT_OFFERED)
        return SHOWN_OFFERED;
    if (agent->visit || agent->engaged)
        return SHOWN_BUSY;
    if (agent->wrap_until)
        return SHOWN_WRAP_UP;
    return agent->paused ? SHOWN_PAUSED : SHOWN_AVAILABLE;
}

/* Counts the agent among the free or under what occupies it. */
void agent_index(Router *r, Agent *agent)
{
    int occupied = agent_occupied(agent);
    if (occupied == agent->occupied)
        return;
    if (agent->occupied == OUT_NONE)
        free_leave(r, agent);
    else
        r->occupied[agent->occupied]--;
    if (occupied == OUT_NONE) {
        r->free[r->free_count++] = agent;
        agent->free_place = r->free_count;
    } else {
        r->occupied[occupied]++;
    }
    agent->occupied = occupied;
}

void agent_refresh(Router *r, Agent *agent)
{
    int shown = derive(agent);
    Name *reason = agent->pause_reason;
    if (shown != agent->shown || reason != agent->shown_reason) {
        if (shown != agent->shown || shown == SHOWN_PAUSED)
            agent->since = r->now;
        agent->shown = shown;
        share(reason);
        release(r, agent->shown_reason);
        agent->shown_reason = reason;
        Decision *d = emit(r, DE_AGENT_CHANGED);
        d->agent = agent->name;
        d->word = shown;
        d->reason = reason;
    }
    agent_index(r, agent);
    if (agent->occupied == OUT_NONE && !agent->dirty_place) {
        r->dirty_agents[r->dirty_agent_count++] = agent;
        agent->dirty_place = r->dirty_agent_count;
    }
}

/* Visits and lines */

int visit_before(const Visit *a, const Visit *b)
{
    if (a->priority != b->priority)
        return a->priority > b->priority;
    if (a->waiting_since != b->waiting_since)
        return a->waiting_since < b->waiting_since;
    return a->seq < b->seq;
}

/* How many of the line stand before the visit. */
static size_t line_index(const Queue *queue, const Visit *visit)
{
    size_t low = 0, high = queue->line_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (visit_before(queue->line[middle], visit))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t line_position(const Visit *visit) { return line_index(visit->queue, visit) + 1; }

void line_enter(Router *r, Visit *visit)
{
    Queue *queue = visit->queue;
    memory_reserve(&r->memory, (void **)&queue->line, &queue->line_room, queue->line_count + 1,
                   sizeof(Visit *));
    size_t i = line_index(queue, visit);
    memmove(&queue->line[i + 1], &queue->line[i], (queue->line_count - i) * sizeof(Visit *));
    queue->line[i] = visit;
    queue->line_count++;
    if (!queue->busy_place) {
        r->busy[r->busy_count++] = queue;
        queue->busy_place = r->busy_count;
    }
}

void line_leave(Router *r, Visit *visit)
{
    Queue *queue = visit->queue;
    if (!queue)
        return;
    size_t i = line_index(queue, visit);
    queue->line_count--;
    memmove(&queue->line[i], &queue->line[i + 1], (queue->line_count - i) * sizeof(Visit *));
    if (queue->line_count == 0) {
        Queue *last = r->busy[--r->busy_count];
        r->busy[queue->busy_place - 1] = last;
        last->busy_place = queue->busy_place;
        queue->busy_place = 0;
    }
}

void visit_add(Router *r, Visit *visit)
{
    visit->contact->visit = visit;
    visit->prev = r->last_visit;
    if (r->last_visit)
        r->last_visit->next = visit;
    else
        r->first_visit = visit;
    r->last_visit = visit;
    r->visit_count++;
    memory_reserve(&r->memory, (void **)&r->dirty, &r->dirty_room, r->visit_count, sizeof(Visit *));
    if (visit->queue && visit->state != VISIT_CONNECTED)
        line_enter(r, visit);
}

static void visit_clean(Router *r, Visit *visit)
{
    if (!visit->dirty_place)
        return;
    Visit *last = r->dirty[--r->dirty_count];
    r->dirty[visit->dirty_place - 1] = last;
    last->dirty_place = visit->dirty_place;
    visit->dirty_place = 0;
}

/* Frees a visit that is in no line and has no offer; also one that was never added. */
void visit_drop(Router *r, Visit *visit)
{
    if (visit->contact->visit == visit) {
        visit->contact->visit = NULL;
        *(visit->prev ? &visit->prev->next : &r->first_visit) = visit->next;
        *(visit->next ? &visit->next->prev : &r->last_visit) = visit->prev;
        r->visit_count--;
        visit_clean(r, visit);
    }
    due_cancel(&r->due, &visit->lease_due);
    due_cancel(&r->due, &visit->step_due);
    due_cancel(&r->due, &visit->backoff_due);
    for (size_t i = 0; i < visit->step_count; i++) {
        for (size_t k = 0; k < visit->steps[i].need_count; k++)
            release(r, visit->steps[i].needs[k].skill);
        memory_drop(&r->memory, visit->steps[i].needs);
    }
    for (size_t i = 0; i < visit->avoid_count; i++)
        release(r, visit->avoid[i]);
    for (size_t i = 0; i < visit->backoff_count; i++)
        release(r, visit->backoffs[i].agent);
    release(r, visit->contact);
    release(r, visit->queue_name);
    release(r, visit->agent_name);
    memory_drop(&r->memory, visit->steps);
    memory_drop(&r->memory, visit->avoid);
    memory_drop(&r->memory, visit->backoffs);
    memory_drop(&r->memory, visit);
}

void visit_touch(Router *r, Visit *visit)
{
    if (visit->dirty_place)
        return;
    r->dirty[r->dirty_count++] = visit;
    visit->dirty_place = r->dirty_count;
}

/* When the next step begins, or NEVER after the last. A time may be negative: it is then long past. */
int64_t step_due_at(const Visit *visit)
{
    if (visit->step + 1 >= visit->step_count)
        return NEVER;
    int64_t at = visit->waiting_since + visit->steps[visit->step + 1].after_us;
    return at < 0 ? 0 : at;
}

/* Offers by number */

static size_t home(const Offers *offers, int64_t offer) { return (size_t)offer & (offers->room - 1); }

static size_t find(const Offers *offers, int64_t offer)
{
    size_t i = home(offers, offer);
    while (offers->slots[i] && offers->slots[i]->offer != offer)
        i = (i + 1) & (offers->room - 1);
    return i;
}

Visit *offers_find(const Offers *offers, int64_t offer)
{
    return offers->room ? offers->slots[find(offers, offer)] : NULL;
}

static void offers_enlarge(Router *r)
{
    Offers *offers = &r->offers;
    size_t old_room = offers->room;
    Visit **old = offers->slots;
    size_t room = old_room ? old_room * 2 : 64;
    offers->slots = memory_new(&r->memory, room * sizeof *offers->slots);
    offers->room = room;
    for (size_t i = 0; i < old_room; i++)
        if (old[i])
            offers->slots[find(offers, old[i]->offer)] = old[i];
    memory_drop(&r->memory, old);
}

void offers_add(Router *r, Visit *visit)
{
    if (r->offers.count * 2 >= r->offers.room)
        offers_enlarge(r);
    r->offers.slots[find(&r->offers, visit->offer)] = visit;
    r->offers.count++;
}

/* Knuth, volume 3, algorithm 6.4 R. */
void offers_drop(Router *r, Visit *visit)
{
    Offers *offers = &r->offers;
    size_t mask = offers->room - 1;
    size_t gap = find(offers, visit->offer);
    for (size_t i = (gap + 1) & mask; offers->slots[i]; i = (i + 1) & mask) {
        size_t from = home(offers, offers->slots[i]->offer);
        if (((i - from) & mask) >= ((i - gap) & mask)) {
            offers->slots[gap] = offers->slots[i];
            gap = i;
        }
    }
    offers->slots[gap] = NULL;
    offers->count--;
}
