"""Every refusal of a SIP request, taken away once: `docs/conformance.md`, section "Refusals", in its order.

Some stand in the list of their room, with the reason beside them: 423 and 439 of a REGISTER, 491 to a second
offer, 403 to what may not be taken, 422, 503 of a full switch.
"""

from tests.mutants.mutant import Mutant

_PARSING = "switch/sip/message/parsing.py"
_MESSAGES = "switch/sip/message/messages.py"
_LAYER = "switch/sip/transaction/layer.py"
_REGISTRAR = "switch/registrar/registrar.py"
_CONTACTS = "switch/registrar/contacts.py"
_UNDERSTANDING = "switch/exchange/understanding.py"
_INVITES = "switch/exchange/invites.py"
_EXCHANGE = "switch/exchange/exchange.py"
_REPLACING = "switch/exchange/replacing.py"
_ATTENDED = "switch/exchange/attended.py"
_REFERRALS = "switch/exchange/referrals.py"
_TEXTS = "switch/exchange/messages.py"
_WATCHING = "switch/exchange/watching.py"
_NOTIFIER = "switch/notifier/notifier.py"
_SUBSCRIPTION = "switch/notifier/subscription.py"
_LEG = "switch/call/leg.py"
_REQUESTS = "switch/call/requests.py"
_REFER = "switch/call/refer.py"
_REFERRAL = "switch/call/referral.py"
_INCOMING = "switch/call/incoming.py"
_OUTGOING = "switch/call/outgoing.py"
_VERIFY = "switch/trunk/stir/verify.py"

_BY_MESSAGE = "tests/sip/test_message.py::TestRefusals::test_status"
_BY_LAYER = "tests/sip/test_layer.py::"
_BY_REGISTER = "tests/registrar/test_register.py::"
_BY_OUTBOUND = "tests/registrar/test_outbound.py::"
_BY_UNDERSTANDING = "tests/exchange/test_understanding.py::"
_BY_CALLS = "tests/exchange/test_calls.py::"
_BY_SMALL_CALLS = "tests/exchange/test_small_calls.py::"
_BY_RARE = "tests/exchange/test_rare_peers.py::"
_BY_REPLACING = "tests/exchange/test_replacing.py::"
_BY_ATTENDED = "tests/exchange/test_attended.py::"
_BY_WATCHING = "tests/exchange/test_watching.py::"
_BY_LIMITS = "tests/exchange/test_limits.py::"
_BY_STIR = "tests/exchange/test_stir.py::"
_BY_INSIDE = "tests/call/test_legs.py::test_what_is_answered_inside_a_dialog"
_BY_CHANGES = "tests/call/test_changes.py::"
_BY_REFERRAL = "tests/call/test_referral.py::"
_BY_INCOMING = "tests/call/test_incoming.py::"
_BY_WHOLE = (
    "tests/torture/test_whole_switch.py::test_a_stranger_gets_the_answer_of_the_rfc_and_nothing_is_left"
)

MUTANTS = (
    # What cannot be read.
    Mutant(_PARSING, 'raise MessageError("unknown SIP version", 505)', "", _BY_MESSAGE),
    Mutant(_PARSING, 'raise MessageError("Request-URI is too long", 414)', "", _BY_MESSAGE),
    Mutant(_PARSING, 'raise MessageError(f"{name[:40]} is too long", 513)', "", _BY_MESSAGE),
    Mutant(_MESSAGES, 'raise MessageError("too many Vias", 483)', "", _BY_MESSAGE),
    Mutant(
        _EXCHANGE,
        "self._refuse(message, message.request.make_response(400, reason), owner, now)",
        "",
        _BY_UNDERSTANDING + "test_a_multipart_without_a_session_or_that_cannot_be_read",
    ),
    # What is not understood.
    Mutant(
        _LAYER,
        'self._answer(request, 501, back, (("Allow", self._allow),))',
        "return False",
        _BY_LAYER + "TestAnswersOfItsOwn::test_unknown_method",
    ),
    Mutant(
        _LAYER,
        "self._answer(request, 416, back)",
        "return False",
        _BY_LAYER + "TestAnswersOfItsOwn::test_unknown_scheme",
    ),
    Mutant(
        _LAYER,
        "self._answer(request, 482, back)",
        "return False",
        _BY_LAYER + "TestAnswersOfItsOwn::test_merged_request",
    ),
    Mutant(
        _LAYER,
        "self._answer(message, 503, response_flow(message.via, flow), _spread_retry(message))",
        "",
        "tests/sip/test_layer_pressure.py::"
        "test_an_overloaded_switch_refuses_without_state_and_spreads_who_comes_back",
    ),
    Mutant(
        _LAYER,
        "self.respond(cancel.key, request.make_response(481), now)",
        "self.respond(cancel.key, request.make_response(200), now)",
        _BY_LAYER + "TestCancelFromThePeer::test_without_an_invite_is_481",
    ),
    Mutant(
        _UNDERSTANDING,
        'return request.make_response(420, headers=[("Unsupported", ", ".join(unknown))])',
        "",
        _BY_UNDERSTANDING + "test_what_is_not_understood_is_refused_with_what_would_be",
    ),
    Mutant(
        _UNDERSTANDING,
        "return request.make_response(406)",
        "return None",
        _BY_UNDERSTANDING + "test_what_is_not_understood_is_refused_with_what_would_be",
    ),
    Mutant(
        _UNDERSTANDING,
        'return request.make_response(415, headers=[("Accept-Encoding", "identity")])',
        "",
        _BY_UNDERSTANDING + "test_what_is_not_understood_is_refused_with_what_would_be",
    ),
    Mutant(
        _UNDERSTANDING,
        'return request.make_response(415, headers=[("Accept", ACCEPTED)])',
        "",
        _BY_UNDERSTANDING + "test_a_part_that_must_be_understood_and_is_not_is_refused",
    ),
    Mutant(
        _UNDERSTANDING,
        'else request.make_response(400, "Unknown Scheme in To")',
        "else None",
        _BY_WHOLE,
    ),
    # A registration.
    Mutant(
        _REGISTRAR,
        "raise RefusalError(416)",
        "",
        _BY_REGISTER + "test_a_domain_that_is_no_sip_uri_registers_nobody",
    ),
    Mutant(
        _REGISTRAR,
        'raise RefusalError(420, None, (("Unsupported", ", ".join(unknown)),))',
        "",
        _BY_REGISTER + "test_refusals",
    ),
    Mutant(
        _CONTACTS,
        'raise RefusalError(400, "Contact * Without Expires 0")',
        "",
        _BY_REGISTER + "test_star_removes_everything_and_stands_alone",
    ),
    Mutant(
        _CONTACTS,
        'raise RefusalError(403, "Too Many Contacts")',
        "",
        _BY_REGISTER + "test_at_most_so_many_bindings_the_oldest_goes",
    ),
    Mutant(
        _CONTACTS,
        'raise RefusalError(400, "A reg-id Needs A Single Contact")',
        "",
        _BY_OUTBOUND + "TestRfc5626Section6::test_a_flow_is_of_one_contact",
    ),
    Mutant(
        _CONTACTS,
        'raise RefusalError(403, "Path Is Too Long")',
        "",
        _BY_OUTBOUND + "TestRfc3327::test_what_is_refused",
    ),
    Mutant(_CONTACTS, 'raise RefusalError(400, "Contact Is Not SIP")', "", _BY_REGISTER + "test_refusals"),
    Mutant(
        _CONTACTS, 'raise RefusalError(400, "A sips Contact Needs TLS")', "", _BY_REGISTER + "test_refusals"
    ),
    # A new call.
    Mutant(
        _INVITES,
        "return request.make_response(483)",
        "",
        _BY_UNDERSTANDING + "test_what_is_not_understood_is_refused_with_what_would_be",
    ),
    Mutant(
        _INVITES,
        'return request.make_response(400, "Missing Contact")',
        "",
        _BY_WHOLE,
    ),
    Mutant(
        _INVITES,
        'return request.make_response(415, headers=[("Accept", understanding.ACCEPTED)])',
        "",
        _BY_WHOLE,
    ),
    Mutant(
        _INVITES,
        "if owner is None:",
        "if owner is None and not called:",
        _BY_CALLS + "test_a_carriers_call_to_a_number_that_nobody_has_is_not_found_and_holds_no_channel",
    ),
    Mutant(
        _INVITES,
        "refuse(office, message, destination.status, now)",
        "",
        _BY_CALLS + "test_a_number_that_nobody_has_is_not_found",
    ),
    Mutant(
        _INVITES,
        "refuse(office, message, refusal.status, now, meter.refusal_headers(refusal))",
        "",
        _BY_LIMITS + "test_a_call_over_a_limit_is_refused_and_its_record_names_the_limit",
    ),
    Mutant(
        _INVITES,
        'refuse(office, message, verdict.status, at, [("Reason", reason)])',
        "",
        _BY_STIR + "test_rfc8224_section_6_2_2_what_is_not_right_is_refused_or_marked",
    ),
    Mutant(
        _EXCHANGE,
        'response = request.make_response(489, headers=[("Allow-Events", ALLOW_EVENTS)])',
        "response = request.make_response(200)",
        _BY_WATCHING + "test_published_state_is_not_taken",
    ),
    # Taking over, and transfers.
    Mutant(_REPLACING, "return 400", "return 481", _BY_REPLACING + "test_two_replaces_are_one_too_many"),
    Mutant(
        _REPLACING,
        "return 486 if wanted.early_only else 603",
        "return 0",
        _BY_REPLACING + "test_pickup_of_what_was_answered_meanwhile",
    ),
    Mutant(
        _REPLACING,
        "if not isinstance(leg, OutgoingLeg):",
        "if False:",
        _BY_REPLACING + "test_an_invite_that_we_have_not_answered",
    ),
    Mutant(_REPLACING, "return 486", "", _BY_REPLACING + "test_what_may_not_be_taken"),
    Mutant(
        _REFERRALS,
        'return request.make_response(403, "A REFER outside a call must name one")',
        "return request.make_response(202)",
        _BY_REPLACING + "test_a_refer_outside_a_dialog_that_names_none_or_anothers",
    ),
    Mutant(
        _REFERRALS,
        "return leg if own and not leg.over else None",
        "return leg",
        _BY_REPLACING + "test_a_refer_outside_a_dialog_that_names_none_or_anothers",
    ),
    Mutant(_REFER, 'return request.make_response(400, "Refer-To must name one sip URI")', "", _BY_INSIDE),
    Mutant(
        _REFER, 'return request.make_response(403, "Refer-To may only ask for an INVITE")', "", _BY_INSIDE
    ),
    # Texts and what is watched.
    Mutant(
        _TEXTS,
        'return request.make_response(415, headers=[("Accept", "text/plain")])',
        "",
        _BY_WATCHING + "test_messages_that_are_refused",
    ),
    Mutant(_TEXTS, "return request.make_response(413)", "", _BY_WATCHING + "test_messages_that_are_refused"),
    Mutant(
        _TEXTS,
        'return request.make_response(503, headers=[("Retry-After", "60")])',
        "",
        _BY_WATCHING + "test_messages_that_are_refused",
    ),
    Mutant(
        _TEXTS,
        "return request.make_response(404)",
        "",
        _BY_WATCHING + "test_a_message_from_a_carrier_is_the_tenants",
    ),
    Mutant(
        _TEXTS,
        "return request.make_response(destination.status)",
        "",
        _BY_WATCHING + "test_messages_that_are_refused",
    ),
    Mutant(
        _TEXTS,
        "return bool(bindings)",
        "return True",
        _BY_WATCHING + "test_a_message_to_a_colleague_is_passed_on_and_in_the_journal",
    ),
    Mutant(_WATCHING, "return 404", "", _BY_WATCHING + "test_what_is_refused"),
    Mutant(
        _NOTIFIER,
        'return request.make_response(489, headers=[("Allow-Events", ALLOW_EVENTS)])',
        "package = next(iter(PACKAGES.values()))",
        _BY_WATCHING + "test_what_is_refused",
    ),
    Mutant(
        _NOTIFIER,
        'return request.make_response(406, headers=[("Accept", package.content_type)])',
        "",
        _BY_WATCHING + "test_what_is_refused",
    ),
    Mutant(
        _NOTIFIER,
        'return request.make_response(503, headers=[("Retry-After", "300")])',
        "",
        _BY_WATCHING + "test_too_many_subscriptions",
    ),
    Mutant(
        _SUBSCRIPTION,
        'return request.make_response(423, headers=[("Min-Expires", str(EXPIRES_S_MIN))])',
        "",
        _BY_WATCHING + "test_what_is_refused",
    ),
    # Inside a call.
    Mutant(_REQUESTS, "return request.make_response(rejected)", "", _BY_INSIDE),
    Mutant(
        _REQUESTS,
        'return request.make_response(405, headers=[("Allow", ALLOW)])',
        "return request.make_response(200)",
        _BY_INSIDE,
    ),
    Mutant(
        _REQUESTS,
        'return request.make_response(415, headers=[("Accept", ", ".join(sorted(DTMF_INFO_TYPES)))])',
        "return request.make_response(200)",
        "tests/call/test_legs.py::test_an_info_without_a_key_is_refused_with_what_would_be_understood",
    ),
    Mutant(
        _REQUESTS,
        "return request.make_response(491)",
        "",
        _BY_INCOMING + "test_one_transfer_at_a_time",
    ),
    Mutant(
        _REQUESTS,
        'return request.make_response(489, headers=[("Allow-Events", "refer")])',
        "",
        _BY_INSIDE,
    ),
    Mutant(
        _LEG,
        "return request.make_response(488, headers=headers)",
        "return request.make_response(200)",
        _BY_CHANGES + "test_only_video_is_refused_and_the_talk_goes_on",
    ),
    Mutant(
        _LEG,
        'return request.make_response(415, headers=[("Accept", "application/sdp")])',
        "return None",
        _BY_CHANGES + "test_a_body_that_is_no_session_description",
    ),
    Mutant(
        _INCOMING,
        "return modify.too_early(request, self.local_tag)",
        "return None",
        _BY_CHANGES + "test_a_change_before_our_final_answer_is_to_come_later",
    ),
    Mutant(
        _INCOMING,
        "if status is None and (reliable is None or not reliable.acknowledge("
        "rack, self.invite.cseq.number)):",
        "if status is None and reliable is None:",
        _BY_CHANGES + "test_a_prack_with_another_number_meets_481_and_changes_nothing",
    ),
    Mutant(
        _OUTGOING,
        "return request.make_response(491)",
        "return None",
        _BY_CHANGES + "test_an_update_of_the_callee_before_it_has_answered_meets_491",
    ),
    Mutant(
        _REFERRAL,
        'return request.make_response(423, headers=[("Min-Expires", str(EXPIRES_MIN_S))])',
        "",
        _BY_REFERRAL + "test_too_short_a_refresh",
    ),
    Mutant(
        _REFERRAL,
        "if self._done or self._ending or not self._same_event(request):",
        "if False:",
        _BY_REFERRAL + "test_whoever_unsubscribes_hears_no_more",
    ),
    # Who says that he calls (RFC 8224 section 6.2.2).
    Mutant(
        _VERIFY,
        'return Verdict(438, reason="signed for another caller")',
        "",
        "tests/trunk/stir/test_verify.py::test_who_calls_and_who_is_called_must_be_those_of_the_message",
    ),
)
