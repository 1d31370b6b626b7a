/* Who stands where: the lines of queues and of classes, and who is kept for whom. */
#include "state.h"

/* The place in the line, as it was reckoned when the visit went in. */
Key visit_key(const Visit *visit) { return (Key){visit->first, visit->waiting_since, visit->seq}; }

size_t line_position(const Visit *visit)
{
    Key key = visit_key(visit);
    return line_place(&visit->queue->line, &key) + 1;
}

/* Until when the visit is kept for the agent of before; 0 where it is not. */
int64_t kept_until(const Visit *visit)
{
    const Plan *plan = visit->plan;
    return plan->before->size && plan->sticky_us ? visit->waiting_since + plan->sticky_us : 0;
}

static void kept_enter(Router *r, Visit *visit)
{
    Role *role = names_role(&r->memory, visit->plan->before);
    visit->next_near = role->kept;
    if (role->kept)
        role->kept->prev_near = visit;
    role->kept = visit;
}

static void kept_leave(Visit *visit)
{
    *(visit->prev_near ? &visit->prev_near->next_near : &visit->plan->before->role->kept) = visit->next_near;
    if (visit->next_near)
        visit->next_near->prev_near = visit->prev_near;
    visit->prev_near = visit->next_near = NULL;
}

/* Whether visits are kept for this agent may have changed: others may serve them now. */
void kept_touch(Router *r, const Name *agent)
{
    for (Visit *visit = agent->role ? agent->role->kept : NULL; visit; visit = visit->next_near)
        visit_touch(r, visit);
}

void line_enter(Router *r, Visit *visit)
{
    visit->first = line_first_key(r, visit);
    line_add(&r->memory, &visit->queue->line, visit_key(visit), visit);
    if (kept_until(visit))
        kept_enter(r, visit);
}

void line_leave(Router *r, Visit *visit)
{
    if (!visit->queue)
        return;
    line_remove(&r->memory, &visit->queue->line, visit_key(visit));
    if (kept_until(visit))
        kept_leave(visit);
}

/* The first of the class's line has changed. */
static void head_set(Router *r, const Class *class)
{
    Classes *c = &r->classes;
    if (!class->line.count) {
        bit_clear(c->waiting, class->slot);
        return;
    }
    bit_set(c->waiting, class->slot);
    int64_t rank = r->tenant.order == ORDER_PRIORITY ? -queue_of(class->want.queue)->set.priority : 0;
    c->heads[class->slot] = (Head){rank, line_first(&class->line)->key};
}

/* The visit may be offered: into the line of its class. */
void wait_begin(Router *r, Visit *visit)
{
    Class *class = class_of(visit);
    line_add(&r->memory, &class->line, visit_key(visit), visit);
    r->waiting++;
    if (line_first(&class->line)->item == visit)
        head_set(r, class);
}

void wait_end(Router *r, Visit *visit)
{
    Class *class = class_of(visit);
    int first = line_first(&class->line)->item == visit;
    line_remove(&r->memory, &class->line, visit_key(visit));
    r->waiting--;
    if (first)
        head_set(r, class);
}

/* The queue has another priority, or the tenant another order. */
void lines_rank(Router *r, const Queue *queue)
{
    for (size_t i = 0; i < r->classes.used; i++)
        if (r->classes.slots[i] && r->classes.slots[i]->want.queue == queue->name)
            head_set(r, r->classes.slots[i]);
}

/* A setting changed that the keys depend on. */
void lines_sort(Router *r, Queue *queue)
{
    size_t count = 0;
    Visit **visits = memory_new(&r->memory, (queue->line.count + 1) * sizeof *visits);
    while (queue->line.count) {
        Visit *visit = line_first(&queue->line)->item;
        if (visit->state == VISIT_WAITING)
            wait_end(r, visit);
        line_leave(r, visit);
        visits[count++] = visit;
    }
    for (size_t i = 0; i < count; i++) {
        line_enter(r, visits[i]);
        if (visits[i]->state == VISIT_WAITING)
            wait_begin(r, visits[i]);
    }
    memory_drop(&r->memory, visits);
}
