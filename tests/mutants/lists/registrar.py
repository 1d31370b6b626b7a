"""Where phones are reached: whose password, for how long, by which way, and not after that."""

from tests.mutants.mutant import Mutant

_BINDINGS = "switch/registrar/bindings.py"
_REGISTRAR = "switch/registrar/registrar.py"
_GUARD = "switch/registrar/guard.py"
_CONTACTS = "switch/registrar/contacts.py"
_BY = "tests/registrar/test_register.py::"
_BY_FLOWS = "tests/registrar/test_outbound.py::"
_BY_LOGIN = "tests/registrar/test_authenticate.py::"

MUTANTS = (
    Mutant(
        _REGISTRAR,
        "if verdict.result is Result.OK:",
        "if verdict.result is not Result.BAD:",
        _BY_LOGIN + "test_an_old_nonce_is_stale_not_wrong",
    ),
    # One agent's password must not take another agent's calls.
    Mutant(
        _REGISTRAR,
        "if request.to.uri.user not in (account.name, account.account):",
        "if not request.to.uri.user:",
        _BY + "test_the_address_of_record_is_the_account_or_its_extension_and_no_other",
    ),
    Mutant(
        _GUARD,
        "if len(table) > self._entries_max:",
        "if len(table) > 2 * self._entries_max:",
        _BY_LOGIN + "test_the_tables_of_failures_are_bounded",
    ),
    Mutant(
        _GUARD,
        "return source.waits(port, now) or (pair is not None and pair.waits(port, now))",
        "return False",
        _BY_LOGIN + "test_a_guesser_who_hits_learns_nothing",
    ),
    Mutant(
        _GUARD,
        "return now < self.until and (port in self.ports or len(self.ports) >= PORTS_MAX)",
        "return now < self.until",
        _BY_LOGIN + "test_the_real_phone_registers_while_a_guesser_works",
    ),
    Mutant(
        _GUARD,
        "free = PAIR_FREE_ATTACKED if account.count > ACCOUNT_FREE else PAIR_FREE",
        "free = PAIR_FREE",
        _BY_LOGIN + "test_an_account_attacked_from_everywhere_still_judges_each_first_try",
    ),
    Mutant(
        _REGISTRAR,
        "if self._guard.waits(host, port, name, now) and not self._table.is_bound_by(name, flow):",
        "if self._guard.waits(host, port, name, now):",
        _BY_LOGIN + "test_a_registered_phone_is_judged_however_many_ports_a_guesser_beside_it_takes",
    ),
    Mutant(
        _REGISTRAR,
        "if name in self._accounts and binding.expires_at > now:",
        "if binding.expires_at > now:",
        _BY + "test_what_is_taken_back_after_a_restart_is_of_accounts_that_there_are",
    ),
    Mutant(
        _REGISTRAR,
        "self._table.keep_only(self._accounts)",
        "",
        _BY + "test_an_account_taken_away_loses_its_phones",
    ),
    Mutant(
        _REGISTRAR,
        "for wish in wishes if len(wishes) < 2 else sorted(wishes, key=lambda wish: wish.expires_s == 0):",
        "for wish in wishes:",
        _BY + "test_one_request_may_change_the_contact_without_a_gap",
    ),
    Mutant(
        _BINDINGS,
        "if concerned and binding.call_id == request.call_id and request.cseq.number <= binding.cseq:",
        "if concerned and binding.call_id == request.call_id and request.cseq.number < binding.cseq:",
        _BY + "test_an_older_request_of_the_same_phone_changes_nothing",
    ),
    Mutant(
        _BINDINGS,
        "if len(bindings) > self._per_account:",
        "if len(bindings) > 2 * self._per_account:",
        _BY + "test_at_most_so_many_bindings_the_oldest_goes",
    ),
    Mutant(
        _BINDINGS,
        "self.unbind(account, RemovalReason.LOST, lambda b: b.flow.connection == connection)",
        "self.unbind(account, RemovalReason.LOST, lambda b: True)",
        _BY + "test_a_binding_that_moved_to_a_new_stream_outlives_the_old_one",
    ),
    Mutant(
        _BINDINGS,
        "self._timers.set(account, min(binding.expires_at for binding in bindings))",
        "self._timers.set(account, max(binding.expires_at for binding in bindings))",
        _BY + "test_bindings_expire_one_by_one",
    ),
    Mutant(
        _BINDINGS,
        "alive = [b for b in reversed(self._by_account.get(account, ())) if b.expires_at > now]",
        "alive = [b for b in reversed(self._by_account.get(account, ()))]",
        _BY + "test_bindings_expire_one_by_one",
    ),
    Mutant(
        _BINDINGS,
        "return wish.reg_id == binding.reg_id or not (wish.reg_id and binding.reg_id)",
        "return same_uri(binding.contact, wish.contact)",
        _BY + "test_the_same_instance_leaves_no_dead_twin",
    ),
    Mutant(
        _BINDINGS,
        "return wish.reg_id == binding.reg_id or not (wish.reg_id and binding.reg_id)",
        "return True",
        _BY_FLOWS + "TestRfc5626Section6::test_two_flows_of_one_phone_stand_beside_each_other",
    ),
    Mutant(
        _BINDINGS,
        "return binding.flow == flow or (binding.call_id == call_id and not named_apart)",
        "return False",
        _BY_FLOWS + "TestPhonesThatMove::test_from_the_same_socket_under_another_call_id_too",
    ),
    Mutant(
        _BINDINGS,
        "self._tell(FlowMoved(account, lost.flow, flow, lost.contact, wish.contact))",
        "pass",
        _BY_FLOWS + "TestPhonesThatMove::test_a_phone_that_reconnects_takes_its_calls_along",
    ),
    Mutant(
        _CONTACTS,
        "raise RefusalError(439)",
        "pass",
        _BY_FLOWS + "TestRfc5626Section6::test_a_first_hop_that_keeps_no_flows",
    ),
    Mutant(
        _CONTACTS,
        "if 0 < wanted_s < limits.expires_s_min:",
        "if wanted_s < 0:",
        _BY + "test_too_brief_an_interval_changes_nothing",
    ),
    # A binding that outlives its NAT mapping is an agent who looks reachable and is not.
    Mutant(
        _CONTACTS,
        "longest_s = limits.nat_expires_s_max",
        "",
        _BY + "test_behind_nat_the_flow_counts_and_the_interval_keeps_the_mapping_open",
    ),
)
