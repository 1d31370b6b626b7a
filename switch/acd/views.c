/* What operators and supervisors see; views.py says why. */
#include "state.h"

int acd_place(Router *r, Text contact, int64_t now, PlaceOut *out)
{
    const Name *name = names_find(&r->names, contact);
    const Visit *visit = name ? name->visit : NULL;
    if (!visit || !visit->queue || visit->state == VISIT_CONNECTED)
        return 0;
    if (setjmp(r->memory.failed))
        return -1;
    now = clamp(now, r->now, AMOUNT_MAX);
    out->position = (int64_t)line_position(visit);
    out->waiting = (int64_t)visit->queue->line.count;
    out->estimate_us = visit->state == VISIT_OFFERED ? 0 : estimate_us(r, visit, now);
    return 1;
}

void acd_count_agents(Router *r)
{
    int64_t ready = 0, signed_in = 0;
    for (size_t i = 0; i < r->queue_count; i++)
        r->queues[i]->ready = r->queues[i]->signed_in = 0;
    for (size_t i = 0; i < r->agent_count; i++) {
        const Agent *agent = r->agents[i];
        int available = agent->shown == SHOWN_AVAILABLE && agent->line != LINE_UNUSABLE;
        if (!agent->signed_in)
            continue;
        if (!agent->queues.count) {
            signed_in++;
            ready += available;
        }
        for (size_t k = 0; k < agent->queues.count; k++) {
            Queue *queue = queue_of(agent->queues.at[k]);
            if (!queue)
                continue;
            queue->signed_in++;
            queue->ready += available;
        }
    }
    for (size_t i = 0; i < r->queue_count; i++) {
        r->queues[i]->ready += ready;
        r->queues[i]->signed_in += signed_in;
    }
}

size_t acd_queue_count(const Router *r) { return r->queue_count; }

void acd_queue(const Router *r, size_t index, int64_t now, QueueOut *out)
{
    const Queue *queue = r->queues[index];
    now = clamp(now, r->now, AMOUNT_MAX);
    int64_t oldest = 0;
    for (size_t i = 0; i < queue->line.chunk_count; i++) {
        const Chunk *chunk = &queue->line.chunks[i];
        for (uint32_t k = 0; k < chunk->count; k++) {
            int64_t waited = now - ((const Visit *)chunk->at[k].item)->waiting_since;
            oldest = waited > oldest ? waited : oldest;
        }
    }
    *out = (QueueOut){
        .name = queue->name,
        .waiting = (int64_t)queue->line.count - queue->offered,
        .offered = queue->offered,
        .talking = queue->talking,
        .oldest_wait_us = oldest,
        .agents_ready = queue->ready,
        .agents_signed_in = queue->signed_in,
        .entered = queue->entered,
        .answered = queue->answered,
        .answered_in_time = queue->answered_in_time,
        .abandoned = queue->abandoned,
        .abandoned_in_time = queue->abandoned_in_time,
        .withdrawn = queue->withdrawn,
        .refused = queue->refused,
    };
}

size_t acd_agent_count(const Router *r) { return r->agent_count; }

void acd_agent(const Router *r, size_t index, AgentOut *out)
{
    const Agent *agent = r->agents[index];
    const Visit *held = agent->talks ? agent->talks : agent->first_offer ? agent->first_offer->visit : NULL;
    *out = (AgentOut){
        .name = agent->name,
        .reason = agent->shown_reason,
        .contact = held ? held->contact : r->empty,
        .pause_pending = agent->shown != SHOWN_PAUSED ? agent->pause_reason : r->empty,
        .state = agent->shown,
        .since = agent->since,
        .answered = agent->answered,
        .missed_in_row = agent->missed,
        .line = agent->line,
        .load = agent_used(agent),
    };
}

/* Asked for in growing order, each entry is behind the one before. */
static const Visit *next_waiting(Router *r, const Line *line, size_t at)
{
    if (at == 0)
        r->view_chunk = r->view_entry = 0;
    else if (++r->view_entry == line->chunks[r->view_chunk].count) {
        r->view_chunk++;
        r->view_entry = 0;
    }
    return line->chunks[r->view_chunk].at[r->view_entry].item;
}

int acd_waiting(Router *r, size_t index, size_t at, WaitingOut *out)
{
    const Queue *queue = r->queues[index];
    if (at >= queue->line.count)
        return 0;
    const Visit *visit = next_waiting(r, &queue->line, at);
    *out = (WaitingOut){
        .contact = visit->contact,
        .queue = queue->name,
        .agent = visit->first_offer ? visit->first_offer->agent->name : r->empty,
        .state = visit->state,
        .waiting_since = visit->waiting_since,
        .position = (int64_t)at + 1,
        .step = (int64_t)visit->step,
    };
    return 1;
}
