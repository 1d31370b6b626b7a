"""Carriers: who they are, how many channels, which gateway is next, numbers in their form."""

from tests.mutants.mutant import Mutant

_TRUNKS = "switch/trunk/trunks.py"
_IDENTITY = "switch/trunk/identity.py"
_NUMBERS = "switch/trunk/numbers.py"
_CAPACITY = "switch/trunk/capacity.py"
_HEALTH = "switch/trunk/health.py"
_REGISTRATION = "switch/trunk/registration.py"
_RINGING = "switch/exchange/ringing.py"
_BY_CHOICE = "tests/trunk/test_choice.py::"
_BY_REGISTRATION = "tests/trunk/test_registration.py::"
_BY = "tests/trunk/test_trunks.py::"
_BY_NUMBERS = "tests/trunk/test_numbers.py::"

_VERIFY = "switch/trunk/stir/verify.py"
_CERTIFICATES = "switch/trunk/stir/certificates.py"
_VERIFIED = "tests/trunk/stir/test_verify.py::"

MUTANTS = (
    Mutant(
        _VERIFY,
        'if called.removeprefix("+") not in passport.dest:',
        "if not passport.dest:",
        _VERIFIED + "test_who_calls_and_who_is_called_must_be_those_of_the_message",
    ),
    Mutant(
        _VERIFY,
        "if not is_signed_by(token, key):",
        "if not key:",
        _VERIFIED + "test_another_key_than_the_certificates_is_438",
    ),
    Mutant(
        _VERIFY,
        "if abs(passport.iat - wall_s) > FRESH_S or not _is_fresh(date, wall_s):",
        "if not _is_fresh(date, wall_s):",
        _VERIFIED + "test_a_stale_token_or_date_is_403",
    ),
    Mutant(
        _CERTIFICATES,
        "if not covers(_tn_auth_list(signer), number):",
        "if not _tn_auth_list(signer):",
        _VERIFIED + "test_rfc8226_section_9_a_certificate_speaks_for_its_numbers",
    ),
    Mutant(
        _CERTIFICATES,
        "if not constraints.ca or (constraints.path_length is not None and constraints.path_length < below):",
        "if not constraints:",
        _VERIFIED + "test_a_certificate_that_is_no_authority_issues_none",
    ),
    Mutant(
        _CERTIFICATES,
        'if not _may(signer, "digital_signature"):',
        "if not signer:",
        _VERIFIED + "test_a_key_that_may_not_sign_is_437",
    ),
    Mutant(
        "switch/trunk/caller.py",
        "for header in settings.accept:",
        "for header in (IdentityHeader.PAI, *settings.accept):",
        "tests/trunk/test_caller.py::test_an_assertion_is_believed_only_of_a_trunk_that_says_so",
    ),
    Mutant(
        "switch/trunk/caller.py",
        'anonymous = is_anonymous(from_) and "none" not in privacy',
        "anonymous = False",
        "tests/trunk/test_caller.py::test_an_anonymous_from_withholds_unless_privacy_says_none",
    ),
    Mutant(
        "switch/trunk/forwarding.py",
        "if item.hidden and not trusted:",
        "if item.hidden and trusted:",
        "tests/trunk/test_forwarding.py::test_who_is_hidden_is_told_to_the_trusted_alone",
    ),
    Mutant(
        _CAPACITY,
        "if channels_max and self.channels >= channels_max:",
        "if channels_max and self.channels > channels_max:",
        _BY + "test_channels_are_counted_for_both_directions",
    ),
    Mutant(
        _CAPACITY,
        "use.channels -= 1",
        "",
        _BY + "test_channels_are_counted_for_both_directions",
    ),
    Mutant(
        _CAPACITY,
        'assert use.channels > 0, "a channel is released once"',
        "",
        _BY + "test_a_channel_is_released_once",
    ),
    Mutant(
        _TRUNKS,
        "raise ConfigurationError(tuple(problems))",
        "problems.clear()",
        _BY + "test_wrong_settings_are_refused_and_change_nothing",
    ),
    # With every gateway down, trying is better than refusing.
    Mutant(
        _TRUNKS,
        "ways.sort(key=_rests_last)",
        "ways = [way for way in ways if not way.rests]",
        _BY + "test_a_gateway_rests_after_failures_in_a_row_and_is_tried_again",
    ),
    Mutant(
        _TRUNKS,
        'from_user = present(settings, caller_id) if caller_id else "anonymous"',
        'from_user = caller_id or "anonymous"',
        _BY + "test_routes_are_in_the_carriers_form_gateway_by_gateway",
    ),
    # While the resolver is down, the last known addresses stay.
    Mutant(
        _TRUNKS,
        "if not certain and (known or not targets):",
        "if not certain and not targets and False:",
        "tests/trunk/test_named_gateways.py::test_while_the_resolver_is_down_the_last_known_addresses_stay",
    ),
    Mutant(
        _TRUNKS,
        "targets = in_order(targets, self._rng)",
        "pass",
        "tests/trunk/test_named_gateways.py::test_servers_of_one_priority_share_calls_by_weight",
    ),
    Mutant(
        _TRUNKS,
        "self._timers.set((trunk, gateway), health.until)",
        "",
        _BY + "test_a_gateway_rests_after_failures_in_a_row_and_is_tried_again",
    ),
    Mutant(
        _IDENTITY,
        "order = sorted(self._entries.items(), key=lambda item: (-item[0][0].prefixlen, item[0][1] is None))",
        "order = sorted(self._entries.items(), key=lambda item: item[0][1] is None)",
        _BY + "test_a_request_is_known_by_its_address_the_narrowest_first",
    ),
    Mutant(
        _IDENTITY,
        "if address in network and port in (None, flow.remote.port):",
        "if address in network:",
        _BY + "test_a_request_is_known_by_its_address_the_narrowest_first",
    ),
    Mutant(
        _IDENTITY,
        "if other != settings.name:",
        "if not other:",
        _BY + "test_wrong_settings_are_refused_and_change_nothing",
    ),
    Mutant(
        _IDENTITY,
        "return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address",
        "return address",
        _BY + "test_a_request_is_known_by_its_address_the_narrowest_first",
    ),
    Mutant(
        _NUMBERS,
        "at_home = parsed.country_code == phonenumbers.country_code_for_region(settings.country)",
        "at_home = True",
        _BY_NUMBERS + "test_our_number_in_the_carriers_form",
    ),
    Mutant(
        _HEALTH,
        "if not failed_trial and not wait_asked_s and failures < settings.failures_to_down:",
        "if not failed_trial and not wait_asked_s and failures <= settings.failures_to_down:",
        _BY + "test_a_gateway_rests_after_failures_in_a_row_and_is_tried_again",
    ),
    Mutant(
        _HEALTH,
        "health.rest_s = min(max(grown_s, wait_asked_s), settings.down_s_max)",
        "health.rest_s = max(grown_s, wait_asked_s)",
        _BY + "test_a_503_that_asks_for_time_gets_it_within_the_bound",
    ),
    Mutant(
        _HEALTH,
        "health.failures, health.rest_s = 0, 0",
        "health.rest_s = 0",
        _BY + "test_a_gateway_rests_after_failures_in_a_row_and_is_tried_again",
    ),
    # A token that was read on its way is no proof.
    Mutant(
        _TRUNKS,
        "return any(plain_address(gateway.address.host) == source for gateway in self.gateways(trunk))",
        "return bool(source)",
        _BY_CHOICE + "test_a_call_by_a_registered_line",
    ),
    Mutant(
        _TRUNKS,
        "if registration is None or not registration.stands(now):",
        "if registration is None:",
        _BY_CHOICE + "test_a_call_by_a_registered_line",
    ),
    Mutant(
        _CAPACITY,
        "if len(starts) >= calls_per_second_max:",
        "if len(starts) > calls_per_second_max:",
        _BY_CHOICE + "test_never_more_calls_than_allowed_begin_within_any_second",
    ),
    Mutant(
        "switch/trunk/routes.py",
        "groups.setdefault((-matched, terms.priority, cost), []).append(gateway)",
        "groups.setdefault((0, terms.priority, cost), []).append(gateway)",
        _BY_CHOICE + "test_the_longest_prefix_comes_first_and_what_does_not_match_not_at_all",
    ),
    Mutant(
        _HEALTH,
        "if health.answers < settings.answers_to_up or now < health.until:",
        "if now < health.until:",
        _BY_CHOICE + "test_silence_408_and_503_show_death_and_answers_in_a_row_life_again",
    ),
    Mutant(
        _REGISTRATION,
        "if chosen is None or self._challenges > CHALLENGES_MAX:",
        "if chosen is None:",
        _BY_REGISTRATION + "test_a_stale_nonce_is_replaced_once_within_a_round",
    ),
    Mutant(
        _REGISTRATION,
        "return longest_s - self._rng.below(longest_s // 2 + 1)",
        "return longest_s",
        _BY_REGISTRATION + "test_the_back_off_doubles_with_jitter_up_to_half_an_hour",
    ),
    # Nobody's phone rings twice.
    Mutant(
        _RINGING,
        "if leg.rang or cause.by is By.US or not leg.trunk:",
        "if cause.by is By.US or not leg.trunk:",
        "tests/exchange/test_gateways.py::test_nobody_is_rung_twice",
    ),
    Mutant(
        _RINGING,
        "return failed and (not leg.progressed or (cause.by is By.PEER and status in NOBODY_RANG))",
        "return failed",
        "tests/exchange/test_gateways.py::test_nobody_is_rung_twice",
    ),
)
