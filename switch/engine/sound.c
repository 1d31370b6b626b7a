#include "sound.h"

static bool is_g711(enum codec_id codec)
{
    return codec == CODEC_PCMU || codec == CODEC_PCMA;
}

bool sound_may_relay(const struct stream *from, const struct stream *to)
{
    return from->plan.codec == to->plan.codec || (is_g711(from->plan.codec) && is_g711(to->plan.codec));
}

/* The ear of a plan that was: another one is on its way, or its memory was refused. */
static struct ear *usable_ear(const struct stream *stream)
{
    return stream->ear != NULL && stream->ear->codec->id == stream->plan.codec ? stream->ear : NULL;
}

static struct mouth *usable_mouth(const struct stream *stream)
{
    return stream->mouth != NULL && stream->mouth->codec->id == stream->plan.codec ? stream->mouth : NULL;
}

void sound_listen(struct engine *engine, uint32_t slot, enum listener listener)
{
    struct stream *stream = &engine->streams[slot];
    /* What it held when somebody listened last is long over. */
    if (stream->listeners == 0 && stream->ear != NULL)
        ear_restart(stream->ear);
    stream->listeners |= listener;
    stream_mark_busy(engine, slot);
}

void sound_unlisten(struct engine *engine, uint32_t slot, enum listener listener)
{
    struct stream *stream = &engine->streams[slot];
    stream->listeners &= (uint8_t)~listener;
    if (listener == LISTEN_PARTNER && stream->partner != NONE)
        sound_hush(&engine->streams[stream->partner], VOICE_PARTNER);
}

static void route_one(struct engine *engine, uint32_t slot)
{
    struct stream *stream = &engine->streams[slot];
    bool relays = stream->partner == NONE || sound_may_relay(stream, &engine->streams[stream->partner]);
    if (relays && (stream->listeners & LISTEN_PARTNER))
        sound_unlisten(engine, slot, LISTEN_PARTNER);
    else if (!relays && !(stream->listeners & LISTEN_PARTNER))
        sound_listen(engine, slot, LISTEN_PARTNER);
}

void sound_route(struct engine *engine, uint32_t slot)
{
    struct stream *stream = &engine->streams[slot];
    if (stream->mouth != NULL) {
        mouth_set_packet(stream->mouth, stream->plan.packet_ticks);
        stream->mouth->sends_noise = stream->plan.noise_payload_type >= 0;
    }
    route_one(engine, slot);
    if (stream->partner != NONE)
        route_one(engine, (uint32_t)stream->partner);
    else
        sound_hush(stream, VOICE_PARTNER);
}

void sound_receive(struct stream *stream, const struct rtp_packet *packet, bool is_event, uint64_t now_us)
{
    struct ear *ear = usable_ear(stream);
    if (ear == NULL)
        return;
    if (is_event)
        ear_aside(ear, packet);
    else
        ear_put(ear, packet, now_us);
}

void sound_receive_noise(struct stream *stream, const struct rtp_packet *packet)
{
    struct ear *ear = usable_ear(stream);
    if (ear != NULL)
        ear_noise(ear, packet);
}

const int16_t *sound_heard(const struct stream *stream, uint32_t *rate_hz)
{
    const struct ear *ear = usable_ear(stream);
    if (ear == NULL || stream->listeners == 0 || ear_is_quiet(ear))
        return NULL;
    *rate_hz = ear->codec->sample_rate_hz;
    return ear->frame;
}

void sound_hush(struct stream *stream, enum voice voice)
{
    if (stream->voice != voice)
        return;
    stream->voice = VOICE_NONE;
    if (stream->mouth != NULL)
        mouth_rest(stream->mouth);
    sender_interrupt(&stream->sender);
}

void sound_adapt(const struct stream *stream, uint8_t fraction_lost)
{
    if (stream->mouth != NULL && stream->mouth->codec->adapt != NULL)
        stream->mouth->codec->adapt(stream->mouth->encoder, (uint8_t)((fraction_lost * 100 + 128) / 256));
}

static void send_payload(struct engine *engine, struct stream *to, const struct mouth_payload *payload, uint8_t type,
                         uint64_t now_us)
{
    struct rtp_packet packet = {
        .payload = payload->bytes,
        .payload_bytes = payload->count,
        .payload_type = type,
    };
    sender_own(&to->sender, &packet, payload->units, now_us);
    stream_transmit(engine, to, &packet);
}

void sound_speak(struct engine *engine, struct stream *to, enum voice voice, const int16_t *samples, uint32_t rate_hz,
                 uint64_t now_us)
{
    _Alignas(8) uint8_t datagram[RTP_HEADER_BYTES + CODEC_PAYLOAD_BYTES_MAX + SEAL_BYTES];
    struct mouth *mouth = usable_mouth(to);
    if (mouth == NULL)
        return;
    if (!stream_can_send(to)) {
        sound_hush(to, to->voice);
        return;
    }
    if (to->voice != voice) {
        sound_hush(to, to->voice);
        sender_interrupt(&to->sender);
        to->voice = voice;
    }
    struct mouth_payload payload = {.bytes = datagram + RTP_HEADER_BYTES};
    switch (mouth_speak(mouth, samples, rate_hz, &payload)) {
    case MOUTH_WAITS:
        break;
    case MOUTH_PACKET:
        send_payload(engine, to, &payload, to->plan.payload_type, now_us);
        break;
    case MOUTH_NOISE:
        /* A talkspurt begins with the next packet that is sound (RFC 3551 section 4.1). */
        send_payload(engine, to, &payload, (uint8_t)to->plan.noise_payload_type, now_us);
        sender_rest(&to->sender, 0);
        break;
    case MOUTH_PAUSES:
        sender_rest(&to->sender, payload.units);
        break;
    }
}

static void speak_to_partner(struct engine *engine, const struct stream *from, uint64_t now_us)
{
    struct stream *partner = &engine->streams[from->partner];
    uint32_t rate_hz;
    const int16_t *samples = sound_heard(from, &rate_hz);
    if (samples == NULL || !from->plan.receives)
        sound_hush(partner, VOICE_PARTNER);
    else if (!stream_is_overridden(partner))
        sound_speak(engine, partner, VOICE_PARTNER, samples, rate_hz, now_us);
}

void sound_tick(struct engine *engine, uint32_t slot, uint64_t due_us, uint64_t now_us)
{
    struct stream *stream = &engine->streams[slot];
    struct ear *ear = usable_ear(stream);
    if (ear == NULL)
        return;
    ear_take(ear, due_us);
    if (stream->listeners & LISTEN_DETECTOR)
        detection_tick(engine, slot);
    if (stream->listeners & LISTEN_PARTNER)
        speak_to_partner(engine, stream, now_us);
}

void sound_pass_key(struct engine *engine, const struct stream *from, const struct key_press *press, bool by_packet)
{
    if (from->partner == NONE || !from->plan.receives)
        return;
    uint32_t slot = (uint32_t)from->partner;
    struct stream *to = &engine->streams[slot];
    bool takes_events = to->plan.dtmf_payload_type >= 0;
    bool has_got_it = by_packet == takes_events && (!by_packet || sound_may_relay(from, to));
    if (has_got_it || (!takes_events && (usable_mouth(to) == NULL || !to->plan.key_tones)))
        return;
    /* Longer than can be sent is sent as the most. */
    uint32_t ms = press->duration_ms < KEY_MS_MIN ? KEY_MS_MIN : press->duration_ms > KEY_MS_MAX ? KEY_MS_MAX : press->duration_ms;
    struct digits digits = {.events = {press->event}, .count = 1, .ms = (uint16_t)ms};
    if (dtmf_sender_add(&to->keys_out, &digits, engine->tick + 1) > 0)
        count(&engine->counters.commands_ignored, 1);
    stream_mark_busy(engine, slot);
}

void sound_send_tone(struct engine *engine, struct stream *stream, uint64_t now_us)
{
    int16_t samples[DETECT_FRAME_SAMPLES];
    bool begins;
    uint32_t length_ms = dtmf_sender_length_ms(&stream->keys_out);
    int key = dtmf_sender_tick(&stream->keys_out, engine->tick, &begins);
    if (key < 0)
        return;
    if (begins)
        dtmf_tone_start_for(&stream->tone, (uint8_t)key, DETECT_RATE, length_ms);
    dtmf_tone_take(&stream->tone, samples, DETECT_FRAME_SAMPLES);
    sound_speak(engine, stream, VOICE_KEYS, samples, DETECT_RATE, now_us);
    if (!dtmf_sender_busy(&stream->keys_out))
        sound_hush(stream, VOICE_KEYS);
}
