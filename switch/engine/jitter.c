#include "jitter.h"

#include <string.h>

#include "bounds.h"

enum {
    CELL_MASK = JITTER_PACKETS - 1,
    WINDOW_US = 4000000,          /* of the least transit: 200 ppm of drift are 1.6 ms in the two that count */
    TARGET_MS_FIRST = 40,         /* before anything is known: usual for a mobile or a home network */
    FIRST_PACKETS = 5,            /* that such a guess is worth */
    PACKETS_PER_TARGET = 8,       /* the quantile is looked up so often */
    CLOCK_JUMP_MS = 2000,         /* as TIMESTAMP_JUMP_MAX */
    PERCENT_IN_TIME = 97,
};

/* 500 packets (10 s of 20 ms) until a packet counts a third of a new one. */
static const double FORGET = 1.002;
static const double WEIGHT_MAX = 1e12;

size_t jitter_bytes(uint32_t cell_bytes)
{
    return sizeof(struct jitter) + (size_t)JITTER_PACKETS * cell_bytes;
}

void jitter_init(struct jitter *jitter, uint32_t cell_bytes, uint32_t units_per_ms)
{
    jitter->cell_bytes = cell_bytes;
    jitter->units_per_ms = units_per_ms;
    jitter->counts.target_ms = TARGET_MS_FIRST;
    jitter->weight = 1;
    /* The bin whose upper edge, and a tick, are that target. */
    jitter->weights[(TARGET_MS_FIRST - TICK_MS) / JITTER_BIN_MS - 1] = FIRST_PACKETS;
    jitter->weight_total = FIRST_PACKETS;
    jitter->until_target = PACKETS_PER_TARGET;
}

static uint8_t *payload_of(struct jitter *jitter, const struct jitter_cell *cell)
{
    return jitter->payloads + (size_t)(cell - jitter->cells) * jitter->cell_bytes;
}

static struct jitter_cell *cell_of(struct jitter *jitter, uint16_t sequence)
{
    return &jitter->cells[sequence & CELL_MASK];
}

static uint32_t units_now(const struct jitter *jitter, uint64_t now_us)
{
    return (uint32_t)(now_us * jitter->units_per_ms / 1000);
}

static uint32_t least_transit(const struct jitter *jitter)
{
    bool past_is_less = (int32_t)(jitter->past_least_transit - jitter->least_transit) < 0;
    return past_is_less ? jitter->past_least_transit : jitter->least_transit;
}

static uint32_t target_units(const struct jitter *jitter)
{
    return (uint32_t)jitter->counts.target_ms * jitter->units_per_ms;
}

static void drop(struct jitter *jitter, struct jitter_cell *cell)
{
    jitter->counts.discarded += cell->used;
    cell->used = false;
}

void jitter_restart(struct jitter *jitter)
{
    for (int i = 0; i < JITTER_PACKETS; i++)
        drop(jitter, &jitter->cells[i]);
    jitter->started = false;
}

/* The first packet of a sender, or of a sender's new clock. What the network's jitter is stays known. */
static void begin(struct jitter *jitter, const struct rtp_packet *packet, uint32_t transit, uint64_t now_us)
{
    jitter->counts.resets += jitter->started;
    jitter_restart(jitter);
    jitter->started = true;
    jitter->taken = jitter->starved = jitter->pausing = false;
    jitter->ssrc = packet->ssrc;
    jitter->newest = (uint16_t)(packet->sequence - 1);
    jitter->next_sequence = packet->sequence;
    jitter->asides = 0;
    jitter->played = 0;
    jitter->next = packet->timestamp - target_units(jitter);
    jitter->starved_units = 0;
    jitter->least_transit = jitter->past_least_transit = transit;
    jitter->window_began_us = now_us;
}

static bool is_new_clock(const struct jitter *jitter, const struct rtp_packet *packet, uint32_t transit)
{
    if (!jitter->started || jitter->ssrc != packet->ssrc)
        return true;
    int16_t ahead = (int16_t)(packet->sequence - jitter->newest);
    if (ahead > SEQUENCE_DROPOUT_MAX || ahead < -SEQUENCE_MISORDER_MAX)
        return true;
    int32_t later = (int32_t)(transit - least_transit(jitter));
    int32_t jump = (int32_t)(CLOCK_JUMP_MS * jitter->units_per_ms);
    /* An old packet that was held up for so long is late, and no new clock. */
    return ahead > 0 && (later > jump || later < -jump);
}

static uint32_t quantile_ms(const struct jitter *jitter)
{
    double wanted = jitter->weight_total * PERCENT_IN_TIME / 100, seen = 0;
    uint32_t bin = 0;
    while (bin < JITTER_BINS && (seen += jitter->weights[bin]) < wanted)
        bin++;
    uint32_t ms = (bin + 1) * JITTER_BIN_MS + TICK_MS;
    uint32_t ms_max = JITTER_BINS * JITTER_BIN_MS;
    return ms < ms_max ? ms : ms_max;
}

static void measure(struct jitter *jitter, uint32_t transit, uint64_t now_us)
{
    if (now_us - jitter->window_began_us >= WINDOW_US) {
        jitter->past_least_transit = jitter->least_transit;
        jitter->least_transit = transit;
        jitter->window_began_us = now_us;
    }
    if ((int32_t)(transit - jitter->least_transit) < 0)
        jitter->least_transit = transit;
    uint32_t bin = (transit - least_transit(jitter)) / (JITTER_BIN_MS * jitter->units_per_ms);
    if (bin > JITTER_BINS)
        bin = JITTER_BINS;
    jitter->weights[bin] += jitter->weight;
    jitter->weight_total += jitter->weight;
    jitter->weight *= FORGET;
    if (jitter->weight > WEIGHT_MAX) {
        for (int i = 0; i <= JITTER_BINS; i++)
            jitter->weights[i] /= WEIGHT_MAX;
        jitter->weight_total /= WEIGHT_MAX;
        jitter->weight /= WEIGHT_MAX;
    }
    if (--jitter->until_target == 0) {
        jitter->until_target = PACKETS_PER_TARGET;
        jitter->counts.target_ms = quantile_ms(jitter);
    }
}

/* Something is here again after nothing was: how much of the time that stood still has passed at the sender too? */
static void resume(struct jitter *jitter, const struct rtp_packet *packet, uint64_t now_us)
{
    int32_t gap = (int32_t)(packet->timestamp - jitter->next);
    uint32_t stood = jitter->starved_units;
    int16_t missing = (int16_t)(packet->sequence - jitter->next_sequence - jitter->asides);
    jitter->starved = false;
    jitter->starved_units = 0;
    if (gap <= 0 || missing > 0)
        jitter->counts.concealed_units += stood;
    jitter->pausing = missing <= 0 || stood >= JITTER_STARVED_MS_MAX * jitter->units_per_ms;
    if (gap <= 0)
        return; /* a stall: all that was concealed is delay now */
    uint32_t forward = stood;
    if (stood >= JITTER_STARVED_MS_MAX * jitter->units_per_ms) {
        uint32_t wanted = units_now(jitter, now_us) - least_transit(jitter) - target_units(jitter);
        int32_t to_wanted = (int32_t)(wanted - jitter->next);
        forward = to_wanted > 0 ? (uint32_t)to_wanted : 0;
    }
    jitter->next += forward < (uint32_t)gap ? forward : (uint32_t)gap;
}

/* Room for the sequence numbers up to this one; what they push out of the window is thrown away. */
static void advance_newest(struct jitter *jitter, uint16_t sequence)
{
    uint16_t ahead = (uint16_t)(sequence - jitter->newest);
    for (uint16_t i = 1; i <= ahead && i <= JITTER_PACKETS; i++)
        drop(jitter, cell_of(jitter, (uint16_t)(jitter->newest + i)));
    jitter->newest = sequence;
    jitter->asides = 0;
    uint16_t oldest = (uint16_t)(sequence - (JITTER_PACKETS - 1));
    uint16_t behind = (uint16_t)(oldest - jitter->next_sequence);
    if ((int16_t)behind > 0) {
        jitter->played = behind < 64 ? jitter->played << behind : 0;
        jitter->next_sequence = oldest;
    }
}

/* A sender that is faster than its clock, or a stall that is made up for: no more than the bound is kept. */
static void bound_delay(struct jitter *jitter)
{
    const struct jitter_cell *cell = cell_of(jitter, jitter->newest);
    uint32_t end = cell->timestamp + cell->units;
    if ((int32_t)(end - jitter->next) > (int32_t)(JITTER_DELAY_MS_MAX * jitter->units_per_ms))
        jitter->next = end - target_units(jitter);
}

bool jitter_put(struct jitter *jitter, const struct rtp_packet *packet, uint32_t units, uint64_t now_us)
{
    if (packet->payload_bytes > jitter->cell_bytes || units == 0)
        return false;
    uint32_t transit = units_now(jitter, now_us) - packet->timestamp;
    if (is_new_clock(jitter, packet, transit))
        begin(jitter, packet, transit, now_us);
    struct jitter_cell *cell = cell_of(jitter, packet->sequence);
    int16_t after_taken = (int16_t)(packet->sequence - jitter->next_sequence);
    bool was_played = after_taken < 0 && after_taken >= -64 && (jitter->played >> (-after_taken - 1) & 1);
    if (was_played || (cell->used && cell->sequence == packet->sequence)) {
        jitter->counts.duplicates++;
        return false;
    }
    measure(jitter, transit, now_us);
    bool at_start = !jitter->taken && (uint16_t)(jitter->newest - packet->sequence) < JITTER_PACKETS;
    bool is_over = (int32_t)(packet->timestamp + units - jitter->next) <= 0;
    if (is_over || (after_taken < 0 && !at_start)) {
        jitter->counts.late++;
        return false;
    }
    if (jitter->starved)
        resume(jitter, packet, now_us);
    if (after_taken < 0)
        jitter->next_sequence = packet->sequence;
    uint16_t asides = jitter->asides;
    if ((int16_t)(packet->sequence - jitter->newest) > 0)
        advance_newest(jitter, packet->sequence);
    *cell = (struct jitter_cell){
        .timestamp = packet->timestamp,
        .units = units,
        .sequence = packet->sequence,
        .bytes = (uint16_t)packet->payload_bytes,
        .asides = asides,
        .used = true,
    };
    memcpy(payload_of(jitter, cell), packet->payload, packet->payload_bytes);
    jitter->counts.packets++;
    bound_delay(jitter);
    return true;
}

void jitter_aside(struct jitter *jitter, const struct rtp_packet *packet)
{
    if (jitter->started && jitter->ssrc == packet->ssrc && (int16_t)(packet->sequence - jitter->newest) > 0)
        jitter->asides++;
}

static void pass_to(struct jitter *jitter, uint16_t sequence, bool played)
{
    uint16_t by = (uint16_t)(sequence + 1 - jitter->next_sequence);
    jitter->played = (by < 64 ? jitter->played << by : 0) | played;
    jitter->next_sequence = (uint16_t)(sequence + 1);
}

/* The oldest packet that is held and not over; NULL if none. Those that are over are thrown away. */
static struct jitter_cell *first_cell(struct jitter *jitter)
{
    while ((int16_t)(jitter->newest - jitter->next_sequence) >= 0) {
        uint16_t sequence = jitter->next_sequence;
        struct jitter_cell *cell = cell_of(jitter, sequence);
        for (int i = 1; !cell->used && i < JITTER_PACKETS && sequence != jitter->newest; i++)
            cell = cell_of(jitter, ++sequence);
        if (!cell->used)
            return NULL;
        if ((int32_t)(cell->timestamp + cell->units - jitter->next) > 0)
            return cell;
        drop(jitter, cell);
        pass_to(jitter, sequence, false);
    }
    return NULL;
}

static uint32_t tick_units(const struct jitter *jitter)
{
    return TICK_MS * jitter->units_per_ms;
}

/* From where the time has come to up to the packet. */
static int32_t gap_before(const struct jitter *jitter, const struct jitter_cell *cell)
{
    return (int32_t)(cell->timestamp - jitter->next);
}

/* A gap, or an overlap, that is a clock read a little askew, and nothing to conceal or to leave out. */
static int32_t slack(const struct jitter *jitter)
{
    return (int32_t)tick_units(jitter) / 2;
}

static enum jitter_verdict take_nothing(struct jitter *jitter, struct jitter_piece *piece)
{
    uint32_t units_max = JITTER_STARVED_MS_MAX * jitter->units_per_ms;
    bool conceals = jitter->started && jitter->taken && jitter->starved_units < units_max;
    piece->units = tick_units(jitter);
    jitter->starved = jitter->started;
    /* Beyond the bound of any delay it says nothing more. */
    if (jitter->started && jitter->starved_units < JITTER_DELAY_MS_MAX * jitter->units_per_ms)
        jitter->starved_units += piece->units;
    return conceals ? JITTER_STARVED : JITTER_SILENT;
}

static enum jitter_verdict take_gap(struct jitter *jitter, const struct jitter_cell *cell, struct jitter_piece *piece)
{
    uint32_t gap = (uint32_t)gap_before(jitter, cell), tick = tick_units(jitter);
    bool paused = jitter->pausing || (uint16_t)(cell->sequence - cell->asides) == jitter->next_sequence;
    uint32_t units = paused || cell->units < tick ? tick : cell->units / tick * tick;
    bool ends = gap <= units + (uint32_t)slack(jitter);
    jitter->next += ends ? gap : units;
    piece->units = ends ? (gap + (uint32_t)slack(jitter)) / tick * tick : units;
    if (paused)
        return JITTER_PAUSE;
    jitter->counts.concealed_units += piece->units;
    if (ends) {
        piece->payload = payload_of(jitter, cell);
        piece->bytes = cell->bytes;
    }
    return JITTER_LOST;
}

bool jitter_has_next(struct jitter *jitter)
{
    const struct jitter_cell *cell = jitter->started ? first_cell(jitter) : NULL;
    return cell != NULL && gap_before(jitter, cell) <= slack(jitter);
}

enum jitter_verdict jitter_take(struct jitter *jitter, struct jitter_piece *piece)
{
    struct jitter_cell *cell = jitter->started ? first_cell(jitter) : NULL;
    *piece = (struct jitter_piece){0};
    if (cell == NULL)
        return take_nothing(jitter, piece);
    int32_t gap = gap_before(jitter, cell);
    if (gap > slack(jitter))
        return take_gap(jitter, cell, piece);
    piece->skip = gap < -slack(jitter) ? (uint32_t)-gap : 0;
    piece->units = cell->units;
    piece->payload = payload_of(jitter, cell);
    piece->bytes = cell->bytes;
    jitter->next = cell->timestamp + cell->units;
    jitter->taken = true;
    jitter->pausing = false;
    cell->used = false;
    pass_to(jitter, cell->sequence, true);
    return JITTER_PACKET;
}

const struct jitter_counts *jitter_counts(const struct jitter *jitter)
{
    return &jitter->counts;
}

int32_t jitter_delay(const struct jitter *jitter, uint32_t ahead_units, uint64_t now_us)
{
    return (int32_t)(units_now(jitter, now_us) - least_transit(jitter) - jitter->next + ahead_units);
}

int32_t jitter_excess(const struct jitter *jitter, uint32_t ahead_units, uint64_t now_us)
{
    if (!jitter->started || jitter->starved)
        return 0;
    return jitter_delay(jitter, ahead_units, now_us) - (int32_t)target_units(jitter);
}
