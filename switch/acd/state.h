/* The state of one router, as in state.py, for the C files of this room alone. */
#ifndef ACD_STATE_H
#define ACD_STATE_H

#include "acd.h"
#include "bits.h"
#include "due.h"
#include "line.h"

/* Bytes of a line of cache: things that are looked up one by one begin with one. */
#define CACHE_LINE 64

typedef struct Needs {
    Need *at;
    size_t count;
} Needs;

typedef struct NameList {
    Name **at;
    size_t count;
} NameList;

/* How far a batch has gone through a queue's line. */
typedef struct Walk {
    size_t chunk;
    uint32_t entry;
    int known;        /* `able` is of the visit there */
    uint64_t able[BATCH_MAX / WORD_BITS];
    int64_t assigned; /* of the line, to whom the batch gives agents */
} Walk;

typedef struct Queue {
    Name *name;
    QueueIn set;
    Needs shares; /* of teams, in the order stated */
    Line line;    /* waiting and offered, in the order of service */
    int64_t offered, talking, entered, answered, answered_in_time, abandoned, abandoned_in_time, withdrawn,
        refused, ready, signed_in;
    int64_t answers[ANSWERS_KEPT], handlings[RECENT_KEPT];
    size_t answer_count, handling_count;
    int64_t ends, gave_up, wait_sum_us;
    uint64_t ends_in_time;
    Name *last; /* the agent whom the queue last offered something; NULL: none */
    int64_t last_order;
    struct Visit *first; /* while settling: the first who may be served */
    Walk walk;           /* while assigning */
} Queue;

/* What an agent is doing, the first that applies; each has its set of agents. Who holds something and still
   has room for more is `partly`. */
enum { AXIS_SIGNED_OUT, AXIS_UNREACHABLE, AXIS_LINE_BAD, AXIS_PAUSED, AXIS_OFFERED, AXIS_BUSY, AXIS_WRAP_UP,
       AXIS_PARTLY, AXIS_FREE, AXIS_COUNT };

typedef struct Agent {
    /* First what nearly every event asks for. */
    _Alignas(CACHE_LINE) Name *name;
    uint32_t slot; /* its bit in every set of agents */
    uint32_t dirty_place; /* 1-based place among those touched; 0: not touched */
    struct Offer *first_offer; /* by number */
    struct Visit *talks; /* by arrival */
    int64_t given; /* units of offers and talks */
    int64_t units, rest_until;
    uint8_t axis, line, shown_line, signed_in, reachable, paused, shown;

    Name *pause_reason, *shown_reason;
    int64_t engaged, wrap_until, wrap_units, since, busy_us, busy_since;
    int64_t idle_since, order, today, answered, missed;
    struct Offer *last_offer; /* by number */
    DueItem wrap_due;

    DueItem rest_due;
    Needs skills; /* by name */
    int64_t level_sum, weight;
    size_t place; /* in the roster */
    int64_t number, signed_in_at;
    NameList queues, teams; /* by name */
    Needs most; /* by name of the channel */
} Agent;

/* The exclusions that a requirement alone decides. */
enum { OUTSIDE_COUNT = OUT_OTHER_CHANNELS + 1 };

/* What is asked for at a step. */
typedef struct Want {
    Name *queue, *channel;
    int64_t units;
    Needs needs, none_of, prefer, *groups;
    size_t group_count;
    NameList teams, queues;
} Want;

/* All who ask for the same. Which agents may serve them is worked out when the class appears, and kept up
   when agents are changed. */
typedef struct Class {
    uint64_t hash;
    size_t users; /* steps of plans; without any it is kept for a while */
    uint32_t slot; /* its bit in every set of classes */
    Want want;
    uint64_t *eligible; /* agents */
    size_t eligible_count;
    size_t outside[OUTSIDE_COUNT]; /* the other agents, by what keeps them out */
    Line line; /* visits that wait at such a step */
    struct Class *next; /* in its bucket */
    struct Class *older, *newer; /* among those without users */
} Class;

/* Where the first of a class's line stands among the first of all lines. */
typedef struct Head {
    int64_t rank; /* of the queue, where the order goes by it: the smaller before */
    Key key;
} Head;

static inline int head_before(const Head *x, const Head *y)
{
    return x->rank != y->rank ? x->rank < y->rank : key_before(&x->key, &y->key);
}

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
    Name *queue, *channel, *before;
    int64_t priority, sticky_us, units;
    Name **avoid; /* behind the steps */
    size_t avoid_count, step_count;
    Step steps[];
} Plan;

typedef struct Backoff {
    Name *agent;
    int64_t until;
} Backoff;

/* One agent reserved for one visit. */
typedef struct Offer {
    _Alignas(CACHE_LINE) int64_t number;
    int64_t fence;
    struct Offer *next; /* in its bucket */
    struct Visit *visit;
    Agent *agent;
    DueItem lease_due;
    int64_t lease_until;
    struct Offer *prev_of_visit, *next_of_visit, *prev_of_agent, *next_of_agent;
} Offer;

typedef struct Visit {
    /* First what looking through a line asks for. */
    _Alignas(CACHE_LINE) Name *contact;
    Plan *plan;
    Queue *queue; /* NULL once removed */
    int64_t first; /* of the key in the line */
    int64_t waiting_since, seq;
    uint32_t step, dirty_place, backoff_count;
    int state;

    Offer *first_offer, *last_offer; /* by number */
    Agent *agent;     /* of the talk; NULL: none, or removed */
    Name *agent_name; /* of the talk */
    struct Visit *prev, *next; /* by arrival */
    struct Visit *prev_near, *next_near; /* kept for the same agent; or talking to the same */

    int64_t offer_count, rings, more_at, connected_at, wrap_up_us;
    Backoff *backoffs;
    size_t backoff_room;

    DueItem step_due, backoff_due, kept_due, more_due;
} Visit;

typedef struct Offers {
    Offer **buckets; /* by number; room is a power of two */
    size_t room, count;
} Offers;

/* What a batch gives to a visit: `draw` is the visit's random word, `together` the size of the batch. */
typedef struct Given {
    Visit *visit;
    Agent *agent;
    uint64_t draw;
    int64_t together;
} Given;

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
    Pool agent_pool, offer_pool, visit_pool;
    int broken;
    uint64_t rng;
    int64_t now, sequence, last_offer, last_fence, last_seq, last_agent, wake_at;
    TenantIn tenant;
    Needs channels; /* with the units of a contact */
    int64_t day_end, share_sum, waiting; /* shares of all queues; visits that wait */
    size_t ring_queues; /* whose policy rings several */
    Agent **roster; /* by order and name; valid while roster_count is that of the agents */
    size_t roster_room, roster_count;
    int64_t *team_counts;
    size_t team_room;
    Visit **ringing; /* while settling */
    size_t ringing_room;
    struct Batch *batch; /* NULL until one is needed */
    int64_t assigned;    /* visits of all lines to whom the batch gives agents */
    Names names;
    Name *voice, *empty, *missed, *queue_removed;
    Due due;
    Offers offers;
    Classes classes;
    Queue **queues; /* in the order first set */
    size_t queue_room, queue_count;
    Agent **agents; /* in the order first set */
    size_t agent_room, agent_count;
    Agent **slots; /* agents by slot */
    uint32_t *spare; /* slots given back */
    size_t slot_room, slot_words, slot_count, spare_count; /* room in bits; words of the slots ever given; those */
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
int64_t step_due_at(const Visit *visit);
int64_t kept_until(const Visit *visit);

/* lists.c: names and levels in the order given, or by name */
Needs needs_take(Router *r, TextLevels in, int64_t least, int64_t most);
Needs needs_sorted(Router *r, TextLevels in, int64_t least, int64_t most);
void needs_release(Router *r, Needs *needs);
int needs_same(const Needs *a, const Needs *b);
int64_t needs_find(const Needs *needs, const Name *name, int64_t otherwise);
NameList list_take(Router *r, Texts in);
NameList list_sorted(Router *r, Texts in);
void list_release(Router *r, NameList *list);
int list_same(const NameList *a, const NameList *b);
int list_has(const NameList *list, const Name *name);

/* waiting.c: who stands where */
Key visit_key(const Visit *visit);
size_t line_position(const Visit *visit);
void line_enter(Router *r, Visit *visit);
void line_leave(Router *r, Visit *visit);
void wait_begin(Router *r, Visit *visit);
void wait_end(Router *r, Visit *visit);
void lines_rank(Router *r, const Queue *queue);
void lines_sort(Router *r, Queue *queue);
void kept_touch(Router *r, const Name *agent);

/* offered.c: offers by number, of visits, of agents */
Offer **offer_bucket(const Router *r, int64_t number);
Offer *offer_find(const Router *r, int64_t number);
void offer_add(Router *r, Visit *visit, Agent *agent, int64_t number, int64_t fence, int64_t lease_until);
void offer_drop(Router *r, Offer *offer);
void talk_begin(Agent *agent, Visit *visit);
void talk_end(Agent *agent, Visit *visit);

/* orders.c: keys of contacts */
int64_t line_first_key(const Router *r, const Visit *visit);
int64_t contact_key(const Router *r, const Visit *visit);
int order_is_fixed(const Router *r);
int served_before(const Router *r, const Visit *x, const Visit *y);
int is_late(const Router *r, const Visit *visit);
void queue_note_end(Queue *queue, int64_t waited_us);
void queue_note_wait(Queue *queue, int64_t waited_us, int gave_up);
void queue_note_handling(Queue *queue, int64_t handling_us);
int64_t queue_mean_handling_us(const Queue *queue);

/* estimate.c */
int64_t estimate_us(Router *r, const Visit *visit, int64_t now);

/* people.c: agents by slot and axis */
Agent *agent_add(Router *r, Name *name, int64_t number);
void agent_drop(Router *r, Agent *agent);
int64_t agent_used(const Agent *agent);
int agent_fits(const Agent *agent, int64_t units, const Name *channel);
int agent_is_ready(const Agent *agent);
void agent_index(Router *r, Agent *agent);
void agent_refresh(Router *r, Agent *agent);
void agent_rest_until(Router *r, Agent *agent, int64_t until);
void agents_place(Router *r);
int agent_before(const Agent *a, const Agent *b);

/* settings.c: what agents are set to */
int agent_serves(const Agent *agent, const Name *queue);
int64_t agent_level(const Agent *agent, const Name *skill);
void agent_sign(Router *r, Agent *agent, int signed_in);
void agent_configure(Router *r, Agent *agent, const Event *event);
void agent_unset(Router *r, Agent *agent);

/* wants.c */
uint64_t want_hash(const Name *queue, const Name *channel, int64_t units, const StepIn *in);
int want_is(const Router *r, const Want *want, Name *queue, const Name *channel, int64_t units,
            const StepIn *in);
void want_take(Router *r, Want *want, Name *queue, Name *channel, int64_t units, const StepIn *in);
void want_release(Router *r, Want *want);
int want_unmet(const Agent *agent, const Want *want);
int want_lacks(const Agent *agent, const Needs *needs);

/* classes.c */
void classes_widen_slots(Router *r, size_t old_room);
void classes_learn(Router *r, Agent *agent);
void classes_forget(Router *r, Agent *agent);
Class *class_take(Router *r, Name *queue, Name *channel, int64_t units, const StepIn *in);
void class_release(Router *r, Class *class);

/* plans.c */
int64_t units_of(const Router *r, const Name *channel);
Plan *plan_new(Router *r, const Event *event, int64_t units);
Plan *plan_share(Router *r, Plan *plan);
void plan_release(Router *r, Plan *plan);

/* tenants.c: the tenant and its queues */
void tenant_event(Router *r, const Event *event);
void turn_day(Router *r);
QueueIn queue_clean(const QueueIn *in);
int rings_several(const Queue *queue);
void queue_count_in(Router *r, const Queue *queue, int64_t by);

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
int offer_make(Router *r, Visit *visit, const Given *given);
void offer_rescind(Router *r, Visit *visit, int outcome);
void offer_rescind_of(Router *r, Agent *agent);
void offer_failed(Router *r, Offer *offer, int outcome);
void offer_event(Router *r, const Event *event);
void rings_more(Router *r, Visit *visit);
void agent_rest(Router *r, Agent *agent, const Queue *queue);
int in_time(const Queue *queue, int64_t waited_us);

/* router.c */
void take_event(Router *r, const Event *event, int64_t now);

/* settle.c */
void settle(Router *r);
void filter_agents(Router *r);

/* batch.c */
void serve_together(Router *r);

/* choose.c */
int class_may_be_served(const Agent *agent, const Class *class);
int pair_may_serve(const Router *r, const Agent *agent, const Visit *visit);
int servable(const Plan *plan);
size_t find_candidates(Router *r, const Visit *visit);
Agent *choose(Router *r, const Visit *visit, const Given *given, Choice *choice);

/* scores.c */
typedef struct Candidate {
    const Agent *agent;
    int64_t score;
    int line, other; /* not the agent of before */
} Candidate;

/* What of a choice the scores of all candidates depend on. */
typedef struct Scoring {
    const Queue *queue;
    const Want *want;
    uint64_t draw;
    size_t start, candidates; /* for `round-robin`, `idleness-ratio` */
} Scoring;

void scoring_begin(Router *r, Scoring *scoring, const Visit *visit, size_t candidates, const Given *given);
int64_t score_of(const Router *r, const Scoring *scoring, const Agent *agent);
/* Of many at once. */
void scores_of(const Router *r, const Scoring *scoring, Agent *const *agents, size_t count, int64_t *scores);

#endif
