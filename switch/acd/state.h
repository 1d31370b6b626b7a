/* The state of one router, as in state.py, for the C files of this room alone. */
#ifndef ACD_STATE_H
#define ACD_STATE_H

#include "acd.h"
#include "bits.h"
#include "due.h"
#include "line.h"

typedef struct Queue {
    Name *name;
    QueueIn set;
    Line line; /* waiting and offered, in the order of service */
    int64_t offered, talking, entered, answered, answered_in_time, abandoned, abandoned_in_time, withdrawn,
        refused, ready, signed_in;
    int64_t answers[ANSWERS_KEPT];
    size_t answer_count;
    int64_t handlings[RECENT_KEPT]; /* the last of talk and wrap-up, a ring that begins at `handling_count` */
    size_t handling_count;          /* since the queue was set */
    int64_t gave_up, wait_sum_us;
} Queue;

/* What an agent is doing, the first that applies; each has its set of agents. */
enum { AXIS_SIGNED_OUT, AXIS_UNREACHABLE, AXIS_PAUSED, AXIS_OFFERED, AXIS_BUSY, AXIS_WRAP_UP, AXIS_FREE,
       AXIS_COUNT };

typedef struct Agent {
    Name *name;
    uint32_t slot; /* its bit in every set of agents */
    int axis;
    int64_t number, order, idle_since, level_sum, answered;
    Need *skills; /* by name */
    Name **queues; /* by name */
    size_t skill_count, queue_count;
    int signed_in, reachable, paused, shown;
    Name *pause_reason, *shown_reason;
    int64_t engaged, wrap_until, rest_until, missed, since;
    struct Visit *visit;
    size_t dirty_place; /* 1-based place among those touched; 0: not touched */
    DueItem wrap_due, rest_due;
} Agent;

/* The exclusions that a requirement alone decides. */
enum { OUTSIDE_COUNT = OUT_LEVEL_TOO_LOW + 1 };

/* All who ask for the same: one queue, one list of needs. Which agents may serve them is worked out when
   the class appears, and kept up when agents are changed. */
typedef struct Class {
    uint64_t hash;
    size_t users; /* steps of plans; without any it is kept for a while */
    uint32_t slot; /* its bit in every set of classes */
    Name *queue;
    Need *needs;
    size_t need_count;
    uint64_t *eligible; /* agents */
    size_t eligible_count;
    size_t outside[OUTSIDE_COUNT]; /* the other agents, by what keeps them out */
    Line line; /* visits that wait at such a step */
    struct Class *next; /* in its bucket */
    struct Class *older, *newer; /* among those without users */
} Class;

/* Where the first of a class's line stands among the first of all lines. */
typedef struct Head {
    int64_t rank; /* of the queue: the smaller before */
    Key key;
} Head;

typedef struct Classes {
    Class **slots;
    Head *heads;       /* by slot */
    uint64_t *waiting; /* classes with somebody in the line */
    uint64_t *rows;    /* for each agent's slot the classes that this agent may serve */
    uint64_t *mask;    /* room for a row */
    size_t room, words, used; /* slots, in bits and in words; those ever given */
    uint32_t *spare;   /* slots given back */
    size_t spare_room, spare_count;
    Class **buckets; /* a power of two */
    size_t bucket_count, count;
    Class *oldest, *newest; /* without users */
    size_t idle_count;
} Classes;

typedef struct Step {
    int64_t after_us;
    Class *class;
} Step;

/* What a contact asks for, apart from its name and the time. */
typedef struct Plan {
    size_t users;
    Name *queue;
    int64_t priority;
    Name **avoid; /* behind the steps */
    size_t avoid_count, step_count;
    Step steps[];
} Plan;

typedef struct Backoff {
    Name *agent;
    int64_t until;
} Backoff;

typedef struct Visit {
    Name *contact, *agent_name;
    Plan *plan;
    Queue *queue; /* NULL once removed */
    Agent *agent; /* NULL: none, or removed */
    int64_t seq, waiting_since;
    uint32_t step;
    int state;
    int64_t offer, fence, lease_until, connected_at, wrap_up_us;
    Backoff *backoffs;
    size_t backoff_room, backoff_count;
    size_t dirty_place;
    struct Visit *prev, *next; /* by arrival */
    DueItem lease_due, step_due, backoff_due;
} Visit;

typedef struct Offers {
    Visit **slots; /* open addressing by offer number; room is a power of two */
    size_t room, count;
} Offers;

/* What a number of packed records stands for: a name or a plan, or nothing. */
typedef struct Numbered {
    Name *name;
    Plan *plan;
} Numbered;

typedef struct Numbers {
    Numbered *at; /* 0 is no text */
    size_t room, count;
    uint32_t *spare; /* numbers given back */
    size_t spare_room, spare_count;
} Numbers;

struct Router {
    Memory memory;
    int broken;
    uint64_t rng;
    int64_t now, sequence, last_offer, last_fence, last_seq, last_agent, wake_at;
    Names names;
    Name *empty, *missed, *queue_removed;
    Due due;
    Offers offers;
    Classes classes;
    Queue **queues; /* in the order first set */
    size_t queue_room, queue_count;
    Agent **agents; /* in the order first set */
    size_t agent_room, agent_count;
    Agent **slots; /* agents by slot */
    uint32_t *spare; /* slots given back */
    size_t slot_room, slot_words, slot_count, spare_count; /* slots: in bits, in words; those ever given */
    uint64_t *axis[AXIS_COUNT], *resting, *everywhere; /* agents; everywhere: who serve all queues */
    size_t everywhere_count;
    uint64_t *candidates, *fit; /* room for a choice */
    size_t axis_count[AXIS_COUNT], rest_count;
    int64_t present_everywhere; /* of those who serve all queues, signed in */
    Agent **dirty_agents;
    size_t dirty_agent_room, dirty_agent_count;
    Visit **dirty;
    size_t dirty_room, dirty_count;
    Visit *first_visit, *last_visit;
    size_t visit_count;
    size_t view_chunk, view_entry; /* where acd_waiting is in its line */
    Decision *out;
    size_t out_room, out_count;
    Bytes bytes, packed;
    Numbers numbers;
};

static inline Queue *queue_of(const Name *name) { return name->role ? name->role->queue : NULL; }
static inline Class *class_of(const Visit *visit) { return visit->plan->steps[visit->step].class; }

/* state.c: amounts, names, queues, visits */
int64_t clamp(int64_t value, int64_t least, int64_t most);
Name *take(Router *r, Text text);
Name *share(Name *name);
void release(Router *r, Name *name);
uint64_t splitmix(uint64_t *state);
Decision *emit(Router *r, int kind);
Name *name_of(const Router *r, const Event *event);
Name *take_name(Router *r, const Event *event);
Queue *queue_add(Router *r, Name *name);
void queue_drop(Router *r, Queue *queue);
void visit_add(Router *r, Visit *visit);
void visit_drop(Router *r, Visit *visit);
void visit_touch(Router *r, Visit *visit);
void visit_clean(Router *r, Visit *visit);
int64_t step_due_at(const Visit *visit);

/* waiting.c: who stands where */
Key visit_key(const Visit *visit);
size_t line_position(const Visit *visit);
void line_enter(Router *r, Visit *visit);
void line_leave(Router *r, Visit *visit);
void wait_begin(Router *r, Visit *visit);
void wait_end(Router *r, Visit *visit);
void lines_rank(Router *r, const Queue *queue);
Visit *offers_find(const Offers *offers, int64_t offer);
void offers_add(Router *r, Visit *visit);
void offers_drop(Router *r, Visit *visit);

/* estimate.c: what the queue's talks and waits were like, and what that says of a wait */
void queue_note_wait(Queue *queue, int64_t waited_us, int gave_up);
void queue_note_handling(Queue *queue, int64_t handling_us);
int64_t queue_mean_handling_us(const Queue *queue);
int64_t estimate_us(Router *r, const Visit *visit, int64_t now);

/* people.c: agents by slot and axis */
Agent *agent_add(Router *r, Name *name, int64_t number);
void agent_drop(Router *r, Agent *agent);
void agent_clean(Router *r, Agent *agent);
int agent_serves(const Agent *agent, const Name *queue);
int64_t agent_level(const Agent *agent, const Name *skill);
void agent_index(Router *r, Agent *agent);
void agent_refresh(Router *r, Agent *agent);
void agent_sign(Router *r, Agent *agent, int signed_in);
void agent_rest_until(Router *r, Agent *agent, int64_t until);
void agent_configure(Router *r, Agent *agent, const Event *event);

/* classes.c */
void classes_widen_slots(Router *r, size_t old_room);
void classes_learn(Router *r, Agent *agent);
void classes_forget(Router *r, Agent *agent);
Plan *plan_new(Router *r, const Event *event);
Plan *plan_share(Plan *plan);
void plan_release(Router *r, Plan *plan);

/* agents.c */
void agent_event(Router *r, const Event *event);
void agent_remove(Router *r, Agent *agent);

/* visits.c */
void visit_event(Router *r, const Event *event);
void visit_widen(Router *r, Visit *visit);
void visit_drop_backoffs(Router *r, Visit *visit);
void visit_time_backoffs(Router *r, Visit *visit);
void visit_leave(Router *r, Visit *visit, int outcome, Name *reason);

/* offers.c */
void offer_make(Router *r, Visit *visit);
void offer_rescind(Router *r, Visit *visit, int outcome);
void offer_rescind_of(Router *r, Agent *agent);
void offer_failed(Router *r, Visit *visit, int outcome);
void offer_event(Router *r, const Event *event);
void agent_rest(Router *r, Agent *agent, const Queue *queue);
int in_time(const Queue *queue, int64_t waited_us);

/* router.c */
void take_event(Router *r, const Event *event, int64_t now);

/* settle.c */
void settle(Router *r);

/* choose.c */
int may_serve(const Agent *agent, const Visit *visit);
int servable(const Plan *plan);
Agent *choose(Router *r, const Visit *visit, Choice *choice);

#endif
