/* What commands do to streams. Each is applied whole, in order, by the engine thread. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "core.h"
#include "reporting.h"
#include "recorder.h"
#include "sound.h"
#include "threads.h"
#include "watching.h"

void unlink_partner(struct engine *engine, struct stream *stream)
{
    if (stream->partner == NONE)
        return;
    struct stream *partner = &engine->streams[stream->partner];
    sender_interrupt(&partner->sender);
    sender_interrupt(&stream->sender);
    uint32_t partner_slot = (uint32_t)stream->partner;
    partner->partner = NONE;
    stream->partner = NONE;
    sound_route(engine, partner_slot);
    sound_route(engine, (uint32_t)(stream - engine->streams));
    recorder_follow(engine, partner_slot);
    recorder_follow(engine, (uint32_t)(stream - engine->streams));
}

static void follow_plan(struct stream *stream, uint64_t now_us)
{
    stream->codec = supply_codec(stream->plan.codec);
    uint32_t units_per_ms = stream->codec->rtp_clock_hz / 1000;
    sender_set_clock(&stream->sender, units_per_ms, now_us);
    reception_set_clock(&stream->reception, units_per_ms);
    stream->keys_in.units_per_ms = stream->keys_out.units_per_ms = units_per_ms;
}

/* The socket may still hold packets of the call before. */
static void discard_stale(struct engine *engine, struct stream *stream)
{
    uint8_t byte;
    for (int i = 0; i < STALE_DATAGRAMS_MAX; i++) {
        if (recv(stream->socket, &byte, sizeof byte, MSG_DONTWAIT) < 0)
            return;
        count(&engine->counters.datagrams_received, 1);
        count_drop(engine, DROP_NO_STREAM);
    }
}

void command_discard(const struct command *command)
{
    switch (command->kind) {
    case COMMAND_OPEN:
    case COMMAND_UPDATE:
        if (command->open.security_change == CHANGE_NEW)
            security_free(command->open.security);
        if (command->open.ice_change == CHANGE_NEW)
            ice_free(command->open.ice);
        break;
    case COMMAND_SECURE:
        security_free(command->security);
        break;
    case COMMAND_SEND_RECORD:
        free(command->record);
        break;
    case COMMAND_DETECT:
        free(command->detect.detection);
        break;
    case COMMAND_EAR:
        free(command->ear);
        break;
    case COMMAND_MOUTH:
        free(command->mouth);
        break;
    case COMMAND_PACE:
        free(command->pace);
        break;
    case COMMAND_RECORD:
        recording_end(command->recording, RECORDING_CLOSED);
        break;
    case COMMAND_MIX:
        free(command->room);
        break;
    case COMMAND_JOIN:
        free(command->move.party);
        break;
    default:
        break;
    }
}

static void open_stream(struct engine *engine, struct stream *stream, const struct command *command, uint64_t now_us)
{
    if (stream->open) {
        command_discard(command);
        count(&engine->counters.commands_ignored, 1);
        return;
    }
    discard_stale(engine, stream);
    *stream = (struct stream){
        .open = true,
        .socket = stream->socket,
        .plan = command->open.plan,
        .partner = NONE,
        .busy_index = NONE,
        .packets_left = PACKETS_PER_SECOND_MAX,
        .strangers_left = STRANGERS_PER_SECOND_MAX,
        .security = command->open.security_change == CHANGE_NEW ? command->open.security : NULL,
        .ice = command->open.ice_change == CHANGE_NEW ? command->open.ice : NULL,
        .heard_us = now_us,
        .checked_us = now_us,
    };
    /* With ICE nothing is sent before a way was checked. */
    if (stream->ice == NULL)
        stream->destination = stream->plan.remote;
    reports_open(&stream->reports, command->open.cname, (uint64_t)command->open.ssrc << 32 | command->open.timestamp,
                 now_us);
    sender_open(&stream->sender, command->open.ssrc, command->open.sequence, command->open.timestamp);
    follow_plan(stream, now_us);
    count(&engine->counters.streams_open, 1);
}

static void change_secrets(struct stream *stream, const struct command *command)
{
    if (command->open.security_change != CHANGE_KEEP) {
        if (command->open.security_change == CHANGE_NEW && stream->security != NULL)
            security_continue(command->open.security, stream->security, command->open.same_inbound,
                              command->open.same_outbound);
        security_free(stream->security);
        stream->security = command->open.security_change == CHANGE_NEW ? command->open.security : NULL;
    }
    if (command->open.ice_change != CHANGE_KEEP) {
        ice_free(stream->ice);
        stream->ice = command->open.ice_change == CHANGE_NEW ? command->open.ice : NULL;
    }
}

static void secure(struct stream *stream, struct security *security)
{
    security_free(stream->security);
    stream->security = security;
}

static void update_stream(struct engine *engine, struct stream *stream, const struct command *command, uint64_t now_us)
{
    const struct plan *plan = &command->open.plan;
    change_secrets(stream, command);
    /* Two unknown addresses are the same one. */
    bool same_remote = address_equal(&stream->plan.remote, &plan->remote) ||
                       (stream->plan.remote.length == 0 && plan->remote.length == 0);
    if (!same_remote) {
        latch_open(&stream->latch);
        reporting_forget_source(stream);
    }
    stream->plan = *plan;
    /* With ICE the way that was checked stays until another is: an ICE restart does not interrupt (RFC 8445 9). */
    if (stream->ice == NULL)
        stream->destination = plan->symmetric && stream->latch.locked ? stream->latch.source : plan->remote;
    stream->heard_us = now_us;
    stream->idle_told = false;
    follow_plan(stream, now_us);
    sound_route(engine, command->slot);
}

/* What was sent ahead of a command that needs it. */
static void take_ear(struct engine *engine, uint32_t slot, struct ear *ear)
{
    struct stream *stream = &engine->streams[slot];
    free(stream->ear);
    stream->ear = ear;
    sound_route(engine, slot);
}

static void take_mouth(struct engine *engine, uint32_t slot, struct mouth *mouth)
{
    struct stream *stream = &engine->streams[slot];
    sound_hush(stream, (enum voice)stream->voice);
    free(stream->mouth);
    stream->mouth = mouth;
    sound_route(engine, slot);
}

static void take_pace(struct stream *stream, struct pace *pace)
{
    if (stream->pace == NULL)
        stream->pace = pace;
    else
        free(pace);
}

static void close_stream(struct engine *engine, uint32_t slot, uint64_t now_us)
{
    struct stream *stream = &engine->streams[slot];
    stream_finish_play(engine, slot, false);
    unlink_partner(engine, stream);
    stream_unmark_busy(engine, slot);
    if (stream->open)
        reporting_goodbye(engine, slot, now_us);
    recorder_end(engine, slot, RECORDING_CLOSED);
    room_leave(engine, slot);
    struct event event = {
        .kind = EVENT_CLOSED,
        .slot = slot,
    };
    watching_see(stream, &event.closed);
    watching_end(engine, slot);
    if (stream->open)
        count(&engine->counters.streams_open, (uint64_t)-1);
    stream->open = false;
    security_free(stream->security);
    ice_free(stream->ice);
    free(stream->ear);
    free(stream->mouth);
    free(stream->detection);
    free(stream->pace);
    stream->security = NULL;
    stream->ice = NULL;
    stream->ear = NULL;
    stream->mouth = NULL;
    stream->detection = NULL;
    stream->pace = stream->player.pace = NULL;
    stream->listeners = 0;
    emit(engine, &event);
}

static void bridge(struct engine *engine, uint32_t left_slot, uint32_t right_slot)
{
    struct stream *left = &engine->streams[left_slot], *right = &engine->streams[right_slot];
    if (!right->open || left == right) {
        count(&engine->counters.commands_ignored, 1);
        return;
    }
    if (left->partner == (int32_t)right_slot)
        return;
    unlink_partner(engine, left);
    unlink_partner(engine, right);
    left->partner = (int32_t)right_slot;
    right->partner = (int32_t)left_slot;
    sound_route(engine, left_slot);
    recorder_follow(engine, left_slot);
}

/* From now on, or from its beginning, it is heard by the stream's pace. */
static void set_pace(struct stream *stream, uint32_t percent, int32_t volume_db)
{
    struct player *player = &stream->player;
    if (player->pace == NULL)
        pace_start(stream->pace);
    player->pace = stream->pace;
    pace_set(player->pace, percent == 0 ? 100 : percent, volume_db);
}

static void play(struct engine *engine, uint32_t slot, const struct play *play)
{
    struct stream *stream = &engine->streams[slot];
    stream_finish_play(engine, slot, false);
    sound_hush(stream, (enum voice)stream->voice);
    sender_interrupt(&stream->sender);
    player_start(&stream->player, play, engine->tick + 1);
    if (stream->pace != NULL && play_is_paced(play)) {
        set_pace(stream, play->percent, play->volume_db);
        pace_start(stream->pace);
    }
    stream_mark_busy(engine, slot);
}

static void move_play(const struct engine *engine, struct player *player, int64_t samples)
{
    player_seek(player, engine->clips, samples);
    if (player->pace != NULL)
        pace_restart(player->pace);
}

static void steer_play(struct engine *engine, struct stream *stream, const struct steer *steer)
{
    struct player *player = &stream->player;
    if (player->state != PLAYER_RUNNING || player->play.playback != steer->playback) {
        count(&engine->counters.commands_ignored, 1);
        return;
    }
    switch (steer->how) {
    case STEER_PAUSE:
        player->paused = true;
        /* What is heard again begins a talkspurt. */
        sound_hush(stream, VOICE_PLAYER);
        sender_interrupt(&stream->sender);
        break;
    case STEER_RESUME:
        player->paused = false;
        player->next_tick = engine->tick + 1;
        break;
    case STEER_SEEK:
        move_play(engine, player, steer->samples);
        break;
    case STEER_SKIP:
        move_play(engine, player,
                  (player->pace == NULL ? player_position(player, engine->clips)
                                        : pace_position(player->pace, player, engine->clips)) +
                      steer->samples);
        break;
    case STEER_PACE:
        set_pace(stream, steer->percent, steer->volume_db);
        break;
    }
}

static void send_digits(struct engine *engine, uint32_t slot, const struct digits *digits)
{
    struct stream *stream = &engine->streams[slot];
    int refused = digits->count;
    if (stream->plan.dtmf_payload_type >= 0 || stream->mouth != NULL)
        refused = dtmf_sender_add(&stream->keys_out, digits, engine->tick + 1);
    if (refused > 0)
        count(&engine->counters.commands_ignored, 1);
    stream_mark_busy(engine, slot);
}

static void detect(struct engine *engine, uint32_t slot, const struct detect *request)
{
    struct stream *stream = &engine->streams[slot];
    if (stream->detection == NULL)
        stream->detection = request->detection;
    else
        free(request->detection);
    if (stream->detection == NULL)
        return;
    detection_change(stream->detection, request);
    if (stream->detection->detectors != 0) {
        sound_listen(engine, slot, LISTEN_DETECTOR);
        return;
    }
    sound_unlisten(engine, slot, LISTEN_DETECTOR);
    free(stream->detection);
    stream->detection = NULL;
}

/* Commands that cross the end of their stream. A Play is answered all the same, so that each one always is. */
static void answer_without_stream(struct engine *engine, const struct command *command)
{
    count(&engine->counters.commands_ignored, 1);
    command_discard(command);
    if (command->kind == COMMAND_PLAY)
        emit(engine, &(struct event){
                         .kind = EVENT_PLAY_FINISHED,
                         .slot = command->slot,
                         .play = {.playback = command->play.playback, .completed = false},
                     });
}

/* What listens, records and mixes, and what it needs. */
static void apply_to_sound(struct engine *engine, const struct command *command)
{
    switch (command->kind) {
    case COMMAND_DETECT:
        detect(engine, command->slot, &command->detect);
        break;
    case COMMAND_EAR:
        take_ear(engine, command->slot, command->ear);
        break;
    case COMMAND_MOUTH:
        take_mouth(engine, command->slot, command->mouth);
        break;
    case COMMAND_PACE:
        take_pace(&engine->streams[command->slot], command->pace);
        break;
    case COMMAND_RECORD:
        recorder_start(engine, command->slot, command->recording);
        break;
    case COMMAND_STOP_RECORDING:
        recorder_stop(engine, command->slot, command->recorded.number);
        break;
    case COMMAND_PAUSE_RECORDING:
        recorder_pause(engine, command->slot, command->recorded.number, command->recorded.paused);
        break;
    case COMMAND_MOVE_RECORDING:
        recorder_move(engine, command->slot, command->partner);
        break;
    case COMMAND_MIX:
        room_enter(engine, command->room);
        break;
    case COMMAND_UNMIX:
        room_end(engine, command->room_number);
        break;
    default:
        break;
    }
}

void command_apply(struct engine *engine, const struct command *command, uint64_t now_us)
{
    struct stream *stream = &engine->streams[command->slot];
    bool of_a_stream = command->kind != COMMAND_MIX && command->kind != COMMAND_UNMIX;
    assert(!of_a_stream || command->kind == COMMAND_JOIN || engine->owned[command->slot]);
    if (command->kind == COMMAND_LEAVE || command->kind == COMMAND_JOIN) {
        thread_moves(engine, command);
        return;
    }
    if (of_a_stream && !stream->open && command->kind != COMMAND_OPEN && command->kind != COMMAND_CLOSE) {
        answer_without_stream(engine, command);
        return;
    }
    switch (command->kind) {
    case COMMAND_OPEN:
        open_stream(engine, stream, command, now_us);
        break;
    case COMMAND_UPDATE:
        update_stream(engine, stream, command, now_us);
        break;
    case COMMAND_CLOSE:
        close_stream(engine, command->slot, now_us);
        break;
    case COMMAND_BRIDGE:
        bridge(engine, command->slot, command->partner);
        break;
    case COMMAND_UNBRIDGE:
        unlink_partner(engine, stream);
        break;
    case COMMAND_PLAY:
        play(engine, command->slot, &command->play);
        break;
    case COMMAND_STOP_PLAY:
        stream_finish_play(engine, command->slot, false);
        break;
    case COMMAND_STEER_PLAY:
        steer_play(engine, stream, &command->steer);
        break;
    case COMMAND_SEND_DIGITS:
        send_digits(engine, command->slot, &command->digits);
        break;
    case COMMAND_SECURE:
        secure(stream, command->security);
        break;
    case COMMAND_SEND_RECORD:
        control_send_record(engine, stream, command->record->data, command->record->bytes);
        command_discard(command);
        break;
    default:
        apply_to_sound(engine, command);
        break;
    }
}
