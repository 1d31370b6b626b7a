/* The state as bytes; snapshot.py describes the layout. */
#include "snapshot.h"

#include <string.h>

static void bytes(Router *r, const void *at, size_t size)
{
    Bytes *out = &r->bytes;
    memory_reserve(&r->memory, (void **)&out->at, &out->room, out->size + size, 1);
    if (size)
        memcpy(out->at + out->size, at, size);
    out->size += size;
}

static void number(Router *r, int64_t value)
{
    unsigned char raw[8];
    for (int i = 0; i < 8; i++)
        raw[i] = (unsigned char)((uint64_t)value >> (8 * i));
    bytes(r, raw, sizeof raw);
}

static void numbers(Router *r, size_t count, const int64_t *values)
{
    for (size_t i = 0; i < count; i++)
        number(r, values[i]);
}

#define NUMBERS(...)                                                                                        \
    do {                                                                                                    \
        const int64_t values_[] = {__VA_ARGS__};                                                            \
        numbers(r, sizeof values_ / sizeof values_[0], values_);                                            \
    } while (0)

static void text(Router *r, const Name *name)
{
    number(r, (int64_t)name->size);
    bytes(r, name->text, name->size);
}

static void write_queue(Router *r, const Queue *q)
{
    const QueueIn *s = &q->set;
    text(r, q->name);
    NUMBERS(s->policy, s->priority, s->ring_us, s->lease_margin_us, s->wrap_up_us, s->misses_before_pause,
            s->contacts_max, s->refuse_without_agents, s->service_level_us, s->retry_same_agent_us);
    NUMBERS(q->entered, q->answered, q->answered_in_time, q->abandoned, q->abandoned_in_time, q->withdrawn,
            q->refused, (int64_t)q->answer_count);
    numbers(r, q->answer_count, q->answers);
}

static void write_agent(Router *r, const Agent *a)
{
    text(r, a->name);
    NUMBERS(a->number, a->order, (int64_t)a->skill_count);
    for (size_t i = 0; i < a->skill_count; i++) {
        text(r, a->skills[i].skill);
        number(r, a->skills[i].level);
    }
    number(r, (int64_t)a->queue_count);
    for (size_t i = 0; i < a->queue_count; i++)
        text(r, a->queues[i]);
    NUMBERS(a->signed_in, a->reachable, a->paused);
    text(r, a->pause_reason);
    NUMBERS(a->engaged, a->wrap_until, a->rest_until, a->idle_since, a->answered, a->missed, a->shown);
    text(r, a->shown_reason);
    number(r, a->since);
}

static void write_steps(Router *r, const Plan *plan)
{
    number(r, (int64_t)plan->step_count);
    for (size_t i = 0; i < plan->step_count; i++) {
        const Class *class = plan->steps[i].class;
        NUMBERS(plan->steps[i].after_us, (int64_t)class->need_count);
        for (size_t k = 0; k < class->need_count; k++) {
            text(r, class->needs[k].skill);
            number(r, class->needs[k].level);
        }
    }
}

static void write_visit(Router *r, const Visit *v)
{
    text(r, v->contact);
    text(r, v->plan->queue);
    NUMBERS(v->queue != NULL, v->seq, v->plan->priority, v->waiting_since);
    write_steps(r, v->plan);
    number(r, (int64_t)v->plan->avoid_count);
    for (size_t i = 0; i < v->plan->avoid_count; i++)
        text(r, v->plan->avoid[i]);
    NUMBERS(v->state, (int64_t)v->step);
    text(r, v->agent_name ? v->agent_name : r->empty);
    NUMBERS(v->agent != NULL, v->offer, v->fence, v->lease_until, v->connected_at, v->wrap_up_us,
            (int64_t)v->backoff_count);
    for (size_t i = 0; i < v->backoff_count; i++) {
        text(r, v->backoffs[i].agent);
        number(r, v->backoffs[i].until);
    }
}

static void write_all(Router *r)
{
    r->bytes.size = 0;
    bytes(r, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_SIZE);
    NUMBERS((int64_t)r->rng, r->now, r->sequence, r->last_offer, r->last_fence, r->last_seq, r->last_agent,
            r->wake_at, (int64_t)r->queue_count, (int64_t)r->agent_count, (int64_t)r->visit_count);
    for (size_t i = 0; i < r->queue_count; i++)
        write_queue(r, r->queues[i]);
    for (size_t i = 0; i < r->agent_count; i++)
        write_agent(r, r->agents[i]);
    for (const Visit *visit = r->first_visit; visit; visit = visit->next)
        write_visit(r, visit);
    number(r, (int64_t)acd_digest(r->bytes.at, r->bytes.size));
}

const Bytes *acd_snapshot(Router *r)
{
    if (r->broken)
        return NULL;
    if (setjmp(r->memory.failed))
        return NULL;
    write_all(r);
    return &r->bytes;
}

/* (h * 2**64 + word) modulo 2**64 - 59: 2**64 is 59 there, so that no division is needed. */
static uint64_t fold(uint64_t h, uint64_t word)
{
    const uint64_t prime = -(uint64_t)59;
    unsigned __int128 sum = (unsigned __int128)h * 59 + word;
    sum = (sum >> 64) * 59 + (uint64_t)sum;
    sum = (sum >> 64) * 59 + (uint64_t)sum;
    uint64_t low = (uint64_t)sum;
    return low >= prime ? low - prime : low;
}

uint64_t acd_digest(const unsigned char *at, size_t size)
{
    uint64_t h = 1;
    for (size_t i = 0; i < size; i += 8) {
        uint64_t word = 0;
        for (size_t k = 0; k < 8; k++)
            word = word << 8 | (i + k < size ? at[i + k] : 0);
        h = fold(h, word);
    }
    return h;
}
