/* Amounts, names, and what exists: queues, visits by arrival. */
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

/* The name that an event is about, or NULL where nothing bears it. */
Name *name_of(const Router *r, const Event *event)
{
    return event->known ? event->known : names_find(&r->names, event->name);
}

/* The same with one more user, made where it is new. */
Name *take_name(Router *r, const Event *event)
{
    return event->known ? share(event->known) : take(r, event->name);
}

Queue *queue_add(Router *r, Name *name)
{
    memory_reserve(&r->memory, (void **)&r->queues, &r->queue_room, r->queue_count + 1, sizeof(Queue *));
    Role *role = names_role(&r->memory, name);
    Queue *queue = memory_new(&r->memory, sizeof *queue);
    queue->name = name;
    role->queue = queue;
    r->queues[r->queue_count++] = queue;
    return queue;
}

/* A queue whose line is empty. */
void queue_drop(Router *r, Queue *queue)
{
    for (Visit *visit = r->first_visit; visit; visit = visit->next)
        if (visit->queue == queue)
            visit->queue = NULL;
    size_t i = 0;
    while (r->queues[i] != queue)
        i++;
    r->queue_count--;
    memmove(&r->queues[i], &r->queues[i + 1], (r->queue_count - i) * sizeof(Queue *));
    queue->name->role->queue = NULL;
    release(r, queue->name);
    release(r, queue->last);
    line_close(&r->memory, &queue->line);
    memory_drop(&r->memory, queue);
}

/* Visits */

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
    if (visit->state != VISIT_CONNECTED)
        line_enter(r, visit);
    if (visit->state == VISIT_WAITING)
        wait_begin(r, visit);
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

/* Frees a visit that is in no line, has no offer and does not talk. */
void visit_drop(Router *r, Visit *visit)
{
    visit->contact->visit = NULL;
    *(visit->prev ? &visit->prev->next : &r->first_visit) = visit->next;
    *(visit->next ? &visit->next->prev : &r->last_visit) = visit->prev;
    r->visit_count--;
    visit_clean(r, visit);
    due_cancel(&r->due, &visit->kept_due);
    due_cancel(&r->due, &visit->more_due);
    due_cancel(&r->due, &visit->step_due);
    due_cancel(&r->due, &visit->backoff_due);
    for (size_t i = 0; i < visit->backoff_count; i++)
        release(r, visit->backoffs[i].agent);
    release(r, visit->contact);
    release(r, visit->agent_name);
    plan_release(r, visit->plan);
    memory_drop(&r->memory, visit->backoffs);
    pool_drop(&r->visit_pool, visit, sizeof *visit);
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
    if (visit->step + 1 >= visit->plan->step_count)
        return NEVER;
    int64_t at = visit->waiting_since + visit->plan->steps[visit->step + 1].after_us;
    return at < 0 ? 0 : at;
}
