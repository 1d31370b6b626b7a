"""The router, both halves: one contact to one agent, leases that end, order, nobody's turn lost."""

from tests.mutants.mutant import Mutant

_PYTHON = "switch/acd/router.py"
_CHOOSE = "switch/acd/choose.py"
_MATCHING = "switch/base/matching.py"
_OFFERS_PY = "switch/acd/offers.py"
_ORDERS = "switch/acd/orders.py"
_SCORES = "switch/acd/scores.py"
_STATE = "switch/acd/state.py"
_OFFERS_C = "switch/acd/offers.c"
_CHOOSE_C = "switch/acd/choose.c"
_VISITS_C = "switch/acd/visits.c"
_AGENTS_C = "switch/acd/agents.c"
_CHOICE = "tests/acd/test_router.py::TestChoice::"
_OFFERS = "tests/acd/test_router.py::TestOffers::"
_LEAVING = "tests/acd/test_router.py::TestLeaving::"
_VIEWS = "tests/acd/test_router.py::TestViews::"
_PEERS = "tests/acd/test_peers.py::TestPeers::"
_ASKED = "tests/acd/test_requirement.py::"
_SCORED = "tests/acd/test_scores.py::"
_BATCH = "tests/acd/test_batch.py::"
_TWINS = "tests/twins/test_router_twin.py::test_the_halves_never_differ"

_BY_TRAIL = "tests/acd/test_trail.py::"

MUTANTS = (
    # A late answer to an offer that is over must find nothing to claim.
    Mutant(
        _OFFERS_PY,
        "if offer is None or offer.fence != event.fence:",
        "if offer is None:",
        _OFFERS + "test_an_offer_answers_to_its_own_fence_alone",
    ),
    Mutant(
        _OFFERS_C,
        "int stands = offer && offer->fence == event->fence;",
        "int stands = offer != NULL;",
        _OFFERS + "test_an_offer_answers_to_its_own_fence_alone",
    ),
    Mutant(
        _OFFERS_PY,
        "if offer is not None and offer.fence == event.fence:",
        "if offer is not None:",
        _OFFERS + "test_an_offer_answers_to_its_own_fence_alone",
    ),
    # A lease that never ends keeps caller and agent for ever.
    Mutant(
        _OFFERS_PY,
        "state.due.set(DueKind.LEASE, offer.number, offer.lease_until)",
        "",
        _OFFERS + "test_the_lease_outlives_the_ring_and_counts_as_a_miss",
    ),
    Mutant(
        "switch/acd/offered.c",
        "due_set(&r->memory, &r->due, &offer->lease_due, DUE_LEASE, number, lease_until);",
        "",
        _OFFERS + "test_the_lease_outlives_the_ring_and_counts_as_a_miss",
    ),
    Mutant(
        _OFFERS_C,
        "int64_t lease_until = r->now + ring_us + queue->set.lease_margin_us;",
        "int64_t lease_until = r->now + ring_us;",
        _OFFERS + "test_the_order_of_decisions",
    ),
    # Choosing and reserving are one step: the next contact must not be given the same agent.
    Mutant(
        _CHOOSE,
        "room = agent.fits(visit)",
        "room = True",
        _CHOICE + "test_an_agent_with_a_contact_gets_no_other_and_the_choice_says_why",
    ),
    Mutant(
        _STATE,
        "given += talk.units",
        "pass",
        _CHOICE + "test_an_agent_with_a_contact_gets_no_other_and_the_choice_says_why",
    ),
    # Wrap-up is never cut short, and the turn by idle time begins after it.
    Mutant(
        _PYTHON,
        "agent.wrap_until = max(agent.wrap_until, state.now + visit.wrap_up_us)",
        "agent.wrap_until = state.now + visit.wrap_up_us // 2",
        _OFFERS + "test_the_order_of_decisions",
    ),
    Mutant(
        _VISITS_C,
        "agent->idle_since = agent->wrap_until > r->now ? agent->wrap_until : r->now;",
        "agent->idle_since = r->now;",
        _OFFERS + "test_idle_time_begins_after_the_wrap_up",
    ),
    # Order: priority of the queue, of the contact, then time.
    Mutant(
        _STATE,
        "return (first, since, visit.seq)",
        "return (first, visit.seq, since)",
        _CHOICE + "test_a_freed_agent_takes_by_priorities_then_time_then_arrival",
    ),
    Mutant(
        "switch/acd/state.h",
        "return x->rank != y->rank ? x->rank < y->rank : key_before(&x->key, &y->key);",
        "return x->rank != y->rank ? x->rank > y->rank : key_before(&x->key, &y->key);",
        _CHOICE + "test_a_freed_agent_takes_by_priorities_then_time_then_arrival",
    ),
    Mutant(
        _CHOOSE_C,
        "return a->agent->idle_since < b->agent->idle_since;",
        "return a->agent->idle_since > b->agent->idle_since;",
        _CHOICE + "test_the_most_skilled_then_the_longest_idle",
    ),
    Mutant(
        _MATCHING,
        "if level < need.level:",
        "if level <= need.level:",
        _CHOICE + "test_requirements_widen_with_time",
    ),
    # An agent who went away, a phone that rejects by itself, a caller who hung up.
    Mutant(
        _AGENTS_C,
        "agent_rest(r, agent, offer->visit->queue);",
        ";",
        _PEERS + "test_08_status_changes_during_an_offer_make_no_loop",
    ),
    Mutant(
        _PYTHON,
        "self._rescind(visit, OfferOutcome.CALLER_GONE)",
        "self._s.offers.pop(visit.offers[0].number)",
        _PEERS + "test_07_a_caller_who_is_gone_stops_the_ring_at_once",
    ),
    Mutant(
        _OFFERS_PY,
        "agent.missed += 1",
        "",
        _OFFERS + "test_the_lease_outlives_the_ring_and_counts_as_a_miss",
    ),
    Mutant(
        _STATE,
        "return limit == 0 or waited_us <= limit",
        "return limit == 0 or waited_us < limit",
        _VIEWS + "test_the_service_level_includes_its_own_second",
    ),
    Mutant(
        _OFFERS_C,
        "return queue->set.service_level_us == 0 || waited_us <= queue->set.service_level_us;",
        "return queue->set.service_level_us == 0 || waited_us < queue->set.service_level_us;",
        _VIEWS + "test_the_service_level_includes_its_own_second",
    ),
    Mutant(
        "switch/acd/due.c",
        "if (before(&due->heap[child], &due->heap[first]))",
        "if (before(&due->heap[first], &due->heap[child]))",
        _TWINS,
    ),
    # A class must know who fits it, also after agents and steps have changed.
    Mutant("switch/acd/classes.c", "class->eligible_count--;", "", _TWINS),
    Mutant(
        "switch/acd/classes.c",
        "if (need->level > 0 && (!rarest || holders->count < rarest->count))",
        "if (!rarest || holders->count < rarest->count)",
        _ASKED + "TestRequirement::test_a_level_of_nothing_is_met_by_everybody",
    ),
    Mutant("switch/acd/waiting.c", "if (line_first(&class->line)->item == visit)", "if (0)", _TWINS),
    Mutant(
        _OFFERS_C,
        "agent->missed = 0;",
        "",
        _OFFERS + "test_misses_pause_only_in_a_row",
    ),
    Mutant(
        "switch/acd/trail.py",
        'if zlib.crc32(text).to_bytes(4, "little") != piece.body[:4]:',
        "if not text:",
        _BY_TRAIL + "test_damage_is_said_with_the_events_that_it_hit",
    ),
    Mutant(
        "switch/acd/trail.py",
        "if self._lost or self._snapshot_due(now):",
        "if self._snapshot_due(now):",
        _BY_TRAIL + "test_what_the_store_did_not_take_is_a_gap_and_no_end",
    ),
    Mutant(
        "switch/acd/explain.py",
        "if visit.id == self.contact and not self.seen:",
        "if visit.id != self.contact and not self.seen:",
        "tests/acd/test_explain.py::test_each_reason_has_its_figures",
    ),
    Mutant(
        "switch/acd/repeat.py",
        "if piece.first != self.sequence + 1:",
        "if piece.first < self.sequence:",
        _BY_TRAIL + "test_damage_is_said_with_the_events_that_it_hit",
    ),
    Mutant(
        "switch/acd/repeat.py",
        "self.unequal.append(self.sequence)",
        "self.proved += 1",
        _BY_TRAIL + "test_another_start_is_found_by_the_next_digest",
    ),
    # What a contact asks for, and for whom it is kept.
    Mutant(
        _MATCHING,
        "elif ring.any_of and all(_lacks(able, group) for group in ring.any_of):",
        "elif any(_lacks(able, group) for group in ring.any_of):",
        _ASKED + "TestRequirement::test_one_group_must_be_met_wholly",
    ),
    Mutant(
        _MATCHING,
        "if any(able.levels.get(need.skill, 0) >= need.level for need in ring.none_of):",
        "if any(able.levels.get(need.skill, 0) > need.level for need in ring.none_of):",
        _ASKED + "TestRequirement::test_what_is_excluded_is_counted_from_its_level_on",
    ),
    Mutant(
        _CHOOSE,
        "if visit.kept_until() <= state.now:",
        "if True:",
        _ASKED + "TestBefore::test_until_then_nobody_else",
    ),
    Mutant(
        _CHOOSE,
        "return None if agent.name in visit.contact.avoid or visit.backed_off(agent.name) else agent",
        "return agent",
        _ASKED + "TestBefore::test_whoever_missed_it_keeps_it_no_longer",
    ),
    # Capacity.
    Mutant(
        _STATE,
        "if most is None:",
        "if True:",
        "tests/acd/test_capacity.py::test_so_many_of_a_channel",
    ),
    Mutant(
        _PYTHON,
        "agent.wrap_units += visit.units",
        "",
        "tests/acd/test_capacity.py::test_the_wrap_up_keeps_the_units_of_its_contacts",
    ),
    # Several rings.
    Mutant(
        _OFFERS_PY,
        "self._rescind(visit, OfferOutcome.ANSWERED_ELSEWHERE)",
        "",
        "tests/acd/test_rings.py::TestRingAll"
        "::test_the_first_who_answers_has_it_and_the_others_have_missed_nothing",
    ),
    Mutant(
        _OFFERS_PY,
        "visit.rings += 1",
        "",
        "tests/acd/test_rings.py::TestRingProgressively::test_one_more_each_time",
    ),
    # Scores and orders.
    Mutant(
        _SCORES,
        "mantissa = square >> (31 + bit)",
        "mantissa = square >> 32",
        _SCORED + "test_surprise_is_the_logarithm",
    ),
    Mutant(
        _SCORES,
        "start = bisect_right(roster, last) if last is not None else 0",
        "start = bisect_left(roster, last) if last is not None else 0",
        _SCORED + "TestRoundRobin::test_one_after_the_other_whoever_answers",
    ),
    Mutant(_PYTHON, "agent.today = 0", "pass", _SCORED + "TestTheDay::test_calls_are_counted_by_days"),
    Mutant(
        _ORDERS,
        "late = visit.waited(state.now) > _t_us(queue)",
        "late = False",
        "tests/acd/test_orders.py::test_who_can_still_be_in_time_goes_before_who_cannot",
    ),
    # Batches.
    Mutant(
        "switch/acd/batch.py",
        "if at not in owner or _augment(owner[at], able, owner, seen):",
        "if at not in owner:",
        _BATCH + "test_others_move_so_that_one_more_is_served",
    ),
    Mutant(
        "switch/acd/batch.py",
        "self._row_price[self._row_of[at]] += so_far - far",
        "pass",
        _BATCH + "test_no_matching_costs_less",
    ),
    Mutant(
        "switch/acd/restart.py",
        "for place in (VisitState.WAITING, VisitState.OFFERED, VisitState.CONNECTED):",
        "for place in (VisitState.OFFERED, VisitState.WAITING, VisitState.CONNECTED):",
        "tests/acd/test_restart.py::test_whoever_was_rung_as_the_process_died_missed_nothing",
    ),
    Mutant(
        "switch/acd/restart.py",
        "router.apply(event, state.now)",
        "router.apply(event, state.now + 60_000_000)",
        "tests/acd/test_restart.py::test_whoever_was_rung_as_the_process_died_missed_nothing",
    ),
)
