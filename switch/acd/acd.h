/* The router in C: what module.c and the sanitizer's test binary call. router.py is the specification. */
#ifndef ACD_H
#define ACD_H

#include "limits.h"
#include "names.h"

typedef struct Router Router;

enum { POLICY_MOST_SKILLED, POLICY_LEAST_SKILLED, POLICY_LONGEST_IDLE, POLICY_FEWEST_CALLS,
       POLICY_LINEAR, POLICY_RANDOM, POLICY_LEAST_OCCUPIED, POLICY_ROUND_ROBIN, POLICY_WEIGHTED_RANDOM,
       POLICY_IDLENESS_RATIO, POLICY_RING_ALL, POLICY_RING_PROGRESSIVELY, POLICY_COUNT };

enum { ORDER_PRIORITY, ORDER_FIRST_COME, ORDER_AGEING, ORDER_COST, ORDER_RATIO, ORDER_SERVICE_LEVEL,
       ORDER_COUNT };

enum { ASSIGN_ONE_BY_ONE, ASSIGN_BATCH, ASSIGN_COUNT };

enum { LINE_GOOD, LINE_FAILING, LINE_UNUSABLE, LINE_COUNT };

enum { SHOWN_LOGGED_OUT, SHOWN_UNREACHABLE, SHOWN_OFFERED, SHOWN_BUSY, SHOWN_WRAP_UP, SHOWN_PAUSED,
       SHOWN_AVAILABLE, SHOWN_COUNT };

enum { OUT_OTHER_QUEUES, OUT_SKILL_MISSING, OUT_LEVEL_TOO_LOW, OUT_EXCLUDED_SKILL, OUT_OTHER_TEAM,
       OUT_OTHER_CHANNELS, OUT_AVOIDED, OUT_JUST_DECLINED, OUT_KEPT_FOR_OTHER, OUT_SIGNED_OUT, OUT_UNREACHABLE,
       OUT_LINE_BAD, OUT_PAUSED, OUT_OFFERED, OUT_BUSY, OUT_WRAP_UP, OUT_COUNT, OUT_NONE = OUT_COUNT };

enum { REFUSED_FULL, REFUSED_NO_AGENTS, REFUSED_UNSERVABLE, REFUSED_UNKNOWN_QUEUE, REFUSED_QUEUE_REMOVED,
       REFUSED_COUNT, REFUSED_NOT = REFUSED_COUNT };

/* The first five are also the reasons of a Decline. */
enum { OFFER_NO_ANSWER, OFFER_DECLINED, OFFER_BUSY, OFFER_UNREACHABLE, OFFER_FAILED, OFFER_CALLER_GONE,
       OFFER_WITHDRAWN, OFFER_AGENT_GONE, OFFER_LEASE_EXPIRED, OFFER_ANSWERED_ELSEWHERE, OFFER_OUTCOME_COUNT };

enum { VISIT_ENDED, VISIT_ABANDONED, VISIT_WITHDRAWN, VISIT_REFUSED, VISIT_OUTCOME_COUNT };

enum { TIE_ONLY, TIE_SCORE, TIE_IDLE, TIE_ORDER, TIE_RANDOM, TIE_LINE, TIE_BEFORE, TIE_BATCH, TIE_COUNT };

enum { VISIT_WAITING, VISIT_OFFERED, VISIT_CONNECTED };

enum { EV_SET_QUEUE, EV_SET_AGENT, EV_REMOVE_QUEUE, EV_REMOVE_AGENT, EV_SIGN_IN, EV_SIGN_OUT, EV_PAUSE,
       EV_RESUME, EV_REACH, EV_ENGAGE, EV_DISENGAGE, EV_ARRIVE, EV_ABANDON, EV_WITHDRAW, EV_CLAIM,
       EV_DECLINE, EV_FINISH, EV_END_WRAP_UP, EV_WAKE, EV_SET_TENANT, EV_SET_LINE, EV_COUNT };

typedef struct TextLevel {
    Text name;
    int64_t level;
} TextLevel;

typedef struct TextLevels {
    const TextLevel *at;
    size_t count;
} TextLevels;

typedef struct Texts {
    const Text *at;
    size_t count;
} Texts;

typedef struct StepIn {
    int64_t after_us;
    TextLevels needs, none_of, prefer;
    const TextLevels *groups;
    size_t group_count;
    Texts teams, queues;
} StepIn;

typedef struct QueueIn {
    int policy, refuse_without_agents, busy_is_miss, unreachable_is_miss;
    int64_t priority, ring_us, lease_margin_us, wrap_up_us, misses_before_pause, contacts_max,
        service_level_us, retry_same_agent_us, share, cost, handling_us, target_percent, ring_more_us;
} QueueIn;

typedef struct TenantIn {
    int order, assign, own_calls_reset_idle;
    int64_t ageing_us, day_start_us;
} TenantIn;

/* One event. `name` is the queue, agent or contact it is about; `other` the reason, or the queue of
   an arriving contact. `number` is the offer, or an agent's order, or a contact's priority. */
typedef struct Event {
    int kind;
    Text name, other;
    int64_t number, fence, waiting_since;
    int flag; /* Reach: reachable; Decline: the reason; SetLine: the grade */
    QueueIn queue;
    TenantIn tenant;
    TextLevels skills;
    TextLevels pairs; /* a queue's shares, an agent's most, a tenant's channels */
    Texts names;      /* an agent's queues, or whom a contact avoids */
    Texts teams;
    int64_t weight, units;
    const StepIn *steps;
    size_t step_count;
    Text channel, before;
    int64_t sticky_us;
    Name *known;       /* in place of `name` where it is at hand */
    struct Plan *plan; /* in place of all that a contact asks for */
} Event;

enum { DE_ADMITTED, DE_REFUSED, DE_OFFERED, DE_OFFER_ENDED, DE_CONNECTED, DE_CLAIM_REFUSED, DE_VISIT_ENDED,
       DE_AGENT_CHANGED, DE_WAKE_AT, DE_WIDENED, DE_CHOICE /* of a packed offer */ };

typedef struct Need {
    Name *skill;
    int64_t level;
} Need;

typedef struct Ranked {
    const Name *agent;
    int64_t score, idle_us;
} Ranked;

typedef struct Choice {
    int policy, tie, best_count;
    int64_t candidates, sequence, step, key, batch;
    int64_t exclusions[OUT_COUNT];
    Ranked best[BEST_KEPT];
    const Need *needs;
    size_t need_count;
} Choice;

/* One decision; which fields count depends on `kind`, as in decisions.py. `word` is the outcome, the
   refusal or the shown state; `number` the offer, the position, the step, the line's grade or the time of a
   wake. */
typedef struct Decision {
    int kind, word;
    const Name *contact, *queue, *agent, *reason;
    int64_t number, fence, ring_us, lease_until, waited_us, talked_us;
    Choice choice;
} Decision;

typedef struct QueueOut {
    const Name *name;
    int64_t waiting, offered, talking, oldest_wait_us, agents_ready, agents_signed_in, entered, answered,
        answered_in_time, abandoned, abandoned_in_time, withdrawn, refused;
} QueueOut;

typedef struct AgentOut {
    const Name *name, *reason, *contact, *pause_pending; /* contact NULL: none */
    int state;
    int64_t since, answered, missed_in_row, line, load;
} AgentOut;

typedef struct WaitingOut {
    const Name *contact, *queue, *agent; /* agent NULL: none */
    int state;
    int64_t waiting_since, position, step;
} WaitingOut;

typedef struct PlaceOut {
    int64_t position, waiting, estimate_us;
} PlaceOut;

typedef struct Bytes {
    unsigned char *at;
    size_t size, room;
} Bytes;

/* NULL where there is no memory. */
Router *acd_open(uint64_t seed);
void acd_close(Router *r);

/* Takes one event. 0, or -1 where memory failed now or in an earlier event. */
int acd_apply(Router *r, const Event *event, int64_t now);
/* The decisions of the last event; they and their names live until the next. */
const Decision *acd_decisions(const Router *r, size_t *count);

/* Packed batches; packed.py describes the records. Numbers are given for texts and for contacts, whose
   names and times do not count. -1 where memory failed. */
int64_t acd_intern(Router *r, Text text);
int64_t acd_intern_contact(Router *r, const Event *event);
/* 0 where there is no such number. */
int acd_forget(Router *r, uint64_t number);
/* The text of a number, or NULL. */
const Name *acd_interned(const Router *r, uint64_t number);
/* The first record that is not sound, or `count`. */
size_t acd_check_packed(const Router *r, const unsigned char *records, size_t count);
/* Takes all records, which have been checked; their decisions, until the next call, or NULL. */
const Bytes *acd_apply_packed(Router *r, const unsigned char *records, size_t count);

/* 1 where the contact waits or is offered, else 0. */
int acd_place(Router *r, Text contact, int64_t now, PlaceOut *out);
/* Counts agents by queue; call it before acd_queue. */
void acd_count_agents(Router *r);
size_t acd_queue_count(const Router *r);
void acd_queue(const Router *r, size_t index, int64_t now, QueueOut *out);
size_t acd_agent_count(const Router *r);
void acd_agent(const Router *r, size_t index, AgentOut *out);
/* The line of queue `index`: 1 and the entry at `at`, or 0 beyond its end. `at` is 0, 1, 2 and so on, with
   no event between. */
int acd_waiting(Router *r, size_t index, size_t at, WaitingOut *out);

/* The snapshot, owned by the router until the next call, or NULL where memory failed. */
const Bytes *acd_snapshot(Router *r);
uint64_t acd_digest(const unsigned char *at, size_t size);
/* A router from a snapshot. NULL with `*why` set where the bytes are damaged, or NULL for no memory. */
Router *acd_restore(const unsigned char *at, size_t size, const char **why);
int acd_is_broken(const Router *r);

#endif
