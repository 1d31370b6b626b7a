/* The state of one router, as in state.py, for the C files of this room alone. */
#ifndef ACD_STATE_H
#define ACD_STATE_H

#include "acd.h"
#include "due.h"

typedef struct Queue {
    Name *name;
    QueueIn set;
    struct Visit **line; /* waiting and offered, in the order of service */
    size_t line_room, line_count;
    size_t busy_place; /* 1-based place among the queues with a line; 0: no line */
    int wanted;        /* marked while settling */
    size_t cursor;     /* while settling */
    int64_t offered, talking, entered, answered, answered_in_time, abandoned, abandoned_in_time, withdrawn,
        refused, ready, signed_in;
    int64_t answers[ANSWERS_KEPT];
    size_t answer_count;
} Queue;

typedef struct Agent {
    Name *name;
    int64_t number, order;
    Need *skills; /* by name */
    size_t skill_count;
    Name **queues; /* by name */
    size_t queue_count;
    int64_t level_sum;
    int signed_in, reachable, paused, shown;
    Name *pause_reason, *shown_reason;
    int64_t engaged, wrap_until, rest_until, idle_since, answered, missed, since;
    struct Visit *visit;
    int occupied;      /* an exclusion, or OUT_NONE where free */
    size_t free_place; /* 1-based place among the free agents; 0: not free */
    size_t dirty_place;
    DueItem wrap_due, rest_due;
} Agent;

typedef struct Step {
    int64_t after_us;
    Need *needs;
    size_t need_count;
} Step;

typedef struct Backoff {
    Name *agent;
    int64_t until;
} Backoff;

typedef struct Visit {
    Name *contact, *queue_name, *agent_name;
    Queue *queue; /* NULL once removed */
    Agent *agent; /* NULL: none, or removed */
    int64_t seq, priority, waiting_since;
    Step *steps;
    size_t step_count, step;
    Name **avoid;
    size_t avoid_count;
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

struct Router {
    Memory memory;
    int broken;
    uint64_t rng;
    int64_t now, sequence, last_offer, last_fence, last_seq, last_agent, wake_at;
    Names names;
    Name *empty, *missed, *queue_removed;
    Due due;
    Offers offers;
    Queue **queues; /* in the order first set */
    size_t queue_room, queue_count;
    Queue **busy; /* those with a line */
    size_t busy_room, busy_count;
    Queue **cursors;
    size_t cursor_room;
    Agent **agents; /* in the order first set */
    size_t agent_room, agent_count;
    Agent **free;
    size_t free_room, free_count;
    int64_t occupied[OUT_COUNT];
    Agent **dirty_agents;
    size_t dirty_agent_room, dirty_agent_count;
    Visit **dirty;
    size_t dirty_room, dirty_count;
    Visit *first_visit, *last_visit;
    size_t visit_count;
    Decision *out;
    size_t out_room, out_count;
    Bytes bytes;
};

/* text.c: amounts and names */
int64_t clamp(int64_t value, int64_t least, int64_t most);
Name *take(Router *r, Text text);
Name *share(Name *name);
void release(Router *r, Name *name);
uint64_t splitmix(uint64_t *state);

/* state.c */
Decision *emit(Router *r, int kind);
Agent *agent_find(const Router *r, Text name);
Visit *visit_find(const Router *r, Text name);
Queue *queue_find(const Router *r, Text name);
Queue *queue_add(Router *r, Name *name);
Agent *agent_add(Router *r, Name *name, int64_t number);
void agent_drop(Router *r, Agent *agent);
int agent_occupied(const Agent *agent);
int agent_serves(const Agent *agent, const Name *queue);
void agent_index(Router *r, Agent *agent);
void agent_refresh(Router *r, Agent *agent);
void visit_add(Router *r, Visit *visit);
void visit_drop(Router *r, Visit *visit);
void visit_touch(Router *r, Visit *visit);
int visit_before(const Visit *a, const Visit *b);
size_t line_position(const Visit *visit);
void line_enter(Router *r, Visit *visit);
void line_leave(Router *r, Visit *visit);
int64_t step_due_at(const Visit *visit);
Visit *offers_find(const Offers *offers, int64_t offer);
void offers_add(Router *r, Visit *visit);
void offers_drop(Router *r, Visit *visit);

/* agents.c */
void agent_configure(Router *r, Agent *agent, const Event *event);
void agent_event(Router *r, const Event *event);
void agent_remove(Router *r, Agent *agent);

/* visits.c */
void visit_event(Router *r, const Event *event);
void visit_widen(Router *r, Visit *visit);
void visit_drop_backoffs(Router *r, Visit *visit);
void visit_time_backoffs(Router *r, Visit *visit);
void visit_leave(Router *r, Visit *visit, int outcome, Name *reason);
Visit *visit_new(Router *r, Text contact, Text queue, size_t steps, size_t avoid);

/* offers.c */
void settle(Router *r);
void offer_rescind(Router *r, Visit *visit, int outcome);
void offer_rescind_of(Router *r, Agent *agent);
void offer_failed(Router *r, Visit *visit, int outcome);
void offer_event(Router *r, const Event *event);
void agent_rest(Router *r, Agent *agent, const Queue *queue);
int in_time(const Queue *queue, int64_t waited_us);

/* choose.c */
int agent_unfit(const Agent *agent, const Visit *visit);
int servable(const Router *r, const Visit *visit);
Agent *choose(Router *r, const Visit *visit, Choice *choice);

#endif
