#include "sender.h"

#include <string.h>

#include "bounds.h"

void sender_open(struct sender *sender, uint32_t ssrc, uint16_t sequence, uint32_t timestamp)
{
    memset(sender, 0, sizeof *sender);
    sender->ssrc = ssrc;
    sender->next_sequence = sequence;
    sender->timestamp = timestamp;
    sender->units_per_ms = SAMPLES_PER_MS;
}

void sender_set_clock(struct sender *sender, uint32_t units_per_ms, uint64_t now_us)
{
    if (sender->units_per_ms == units_per_ms)
        return;
    sender->timestamp = sender_time(sender, now_us);
    sender->timestamp_at_us = now_us;
    sender->samples = 0;
    sender->units_per_ms = units_per_ms;
    sender->source = SOURCE_NONE;
}

uint32_t sender_time(const struct sender *sender, uint64_t now_us)
{
    if (!sender->started)
        return sender->timestamp;
    uint64_t elapsed = (now_us - sender->timestamp_at_us) * sender->units_per_ms / 1000;
    return sender->timestamp + (uint32_t)(elapsed > sender->samples ? elapsed : sender->samples);
}

uint32_t sender_clock(const struct sender *sender, uint64_t now_us)
{
    uint64_t elapsed_us = sender->started ? now_us - sender->timestamp_at_us : 0;
    return sender->timestamp + (uint32_t)(elapsed_us * sender->units_per_ms / 1000);
}

/* Notes what goes out, for all that comes after it. */
static void advance(struct sender *sender, const struct rtp_packet *packet, uint32_t samples, uint64_t now_us)
{
    if (!sender->started || packet->timestamp != sender->timestamp)
        sender->timestamp_at_us = now_us;
    sender->started = true;
    sender->timestamp = packet->timestamp;
    sender->samples = samples;
    sender->next_sequence = (uint16_t)(packet->sequence + 1);
}

static bool clock_jumped(const struct sender *sender, const struct rtp_packet *packet, uint64_t now_us)
{
    int64_t elapsed = (int64_t)((now_us - sender->in_timestamp_at_us) * sender->units_per_ms / 1000);
    int64_t difference = (int32_t)(packet->timestamp - sender->in_timestamp) - elapsed;
    int64_t jump = (int64_t)TIMESTAMP_JUMP_MS * sender->units_per_ms;
    return difference > jump || difference < -jump;
}

static void anchor(struct sender *sender, const struct rtp_packet *packet, uint16_t pieces, uint64_t now_us)
{
    sender->source = SOURCE_RELAY;
    sender->in_ssrc = packet->ssrc;
    sender->in_newest = sender->in_oldest = packet->sequence;
    sender->pieces = pieces;
    sender->sequence_offset = (uint16_t)(sender->next_sequence - packet->sequence * pieces);
    sender->timestamp_offset = sender_time(sender, now_us) - packet->timestamp;
    sender->in_timestamp = packet->timestamp;
    sender->in_timestamp_at_us = now_us;
}

/* The newest packet, which goes out as number `sequence`, takes another count of numbers than those before: from here on
 * its own (`timed`), or it alone. Late ones of before would fall on numbers of others. */
static void count_pieces(struct sender *sender, uint16_t in_sequence, uint16_t sequence, uint16_t pieces, bool timed)
{
    if (timed) {
        sender->pieces = pieces;
        sender->sequence_offset = (uint16_t)(sequence - in_sequence * pieces);
        sender->in_oldest = in_sequence;
    } else {
        sender->sequence_offset = (uint16_t)(sender->sequence_offset - (sender->pieces - pieces));
        sender->in_oldest = (uint16_t)(in_sequence + 1);
    }
}

bool sender_relay(struct sender *sender, struct rtp_packet *packet, uint32_t samples, uint16_t pieces, uint64_t now_us,
                  bool timed)
{
    int16_t ahead = (int16_t)(packet->sequence - sender->in_newest);
    bool fresh = sender->source != SOURCE_RELAY || sender->in_ssrc != packet->ssrc || ahead > SEQUENCE_DROPOUT_MAX ||
                 ahead < -SEQUENCE_MISORDER_MAX || (timed && ahead > 0 && clock_jumped(sender, packet, now_us));
    if (fresh)
        anchor(sender, packet, pieces, now_us);
    else if ((int16_t)(packet->sequence - sender->in_oldest) < 0 || (ahead <= 0 && pieces > sender->pieces))
        return false;

    if (ahead > 0 && !fresh) {
        sender->in_newest = packet->sequence;
        /* Follows at a distance, so that the comparison above never wraps. */
        if ((uint16_t)(sender->in_newest - sender->in_oldest) > SEQUENCE_MISORDER_MAX)
            sender->in_oldest = (uint16_t)(sender->in_newest - SEQUENCE_MISORDER_MAX);
        if (timed) {
            sender->in_timestamp = packet->timestamp;
            sender->in_timestamp_at_us = now_us;
        }
    }
    uint16_t in_sequence = packet->sequence;
    packet->ssrc = sender->ssrc;
    packet->sequence = (uint16_t)(in_sequence * sender->pieces + sender->sequence_offset);
    packet->timestamp += sender->timestamp_offset;
    packet->marker = packet->marker || fresh;
    if (ahead > 0 || fresh) {
        advance(sender, packet, samples, now_us);
        sender->next_sequence = (uint16_t)(packet->sequence + pieces);
        if (pieces != sender->pieces)
            count_pieces(sender, in_sequence, packet->sequence, pieces, timed);
    }
    return true;
}

void sender_skip_relayed(struct sender *sender, const struct rtp_packet *packet)
{
    int16_t ahead = (int16_t)(packet->sequence - sender->in_newest);
    if (sender->source != SOURCE_RELAY || sender->in_ssrc != packet->ssrc || ahead <= 0 || ahead > SEQUENCE_DROPOUT_MAX)
        return;
    sender->sequence_offset = (uint16_t)(sender->sequence_offset - sender->pieces);
    sender->in_newest = sender->in_oldest = packet->sequence;
}

void sender_own(struct sender *sender, struct rtp_packet *packet, uint32_t samples, uint64_t now_us)
{
    bool goes_on = sender->source == SOURCE_OWN;
    packet->marker = !goes_on || sender->rested;
    packet->timestamp = goes_on ? sender->timestamp + sender->samples : sender_time(sender, now_us);
    packet->sequence = sender->next_sequence;
    packet->ssrc = sender->ssrc;
    sender->source = SOURCE_OWN;
    sender->rested = false;
    advance(sender, packet, samples, now_us);
}

void sender_rest(struct sender *sender, uint32_t samples)
{
    if (sender->source == SOURCE_OWN)
        sender->samples += samples;
    sender->rested = true;
}

void sender_event(struct sender *sender, struct rtp_packet *packet, uint32_t timestamp, uint64_t now_us)
{
    packet->timestamp = timestamp;
    packet->sequence = sender->next_sequence;
    packet->ssrc = sender->ssrc;
    sender->source = SOURCE_NONE;
    advance(sender, packet, 0, now_us);
}

void sender_interrupt(struct sender *sender)
{
    sender->source = SOURCE_NONE;
}

void sender_interrupt_relayed(struct sender *sender)
{
    if (sender->source == SOURCE_RELAY)
        sender->source = SOURCE_NONE;
}
