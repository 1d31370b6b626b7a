"""One running switch: what a restart, a reload, a mistake of ours and a full journal may not cost."""

from tests.mutants.mutant import Mutant

_NODE = "switch/node/node.py"
_RECOVERY = "switch/node/recovery.py"
_ACCOUNTS = "switch/node/accounts.py"
_SECRETS = "switch/node/trunk_secrets.py"
_COMPOSE = "switch/node/compose.py"
_BINDINGS = "switch/node/bindings.py"
_NAMES = "switch/node/names.py"
_RUNNING = "tests/node/test_running.py::"
_BY_RECOVERY = "tests/node/test_recovery.py::"
_BY_SECRETS = "tests/node/test_secrets.py::"
_BY_RELOAD = "tests/node/test_reload.py::"
_BY_BINDINGS = "tests/node/test_bindings.py::"

MUTANTS = (
    Mutant(
        "switch/node/certificates.py",
        "if not insecure and not all(one.is_global and not one.is_multicast for one in addresses):",
        "if not addresses:",
        "tests/node/test_certificates.py::test_what_is_not_even_tried",
    ),
    Mutant(
        _NODE,
        "node.fault(step.__name__)",
        "raise",
        _RUNNING + "test_a_mistake_of_ours_is_counted_and_the_next_message_is_taken",
    ),
    Mutant(
        _NODE,
        "self.exchange.office.sheds = self.stopping or self.writer.sheds",
        "self.exchange.office.sheds = self.stopping",
        _RUNNING + "test_a_journal_that_has_no_room_refuses_new_calls",
    ),
    Mutant(
        _NODE,
        "if due is None or (self._timer_at is not None and self._timer_at <= due):",
        "if due is None or self._timer_at is not None:",
        _RUNNING + "test_a_timer_that_comes_before_the_one_that_waits_is_not_late",
    ),
    Mutant(
        _RECOVERY,
        "journal.write(event, now, tenant=entry.tenant, call=entry.call)",
        "",
        _BY_RECOVERY + "test_a_call_that_a_kill_cut_off_gets_its_one_record",
    ),
    Mutant(
        _RECOVERY,
        "ended_wall_us=max(started.wall_us, died_wall_us),",
        "ended_wall_us=max(started.wall_us, 2 * died_wall_us),",
        _BY_RECOVERY + "test_a_call_that_a_kill_cut_off_gets_its_one_record",
    ),
    Mutant(
        _RECOVERY,
        "if tenancy is None or agent not in tenancy.plan.agents or not last.signed_in:",
        "if tenancy is None or agent not in tenancy.plan.agents:",
        _BY_RECOVERY + "test_an_agent_is_found_as_left",
    ),
    Mutant(
        _RECOVERY,
        "exchange.office.tell_router(tenant, Pause(agent, last.paused))",
        "",
        _BY_RECOVERY + "test_an_agent_is_found_as_left",
    ),
    Mutant(
        _ACCOUNTS,
        "descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)",
        "descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)",
        _BY_SECRETS + "test_the_file_of_secrets_is_its_owners_and_the_newest_stands_last",
    ),
    # New secrets at every start would lock every phone out.
    Mutant(
        _ACCOUNTS,
        "if (key, name) not in known",
        "if name",
        _BY_SECRETS + "test_a_secret_is_made_once_for_each_account",
    ),
    Mutant(
        _ACCOUNTS,
        "if row.tenant in centre.tenants and row.account in centre.tenants[row.tenant].accounts",
        "if row.tenant in centre.tenants",
        _BY_SECRETS + "test_an_account_that_is_no_longer_configured_cannot_log_in",
    ),
    Mutant(
        _ACCOUNTS,
        "keep(path, (shown for shown, _ in made))",
        "[store.put_account(stored) for _, stored in made] and keep(path, (shown for shown, _ in made))",
        _BY_SECRETS + "test_where_the_file_cannot_be_written_the_old_secret_stays_in_force",
    ),
    Mutant(
        _SECRETS,
        'problems.append(_problem(trunk, f"the environment has no {trunk.password_env}"))',
        "",
        _BY_SECRETS + "test_a_carriers_password_comes_from_the_environment_or_a_file",
    ),
    Mutant(
        _COMPOSE,
        "Trunks(trunks)",
        "",
        _BY_RELOAD + "test_what_cannot_be_taken_changes_nothing",
    ),
    Mutant(
        _COMPOSE,
        "for key in [key for key in tenancies if key not in centre.tenants and key not in busy]:",
        "for key in [key for key in tenancies if key not in centre.tenants]:",
        _BY_RELOAD + "test_who_waits_for_a_tenant_that_was_removed_leaves_nothing_behind",
    ),
    Mutant(
        _NAMES,
        "if len(matches) == 1:",
        "if matches:",
        _BY_RELOAD + "test_a_name_that_two_tenants_have_is_never_guessed",
    ),
    Mutant(
        _BINDINGS,
        "if (flow.transport, local) not in listening or expires_at <= now:",
        "if expires_at <= now:",
        _BY_BINDINGS + "test_an_address_that_is_no_longer_ours_is_no_way_to_a_phone",
    ),
    Mutant(
        _BINDINGS,
        "if binding.flow.transport is Transport.UDP",
        "if binding.contact",
        _BY_RECOVERY + "test_what_came_by_a_stream_is_not_kept_even_where_we_listen_for_streams",
    ),
    # A port less for every session with an address that nothing can be sent to.
    Mutant(
        _NODE,
        "self._never_opened.add(command.slot)",
        "pass",
        "tests/node/test_refused_streams.py::test_an_address_that_nothing_can_be_sent_to_costs_no_port",
    ),
    # A decision too many or too few is as different as another one.
    Mutant(
        "switch/node/repetition.py",
        "return differs((), now, event, at)",
        "pass",
        "tests/sim/test_replay.py::test_an_entry_too_few_is_different",
    ),
)
