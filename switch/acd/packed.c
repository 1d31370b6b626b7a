/* Batches of events as fixed records, and their decisions the same way; packed.py describes both. */
#include "ahead.h"

#include <string.h>

/* As in packed.py. */
enum { RECORD = 32, DECISION = 64, CHOICE = 256, EXCLUSIONS_ROOM = 24, NEEDS_IN_RECORD = 8 };

/* All is little-endian, as most machines are: there each of these is one move. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define TURNED4(value) __builtin_bswap32(value)
#define TURNED8(value) __builtin_bswap64(value)
#else
#define TURNED4(value) (value)
#define TURNED8(value) (value)
#endif

static uint32_t load4(const unsigned char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return TURNED4(value);
}

static uint64_t load8(const unsigned char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return TURNED8(value);
}

static void store4(unsigned char *at, uint64_t value)
{
    uint32_t out = TURNED4((uint32_t)value);
    memcpy(at, &out, sizeof out);
}

static void store8(unsigned char *at, int64_t value)
{
    uint64_t out = TURNED8((uint64_t)value);
    memcpy(at, &out, sizeof out);
}

/* Numbers */

static uint32_t give_number(Router *r, Numbered numbered)
{
    Numbers *n = &r->numbers;
    if (!n->count) {
        memory_reserve(&r->memory, (void **)&n->at, &n->room, 1, sizeof *n->at);
        n->at[n->count++] = (Numbered){r->empty, NULL};
    }
    memory_reserve(&r->memory, (void **)&n->at, &n->room, n->count + 1, sizeof *n->at);
    /* Room to take any number back, so that forgetting needs no memory. */
    memory_reserve(&r->memory, (void **)&n->spare, &n->spare_room, n->count + 1, sizeof *n->spare);
    uint32_t number = n->spare_count ? n->spare[--n->spare_count] : (uint32_t)n->count++;
    n->at[number] = numbered;
    return number;
}

/* The number of a name, a new one where it has none. */
static uint32_t number_of(Router *r, Name *name)
{
    if (!name || name == r->empty)
        return 0;
    if (!name->number) {
        name->number = give_number(r, (Numbered){name, NULL});
        share(name);
    }
    return name->number;
}

int64_t acd_intern(Router *r, Text text)
{
    if (r->broken || setjmp(r->memory.failed))
        return -1;
    Name *name = take(r, text);
    uint32_t number = number_of(r, name);
    release(r, name);
    return number;
}

int64_t acd_intern_contact(Router *r, const Event *event)
{
    if (r->broken)
        return -1;
    if (setjmp(r->memory.failed)) {
        r->broken = 1;
        return -1;
    }
    return give_number(r, (Numbered){NULL, plan_new(r, event, 0)});
}

int acd_forget(Router *r, uint64_t number)
{
    Numbers *n = &r->numbers;
    if (number == 0 || number >= n->count || (!n->at[number].name && !n->at[number].plan))
        return 0;
    Numbered numbered = n->at[number];
    if (r->broken || setjmp(r->memory.failed)) {
        r->broken = 1;
        return 0;
    }
    n->at[number] = (Numbered){NULL, NULL};
    n->spare[n->spare_count++] = (uint32_t)number;
    if (numbered.plan) {
        plan_release(r, numbered.plan);
    } else {
        numbered.name->number = 0;
        release(r, numbered.name);
    }
    return 1;
}

const Name *acd_interned(const Router *r, uint64_t number)
{
    if (number == 0)
        return r->empty;
    return number < r->numbers.count ? r->numbers.at[number].name : NULL;
}

/* Events */

static int is_sound(const Router *r, const unsigned char *record)
{
    int kind = record[0], flag = record[1];
    if (kind == EV_WAKE || kind == EV_CLAIM)
        return 1;
    if (kind == EV_DECLINE)
        return flag <= OFFER_FAILED;
    if (kind >= EV_COUNT || kind == EV_SET_QUEUE || kind == EV_SET_AGENT || kind == EV_SET_TENANT ||
        !acd_interned(r, load4(record + 4)))
        return 0;
    if (kind == EV_PAUSE || kind == EV_WITHDRAW)
        return acd_interned(r, load8(record + 16)) != NULL;
    uint64_t plan = load8(record + 24);
    return kind != EV_ARRIVE || (plan < r->numbers.count && r->numbers.at[plan].plan);
}

size_t acd_check_packed(const Router *r, const unsigned char *records, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_sound(r, records + i * RECORD))
            return i;
    return count;
}

static void take_record(Router *r, const unsigned char *record)
{
    Event event = {.kind = record[0], .flag = record[1]};
    int64_t first = (int64_t)load8(record + 16), second = (int64_t)load8(record + 24);
    const Name *reason;
    switch (event.kind) {
    case EV_WAKE:
        break;
    case EV_CLAIM:
    case EV_DECLINE:
        event.number = first;
        event.fence = second;
        break;
    case EV_ARRIVE:
        event.waiting_since = first;
        event.plan = r->numbers.at[second].plan;
        break;
    case EV_PAUSE:
    case EV_WITHDRAW:
        reason = acd_interned(r, (uint64_t)first);
        event.other = (Text){reason->text, reason->size};
        break;
    case EV_SET_LINE:
        event.flag = (int)clamp(first, LINE_GOOD, LINE_UNUSABLE);
        break;
    case EV_REACH:
        event.flag = event.flag != 0;
        break;
    default:
        break;
    }
    if (event.kind != EV_WAKE && event.kind != EV_CLAIM && event.kind != EV_DECLINE)
        event.known = (Name *)acd_interned(r, load4(record + 4));
    take_event(r, &event, (int64_t)load8(record + 8));
}

static Coming coming_of(const unsigned char *record)
{
    return (Coming){.kind = record[0],
                    .name = load4(record + 4),
                    .plan = record[0] == EV_ARRIVE ? load8(record + 24) : 0,
                    .offer = (int64_t)load8(record + 16)};
}

/* Decisions */

/* Room for so many bytes, which the caller fills. */
static unsigned char *add_record(Router *r, size_t size)
{
    Bytes *out = &r->packed;
    if (out->size + size > out->room)
        memory_reserve(&r->memory, (void **)&out->at, &out->room, out->size + size, 1);
    unsigned char *at = out->at + out->size;
    out->size += size;
    return at;
}

static void pack_needs(Router *r, const Choice *choice)
{
    unsigned char *at = NULL;
    for (size_t i = 0; i < choice->need_count; i++) {
        size_t in = i % NEEDS_IN_RECORD;
        at = in ? at : memset(add_record(r, DECISION), 0, DECISION);
        store4(at + 8 * in, number_of(r, choice->needs[i].skill));
        store4(at + 8 * in + 4, (uint64_t)clamp(choice->needs[i].level, INT32_MIN, INT32_MAX));
    }
}

static void pack_choice(Router *r, const Choice *choice)
{
    unsigned char *at = add_record(r, CHOICE), *best = at + 40 + 4 * EXCLUSIONS_ROOM;
    memset(at, 0, CHOICE);
    at[0] = DE_CHOICE;
    at[1] = (unsigned char)choice->tie;
    at[2] = (unsigned char)choice->policy;
    at[3] = (unsigned char)choice->best_count;
    store4(at + 4, (uint64_t)choice->candidates);
    store8(at + 8, choice->sequence);
    store4(at + 16, (uint64_t)choice->step);
    store8(at + 20, choice->key);
    store4(at + 28, (uint64_t)choice->batch);
    store4(at + 32, (uint64_t)choice->need_count);
    for (int i = 0; i < OUT_COUNT; i++)
        store4(at + 40 + 4 * i, (uint64_t)choice->exclusions[i]);
    for (int i = 0; i < choice->best_count; i++, best += 24) {
        store4(best, number_of(r, (Name *)choice->best[i].agent));
        store8(best + 8, choice->best[i].score);
        store8(best + 16, choice->best[i].idle_us);
    }
    pack_needs(r, choice);
}

static void pack(Router *r, const Decision *d, size_t event)
{
    uint32_t contact = number_of(r, (Name *)d->contact), queue = number_of(r, (Name *)d->queue);
    uint32_t agent = number_of(r, (Name *)d->agent), reason = number_of(r, (Name *)d->reason);
    unsigned char *at = add_record(r, DECISION);
    store4(at, (uint64_t)d->kind | (uint64_t)(unsigned char)d->word << 8);
    store4(at + 4, event);
    store4(at + 8, contact);
    store4(at + 12, queue);
    store4(at + 16, agent);
    store4(at + 20, reason);
    store8(at + 24, d->number);
    store8(at + 32, d->fence);
    store8(at + 40, d->kind == DE_OFFERED ? d->ring_us : d->waited_us);
    store8(at + 48, d->kind == DE_OFFERED ? d->lease_until : d->talked_us);
    store8(at + 56, 0);
    if (d->kind == DE_OFFERED)
        pack_choice(r, &d->choice);
}

static void take_records(Router *r, const unsigned char *records, size_t count)
{
    Coming coming[AHEAD_MAX];
    size_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        for (; seen < count && seen < i + AHEAD_MAX; seen++)
            coming[seen % AHEAD_MAX] = coming_of(records + seen * RECORD);
        ahead_look(r, coming, i, count);
        take_record(r, records + i * RECORD);
        for (size_t k = 0; k < r->out_count; k++)
            pack(r, &r->out[k], i);
    }
}

const Bytes *acd_apply_packed(Router *r, const unsigned char *records, size_t count)
{
    if (r->broken)
        return NULL;
    if (setjmp(r->memory.failed)) {
        r->broken = 1;
        r->out_count = 0;
        return NULL;
    }
    r->packed.size = 0;
    take_records(r, records, count);
    return &r->packed;
}
