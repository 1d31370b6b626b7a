"""Who watches what: nobody else's, nothing stale, nothing for ever."""

from tests.mutants.mutant import Mutant

_SUBSCRIPTION = "switch/notifier/subscription.py"
_NOTIFIER = "switch/notifier/notifier.py"
_WATCHING = "switch/exchange/watching.py"
_PAIR = "tests/notifier/test_pair.py::"
_SCENE = "tests/exchange/test_watching.py::"
_KILL = "tests/node/test_subscriptions.py::"

MUTANTS = (
    Mutant(
        _NOTIFIER,
        "subscription.reserved = subscription.dialog.local_cseq + CSEQ_AHEAD",
        "subscription.reserved = subscription.dialog.local_cseq",
        _KILL + "test_numbers_rise_over_one_kill_after_another",
    ),
    Mutant(
        _NOTIFIER,
        "subscription.kept = subscription.adrift = True",
        "subscription.kept = True",
        _KILL + "test_nothing_is_told_before_the_row_is_written_anew",
    ),
    Mutant(
        _NOTIFIER,
        "if subscription.reserved:",
        "if True:",
        _KILL + "test_what_the_store_refuses_is_written_later",
    ),
    Mutant(
        _NOTIFIER,
        "for _ in range(min(RESUMED_AT_ONCE, len(self._resuming))):",
        "for _ in range(len(self._resuming)):",
        _KILL + "test_many_are_told_in_turns",
    ),
    Mutant(
        _SUBSCRIPTION,
        "self.kept, self.adrift = not taken, not taken",
        "self._close()",
        _KILL + "test_of_two_phones_of_an_account_its_own_is_found",
    ),
    Mutant(
        _WATCHING,
        "if not _may_watch(office, Sender(watcher.tenant, watcher.account), package, resource.account):",
        "if False:",
        _KILL + "test_what_may_not_go_on",
    ),
    Mutant(
        _SUBSCRIPTION,
        "elif self._dirty:",
        "elif False:",
        _PAIR + "test_in_the_end_the_phone_knows",
    ),
    Mutant(
        _SUBSCRIPTION,
        "self.adrift = True",
        "self.adrift = False",
        _PAIR + "test_a_network_that_carries_nothing_any_more",
    ),
    Mutant(
        _NOTIFIER,
        "subscription.move(new, old_contact, new_contact, now)",
        "",
        _SCENE + "TestPhonesThatMove",
    ),
    Mutant(
        _SUBSCRIPTION,
        "self._wire.forget_dialog(self.dialog.key)",
        "",
        _PAIR + "test_in_the_end_the_phone_knows",
    ),
    Mutant(
        _SUBSCRIPTION,
        "if state == self._last:",
        "if False:",
        _SCENE + "test_a_lamp_follows_a_call_to_the_extension",
    ),
    Mutant(
        _NOTIFIER,
        'self._by_id[number].end("timeout", now)',
        "",
        _PAIR + "test_an_hour_without_a_refresh",
    ),
    Mutant(
        _WATCHING,
        "if package.own_only:",
        "if False:",
        _SCENE + "test_a_registration_is_told_to_its_own_account_alone",
    ),
    Mutant(
        _WATCHING,
        "return allowed is None or who.account in allowed",
        "return True",
        _SCENE + "test_the_tenant_says_who_may_watch",
    ),
    Mutant(
        _WATCHING,
        "if not who.account:",
        "if False:",
        _SCENE + "test_nobody_watches_without_proof_or_from_beyond_a_trunk",
    ),
    Mutant(
        "switch/exchange/messages.py",
        "if count >= PER_MINUTE_MAX or (not count and len(self._counts) >= SENDERS_MAX):",
        "if False:",
        _SCENE + "test_messages_that_are_refused",
    ),
    Mutant(
        _NOTIFIER,
        "full = len(self._by_id) >= SUBSCRIPTIONS_MAX or watched >= PER_ACCOUNT_MAX",
        "full = False",
        _SCENE + "test_too_many_subscriptions",
    ),
    Mutant(
        _SUBSCRIPTION,
        "if request.expires is not None and 0 < request.expires < EXPIRES_S_MIN:",
        "if False:",
        _SCENE + "test_what_is_refused",
    ),
)
