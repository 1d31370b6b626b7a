/* One event through the router; router.py has the theory of operation. */
#include "state.h"

#include <stdlib.h>
#include <string.h>

/* Apart from acd_open, so that no variable lives across the jump. */
static int prepare(Router *r)
{
    memory_open(&r->memory);
    if (setjmp(r->memory.failed))
        return -1;
    r->wake_at = NEVER;
    r->tenant.ageing_us = 60000000;
    r->voice = take(r, (Text){"voice", 5});
    r->empty = take(r, (Text){"", 0});
    r->missed = take(r, (Text){"missed", 6});
    r->queue_removed = take(r, (Text){"queue-removed", 13});
    return 0;
}

Router *acd_open(uint64_t seed)
{
    Router *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->rng = seed;
    if (prepare(r) == 0)
        return r;
    acd_close(r);
    return NULL;
}

void acd_close(Router *r)
{
    if (!r)
        return;
    memory_close(&r->memory);
    free(r);
}

int acd_is_broken(const Router *r) { return r->broken; }

const Decision *acd_decisions(const Router *r, size_t *count)
{
    *count = r->out_count;
    return r->out;
}

/* Due items stand in their owners. */
#define OWNER(type, field, item) ((type *)((char *)(item) - offsetof(type, field)))

static void fall_due(Router *r)
{
    const DueEntry *first;
    while ((first = due_first(&r->due)) && first->at <= r->now) {
        DueItem *item = first->item;
        due_cancel(&r->due, item);
        Agent *agent;
        switch (item->kind) {
        case DUE_LEASE:
            offer_failed(r, OWNER(Offer, lease_due, item), OFFER_LEASE_EXPIRED);
            break;
        case DUE_WRAP_UP:
            agent = OWNER(Agent, wrap_due, item);
            agent->wrap_until = agent->wrap_units = 0;
            agent_refresh(r, agent);
            break;
        case DUE_REST:
            agent = OWNER(Agent, rest_due, item);
            agent_rest_until(r, agent, 0);
            agent_refresh(r, agent);
            break;
        case DUE_STEP:
            visit_widen(r, OWNER(Visit, step_due, item));
            break;
        case DUE_KEPT:
            visit_touch(r, OWNER(Visit, kept_due, item));
            break;
        case DUE_MORE:
            rings_more(r, OWNER(Visit, more_due, item));
            break;
        default:
            visit_drop_backoffs(r, OWNER(Visit, backoff_due, item));
        }
    }
}

static void handle(Router *r, const Event *event)
{
    switch (event->kind) {
    case EV_ARRIVE:
    case EV_ABANDON:
    case EV_WITHDRAW:
    case EV_FINISH:
        visit_event(r, event);
        break;
    case EV_CLAIM:
    case EV_DECLINE:
        offer_event(r, event);
        break;
    case EV_WAKE:
        break;
    case EV_SET_TENANT:
    case EV_SET_QUEUE:
    case EV_REMOVE_QUEUE:
        tenant_event(r, event);
        break;
    default:
        agent_event(r, event);
    }
}

void take_event(Router *r, const Event *event, int64_t now)
{
    now = clamp(now, -AMOUNT_MAX, AMOUNT_MAX);
    if (now > r->now)
        r->now = now;
    r->sequence++;
    r->out_count = 0;
    names_sweep(&r->memory, &r->names);
    turn_day(r);
    fall_due(r);
    handle(r, event);
    settle(r);
    const DueEntry *first = due_first(&r->due);
    if (first && first->at != r->wake_at) {
        r->wake_at = first->at;
        emit(r, DE_WAKE_AT)->number = first->at;
    }
}

int acd_apply(Router *r, const Event *event, int64_t now)
{
    if (r->broken)
        return -1;
    if (setjmp(r->memory.failed)) {
        r->broken = 1;
        r->out_count = 0;
        return -1;
    }
    take_event(r, event, now);
    return 0;
}
