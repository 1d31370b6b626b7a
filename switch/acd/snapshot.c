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

void write_number(Router *r, int64_t value)
{
    unsigned char raw[8];
    for (int i = 0; i < 8; i++)
        raw[i] = (unsigned char)((uint64_t)value >> (8 * i));
    bytes(r, raw, sizeof raw);
}

void write_numbers(Router *r, size_t count, const int64_t *values)
{
    for (size_t i = 0; i < count; i++)
        write_number(r, values[i]);
}

void write_text(Router *r, const Name *name)
{
    write_number(r, (int64_t)name->size);
    bytes(r, name->text, name->size);
}

/* How many, and each a name and a number. */
void write_pairs(Router *r, const Needs *needs)
{
    write_number(r, (int64_t)needs->count);
    for (size_t i = 0; i < needs->count; i++) {
        write_text(r, needs->at[i].skill);
        write_number(r, needs->at[i].level);
    }
}

static void write_queue(Router *r, const Queue *q)
{
    const QueueIn *s = &q->set;
    write_text(r, q->name);
    NUMBERS(s->policy, s->priority, s->ring_us, s->lease_margin_us, s->wrap_up_us, s->misses_before_pause,
            s->contacts_max, s->refuse_without_agents, s->service_level_us, s->retry_same_agent_us);
    NUMBERS(q->entered, q->answered, q->answered_in_time, q->abandoned, q->abandoned_in_time, q->withdrawn,
            q->refused, (int64_t)q->answer_count);
    write_numbers(r, q->answer_count, q->answers);
}

static void write_agent(Router *r, const Agent *a)
{
    write_text(r, a->name);
    NUMBERS(a->number, a->order);
    write_pairs(r, &a->skills);
    write_number(r, (int64_t)a->queues.count);
    for (size_t i = 0; i < a->queues.count; i++)
        write_text(r, a->queues.at[i]);
    NUMBERS(a->signed_in, a->reachable, a->paused);
    write_text(r, a->pause_reason);
    NUMBERS(a->engaged, a->wrap_until, a->rest_until, a->idle_since, a->answered, a->missed, a->shown);
    write_text(r, a->shown_reason);
    write_number(r, a->since);
}

/* The agent who talks or is rung; further offers stand in the second part. */
static void write_first_offer(Router *r, const Visit *v)
{
    const Offer *offer = v->first_offer;
    if (offer) {
        write_text(r, offer->agent->name);
        NUMBERS(1, offer->number, offer->fence, offer->lease_until);
    } else {
        write_text(r, v->agent_name ? v->agent_name : r->empty);
        NUMBERS(v->agent != NULL, 0, 0, 0);
    }
}

static void write_visit(Router *r, const Visit *v)
{
    const Plan *plan = v->plan;
    write_text(r, v->contact);
    write_text(r, plan->queue);
    NUMBERS(v->queue != NULL, v->seq, plan->priority, v->waiting_since, (int64_t)plan->step_count);
    for (size_t i = 0; i < plan->step_count; i++) {
        write_number(r, plan->steps[i].after_us);
        write_pairs(r, &plan->steps[i].class->want.needs);
    }
    write_number(r, (int64_t)plan->avoid_count);
    for (size_t i = 0; i < plan->avoid_count; i++)
        write_text(r, plan->avoid[i]);
    NUMBERS(v->state, v->step);
    write_first_offer(r, v);
    NUMBERS(v->connected_at, v->wrap_up_us, (int64_t)v->backoff_count);
    for (size_t i = 0; i < v->backoff_count; i++) {
        write_text(r, v->backoffs[i].agent);
        write_number(r, v->backoffs[i].until);
    }
}

static void write_all(Router *r)
{
    r->bytes.size = 0;
    bytes(r, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_SIZE);
    bytes(r, &(unsigned char){SNAPSHOT_VERSION}, 1);
    NUMBERS((int64_t)r->rng, r->now, r->sequence, r->last_offer, r->last_fence, r->last_seq, r->last_agent,
            r->wake_at, (int64_t)r->queue_count, (int64_t)r->agent_count, (int64_t)r->visit_count);
    for (size_t i = 0; i < r->queue_count; i++)
        write_queue(r, r->queues[i]);
    for (size_t i = 0; i < r->agent_count; i++)
        write_agent(r, r->agents[i]);
    for (const Visit *visit = r->first_visit; visit; visit = visit->next)
        write_visit(r, visit);
    write_second(r);
    write_number(r, (int64_t)acd_digest(r->bytes.at, r->bytes.size));
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
