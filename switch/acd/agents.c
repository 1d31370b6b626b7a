/* What agents do; router.py says why. */
#include "state.h"

void agent_remove(Router *r, Agent *agent)
{
    offer_rescind_of(r, agent);
    for (Visit *talk = agent->talks; talk; talk = agent->talks) {
        talk_end(agent, talk);
        talk->agent = NULL;
    }
    kept_touch(r, agent->name);
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

static int sign_in(Router *r, Agent *agent)
{
    if (agent->signed_in)
        return 0;
    agent_sign(r, agent, 1);
    agent->missed = 0;
    agent->idle_since = agent->signed_in_at = r->now;
    agent->busy_us = 0;
    if (agent->busy_since != NEVER)
        agent->busy_since = r->now;
    return 1;
}

static int sign_out(Router *r, Agent *agent)
{
    if (!agent->signed_in)
        return 0;
    agent_sign(r, agent, 0);
    set_pause(r, agent, 0, share(r->empty));
    offer_rescind_of(r, agent);
    kept_touch(r, agent->name);
    return 1;
}

static int reach(Router *r, Agent *agent, int reachable)
{
    if (agent->reachable == reachable)
        return 0;
    agent->reachable = reachable;
    if (!reachable) {
        for (const Offer *offer = agent->first_offer; offer; offer = offer->next_of_agent)
            agent_rest(r, agent, offer->visit->queue);
        offer_rescind_of(r, agent);
        kept_touch(r, agent->name);
    }
    return 1;
}

static int disengage(Router *r, Agent *agent)
{
    if (!agent->engaged)
        return 0;
    agent->engaged--;
    if (!agent->engaged && r->tenant.own_calls_reset_idle)
        agent->idle_since = agent->wrap_until > r->now ? agent->wrap_until : r->now;
    return 1;
}

static int end_wrap_up(Router *r, Agent *agent)
{
    if (!agent->wrap_until)
        return 0;
    agent->wrap_until = agent->wrap_units = 0;
    agent->idle_since = r->now;
    due_cancel(&r->due, &agent->wrap_due);
    return 1;
}

/* What one agent does. 0 where it changes nothing. */
static int act(Router *r, Agent *agent, const Event *event)
{
    switch (event->kind) {
    case EV_SIGN_IN:
        return sign_in(r, agent);
    case EV_SIGN_OUT:
        return sign_out(r, agent);
    case EV_PAUSE:
        set_pause(r, agent, 1, take(r, event->other));
        return 1;
    case EV_RESUME:
        set_pause(r, agent, 0, share(r->empty));
        agent->missed = 0;
        return 1;
    case EV_REACH:
        return reach(r, agent, event->flag);
    case EV_SET_LINE:
        agent->line = event->flag;
        kept_touch(r, agent->name);
        return 1;
    case EV_ENGAGE:
        agent->engaged = clamp(agent->engaged + 1, 0, AMOUNT_MAX);
        offer_rescind_of(r, agent);
        return 1;
    case EV_DISENGAGE:
        return disengage(r, agent);
    default:
        return end_wrap_up(r, agent);
    }
}

/* All events about agents. An unknown name is a no-op. */
void agent_event(Router *r, const Event *event)
{
    Name *name = name_of(r, event);
    Agent *agent = name ? name->agent : NULL;
    if (event->kind == EV_SET_AGENT) {
        if (!agent)
            agent = agent_add(r, take_name(r, event), ++r->last_agent);
        agent_configure(r, agent, event);
        kept_touch(r, agent->name);
        agent_refresh(r, agent);
    } else if (agent && event->kind == EV_REMOVE_AGENT) {
        agent_remove(r, agent);
    } else if (agent && act(r, agent, event)) {
        agent_refresh(r, agent);
    }
}
