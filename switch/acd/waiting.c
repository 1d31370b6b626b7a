/* Who stands where: the lines of queues and of classes, and the offers by number. */
#include "state.h"

/* The order of service within a queue. */
Key visit_key(const Visit *visit) { return (Key){-visit->plan->priority, visit->waiting_since, visit->seq}; }

size_t line_position(const Visit *visit)
{
    Key key = visit_key(visit);
    return line_place(&visit->queue->line, &key) + 1;
}

void line_enter(Router *r, Visit *visit)
{
    line_add(&r->memory, &visit->queue->line, visit_key(visit), visit);
}

void line_leave(Router *r, Visit *visit)
{
    if (visit->queue)
        line_remove(&r->memory, &visit->queue->line, visit_key(visit));
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
    c->heads[class->slot] = (Head){-queue_of(class->queue)->set.priority, line_first(&class->line)->key};
}

/* The visit may be offered: into the line of its class. */
void wait_begin(Router *r, Visit *visit)
{
    Class *class = class_of(visit);
    line_add(&r->memory, &class->line, visit_key(visit), visit);
    if (line_first(&class->line)->item == visit)
        head_set(r, class);
}

void wait_end(Router *r, Visit *visit)
{
    Class *class = class_of(visit);
    int first = line_first(&class->line)->item == visit;
    line_remove(&r->memory, &class->line, visit_key(visit));
    if (first)
        head_set(r, class);
}

/* The queue has another priority. */
void lines_rank(Router *r, const Queue *queue)
{
    for (size_t i = 0; i < r->classes.used; i++)
        if (r->classes.slots[i] && r->classes.slots[i]->queue == queue->name)
            head_set(r, r->classes.slots[i]);
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
