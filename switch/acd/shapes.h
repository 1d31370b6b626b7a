/* The Python classes that module.c takes apart and builds: their fields in the order of their
   definition. A test compares this table with the dataclasses. */
#ifndef ACD_SHAPES_H
#define ACD_SHAPES_H

#define FIELDS_MAX 24

typedef struct Shape {
    const char *module, *name;
    const char *fields[FIELDS_MAX];
    PyTypeObject *type;
    PyObject *members[FIELDS_MAX]; /* the slot descriptors of the fields */
} Shape;

enum { S_QUEUE_SETTINGS, S_AGENT_SETTINGS, S_TENANT_SETTINGS, S_CONTACT, S_REQUIREMENT, S_STEP, S_NEED,
       S_PREFERENCE, S_ADMITTED, S_REFUSED,
       S_OFFERED, S_OFFER_ENDED, S_CONNECTED, S_CLAIM_REFUSED, S_VISIT_ENDED, S_AGENT_CHANGED, S_WAKE_AT, S_WIDENED,
       S_CHOICE, S_RANKED, S_PLACE, S_QUEUE_VIEW, S_AGENT_VIEW, S_WAITING_VIEW, S_EVENT };

#define SETTINGS "switch.acd.settings"
#define EVENTS "switch.acd.events"
#define DECISIONS "switch.acd.decisions"

/* From S_EVENT on in the order of EV_SET_QUEUE and those after it in acd.h. */
static Shape shapes[] = {
    {SETTINGS, "QueueSettings",
     {"name", "policy", "priority", "ring_us", "lease_margin_us", "wrap_up_us", "misses_before_pause",
      "contacts_max", "refuse_without_agents", "service_level_us", "retry_same_agent_us",
      "share", "cost", "handling_us", "target_percent", "shares", "ring_more_us", "busy_is_miss",
      "unreachable_is_miss"}, 0, {0}},
    {SETTINGS, "AgentSettings", {"name", "skills", "queues", "order", "teams", "weight", "units", "most"},
     0, {0}},
    {SETTINGS, "TenantSettings",
     {"order", "assign", "ageing_us", "channels", "own_calls_reset_idle", "day_start_us"}, 0, {0}},
    {SETTINGS, "Contact",
     {"contact", "queue", "requirement", "priority", "waiting_since", "avoid", "channel", "before",
      "sticky_us"}, 0, {0}},
    {SETTINGS, "Requirement", {"steps"}, 0, {0}},
    {SETTINGS, "Step",
     {"after_us", "needs", "any_of", "none_of", "prefer", "teams", "queues"}, 0, {0}},
    {SETTINGS, "Need", {"skill", "level"}, 0, {0}},
    {SETTINGS, "Preference", {"skill", "weight"}, 0, {0}},
    {DECISIONS, "Admitted", {"contact", "queue", "position"}, 0, {0}},
    {DECISIONS, "Refused", {"contact", "queue", "reason"}, 0, {0}},
    {DECISIONS, "Offered",
     {"offer", "fence", "contact", "queue", "agent", "ring_us", "lease_until", "choice"}, 0, {0}},
    {DECISIONS, "OfferEnded", {"offer", "contact", "agent", "outcome"}, 0, {0}},
    {DECISIONS, "Connected", {"offer", "contact", "queue", "agent", "waited_us"}, 0, {0}},
    {DECISIONS, "ClaimRefused", {"offer"}, 0, {0}},
    {DECISIONS, "VisitEnded",
     {"contact", "queue", "outcome", "reason", "agent", "waited_us", "talked_us"}, 0, {0}},
    {DECISIONS, "AgentChanged", {"agent", "state", "reason", "line"}, 0, {0}},
    {DECISIONS, "WakeAt", {"at"}, 0, {0}},
    {DECISIONS, "Widened", {"contact", "queue", "step"}, 0, {0}},
    {DECISIONS, "Choice",
     {"policy", "candidates", "exclusions", "best", "tie_break", "needs", "sequence",
      "step", "key", "batch"}, 0, {0}},
    {DECISIONS, "Ranked", {"agent", "score", "idle_us"}, 0, {0}},
    {DECISIONS, "Place", {"position", "waiting", "estimate_us"}, 0, {0}},
    {DECISIONS, "QueueView",
     {"name", "waiting", "offered", "talking", "oldest_wait_us", "agents_ready", "agents_signed_in",
      "entered", "answered", "answered_in_time", "abandoned", "abandoned_in_time", "withdrawn", "refused"},
     0, {0}},
    {DECISIONS, "AgentView",
     {"name", "state", "reason", "since", "contact", "answered", "missed_in_row", "pause_pending", "line",
      "load"}, 0, {0}},
    {DECISIONS, "WaitingView",
     {"contact", "queue", "state", "waiting_since", "position", "agent", "step"}, 0, {0}},
    {EVENTS, "SetQueue", {"queue"}, 0, {0}},
    {EVENTS, "SetAgent", {"agent"}, 0, {0}},
    {EVENTS, "RemoveQueue", {"queue"}, 0, {0}},
    {EVENTS, "RemoveAgent", {"agent"}, 0, {0}},
    {EVENTS, "SignIn", {"agent"}, 0, {0}},
    {EVENTS, "SignOut", {"agent"}, 0, {0}},
    {EVENTS, "Pause", {"agent", "reason"}, 0, {0}},
    {EVENTS, "Resume", {"agent"}, 0, {0}},
    {EVENTS, "Reach", {"agent", "reachable"}, 0, {0}},
    {EVENTS, "Engage", {"agent"}, 0, {0}},
    {EVENTS, "Disengage", {"agent"}, 0, {0}},
    {EVENTS, "Arrive", {"contact"}, 0, {0}},
    {EVENTS, "Abandon", {"contact"}, 0, {0}},
    {EVENTS, "Withdraw", {"contact", "reason"}, 0, {0}},
    {EVENTS, "Claim", {"offer", "fence"}, 0, {0}},
    {EVENTS, "Decline", {"offer", "fence", "reason"}, 0, {0}},
    {EVENTS, "Finish", {"contact"}, 0, {0}},
    {EVENTS, "EndWrapUp", {"agent"}, 0, {0}},
    {EVENTS, "Wake", {0}, 0, {0}},
    {EVENTS, "SetTenant", {"tenant"}, 0, {0}},
    {EVENTS, "SetLine", {"agent", "grade"}, 0, {0}},
};

#define WORDS_MAX 20

/* The words of an enumeration in the order of its definition, which is that of the C enumeration. */
typedef struct Words {
    const char *module, *name;
    int count;
    PyObject *items[WORDS_MAX];
} Words;

enum { W_POLICY, W_ORDER, W_ASSIGN, W_DECLINE, W_SHOWN, W_EXCLUSION, W_REFUSAL, W_OFFER_OUTCOME, W_VISIT_OUTCOME, W_COUNT };

static Words words[W_COUNT] = {
    {SETTINGS, "Policy", POLICY_COUNT, {0}},
    {SETTINGS, "Order", ORDER_COUNT, {0}},
    {SETTINGS, "Assign", ASSIGN_COUNT, {0}},
    {EVENTS, "DeclineReason", OFFER_FAILED + 1, {0}},
    {DECISIONS, "AgentState", SHOWN_COUNT, {0}},
    {DECISIONS, "Exclusion", OUT_COUNT, {0}},
    {DECISIONS, "RefusalReason", REFUSED_COUNT, {0}},
    {DECISIONS, "OfferOutcome", OFFER_OUTCOME_COUNT, {0}},
    {DECISIONS, "VisitOutcome", VISIT_OUTCOME_COUNT, {0}},
};

static const char *const TIES[TIE_COUNT] = {"only candidate", "score", "longest idle", "order",
                                            "random", "line", "agent of before", "batch"};
static const char *const VISIT_STATES[] = {"WAITING", "OFFERED", "CONNECTED"};

#endif
