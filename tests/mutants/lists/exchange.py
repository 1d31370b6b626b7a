"""Calls, flows and the router joined: what ends is given back, who left is told, nobody rings for nobody."""

from tests.mutants.mutant import Mutant

_EXCHANGE = "switch/exchange/exchange.py"
_HEARING = "switch/exchange/hearing.py"
_RINGING = "switch/exchange/ringing.py"
_ENDINGS = "switch/exchange/endings.py"
_TALKS = "switch/exchange/talks.py"
_INVITES = "switch/exchange/invites.py"
_TRANSFERS = "switch/exchange/transfers.py"
_ATTENDED = "switch/exchange/attended.py"
_ROUTING = "switch/exchange/routing.py"
_REACHABILITY = "switch/exchange/reachability.py"
_WHOLE = "tests/exchange/test_small_calls.py::"
_RARE = "tests/exchange/test_rare_peers.py::"
_STORY = "tests/sim/test_injection.py::"

_LIMITS = "tests/exchange/test_limits.py::"

_IDENTITIES = "switch/exchange/identities.py"
_CALLER = "tests/exchange/test_identities.py::"

MUTANTS = (
    Mutant(
        _IDENTITIES,
        "if session.caller is not None and session.caller.withheld:",
        "if session.caller is None:",
        _CALLER + "test_a_withheld_number_is_in_the_journals_one_entry_and_nowhere_else",
    ),
    Mutant(
        _IDENTITIES,
        "elif rules.trusted:",
        "else:",
        _CALLER + "test_rfc3325_section_7_a_withheld_customer_is_told_to_a_trusted_carrier_alone",
    ),
    Mutant(
        _IDENTITIES,
        "if number in plan.may_present:",
        "if number:",
        _CALLER + "test_rfc3325_section_9_2_a_preferred_identity_is_a_wish",
    ),
    Mutant(
        "switch/exchange/meter.py",
        "if attempt.emergency:",
        "if not number:",
        _LIMITS + "test_a_country_that_is_not_allowed_is_refused_and_an_emergency_never",
    ),
    Mutant(
        "switch/exchange/meter.py",
        "office.parts.limits.release(ticket, now)",
        "",
        _LIMITS + "test_a_call_over_a_limit_is_refused_and_its_record_names_the_limit",
    ),
    Mutant(
        _INVITES,
        "if office.parts.limits.refused(tenant, refusal, now):",
        "if refusal:",
        _LIMITS + "test_a_phone_that_dials_day_and_night_does_not_fill_the_journal",
    ),
    Mutant(
        _HEARING,
        "office.parts.slots.release(slot)",
        "",
        _STORY + "test_the_undisturbed_story_has_all_its_parts",
    ),
    Mutant(
        _HEARING,
        "elif from_info:",
        "elif key:",
        _WHOLE + "test_a_key_in_a_talk_reaches_the_other_party_once",
    ),
    Mutant(
        _EXCHANGE,
        "self.office.hang_up(leg, Cause(Reason.MEDIA_LOST, By.NETWORK, 408), now)",
        "",
        _WHOLE + "test_a_phone_that_falls_silent_ends_the_call",
    ),
    Mutant(
        _EXCHANGE,
        "ringing.timed_out(office, session, session.attempts[key], now)",
        "",
        _WHOLE + "test_a_phone_that_nobody_picks_up_stops_ringing",
    ),
    Mutant(
        _RINGING,
        "_call_off_others(office, attempt, leg, now)",
        "",
        _WHOLE + "test_of_two_phones_of_an_account_one_takes_the_call_and_the_other_stops",
    ),
    Mutant(
        _RINGING,
        "if agent and not attempt.purpose.exclusive:",
        "if agent and attempt.purpose.exclusive:",
        _WHOLE + "test_an_agent_on_a_call_of_no_queue_is_offered_nothing",
    ),
    Mutant(
        _ENDINGS,
        "office.parts.trunks.release(leg.trunk, office.gateway_of_leg.pop(leg.id, None))",
        "",
        _STORY + "test_the_undisturbed_story_has_all_its_parts",
    ),
    Mutant(
        _ENDINGS,
        "office.tell_router(session.tenant, Disengage(leg.agent))",
        "",
        _STORY + "test_the_undisturbed_story_has_all_its_parts",
    ),
    Mutant(
        _ENDINGS,
        "office.parts.registrar.drop_binding(name, binding.call_id, binding.cseq)",
        "",
        _WHOLE + "test_a_phone_that_is_dead_is_not_rung_again",
    ),
    Mutant(
        _ENDINGS,
        "office.closing.append(session)",
        "",
        _STORY + "test_the_undisturbed_story_has_all_its_parts",
    ),
    Mutant(
        _TALKS,
        "office.tell_router(session.tenant, Finish(session.contact))",
        "",
        _STORY + "test_the_undisturbed_story_has_all_its_parts",
    ),
    # A caller who left must not leave an agent ringing (FreeSWITCH 2529).
    Mutant(
        _TALKS,
        "office.tell_router(session.tenant, Abandon(session.contact))",
        "",
        _WHOLE + "test_a_caller_who_is_gone_stops_the_phones",
    ),
    Mutant(
        _INVITES,
        "if refusal is None and office.sheds:",
        "if False:",
        _WHOLE + "test_a_journal_without_room_refuses_new_calls_and_no_others",
    ),
    Mutant(
        _INVITES,
        "office.parts.trunks.release(trunk)",
        "",
        _WHOLE + "test_where_no_port_is_left_the_carriers_channel_is_given_back",
    ),
    Mutant(
        _INVITES,
        "trunk = office.parts.trunks.identify(message.flow, request.uri, now)",
        'trunk = office.parts.trunks.identify(message.flow, request.uri, now) or "carrier"',
        _WHOLE + "test_a_stranger_is_challenged_whatever_is_dialled",
    ),
    Mutant(
        _TRANSFERS,
        "session.avoid = (*session.avoid, by.agent)",
        "",
        _WHOLE + "test_an_agent_who_passes_a_caller_back_is_not_given_that_caller_again",
    ),
    Mutant(
        _TRANSFERS,
        "office.hang_up(by, ours(Reason.TRANSFERRED), now)",
        "",
        _STORY + "test_the_undisturbed_story_has_all_its_parts",
    ),
    Mutant(
        _ROUTING,
        "office.tell_router(session.tenant, acd_events.Decline(attempt.offer, attempt.fence, reason))",
        "",
        _WHOLE + "test_a_declined_caller_goes_to_the_next_agent_at_once",
    ),
    Mutant(
        _ROUTING,
        "record.waited_us += decision.waited_us",
        "",
        _WHOLE + "test_a_declined_caller_goes_to_the_next_agent_at_once",
    ),
    Mutant(
        _REACHABILITY,
        "gone = event.remaining == 0",
        "gone = True",
        _WHOLE + "test_an_agent_with_two_phones_who_loses_one_stays_reachable",
    ),
    # Both sides would hear nothing.
    Mutant(
        _HEARING,
        "office.media(session.call.opened(leg))",
        "",
        _RARE + "test_a_caller_who_offers_with_the_ack_is_heard",
    ),
    # Anybody behind a carrier could call at the tenant's cost, and sign agents out.
    Mutant(
        _TRANSFERS,
        "if by.account or isinstance(destination, ExtensionDestination | Unknown):",
        "if by or isinstance(destination, ExtensionDestination | Unknown):",
        "tests/exchange/test_transfers.py::test_a_customer_beyond_the_trunk_can_neither_dial_out_nor_give_codes",
    ),
    Mutant(
        _INVITES,
        "session = Session(call, hops=(request.max_forwards or MAX_FORWARDS) - 1)",
        "session = Session(call)",
        _RARE + "test_a_call_that_comes_back_has_fewer_hops_each_time_and_ends",
    ),
    Mutant(
        _RINGING,
        'office.timers.set(("gateway", attempt.id), now + SILENT_AFTER_US)',
        "pass",
        _RARE + "test_a_dead_gateway_is_passed_over_while_the_caller_waits",
    ),
    Mutant(
        _RINGING,
        '_report_gateway(office, attempt, leg, GatewayOutcome.TIMEOUT, now, "timeout")',
        "pass",
        _RARE + "test_callers_who_give_up_show_a_dead_gateway_too",
    ),
    Mutant(
        _ATTENDED,
        "if not by.account:",
        "if not by.peer:",
        "tests/exchange/test_attended.py::test_a_party_beyond_a_trunk_may_not_name_a_call",
    ),
    Mutant(
        _ATTENDED,
        "if consult.account != by.account or other is session:",
        "if other is session:",
        "tests/exchange/test_attended.py::test_what_may_not_be_named",
    ),
    Mutant(
        _ATTENDED,
        "talks.leave_queue(office, keep)",
        "",
        "tests/exchange/test_attended.py::test_the_two_others_talk_and_the_transferor_is_free",
    ),
    Mutant(
        _ATTENDED,
        "if joins is not None and session.call.anchor is by and other.call.anchor is not consult:",
        "if False:",
        "tests/exchange/test_attended.py::test_the_refer_may_come_in_the_second_call_too",
    ),
    Mutant(
        "switch/exchange/moves.py",
        "office.session_of_contact[taker.tenant, taker.contact] = taker",
        "",
        "tests/exchange/test_attended.py::test_the_customer_takes_the_agents_place_in_the_queue",
    ),
    Mutant(
        "switch/exchange/replacing.py",
        "if leg.account != account.account:",
        "if leg.account == account.account:",
        "tests/exchange/test_replacing.py::test_what_may_not_be_taken",
    ),
    Mutant(
        _INVITES,
        "if trunk is not None and replaces is not None:",
        "if False:",
        "tests/exchange/test_replacing.py::test_nobody_breaks_in_from_beyond_a_trunk_or_from_another_tenant",
    ),
    Mutant(
        "switch/exchange/exchange.py",
        "self.surplus.end(response, flow, now)",
        "pass",
        "tests/exchange/test_late_answers.py::"
        "test_a_second_phone_answers_after_the_call_with_the_first_has_ended",
    ),
    Mutant(
        "switch/exchange/exchange.py",
        "if challenged and isinstance(owner, Leg) and proving.again(self.office, owner, message, now):",
        "if False:",
        "tests/exchange/test_proving.py::test_a_bye_that_is_challenged_goes_again_and_ends_the_call",
    ),
    Mutant(
        "switch/exchange/understanding.py",
        "return _unwrapped(request) if request.body else None",
        "return None",
        "tests/exchange/test_understanding.py::test_the_session_of_a_multipart_invite_is_understood",
    ),
    Mutant(
        "switch/exchange/locating.py",
        "watch.failures = 0 if located.certain else watch.failures + 1",
        "watch.failures = 1",
        "tests/exchange/test_located_gateways.py::test_the_last_known_addresses_stay_while_the_resolver_is_down",
    ),
    Mutant(
        _TRANSFERS,
        "if session.call.partner is None:",
        "if False:",
        "tests/exchange/test_transfers.py::test_a_target_who_speaks_before_the_answer_is_heard_by_whoever_waits_alone",
    ),
)
