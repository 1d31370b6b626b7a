/* The plain C of the router under the sanitizers: random events, failing allocations, damaged snapshots.

   Usage: core_test SEED EVENTS. Exit code 0 where all went well; the sanitizers abort otherwise. */
#include "acd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                    \
    do {                                                                                                    \
        if (!(condition)) {                                                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                 \
            exit(1);                                                                                        \
        }                                                                                                   \
    } while (0)

static uint64_t state;
static int trusted = 1; /* a damaged snapshot may hold counts that do not add up */

static uint64_t draw(uint64_t bound)
{
    uint64_t z = (state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (z ^ (z >> 31)) % bound;
}

/* Names on the heap of exactly their size, so that reading past one is seen. */
typedef struct Heap {
    char *at[96];
    size_t count;
} Heap;

static Text name(Heap *texts, const char *kind, uint64_t number)
{
    char line[32];
    int size = snprintf(line, sizeof line, "%s%llu", kind, (unsigned long long)number);
    char *copy = malloc((size_t)size);
    memcpy(copy, line, (size_t)size);
    CHECK(texts->count < 96);
    texts->at[texts->count++] = copy;
    return (Text){copy, (size_t)size};
}

static void forget(Heap *texts)
{
    while (texts->count)
        free(texts->at[--texts->count]);
}

typedef struct Parts {
    TextLevel levels[8], pairs[3];
    TextLevels groups[2];
    Text names[4], teams[2];
    StepIn steps[4];
} Parts;

static int64_t odd(int64_t value)
{
    /* Now and then a number that nobody would write. */
    switch (draw(60)) {
    case 0:
        return INT64_MAX;
    case 1:
        return INT64_MIN;
    case 2:
        return -value;
    default:
        return value;
    }
}

static StepIn step(const Parts *parts, uint64_t at)
{
    StepIn out = {.after_us = odd((int64_t)(at * draw(2000000))), .needs = {parts->levels + 2 * at, draw(3)}};
    if (draw(2))
        return out;
    out.none_of = (TextLevels){parts->levels + draw(6), draw(2)};
    out.prefer = (TextLevels){parts->levels + draw(6), draw(3)};
    out.groups = parts->groups;
    out.group_count = draw(3);
    out.teams = (Texts){parts->teams, draw(4) ? 0 : draw(3)};
    out.queues = (Texts){parts->names, draw(3)};
    return out;
}

static void fill(Event *event, Parts *parts, Heap *texts, int64_t now)
{
    QueueIn *q = &event->queue;
    *q = (QueueIn){(int)draw(POLICY_COUNT), (int)draw(2), (int)draw(2), (int)draw(2), odd((int64_t)draw(3)),
                   odd((int64_t)draw(20)), odd((int64_t)draw(5)), odd((int64_t)draw(9)), odd((int64_t)draw(4)),
                   odd((int64_t)draw(3) * 9), odd((int64_t)draw(9)), odd((int64_t)draw(3000000)),
                   odd((int64_t)draw(3)), odd((int64_t)draw(3)), odd((int64_t)draw(9000000)),
                   odd((int64_t)draw(120)), odd((int64_t)draw(3000000))};
    event->tenant = (TenantIn){(int)draw(ORDER_COUNT), (int)draw(ASSIGN_COUNT), (int)draw(2),
                               odd((int64_t)draw(3000000)), odd((int64_t)draw(2) * now / 2)};
    for (size_t i = 0; i < 8; i++)
        parts->levels[i] = (TextLevel){name(texts, "s", draw(4)), odd((int64_t)draw(6))};
    for (size_t i = 0; i < 3; i++)
        parts->pairs[i] = (TextLevel){name(texts, draw(2) ? "t" : "m", draw(3)), odd((int64_t)draw(60))};
    for (size_t i = 0; i < 2; i++) {
        parts->groups[i] = (TextLevels){parts->levels + draw(6), draw(3)};
        parts->teams[i] = name(texts, "t", draw(3));
    }
    for (size_t i = 0; i < 4; i++)
        parts->names[i] = name(texts, event->kind == EV_ARRIVE ? "a" : "q", draw(5));
    event->step_count = draw(4);
    for (size_t i = 0; i < 4; i++)
        parts->steps[i] = step(parts, i);
    event->skills = (TextLevels){parts->levels, draw(4)};
    event->pairs = (TextLevels){parts->pairs, draw(4)};
    event->names = (Texts){parts->names, draw(3)};
    event->teams = (Texts){parts->teams, draw(3)};
    event->weight = odd((int64_t)draw(4));
    event->units = draw(3) ? 100 : odd((int64_t)draw(200));
    event->steps = parts->steps;
    event->channel = name(texts, draw(2) ? "m" : "voice", draw(2));
    event->before = draw(3) ? (Text){"", 0} : name(texts, "a", draw(5));
    event->sticky_us = odd((int64_t)draw(3000000));
    event->waiting_since = draw(3) ? 0 : odd(now - (int64_t)draw(5000000));
}

static int one(Router *r, int64_t now, int64_t offers)
{
    Event event = {0};
    Parts parts;
    Heap texts = {{0}, 0};
    event.kind = draw(3) ? (int)draw(EV_COUNT) : EV_ARRIVE;
    if (draw(30) && (event.kind == EV_REMOVE_AGENT || event.kind == EV_REMOVE_QUEUE))
        event.kind = EV_SIGN_IN;
    const char *kind = event.kind == EV_ARRIVE || event.kind == EV_ABANDON || event.kind == EV_WITHDRAW ||
                               event.kind == EV_FINISH
                           ? "c"
                       : event.kind == EV_SET_QUEUE || event.kind == EV_REMOVE_QUEUE ? "q"
                                                                                     : "a";
    event.name = name(&texts, kind, draw(*kind == 'c' ? 40 : 5));
    event.other = event.kind == EV_ARRIVE ? name(&texts, "q", draw(5)) : name(&texts, "r", draw(3));
    fill(&event, &parts, &texts, now);
    event.number = event.kind == EV_CLAIM || event.kind == EV_DECLINE ? offers - (int64_t)draw(4)
                                                                      : odd((int64_t)draw(4));
    event.flag = event.kind == EV_DECLINE ? (int)draw(5) : event.kind == EV_SET_LINE ? (int)draw(3) : draw(5) != 0;
    size_t count;
    const Decision *said = acd_decisions(r, &count);
    for (size_t i = 0; i < count; i++)
        if (said[i].kind == DE_OFFERED && draw(2))
            event.number = said[i].number, event.fence = said[i].fence;
    int status = acd_apply(r, &event, now);
    forget(&texts);
    return status;
}

static void look(Router *r, int64_t now)
{
    PlaceOut place;
    QueueOut queue;
    AgentOut agent;
    WaitingOut waiting;
    acd_count_agents(r);
    for (size_t i = 0; i < acd_queue_count(r); i++) {
        acd_queue(r, i, now, &queue);
        int64_t left = queue.answered + queue.abandoned + queue.withdrawn;
        CHECK(!trusted || queue.entered == left + queue.waiting + queue.offered);
        for (size_t k = 0; acd_waiting(r, i, k, &waiting); k++) {
            Text text = {waiting.contact->text, waiting.contact->size};
            CHECK(acd_place(r, text, now, &place) && place.position == (int64_t)k + 1);
        }
    }
    for (size_t i = 0; i < acd_agent_count(r); i++)
        acd_agent(r, i, &agent);
}

/* The events of one seed; ends early where memory fails. Returns the last status. */
static int play(Router *r, uint64_t seed, long events)
{
    int64_t now = 0, offers = 0;
    state = seed;
    for (long i = 0; i < events; i++) {
        now += (int64_t)draw(900000);
        if (one(r, now, offers) < 0)
            return -1;
        size_t count;
        const Decision *said = acd_decisions(r, &count);
        for (size_t k = 0; k < count; k++)
            if (said[k].kind == DE_OFFERED)
                offers = said[k].number;
        if (i % 16 == 0)
            look(r, now);
    }
    return 0;
}

static void same_after_restore(Router *r)
{
    const char *why;
    const Bytes *bytes = acd_snapshot(r);
    CHECK(bytes);
    Router *copy = acd_restore(bytes->at, bytes->size, &why);
    CHECK(copy);
    const Bytes *again = acd_snapshot(copy);
    CHECK(again->size == bytes->size && memcmp(again->at, bytes->at, bytes->size) == 0);
    acd_close(copy);
}

/* Bytes changed and the digest put right: refused, or a router that still takes events. */
static void damaged(Router *r, uint64_t seed)
{
    const char *why;
    const Bytes *bytes = acd_snapshot(r);
    unsigned char *copy = malloc(bytes->size);
    for (int round = 0; round < 300; round++) {
        memcpy(copy, bytes->at, bytes->size);
        size_t body = draw(4) ? bytes->size - 8 : 16 + draw(bytes->size - 24);
        for (uint64_t flips = 1 + draw(3); flips; flips--)
            copy[8 + draw(body - 8)] = (unsigned char)draw(256);
        uint64_t digest = acd_digest(copy, body);
        for (int i = 0; i < 8; i++)
            copy[body + (size_t)i] = (unsigned char)(digest >> (8 * i));
        Router *odd_one = acd_restore(copy, body + 8, &why);
        if (odd_one) {
            uint64_t kept = state;
            trusted = 0;
            play(odd_one, seed + (uint64_t)round, 60);
            trusted = 1;
            state = kept;
        } else {
            CHECK(why);
        }
        acd_close(odd_one);
    }
    free(copy);
}

/* The same events with the first, second, third ... allocation failing. */
static long failing(uint64_t seed)
{
    long fails = 0;
    for (long n = 0;; n++) {
        Router *r = acd_open(seed);
        CHECK(r);
        memory_fail_after = n;
        int status = play(r, seed, 250);
        const Bytes *bytes = status == 0 ? acd_snapshot(r) : NULL;
        int failed = memory_fail_after < 0;
        memory_fail_after = -1;
        CHECK(failed || bytes);
        if (status < 0) {
            Event wake = {.kind = EV_WAKE};
            CHECK(acd_is_broken(r) && acd_apply(r, &wake, 1) < 0 && !acd_snapshot(r));
        }
        acd_close(r);
        if (!failed)
            return fails;
        fails++;
    }
}

static long failing_restore(Router *r)
{
    const char *why;
    const Bytes *bytes = acd_snapshot(r);
    for (long n = 0;; n++) {
        memory_fail_after = n;
        Router *copy = acd_restore(bytes->at, bytes->size, &why);
        memory_fail_after = -1;
        acd_close(copy);
        CHECK(!why);
        if (copy)
            return n;
    }
}

static void put(unsigned char *at, int size, uint64_t value)
{
    for (int i = 0; i < size; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

/* Random records, sound or not, on the heap of exactly their size; some batches are long and sound, so that the
   router reads far ahead; now and then a number is forgotten. */
static void packed(Router *r, uint64_t seed)
{
    state = seed;
    for (int i = 0; i < 3000; i++) {
        Heap texts = {{0}, 0};
        Parts parts;
        Event event = {.kind = EV_ARRIVE};
        fill(&event, &parts, &texts, 0);
        event.other = name(&texts, "q", draw(5));
        CHECK(draw(4) || acd_intern_contact(r, &event) > 0);
        CHECK(acd_intern(r, name(&texts, draw(2) ? "a" : "c", draw(6))) > 0);
        forget(&texts);
        int is_long = draw(8) == 0;
        size_t count = is_long ? 40 : draw(4);
        unsigned char *records = calloc(count ? count : 1, 32);
        for (size_t k = 0; k < count; k++) {
            records[32 * k] = (unsigned char)draw(EV_COUNT + 1);
            records[32 * k + 1] = (unsigned char)draw(6);
            put(records + 32 * k + 4, 4, draw(40));
            put(records + 32 * k + 8, 8, (uint64_t)i * 100000 + (1ull << 40));
            put(records + 32 * k + 16, 8, draw(40));
            put(records + 32 * k + 24, 8, draw(40));
            if (is_long && !acd_check_packed(r, records + 32 * k, 1))
                records[32 * k] = EV_WAKE;
        }
        size_t sound = acd_check_packed(r, records, count);
        CHECK(sound <= count && acd_apply_packed(r, records, sound));
        free(records);
        for (uint64_t n = draw(4); n; n--)
            acd_forget(r, draw(40));
    }
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    uint64_t seed = strtoull(argv[1], NULL, 10);
    Router *r = acd_open(seed);
    CHECK(r && play(r, seed, atol(argv[2])) == 0);
    same_after_restore(r);
    damaged(r, seed);
    packed(r, seed);
    long restores = failing_restore(r);
    acd_close(r);
    printf("%ld events, %ld failed allocations, %ld while restoring\n", atol(argv[2]), failing(seed), restores);
    return 0;
}
