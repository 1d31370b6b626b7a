/* Queues and agents: their settings and what agents do; router.py says why. */
#include "state.h"

static void set_queue(Router *r, const Event *event)
{
    Name *name = name_of(r, event);
    Queue *queue = name ? queue_of(name) : NULL;
    if (!queue)
        queue = queue_add(r, take_name(r, event));
    const QueueIn *in = &event->queue;
    int64_t priority = queue->set.priority;
    queue->set = (QueueIn){
        .policy = in->policy,
        .refuse_without_agents = in->refuse_without_agents,
        .priority = clamp(in->priority, -AMOUNT_MAX, AMOUNT_MAX),
        .ring_us = clamp(in->ring_us, 0, AMOUNT_MAX),
        .lease_margin_us = clamp(in->lease_margin_us, 0, AMOUNT_MAX),
        .wrap_up_us = clamp(in->wrap_up_us, 0, AMOUNT_MAX),
        .misses_before_pause = clamp(in->misses_before_pause, 0, AMOUNT_MAX),
        .contacts_max = clamp(in->contacts_max, 0, AMOUNT_MAX),
        .service_level_us = clamp(in->service_level_us, 0, AMOUNT_MAX),
        .retry_same_agent_us = clamp(in->retry_same_agent_us, 0, AMOUNT_MAX),
    };
    if (queue->set.priority != priority)
        lines_rank(r, queue);
}

static void remove_queue(Router *r, Queue *queue)
{
    while (queue->line.count) {
        Visit *visit = line_first(&queue->line)->item;
        if (visit->state == VISIT_OFFERED)
            offer_rescind(r, visit, OFFER_WITHDRAWN);
        Decision *d = emit(r, DE_REFUSED);
        d->contact = visit->contact;
        d->queue = queue->name;
        d->word = REFUSED_QUEUE_REMOVED;
        visit_leave(r, visit, VISIT_REFUSED, r->queue_removed);
    }
    queue_drop(r, queue);
}

void agent_remove(Router *r, Agent *agent)
{
    offer_rescind_of(r, agent);
    if (agent->visit)
        agent->visit->agent = NULL;
    if (agent->shown != SHOWN_LOGGED_OUT) {
        Decision *d = emit(r, DE_AGENT_CHANGED);
        d->agent = agent->name;
        d->word = SHOWN_LOGGED_OUT;
        d->reason = r->empty;
    }
    agent_drop(r, agent);
}

static void set_pause(Router *r, Agent *agent, int paused, Name *reason)
{
    release(r, agent->pause_reason);
    agent->paused = paused;
    agent->pause_reason = reason;
}

static int reach(Router *r, Agent *agent, int reachable)
{
    if (agent->reachable == reachable)
        return 0;
    agent->reachable = reachable;
    if (!reachable && agent->visit && agent->visit->state == VISIT_OFFERED) {
        agent_rest(r, agent, agent->visit->queue);
        offer_rescind_of(r, agent);
    }
    return 1;
}

/* What one agent does. 0 where it changes nothing. */
static int act(Router *r, Agent *agent, const Event *event)
{
    switch (event->kind) {
    case EV_SIGN_IN:
        if (agent->signed_in)
            return 0;
        agent_sign(r, agent, 1);
        agent->missed = 0;
        agent->idle_since = r->now;
        return 1;
    case EV_SIGN_OUT:
        if (!agent->signed_in)
            return 0;
        agent_sign(r, agent, 0);
        set_pause(r, agent, 0, share(r->empty));
        offer_rescind_of(r, agent);
        return 1;
    case EV_PAUSE:
        set_pause(r, agent, 1, take(r, event->other));
        return 1;
    case EV_RESUME:
        set_pause(r, agent, 0, share(r->empty));
        agent->missed = 0;
        return 1;
    case EV_REACH:
        return reach(r, agent, event->flag);
    case EV_ENGAGE:
        agent->engaged = clamp(agent->engaged + 1, 0, AMOUNT_MAX);
        offer_rescind_of(r, agent);
        return 1;
    case EV_DISENGAGE:
        if (!agent->engaged)
            return 0;
        agent->engaged--;
        return 1;
    default: /* EV_END_WRAP_UP */
        if (!agent->wrap_until)
            return 0;
        agent->wrap_until = 0;
        agent->idle_since = r->now;
        due_cancel(&r->due, &agent->wrap_due);
        return 1;
    }
}

/* All events about queues and agents. An unknown name is a no-op. */
void agent_event(Router *r, const Event *event)
{
    if (event->kind == EV_SET_QUEUE) {
        set_queue(r, event);
        return;
    }
    Name *name = name_of(r, event);
    if (event->kind == EV_REMOVE_QUEUE) {
        if (name && queue_of(name))
            remove_queue(r, queue_of(name));
        return;
    }
    Agent *agent = name ? name->agent : NULL;
    if (event->kind == EV_SET_AGENT) {
        if (!agent)
            agent = agent_add(r, take_name(r, event), ++r->last_agent);
        agent_configure(r, agent, event);
        agent_refresh(r, agent);
    } else if (agent && event->kind == EV_REMOVE_AGENT) {
        agent_remove(r, agent);
    } else if (agent && act(r, agent, event)) {
        agent_refresh(r, agent);
    }
}
