#include "dtmf.h"

enum {
    KEYS = 16, /* 0-9 * # A-D; other events of RFC 4733 are no keys */
    SEGMENT_SAMPLES = 0xFFFF,
    STEP_MS = 20,
    STEPS_OF_PAUSE = KEY_PAUSE_MS / STEP_MS,
    END_PACKETS = 3,
    VOLUME_BELOW_DBM0 = 10, /* -10 dBm0, usual and inside what RFC 4733 section 2.3.3 recommends */
};

static struct key_press finish(struct dtmf_receiver *receiver)
{
    receiver->pending = false;
    return (struct key_press){
        .event = receiver->event,
        .duration_ms = (receiver->earlier_samples + receiver->duration) / receiver->units_per_ms,
    };
}

int dtmf_receive(struct dtmf_receiver *receiver, const struct rtp_packet *packet, const struct telephone_event *event,
                 uint64_t now_us, struct key_press over[2])
{
    if (event->event >= KEYS)
        return 0;
    int count = 0;
    int32_t later = (int32_t)(packet->timestamp - receiver->timestamp);
    bool same_clock = receiver->known && receiver->ssrc == packet->ssrc;
    if (!same_clock || later != 0) {
        if (same_clock && later < 0 && later > -(int32_t)(DIGIT_LATE_MS_MAX * receiver->units_per_ms))
            return 0;
        bool next_segment = same_clock && receiver->pending && later == SEGMENT_SAMPLES && receiver->event == event->event;
        uint32_t earlier = next_segment ? receiver->earlier_samples + SEGMENT_SAMPLES : 0;
        if (receiver->pending && !next_segment)
            over[count++] = finish(receiver);
        *receiver = (struct dtmf_receiver){
            .known = true,
            .pending = true,
            .units_per_ms = receiver->units_per_ms,
            .ssrc = packet->ssrc,
            .timestamp = packet->timestamp,
            .event = event->event,
            .earlier_samples = earlier,
        };
    }
    if (!receiver->pending || receiver->event != event->event)
        return count;
    receiver->heard_us = now_us;
    /* Reordered packets carry shorter durations. */
    if (event->duration > receiver->duration)
        receiver->duration = event->duration;
    if (event->end)
        over[count++] = finish(receiver);
    return count;
}

bool dtmf_expire(struct dtmf_receiver *receiver, uint64_t now_us, struct key_press *over)
{
    if (!receiver->pending || now_us - receiver->heard_us < DIGIT_LOST_END_MS * 1000)
        return false;
    *over = finish(receiver);
    return true;
}

bool dtmf_sender_busy(const struct dtmf_sender *sender)
{
    return sender->count > 0;
}

int dtmf_sender_add(struct dtmf_sender *sender, const struct digits *digits, uint32_t first_tick)
{
    if (sender->count == 0) {
        sender->step = 0;
        sender->in_run = false;
        sender->next_tick = first_tick;
    }
    uint32_t ms = digits->ms == 0 ? KEY_MS : digits->ms;
    ms = ms < KEY_MS_MIN ? KEY_MS_MIN : ms > KEY_MS_MAX ? KEY_MS_MAX : ms;
    for (int i = 0; i < digits->count; i++) {
        if (sender->count == DIGITS_MAX)
            return digits->count - i;
        int place = (sender->first + sender->count++) % DIGITS_MAX;
        sender->events[place] = digits->events[i];
        sender->lengths[place] = (uint8_t)((ms + STEP_MS / 2) / STEP_MS);
    }
    return 0;
}

uint32_t dtmf_sender_length_ms(const struct dtmf_sender *sender)
{
    return sender->lengths[sender->first] * STEP_MS;
}

static void next_key(struct dtmf_sender *sender)
{
    sender->step = 0;
    sender->before_ms = dtmf_sender_length_ms(sender) + KEY_PAUSE_MS;
    sender->first = (uint8_t)((sender->first + 1) % DIGITS_MAX);
    sender->count--;
}

int dtmf_sender_tick(struct dtmf_sender *sender, uint32_t tick, bool *begins)
{
    if ((int32_t)(tick - sender->next_tick) < 0)
        return -1;
    int event = sender->events[sender->first];
    *begins = sender->step++ == 0;
    sender->next_tick++;
    if (sender->step >= (dtmf_sender_length_ms(sender) + KEY_PAUSE_MS) / TICK_MS)
        next_key(sender);
    return event;
}

enum dtmf_action dtmf_sender_step(struct dtmf_sender *sender, uint32_t tick, struct telephone_event *event)
{
    if ((int32_t)(tick - sender->next_tick) < 0)
        return DTMF_WAIT;
    int step = sender->step++, length = sender->lengths[sender->first];
    sender->next_tick += STEP_MS / TICK_MS;
    event->event = sender->events[sender->first];
    event->volume = VOLUME_BELOW_DBM0;
    event->end = step >= length - 1;
    event->duration = (uint16_t)((event->end ? length : step + 1) * STEP_MS * (int)sender->units_per_ms);
    if (sender->step == length + STEPS_OF_PAUSE)
        next_key(sender);
    if (step >= length - 1 + END_PACKETS)
        return DTMF_WAIT;
    return step == 0 ? DTMF_FIRST_PACKET : DTMF_PACKET;
}
