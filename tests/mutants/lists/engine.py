"""The C of the media path: audio of the right call, to the right place, and nothing left behind."""

from tests.mutants.mutant import Mutant

_LATCH = "switch/engine/latch.c"
_RING = "switch/engine/ring.c"
_STREAM = "switch/engine/stream.c"
_COMMANDS = "switch/engine/commands.c"
_DTMF = "switch/engine/dtmf.c"
_RTP = "switch/engine/rtp.c"
_SENDER = "switch/engine/sender.c"
_BY_C = "tests/engine/test_c.py::test_c_under_sanitizer[address,undefined]"
_BY_LATCH = "tests/engine/test_latch.py::"
_BY_RELAY = "tests/engine/test_relay.py::"
_BY_COMMANDS = "tests/engine/test_commands.py::"
_DTLS = "switch/engine/dtls.py"
_BY_BROWSER = "tests/engine/test_browser.py::"
_BY_DIGITS = "tests/engine/test_digits.py::"

MUTANTS = (
    # A stranger who sends to the port must not be heard, nor get the caller's audio.
    Mutant(
        _LATCH,
        "if (latch->locked && !is_announced && !may_learn(latch, packet, now_us))",
        "if (latch->locked && !is_announced && !may_learn(latch, packet, now_us) && now_us == 0)",
        _BY_LATCH + "test_a_stranger_is_neither_heard_nor_sent_to",
    ),
    Mutant(
        _LATCH,
        "return candidate->packets >= LATCH_PACKETS;",
        "return candidate->packets >= 1;",
        _BY_C,
    ),
    Mutant(
        _LATCH,
        "return left->v4.sin_port == right->v4.sin_port && "
        "left->v4.sin_addr.s_addr == right->v4.sin_addr.s_addr;",
        "return left->v4.sin_addr.s_addr == right->v4.sin_addr.s_addr;",
        _BY_C,
    ),
    Mutant(
        _LATCH,
        "uint64_t silence_ms = continues ? RELATCH_CONTINUED_MS : RELATCH_SILENCE_MS;",
        "uint64_t silence_ms = RELATCH_SILENCE_MS + continues;",
        _BY_LATCH + "test_new_mapping_in_mid_call_is_followed_after_a_short_silence",
    ),
    Mutant(
        _RING,
        "if (head - atomic_load_explicit(&ring->tail, memory_order_acquire) == ring->capacity)",
        "if (head - atomic_load_explicit(&ring->tail, memory_order_acquire) == ring->capacity + 1)",
        _BY_C,
    ),
    Mutant(
        _RING,
        "return ring->cells + (position & (ring->capacity - 1)) * ring->cell_bytes;",
        "return ring->cells + (position % (ring->capacity - 1)) * ring->cell_bytes;",
        _BY_C,
    ),
    Mutant(
        "switch/engine/loop.c",
        "uint32_t kept_free = essential ? 0 : engine->events.capacity / EVENTS_RESERVED_SHARE;",
        "uint32_t kept_free = essential ? 0 : EVENTS_RESERVED_SHARE - EVENTS_RESERVED_SHARE;",
        _BY_COMMANDS + "test_lesser_events_leave_room_for_answers",
    ),
    Mutant(
        "switch/engine/loop.c",
        "if (ring_room(&engine->events) < EVENTS_PER_COMMAND_MAX || !ring_pop(&engine->commands, &command))",
        "if (!ring_pop(&engine->commands, &command))",
        _BY_COMMANDS + "test_unread_events_lose_no_answer",
    ),
    Mutant(
        "switch/engine/loop.c",
        "count(&engine->counters.datagrams_received, 1);",
        "count(&engine->counters.datagrams_received, 1), receive_rtp(engine, slot, now_us);",
        "tests/engine/test_flood.py::test_a_flooded_port_gives_way_after_each_packet",
    ),
    Mutant(
        "switch/engine/threads.c",
        "take_along(engine, party, (uint32_t)supply->partner, thread);",
        "continue;",
        "tests/engine/test_threads.py::test_members_of_a_room_come_together_from_all_threads",
    ),
    Mutant(
        "switch/engine/threads.c",
        "if (engine->supplies[other].mixed && engine->supplies[other].room_number == supply->room_number)",
        "if (false)",
        "tests/engine/test_threads.py::test_a_member_of_a_room_stays_in_it_when_its_bridge_goes_to_another_thread",
    ),
    Mutant(
        "switch/engine/threads.c",
        "if (command->kind == COMMAND_BRIDGE)",
        "if (command->kind == COMMAND_BRIDGE && engine->number == 9)",
        "tests/engine/test_threads.py::test_a_bridge_of_two_threads_relays_and_goes_back_to_its_own",
    ),
    Mutant(
        _COMMANDS,
        "unlink_partner(engine, left);",
        "",
        _BY_RELAY + "test_change_of_partner_is_seamless",
    ),
    Mutant(
        _COMMANDS,
        "discard_stale(engine, stream);",
        "if (now_us == 0) discard_stale(engine, stream);",
        _BY_RELAY + "test_packets_of_the_last_call_are_not_heard_by_the_next",
    ),
    Mutant(
        _STREAM,
        "if (packet->ssrc == to->sender.ssrc) {",
        "if (packet->ssrc == to->sender.ssrc && now_us == 0) {",
        _BY_RELAY + "test_two_bridged_streams_pointed_at_each_other_come_to_rest",
    ),
    Mutant(
        _STREAM,
        "if (stream->packets_left == 0) {",
        "if (stream->packets_left == 0 && now_us == 0) {",
        "tests/engine/test_flood.py::test_a_flood_of_the_peer_is_cut_and_others_are_served",
    ),
    Mutant(
        _STREAM,
        "packet->payload_type = is_event ? (uint8_t)to->plan.dtmf_payload_type : to->plan.payload_type;",
        "packet->payload_type = is_event ? (uint8_t)from->plan.dtmf_payload_type : to->plan.payload_type;",
        _BY_DIGITS + "test_key_is_relayed_with_the_partner_s_payload_type",
    ),
    Mutant(
        _STREAM,
        "if (!stream->plan.receives) {",
        "if (!stream->plan.receives && now_us == 0) {",
        _BY_RELAY + "test_hold_stops_both_ways_and_resumes_seamlessly",
    ),
    Mutant(
        _DTMF,
        "receiver->pending = false;",
        "",
        _BY_DIGITS + "test_a_press_is_told_once_however_often_repeated",
    ),
    Mutant(
        _RTP,
        "if (padding == 0 || padding > bytes - start)",
        "if (padding == 0)",
        _BY_C,
    ),
    Mutant(
        _SENDER,
        "sender->timestamp_offset = sender_time(sender, now_us) - packet->timestamp;",
        "sender->timestamp_offset = 0;",
        _BY_RELAY + "test_change_of_partner_is_seamless",
    ),
    Mutant(
        "switch/engine/reception.c",
        "reception->newest += (uint32_t)ahead;",
        "reception->newest += 1;",
        _BY_C,
    ),
    # Whoever stands between could else be the browser.
    Mutant(
        _DTLS,
        "if found != self.peer.fingerprint.upper():",
        "if False:",
        _BY_BROWSER + "test_another_certificate_than_the_announced_one_is_refused",
    ),
)
