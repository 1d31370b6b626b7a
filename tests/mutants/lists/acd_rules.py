"""The router's rules, line by line in both halves, most of them against the oracle by brute force."""

from tests.mutants.mutant import Mutant

_ACD = "switch/acd/"
_ORACLE = "tests/acd/test_oracle.py::"
_ANY = _ORACLE + "test_router_agrees_with_brute_force"
_POLICY = _ORACLE + "test_each_policy_by_brute_force"
_ORDER = _ORACLE + "test_each_order_by_brute_force"
_BATCH = _ORACLE + "test_batches_by_brute_force"
_TWINS = "tests/twins/test_router_twin.py::test_the_halves_never_differ"
_SURGES = "tests/twins/test_router_twin.py::test_the_halves_match_surges_alike"
_SCORED = "tests/acd/test_scores.py::"
_ASKED = "tests/acd/test_requirement.py::TestRequirement::"
_ESTIMATE = "tests/acd/test_estimate.py"

_WHO_MAY = (
    ("choose.py", "if agent.name in contact.avoid:", "if False:", _ANY),
    ("choose.py", "if agent.rest_until or visit.backed_off(agent.name):", "if agent.rest_until:", _ANY),
    ("choose.py", "if contact.before and kept_for(state, visit) not in (None, agent):", "if False:", _ANY),
    ("choose.py", "if agent.line == LineGrade.UNUSABLE:", "if False:", _ANY),
    ("choose.py", "if agent.paused:", "if False:", _ANY),
    ("state.py", "given += offer.visit.units", "given += 0", _ANY),
    ("people.c", "int64_t used = agent_used(agent);", "int64_t used = agent->given;", _ANY),
    ("people.c", "return held < most;", "return held <= most;", _ANY),
    (
        "people.c",
        "if (agent_used(agent) + units > agent->units)",
        "if (agent_used(agent) + units > agent->units + units)",
        _ANY,
    ),
    ("people.c", "if (agent->line == LINE_UNUSABLE)", "if (0)", _ANY),
    ("people.c", "bit_set(r->resting, agent->slot);", ";", _ANY),
    ("wants.c", "return OUT_OTHER_CHANNELS;", "return OUT_NONE;", _ANY),
    ("wants.c", "return OUT_OTHER_TEAM;", "return OUT_NONE;", _ANY),
    ("wants.c", "return OUT_EXCLUDED_SKILL;", "return OUT_NONE;", _ANY),
    ("wants.c", "low |= level < needs->at[i].level;", "low |= level <= needs->at[i].level;", _ANY),
    ("wants.c", "met = want_lacks(agent, &want->groups[i]) == OUT_NONE;", "met = 1;", _ANY),
    ("wants.c", "serves = agent_serves(agent, want->queues.at[i]);", ";", _ANY),
    ("choose.c", "avoided += take_out(set, visit->plan->avoid[i]);", ";", _ANY),
    ("choose.c", "declined += take_out(set, visit->backoffs[i].agent);", ";", _ANY),
    (
        "choose.c",
        "kept = keep_one(set, agent, r->slot_words);",
        "kept = r->slot_words ? 0 : keep_one(set, agent, 0);",
        _ANY,
    ),
)

_POLICIES = (
    (
        "choose.py",
        "(agent.line, -score, int(agent.name != before), agent.idle_since, agent.order, agent.name)",
        "(0, -score, int(agent.name != before), agent.idle_since, agent.order, agent.name)",
        _ANY,
    ),
    ("scores.py", "return [_skill(agent, step) for agent in fit]", "return [0 for agent in fit]", _POLICY),
    (
        "scores.py",
        "return [-(agent.order << SCORE_SHIFT) for agent in fit]",
        "return [0 for agent in fit]",
        _POLICY,
    ),
    (
        "scores.py",
        "return [-(sum(agent.skills.values()) << SCORE_SHIFT) for agent in fit]",
        "return [sum(agent.skills.values()) << SCORE_SHIFT for agent in fit]",
        _POLICY,
    ),
    (
        "scores.py",
        "return [-fraction(agent.busy_until(now), now - agent.signed_in_at) for agent in fit]",
        "return [-fraction(agent.busy_us, now - agent.signed_in_at) for agent in fit]",
        _POLICY,
    ),
    (
        "scores.py",
        "return [SplitMix64(draw ^ agent.hash).next() >> 2 for agent in fit]",
        "return [SplitMix64(draw).next() >> 2 for agent in fit]",
        _POLICY,
    ),
    (
        "scores.py",
        "-((surprise(SplitMix64(draw ^ agent.hash).next()) << 16) // agent.settings.weight)",
        "-(surprise(SplitMix64(draw ^ agent.hash).next()) << 16)",
        _POLICY,
    ),
    (
        "scores.py",
        "return [-((place - start) % len(roster) << SCORE_SHIFT) for place in places]",
        "return [-(place << SCORE_SHIFT) for place in places]",
        _POLICY,
    ),
    (
        "scores.py",
        "return [idle[at] * whole - (shares[at][1] if at >= 0 else 0) * len(fit) for at in teams]",
        "return [idle[at] * whole for at in teams]",
        _POLICY,
    ),
    (
        "scores.py",
        "part, whole = part >> 1, whole >> 1",
        "part, whole = part, whole >> 1",
        _SCORED + "test_a_fraction_has_32_bits_however_long_the_times",
    ),
    ("router.py", "agent.busy_us = 0", "", _POLICY),
    ("offers.py", "agent.today += 1", "agent.today = 1", _POLICY),
    ("offers.py", "queue.last = (agent.order, agent.name)", "", _POLICY),
    (
        "router.py",
        "agent.idle_since = max(self._s.now, agent.wrap_until)",
        "",
        _SCORED + "test_own_calls_reset_the_idle_order_where_the_tenant_wants_it",
    ),
    (
        "scores.c",
        "return skill_of(agent, scoring->want);",
        "return -skill_of(agent, scoring->want);",
        _POLICY,
    ),
    ("scores.c", "return -agent->level_sum * SCORE_ONE;", "return agent->level_sum * SCORE_ONE;", _POLICY),
    ("scores.c", "return -clamp(agent->today, 0, ORDER_MAX) * SCORE_ONE;", "return 0;", _POLICY),
    ("scores.c", "return -agent->order * SCORE_ONE;", "return 0;", _POLICY),
    ("scores.c", "return (int64_t)(splitmix(&seed) >> 2);", "return (int64_t)(seed >> 2);", _POLICY),
    (
        "scores.c",
        "return -fraction(busy_us, r->now - agent->signed_in_at);",
        "return -fraction(busy_us, r->now);",
        _POLICY,
    ),
    ("scores.c", "for (; whole >> 31; part >>= 1)", "for (; whole >> 40; part >>= 1)", _TWINS + "[3]"),
    ("scores.c", "scoring->start = start_of(r, queue);", "scoring->start = start_of(r, queue) + 1;", _POLICY),
    ("scores.c", "mantissa[k] = square >> (31 + bit);", "mantissa[k] = square >> 32;", _POLICY),
    (
        "scores.c",
        "return -((int64_t)surprise * 65536 / agent->weight);",
        "return -(int64_t)surprise * 65536;",
        _POLICY,
    ),
    (
        "scores.c",
        "return r->team_counts[team] * whole - share * (int64_t)scoring->candidates;",
        "return r->team_counts[team] * whole - share;",
        _POLICY,
    ),
    (
        "scores.c",
        "wished += want->prefer.at[i].level * agent_level(agent, want->prefer.at[i].skill);",
        ";",
        _POLICY,
    ),
    (
        "scores.c",
        "if (mean > best && want_lacks(agent, &want->groups[i]) == OUT_NONE)",
        "if (mean > best || want_lacks(agent, &want->groups[i]) == OUT_NONE)",
        _ASKED + "test_a_group_that_is_not_met_counts_for_nothing",
    ),
    ("tenants.c", "r->agents[i]->today = 0;", ";", _ANY),
    (
        "tenants.c",
        "r->day_end = start ? start + passed * DAY_US : 0;",
        "r->day_end = start ? start + passed : 0;",
        _ANY,
    ),
)

_ORDERS = (
    ("orders.py", "return (-queue.settings.priority, *visit.key)", "return visit.key", _ORDER),
    ("orders.py", "mean = max(1, queue.mean_handling_us() >> 10)", "mean = 1", _ORDER),
    (
        "orders.py",
        "return max(0, target - (in_time << 16) // queue.ends)",
        "return (in_time << 16) // queue.ends",
        _ORDER,
    ),
    ("orders.py", "return queue.settings.service_level_us or DEFAULT_T_US", "return DEFAULT_T_US", _ORDER),
    ("state.py", "first = since - self.urgency(visit) * self.tenant.ageing_us", "first = since", _ORDER),
    ("state.py", "self.handlings = [*self.handlings[1 - RECENT_KEPT :], handling_us]", "", _ORDER),
    (
        "state.py",
        "return len(self.line) - self.offered - self.assigned",
        "return len(self.line) - self.assigned",
        _ORDER,
    ),
    ("state.py", "queue.line.sort(key=_KEY)", "", _ANY),
    (
        "orders.c",
        "return clamp(points, -PRIORITY_MAX, PRIORITY_MAX) * r->tenant.ageing_us;",
        "return points * r->tenant.ageing_us / 2;",
        _ORDER,
    ),
    ("orders.c", "return queue->set.cost * span * 4096 / mean;", "return span * 4096 / mean;", _ORDER),
    (
        "orders.c",
        "return waiting * r->share_sum - queue->set.share * (r->waiting - r->assigned);",
        "return waiting * r->share_sum - r->waiting + r->assigned;",
        _ORDER,
    ),
    (
        "orders.c",
        "int64_t target = (queue->set.target_percent << 16) / 100;",
        "int64_t target = 65536;",
        _ORDER,
    ),
    ("orders.c", "return late < late_other;", "return late > late_other;", _ORDER),
    ("orders.c", "return key > other;", "return key < other;", _ORDER),
    ("orders.c", "if (queue->handling_count < HANDLINGS_LEAST)", "if (1)", _ORDER),
    (
        "orders.c",
        "queue->handlings[queue->handling_count++] = handling_us;",
        "queue->handlings[queue->handling_count++] = handling_us / 2;",
        _ORDER,
    ),
    ("tenants.c", "lines_sort(r, r->queues[i]);", ";", _ANY),
)

_RINGS = (
    ("offers.py", "visit.rings = 1", "visit.rings = 2", _POLICY),
    ("offers.py", "visit.rings = visit.more_at = 0", "visit.rings = 0", _TWINS + "[3]"),
    ("offers.py", "return len(visit.offers) < RINGS_MAX", "return len(visit.offers) < 2", _POLICY),
    ("offers.py", "state.last_fence = max(state.last_fence + 1, state.now)", "state.last_fence += 1", _ANY),
    ("offers.py", "agent.rest_until = max(agent.rest_until, until)", "", _ANY),
    (
        "offers.py",
        "or (outcome is OfferOutcome.BUSY and queue.settings.busy_is_miss)",
        "or outcome is OfferOutcome.BUSY",
        _ANY,
    ),
    ("router.py", "self._rest(agent, offer.visit.queue)", "", _ANY),
    ("settle.c", "return visit->offer_count < RINGS_MAX;", "return visit->offer_count < 2;", _POLICY),
    (
        "settle.c",
        "while (wants_more(visit) && offer_make(r, visit, NULL))",
        "while (wants_more(visit) && visit->offer_count < 2 && offer_make(r, visit, NULL))",
        _POLICY,
    ),
    (
        "settle.c",
        "if (head_before(&c->heads[slot], &best)) {",
        "if (head_before(&best, &c->heads[slot])) {",
        _ANY,
    ),
    ("settle.c", "if (visit && (!first || served_before(r, visit, first)))", "if (visit)", _ORDER),
    ("settle.c", "if (found && found == line_first(&first->line)->item)", "if (found)", _TWINS + "[5]"),
    (
        "settle.c",
        "return a != b ? (a > b ? -1 : 1) : by_line(x, y);",
        "return a != b ? (a > b ? 1 : -1) : by_line(x, y);",
        _TWINS,
    ),
)

_ENTRY = (
    (
        "router.py",
        "if settings.contacts_max and len(queue.line) >= settings.contacts_max:",
        "if False:",
        _ANY,
    ),
    ("router.py", "if not servable(self._s, visit):", "if False:", _ANY),
    ("router.py", "state.day_end = start + passed * DAY_US if start else 0", "state.day_end = 0", _ANY),
    ("choose.c", "count += (size_t)first;", ";", _ANY),
)

_BATCHES = (
    ("batch.py", "return 0 if agents[at].name == visit.contact.before else at + 1", "return at + 1", _BATCH),
    (
        "batch.py",
        "(agent.line << _FAILING_SHIFT)",
        "0",
        "tests/acd/test_batch.py::test_the_agent_of_before_among_equals_and_the_failing_line_last",
    ),
    ("batch.py", "visit.queue.assigned += 1", "", _BATCH),
    ("batch.c", "return 35;", "return 19;", _BATCH),
    ("batch.c", "queue->walk.assigned++;", ";", _BATCH),
    ("batch.c", "b->given[row].draw = scoring.draw;", "b->given[row].draw = 0;", _BATCH),
    ("batch.c", "bit_set(r->candidates, b->agents[at]->slot);", ";", _SURGES),
)

_ESTIMATES = (
    (
        "estimate.py",
        "if other.settings.priority <= self._queue.settings.priority or len(recent) < 2:",
        "if True:",
        _ESTIMATE,
    ),
    ("estimate.py", "kind.work += each", "kind.work += ONE", _ESTIMATE),
    (
        "estimate.py",
        "takes_us = max(ahead.cleared_us(agents), since + visit.steps[place].after_us - now)",
        "takes_us = ahead.cleared_us(agents)",
        _ESTIMATE,
    ),
)

_SNAPSHOTS = (
    (
        "snapshot_second.c",
        "NUMBERS(a->line, a->shown_line, a->wrap_units);",
        "NUMBERS(a->line, a->shown_line, (int64_t)0);",
        _TWINS + "[3]",
    ),
    (
        "snapshot_second.py",
        "queue.gave_up, queue.wait_sum_us = src.numbers(2)",
        "queue.gave_up, _ = src.numbers(2)",
        _TWINS + "[3]",
    ),
    (
        "snapshot_second.py",
        "out.numbers(agent.signed_in_at, agent.busy_us, agent.busy_since, agent.today)",
        "out.numbers(agent.signed_in_at, agent.busy_us, agent.busy_since, 0)",
        _TWINS + "[3]",
    ),
)

MUTANTS = tuple(
    Mutant(_ACD + file, line, broken, test)
    for rules in (_WHO_MAY, _POLICIES, _ORDERS, _RINGS, _ENTRY, _BATCHES, _ESTIMATES, _SNAPSHOTS)
    for file, line, broken, test in rules
)
