/* One stream's packets: in from its peer, on to its partner, out of its player, and what time does to it. */
#include <string.h>

#include "control.h"
#include "core.h"
#include "recorder.h"
#include "reporting.h"
#include "sound.h"
#include "watching.h"

bool stream_can_send(const struct stream *stream)
{
    /* Keys are agreed on first: nothing leaves in the clear before that. */
    bool waits_for_keys = stream->plan.dtls && stream->security == NULL;
    return stream->plan.sends && stream->destination.length != 0 && !waits_for_keys;
}

bool stream_is_overridden(const struct stream *stream)
{
    return stream->player.state == PLAYER_RUNNING || dtmf_sender_busy(&stream->keys_out) || stream->mixed;
}

bool stream_transmit(struct engine *engine, struct stream *stream, const struct rtp_packet *packet)
{
    uint8_t *datagram = rtp_prepend_header(packet);
    size_t bytes = RTP_HEADER_BYTES + packet->payload_bytes;
    if (stream->security != NULL && !security_seal(stream->security, datagram, &bytes)) {
        count_drop(engine, DROP_SECURITY);
        return false;
    }
    ssize_t sent = sendto(stream->socket, datagram, bytes, MSG_DONTWAIT, &stream->destination.any,
                          stream->destination.length);
    if (sent < 0) {
        count_drop(engine, DROP_SEND);
        return false;
    }
    stream->sender.packets++;
    stream->sender.octets += packet->payload_bytes;
    count(&engine->counters.packets_sent, 1);
    return true;
}

void stream_mark_busy(struct engine *engine, uint32_t slot)
{
    struct stream *stream = &engine->streams[slot];
    if (stream->busy_index != NONE)
        return;
    stream->busy_index = (int32_t)engine->busy_count;
    engine->busy[engine->busy_count++] = slot;
}

void stream_unmark_busy(struct engine *engine, uint32_t slot)
{
    struct stream *stream = &engine->streams[slot];
    if (stream->busy_index == NONE)
        return;
    uint32_t last = engine->busy[--engine->busy_count];
    engine->busy[stream->busy_index] = last;
    engine->streams[last].busy_index = stream->busy_index;
    stream->busy_index = NONE;
}

static void tell_key(struct engine *engine, uint32_t slot, const struct key_press *press)
{
    sound_pass_key(engine, &engine->streams[slot], press, true);
    emit(engine, &(struct event){
                     .kind = EVENT_DIGIT,
                     .slot = slot,
                     .digit = {.event = press->event, .duration_ms = press->duration_ms},
                 });
}

static bool receive_event(struct engine *engine, uint32_t slot, const struct rtp_packet *packet, uint64_t now_us)
{
    struct stream *stream = &engine->streams[slot];
    struct telephone_event event;
    if (!telephone_event_parse(packet->payload, packet->payload_bytes, &event)) {
        count_drop(engine, DROP_MALFORMED);
        return false;
    }
    struct key_press over[2];
    int presses = dtmf_receive(&stream->keys_in, packet, &event, now_us, over);
    for (int i = 0; i < presses; i++)
        tell_key(engine, slot, &over[i]);
    if (stream->keys_in.pending)
        stream_mark_busy(engine, slot);
    return true;
}

/* How much of its sender's time a packet lasts. */
static uint32_t payload_units(const struct codec *codec, const struct rtp_packet *packet)
{
    if (codec->id == CODEC_PCMU || codec->id == CODEC_PCMA || codec->id == CODEC_G722)
        return (uint32_t)packet->payload_bytes;
    size_t samples = codec->length(packet->payload, packet->payload_bytes);
    return (uint32_t)(samples * (codec->rtp_clock_hz / 1000) / (codec->sample_rate_hz / 1000));
}

/* How many packets it takes to pass `units` on, and how long each is but the last: the partner may have said how long one
 * may be (maxptime). Opus cannot be cut. */
static uint16_t pieces_of(const struct stream *from, const struct stream *to, uint32_t units, uint32_t *piece_units)
{
    uint32_t most = to->plan.packet_max_ms * (from->codec->rtp_clock_hz / 1000);
    bool fits = most == 0 || units <= most || from->plan.codec == CODEC_OPUS;
    *piece_units = fits ? units : most;
    return fits ? 1 : (uint16_t)((units + most - 1) / most);
}

/* One packet as several at once, each from a copy: sealing one in place would write into the next. */
static bool transmit_pieces(struct engine *engine, struct stream *to, const struct rtp_packet *packet, uint16_t pieces,
                            uint32_t units, uint32_t piece_units)
{
    uint8_t datagram[DATAGRAM_BYTES_MAX + SEAL_BYTES];
    size_t each = packet->payload_bytes * piece_units / units, at = 0;
    struct rtp_packet piece = *packet;
    bool sent = true;
    piece.payload = datagram + RTP_HEADER_BYTES;
    for (uint16_t number = 1; number <= pieces; number++) {
        piece.payload_bytes = number < pieces ? each : packet->payload_bytes - at;
        memcpy(piece.payload, packet->payload + at, piece.payload_bytes);
        sent = stream_transmit(engine, to, &piece) && sent;
        at += each;
        piece.sequence++;
        piece.timestamp += piece_units;
        piece.marker = false;
    }
    return sent;
}

enum payload_kind { PAYLOAD_UNKNOWN, PAYLOAD_AUDIO, PAYLOAD_EVENT, PAYLOAD_NOISE };

/* Passes a packet of `from` on to its partner, rewritten in place. */
static void relay(struct engine *engine, struct stream *from, struct stream *to, struct rtp_packet *packet,
                  enum payload_kind kind, uint64_t now_us)
{
    bool is_event = kind == PAYLOAD_EVENT;
    if (stream_is_overridden(to) || !stream_can_send(to)) {
        sender_interrupt_relayed(&to->sender);
        count_drop(engine, stream_is_overridden(to) ? DROP_OVERRIDDEN : DROP_HELD);
        return;
    }
    /* RFC 3550 section 8.2: two bridged streams that were pointed at each other would never come to rest. */
    if (packet->ssrc == to->sender.ssrc) {
        count_drop(engine, DROP_LOOP);
        return;
    }
    if (is_event && to->plan.dtmf_payload_type < 0) {
        sender_skip_relayed(&to->sender, packet);
        count_drop(engine, DROP_NO_EVENTS);
        return;
    }
    /* A partner that was not asked takes none: to it the sender is just silent. */
    if (kind == PAYLOAD_NOISE && to->plan.noise_payload_type < 0) {
        sender_skip_relayed(&to->sender, packet);
        count_drop(engine, DROP_PAYLOAD_TYPE);
        return;
    }
    /* It gets the key as an event: as little of the tone as may be should be heard besides. */
    if (!is_event && to->plan.dtmf_payload_type >= 0 && detection_hears_key(from->detection)) {
        sender_skip_relayed(&to->sender, packet);
        count_drop(engine, DROP_OVERRIDDEN);
        return;
    }
    uint32_t units = kind == PAYLOAD_AUDIO ? payload_units(from->codec, packet) : 0;
    uint32_t piece_units;
    uint16_t pieces = pieces_of(from, to, units, &piece_units);
    if (!sender_relay(&to->sender, packet, units, pieces, now_us, !is_event)) {
        count_drop(engine, DROP_LATE);
        return;
    }
    /* A flood must not become several by being cut. */
    from->packets_left -= from->packets_left < pieces - 1u ? from->packets_left : pieces - 1u;
    packet->payload_type = is_event ? (uint8_t)to->plan.dtmf_payload_type : to->plan.payload_type;
    if (kind == PAYLOAD_NOISE)
        packet->payload_type = (uint8_t)to->plan.noise_payload_type;
    if (kind == PAYLOAD_AUDIO && from->plan.codec != to->plan.codec)
        g711_transcode(from->plan.codec == CODEC_PCMU ? engine->transcoder.ulaw_to_alaw
                                                      : engine->transcoder.alaw_to_ulaw,
                       packet->payload, packet->payload_bytes);
    if (pieces == 1 ? stream_transmit(engine, to, packet)
                    : transmit_pieces(engine, to, packet, pieces, units, piece_units))
        count(&engine->counters.packets_relayed, 1);
}

static void follow_latch(struct engine *engine, uint32_t slot)
{
    struct stream *stream = &engine->streams[slot];
    if (!stream->plan.symmetric)
        return;
    stream->destination = stream->latch.source;
    emit(engine, &(struct event){.kind = EVENT_LATCHED, .slot = slot, .latched = stream->latch.source});
}

/* Takes the encryption off. Only so many packets of unknown sources are tried: else a flood would cost more than the
 * talk. Control packets (RFC 5761) are left to be counted as such. */
static bool authenticate(struct engine *engine, struct stream *stream, uint8_t *datagram, size_t *bytes,
                         const struct address *source)
{
    if (*bytes < RTP_HEADER_BYTES || *bytes > DATAGRAM_BYTES_MAX || (datagram[1] >= 192 && datagram[1] <= 223))
        return true;
    bool known = address_equal(&stream->destination, source) || address_equal(&stream->plan.remote, source) ||
                 (stream->latch.locked && address_equal(&stream->latch.source, source));
    bool may_try = known ? stream->packets_left > 0 : stream->strangers_left > 0;
    if (!known && may_try)
        stream->strangers_left--;
    if (may_try && security_open(stream->security, datagram, bytes))
        return true;
    count_drop(engine, may_try ? DROP_SECURITY : DROP_FLOOD);
    return false;
}

/* Comfort noise (RFC 3389 section 4), which phones send that were not asked whether they would. */
enum { NOISE_PAYLOAD_TYPE = 13 };

/* Our own numbers first: they are what the peer must send. Then the peer's, for those that send what they listen to. */
static enum payload_kind payload_kind(const struct plan *plan, int type)
{
    if (type == plan->receive_payload_type)
        return PAYLOAD_AUDIO;
    if (type == plan->receive_dtmf_payload_type)
        return PAYLOAD_EVENT;
    if (type == plan->payload_type)
        return PAYLOAD_AUDIO;
    if (type == plan->dtmf_payload_type)
        return PAYLOAD_EVENT;
    return type == NOISE_PAYLOAD_TYPE || type == plan->noise_payload_type ? PAYLOAD_NOISE : PAYLOAD_UNKNOWN;
}

/* What needs no state of the stream's peer: is it a packet of this stream's at all? */
static bool admit(struct engine *engine, struct stream *stream, uint8_t *datagram, size_t bytes,
                  const struct address *source, struct rtp_packet *packet)
{
    if (!stream->open) {
        count_drop(engine, DROP_NO_STREAM);
        return false;
    }
    if (stream->security != NULL && !authenticate(engine, stream, datagram, &bytes, source))
        return false;
    if (stream->security == NULL && stream->plan.dtls) {
        count_drop(engine, DROP_SECURITY);
        return false;
    }
    enum rtp_verdict verdict = bytes > DATAGRAM_BYTES_MAX ? RTP_MALFORMED : rtp_parse(datagram, bytes, packet);
    if (verdict == RTP_VALID && packet->payload_bytes == 0)
        verdict = RTP_MALFORMED;
    if (verdict != RTP_VALID) {
        count_drop(engine, verdict == RTP_CONTROL ? DROP_CONTROL : DROP_MALFORMED);
        return false;
    }
    if (payload_kind(&stream->plan, packet->payload_type) == PAYLOAD_UNKNOWN) {
        count_drop(engine, DROP_PAYLOAD_TYPE);
        return false;
    }
    return true;
}

static enum latch_verdict judge(struct stream *stream, const struct address *source, const struct rtp_packet *packet,
                                uint64_t now_us)
{
    if (stream->ice != NULL) /* the way is ICE's to choose */
        return stream->security != NULL || address_equal(&stream->destination, source) ? LATCH_ACCEPTED : LATCH_REFUSED;
    return stream->security != NULL ? latch_believe(&stream->latch, source, packet, now_us)
                                    : latch_judge(&stream->latch, &stream->plan.remote, source, packet, now_us);
}

void stream_receive(struct engine *engine, uint32_t slot, uint8_t *datagram, size_t bytes,
                    const struct address *source, uint64_t now_us)
{
    struct stream *stream = &engine->streams[slot];
    struct rtp_packet packet;
    if ((stream->ice != NULL || stream->plan.dtls) &&
        control_receive(engine, slot, datagram, bytes, source, now_us))
        return;
    if (stream->plan.rtcp_mux && rtp_is_control(datagram, bytes)) {
        reporting_receive(engine, slot, datagram, bytes, source, true, now_us);
        return;
    }
    if (!admit(engine, stream, datagram, bytes, source, &packet))
        return;
    enum payload_kind kind = payload_kind(&stream->plan, packet.payload_type);
    bool is_event = kind == PAYLOAD_EVENT;

    enum latch_verdict verdict = judge(stream, source, &packet, now_us);
    if (verdict == LATCH_REFUSED) {
        count_drop(engine, DROP_SOURCE);
        return;
    }
    if (verdict == LATCH_CHANGED)
        follow_latch(engine, slot);
    /* Behind the latch, so that a stranger's flood does not use up what the peer may send. */
    if (stream->packets_left == 0) {
        count_drop(engine, DROP_FLOOD);
        return;
    }
    stream->packets_left--;
    stream->heard_us = now_us;
    stream->idle_told = false;
    reception_packet(&stream->reception, &packet, now_us, !is_event);
    /* One packet in eight, until one of this second is heard, tells a dead microphone. */
    if (!stream->quality.loud && packet.sequence % 8 == 0 && !is_event)
        stream->quality.loud = quality_is_loud(stream->plan.codec, packet.payload, packet.payload_bytes);

    struct stream *partner = stream->partner == NONE ? NULL : &engine->streams[stream->partner];
    if (!stream->plan.receives) {
        if (partner != NULL)
            sender_interrupt_relayed(&partner->sender);
        count_drop(engine, DROP_HELD);
        return;
    }
    /* Sound of it is made for who listens. */
    if (stream->listeners != 0 && kind == PAYLOAD_NOISE)
        sound_receive_noise(stream, &packet);
    else if (stream->listeners != 0)
        sound_receive(stream, &packet, is_event, now_us);
    if (is_event && !receive_event(engine, slot, &packet, now_us))
        return;
    if (partner == NULL || (stream->listeners & LISTEN_PARTNER)) {
        if (!is_event && stream->listeners == 0)
            count_drop(engine, DROP_UNHEARD);
        return;
    }
    relay(engine, stream, partner, &packet, kind, now_us);
}

void stream_finish_play(struct engine *engine, uint32_t slot, bool completed)
{
    struct player *player = &engine->streams[slot].player;
    if (player->state == PLAYER_IDLE)
        return;
    struct event event = {
        .kind = EVENT_PLAY_FINISHED,
        .slot = slot,
        .play = {.playback = player->play.playback, .completed = completed || player->state == PLAYER_ENDED},
    };
    if (emit(engine, &event))
        player->state = PLAYER_IDLE;
}

static void send_key(struct engine *engine, struct stream *stream, uint64_t now_us)
{
    _Alignas(8) uint8_t datagram[RTP_HEADER_BYTES + TELEPHONE_EVENT_BYTES + SEAL_BYTES];
    struct telephone_event event;
    struct dtmf_sender *keys = &stream->keys_out;
    enum dtmf_action action = dtmf_sender_step(keys, engine->tick, &event);
    if (action == DTMF_WAIT)
        return;
    /* A hold or a new plan may have come between. Time goes on. */
    if (!stream_can_send(stream) || stream->plan.dtmf_payload_type < 0) {
        keys->in_run = false;
        return;
    }
    if (action == DTMF_FIRST_PACKET) {
        keys->timestamp = keys->in_run ? keys->timestamp + keys->before_ms * keys->units_per_ms
                                       : sender_time(&stream->sender, now_us);
        keys->in_run = true;
    }
    struct rtp_packet packet = {
        .payload = datagram + RTP_HEADER_BYTES,
        .payload_bytes = TELEPHONE_EVENT_BYTES,
        .payload_type = (uint8_t)stream->plan.dtmf_payload_type,
        .marker = action == DTMF_FIRST_PACKET,
    };
    telephone_event_write(&event, packet.payload);
    sender_event(&stream->sender, &packet, keys->timestamp, now_us);
    stream_transmit(engine, stream, &packet);
}

static void send_keys(struct engine *engine, struct stream *stream, uint64_t now_us)
{
    if (stream->plan.dtmf_payload_type >= 0)
        send_key(engine, stream, now_us);
    else
        sound_send_tone(engine, stream, now_us);
}

/* One tick of it as sound, for a codec that clips are not encoded in. */
static void speak_playback(struct engine *engine, struct stream *stream, uint64_t now_us)
{
    int16_t samples[2 * TICK_MS * SAMPLES_PER_MS];
    struct player *player = &stream->player;
    if ((int32_t)(engine->tick - player->next_tick) < 0)
        return;
    player->next_tick = engine->tick + 1;
    bool wide = stream->codec->sample_rate_hz > SAMPLES_PER_MS * 1000 &&
                (player->pace != NULL || player_is_wide(player, engine->clips));
    uint32_t per_ms = wide ? 2 * SAMPLES_PER_MS : SAMPLES_PER_MS;
    if (player->pace != NULL)
        pace_take(player->pace, player, engine->clips, per_ms * 1000, samples);
    else if (wide)
        player_take_wide(player, engine->clips, samples, TICK_MS * per_ms);
    else
        player_take_linear(player, engine->clips, samples, TICK_MS * per_ms);
    recorder_heard(stream, samples, TICK_MS * per_ms, per_ms * 1000);
    sound_speak(engine, stream, VOICE_PLAYER, samples, per_ms * 1000, now_us);
    if (player->state == PLAYER_ENDED)
        sound_hush(stream, VOICE_PLAYER);
}

/* The same for G.711, whose clips are encoded beforehand unless they are paced. */
static void take_codes(struct engine *engine, struct stream *stream, uint8_t *codes, uint32_t count)
{
    enum { FRAME = TICK_MS * SAMPLES_PER_MS };
    int16_t samples[FRAME];
    struct player *player = &stream->player;
    if (player->pace == NULL) {
        player_take(player, engine->clips, stream->plan.codec, codes, count);
        return;
    }
    uint8_t (*encode)(int16_t) = stream->plan.codec == CODEC_PCMA ? g711_alaw_encode : g711_ulaw_encode;
    for (uint32_t taken = 0; taken < count; taken += FRAME) {
        if (player->state == PLAYER_RUNNING)
            pace_take(player->pace, player, engine->clips, SAMPLES_PER_MS * 1000, samples);
        else
            memset(samples, 0, sizeof samples);
        for (uint32_t i = 0; codes != NULL && i < FRAME; i++)
            codes[taken + i] = encode(samples[i]);
    }
}

static void send_playback(struct engine *engine, struct stream *stream, uint64_t now_us)
{
    _Alignas(8) uint8_t datagram[RTP_HEADER_BYTES + PACKET_TIME_MS_MAX * SAMPLES_PER_MS + SEAL_BYTES];
    struct player *player = &stream->player;
    if (stream->plan.codec != CODEC_PCMU && stream->plan.codec != CODEC_PCMA) {
        speak_playback(engine, stream, now_us);
        return;
    }
    if ((int32_t)(engine->tick - player->next_tick) < 0)
        return;
    player->next_tick = engine->tick + stream->plan.packet_ticks;
    uint32_t samples = (uint32_t)stream->plan.packet_ticks * TICK_MS * SAMPLES_PER_MS;
    if (!stream_can_send(stream)) {
        take_codes(engine, stream, NULL, samples);
        sender_interrupt(&stream->sender);
        return;
    }
    struct rtp_packet packet = {
        .payload = datagram + RTP_HEADER_BYTES,
        .payload_bytes = samples,
        .payload_type = stream->plan.payload_type,
    };
    take_codes(engine, stream, packet.payload, samples);
    recorder_heard_codes(stream, packet.payload, samples);
    sender_own(&stream->sender, &packet, samples, now_us);
    stream_transmit(engine, stream, &packet);
}

void stream_tick(struct engine *engine, uint32_t slot, uint64_t due_us, uint64_t now_us)
{
    struct stream *stream = &engine->streams[slot];
    struct key_press press;
    if (stream->listeners != 0)
        sound_tick(engine, slot, due_us, now_us);
    if (dtmf_expire(&stream->keys_in, now_us, &press))
        tell_key(engine, slot, &press);
    /* Keys come first; a playback waits for them, so that nothing of it is lost. */
    if (dtmf_sender_busy(&stream->keys_out))
        send_keys(engine, stream, now_us);
    else if (stream->player.state == PLAYER_RUNNING && !stream->player.paused)
        send_playback(engine, stream, now_us);
    if (stream->player.state == PLAYER_ENDED)
        stream_finish_play(engine, slot, true);
    if (stream->listeners == 0 && stream->player.state == PLAYER_IDLE && !dtmf_sender_busy(&stream->keys_out) &&
        !stream->keys_in.pending)
        stream_unmark_busy(engine, slot);
}

void stream_second(struct engine *engine, uint32_t slot, uint64_t now_us)
{
    struct stream *stream = &engine->streams[slot];
    stream->packets_left = PACKETS_PER_SECOND_MAX;
    stream->strangers_left = STRANGERS_PER_SECOND_MAX;
    control_second(stream, now_us);
    if (!stream->open)
        return;
    reporting_second(engine, slot, now_us);
    watching_second(engine, slot);
    if (stream->plan.idle_s == 0 || stream->idle_told)
        return;
    if (now_us - stream->heard_us < (uint64_t)stream->plan.idle_s * 1000000)
        return;
    /* Told at the next look if there is no room for it now. */
    stream->idle_told = emit(engine, &(struct event){.kind = EVENT_IDLE, .slot = slot});
}
