"""Parts of the router that choose nothing: lines, packed batches, settings, snapshots, views; the auditor."""

from tests.mutants.mutant import Mutant

_ACD = "switch/acd/"
_TWINS = "tests/twins/test_router_twin.py::test_the_halves_never_differ"
_LINES = "tests/acd/test_lines.py::"
_BETWEEN = _LINES + "test_who_comes_between_the_others_stands_between_them[c]"
_LEAVES = _LINES + "test_who_leaves_anywhere_moves_the_others_up[c]"
_EMPTIES = _LINES + "test_a_line_that_empties_from_one_end[True-c]"
_BEHIND = _LINES + "test_the_longest_idle_is_found_behind_a_long_line[c]"
_PACKED = "tests/twins/test_packed_twin.py::"
_SAME = _PACKED + "test_packed_is_the_same_in_both_halves_and_as_event_by_event"
_UNSOUND = _PACKED + "test_a_batch_that_is_not_sound_is_refused_whole"
_NUMBERS = _PACKED + "test_numbers_hold_until_they_are_forgotten"
_NAMES = _PACKED + "test_names_are_found_while_others_come_and_go"
_NEEDS = _PACKED + "test_a_choice_with_many_needs_has_them_all"
_ALIKE = _PACKED + "test_a_contact_stands_for_those_who_are_like_it"
_SNAPSHOTS = "tests/acd/test_snapshots.py::"
_REFUSED = _SNAPSHOTS + "test_what_contradicts_itself_is_refused"
_FIRST = _SNAPSHOTS + "test_a_snapshot_of_the_first_version_goes_on"
_RESTORED = _SNAPSHOTS + "test_each_goes_on_from_any_moment_as_if_nothing_had_been"
_BOUNDS = _SNAPSHOTS + "test_no_number_is_too_large_for_either_half"
_SANITIZED = "tests/acd/test_c_core.py::test_no_sanitizer_complains[1]"
_AUDITOR = "tests/acd/test_auditor.py::"
_VIEWS = "tests/acd/test_router.py::TestViews::"

_LINE = (
    (
        "line.c",
        "if (key_before(key, &line->chunks[middle].at[0].key))",
        "if (!key_before(key, &line->chunks[middle].at[0].key))",
        _BETWEEN,
    ),
    (
        "line.c",
        "if (key_before(&chunk->at[middle].key, key))",
        "if (key_before(key, &chunk->at[middle].key))",
        _BETWEEN,
    ),
    ("line.c", "*place -= stay;", "*place = 0;", _BETWEEN),
    (
        "line.c",
        "memcpy(next->at, chunk->at + stay, next->count * sizeof *next->at);",
        "memcpy(next->at, chunk->at, next->count * sizeof *next->at);",
        _BETWEEN,
    ),
    ("line.c", "before += line->chunks[k].count;", "before += CHUNK_ROOM;", _BETWEEN),
    (
        "line.c",
        "return line->count - line->chunks[i].count + place_in(&line->chunks[i], key);",
        "return line->count - line->chunks[i].count;",
        _BETWEEN,
    ),
    (
        "line.c",
        "memmove(&chunk->at[place], &chunk->at[place + 1], (chunk->count - place) * sizeof *chunk->at);",
        "chunk->at[place] = chunk->at[chunk->count];",
        _LEAVES,
    ),
    ("line.c", "drop_chunk(m, line, i);", "chunk->count = 0;", _EMPTIES),
    ("waiting.c", "line_remove(&r->memory, &class->line, visit_key(visit));", ";", _BEHIND),
)

_PACKED_BATCHES = (
    ("packed.c", "event.fence = second;", "event.fence = first;", _SAME),
    ("packed.c", "event.waiting_since = first;", "event.waiting_since = 0;", _SAME),
    (
        "packed.c",
        "event.flag = (int)clamp(first, LINE_GOOD, LINE_UNUSABLE);",
        "event.flag = LINE_GOOD;",
        _SAME,
    ),
    ("packed.c", "return flag <= OFFER_FAILED;", "return flag >= 0;", _UNSOUND),
    ("packed.c", "store8(at + 20, choice->key);", "store8(at + 20, 0);", _SAME),
    ("packed.c", "at[1] = (unsigned char)choice->tie;", "at[1] = 0;", _SAME),
    (
        "packed.c",
        "store4(at + 40 + 4 * i, (uint64_t)choice->exclusions[i]);",
        "store4(at + 40 + 4 * i, choice->exclusions[i] != 0);",
        _SAME,
    ),
    ("packed.c", "size_t in = i % NEEDS_IN_RECORD;", "size_t in = i ? 1 : 0;", _NEEDS),
    ("packed.c", "n->spare[n->spare_count++] = (uint32_t)number;", ";", _NUMBERS),
    ("packed.c", "numbered.name->number = 0;", ";", _NUMBERS),
    ("packed.c", "pack(r, &r->out[k], i);", "pack(r, &r->out[k], 0);", _SAME),
    (
        "packed.c",
        "for (; seen < count && seen < i + AHEAD_MAX; seen++)",
        "for (; seen < i + AHEAD_MAX; seen++)",
        _SANITIZED,
    ),
    # Reading ahead changes nothing that anybody could see but by the sanitizers.
    ("ahead.c", "return name ? name->agent : NULL;", "return name->agent;", _SANITIZED),
    ("plans.c", "if (units == plan->units) {", "if (units) {", _ALIKE),
    ("plans.c", "like->avoid[i] = share(plan->avoid[i]);", "like->avoid[i] = share(r->empty);", _ALIKE),
    (
        "names.c",
        "if (((i - from) & mask) >= ((i - gap) & mask)) {",
        "if (((i - from) & mask) > ((i - gap) & mask)) {",
        _NAMES,
    ),
    ("names.c", "slots[at] = old[i];", "slots[home(names, old[i]->hash)] = old[i];", _NAMES),
    ("packed.py", "del self._numbers[thing]", "", _NUMBERS),
    ("packed.py", "self._spare.append(number)", "", _NUMBERS),
    ("packed.py", "return ev.Reach(text, flag != 0)", "return ev.Reach(text, True)", _SAME),
    ("packed.py", "choice.key,", "0,", _SAME),
    ("packed.py", "choice.step,", "0,", _SAME),
    (
        "packed.py",
        'yield needs.ljust(-(-len(needs) // NEEDS_SIZE) * NEEDS_SIZE, b"\\0")',
        'yield needs.ljust(NEEDS_SIZE, b"\\0")',
        _NEEDS,
    ),
    (
        "packed.py",
        "return ev.Arrive(replace(numbers.contact(second), contact=text, waiting_since=first))",
        "return ev.Arrive(replace(numbers.contact(second), contact=text))",
        _ALIKE,
    ),
)

_SETTINGS = (
    ("settings.c", "agent->level_sum += has->level;", "agent->level_sum++;", _TWINS + "[3]"),
    ("settings.c", "agent->level_sum = 0;", ";", _TWINS + "[3]"),
    ("settings.c", "agent->queues.at[i]->role->present += by;", ";", _TWINS),
    ("settings.c", "r->present_everywhere += by;", "r->present_everywhere += 0;", _TWINS),
    ("settings.c", "r->roster_count = 0;", ";", _TWINS + "[3]"),
    ("settings.c", "agent->units == in.units) {", "agent->units >= in.units) {", _TWINS + "[3]"),
    ("settings.c", "classes_learn(r, agent);", ";", _TWINS),
    (
        "settings.c",
        ".skills = needs_sorted(r, event->skills, 0, LEVEL_MAX),",
        ".skills = needs_sorted(r, event->skills, 0, AMOUNT_MAX),",
        _BOUNDS,
    ),
    (
        "settings.c",
        "agent->order = clamp(event->number, -ORDER_MAX, ORDER_MAX);",
        "agent->order = event->number;",
        _BOUNDS,
    ),
    (
        "tenants.c",
        "set.handling_us = clamp(in->handling_us, 1, SPAN_MAX);",
        "set.handling_us = in->handling_us;",
        _BOUNDS,
    ),
    ("lists.c", "needs->at[i].level = level;", ";", _BOUNDS),
    (
        "lists.c",
        "for (; at > 0 && names_compare(name, out.at[at - 1]) < 0; at--)",
        "for (; at > 0 && names_compare(name, out.at[at - 1]) > 0; at--)",
        _TWINS,
    ),
    (
        "clean.py",
        "return tuple(replace(need, level=amount(need.level)) for need in needs)",
        "return needs",
        _BOUNDS,
    ),
    ("clean.py", "sticky_us=amount(contact.sticky_us, 0),", "sticky_us=contact.sticky_us,", _BOUNDS),
    ("clean.py", "weight=amount(settings.weight, 1, SHARE_MAX),", "weight=settings.weight,", _BOUNDS),
    (
        "state.py",
        "self.able = Able(self.skills, self.queues, self.settings.teams, self.settings.units, self.most)",
        "self.able = Able(self.skills, self.queues, (), self.settings.units, self.most)",
        _TWINS,
    ),
)

_STORED = (
    ("restore.c", "a->reachable = read_flag(src);", "a->reachable = read_flag(src) || 1;", _RESTORED),
    ("restore.c", "a->missed = read_number(src);", "a->missed = 0 * read_number(src);", _RESTORED),
    (
        "restore.c",
        "a->engaged = between(src, 0, AMOUNT_MAX);",
        "a->engaged = between(src, 0, AMOUNT_MAX) > 0;",
        _TWINS,
    ),
    (
        "restore.c",
        "v->backoffs[v->backoff_count++] = (Backoff){agent, between(src, 0, NUMBER_MAX)};",
        "v->backoffs[v->backoff_count++] = (Backoff){agent, 1 + between(src, 0, NUMBER_MAX)};",
        _RESTORED,
    ),
    (
        "restore.c",
        "due_set(&r->memory, &r->due, &v->kept_due, DUE_KEPT, v->seq, kept_until(v));",
        "(void)r;",
        _RESTORED,
    ),
    (
        "restore.c",
        "due_set(&r->memory, &r->due, &v->more_due, DUE_MORE, v->seq, v->more_at);",
        "(void)r;",
        _TWINS,
    ),
    (
        "restore.c",
        "due_set(&r->memory, &r->due, &v->step_due, DUE_STEP, v->seq, due);",
        "(void)r;",
        _RESTORED,
    ),
    ("restore.c", "visit_time_backoffs(r, v);", ";", _RESTORED),
    (
        "restore.c",
        "due_set(&r->memory, &r->due, &a->wrap_due, DUE_WRAP_UP, a->number, a->wrap_until);",
        "(void)r;",
        _RESTORED,
    ),
    (
        "restore.c",
        "due_set(&r->memory, &r->due, &a->rest_due, DUE_REST, a->number, a->rest_until);",
        "(void)r;",
        _RESTORED,
    ),
    ("restore.c", "v->queue->offered++;", ";", _RESTORED),
    ("restore.c", "v->queue->talking++;", "(void)src;", _RESTORED),
    ("restore.c", "check(src, src->left == 0);", ";", _REFUSED),
    (
        "restore.c",
        "check(src, event->step_count > 0 && !v->contact->visit);",
        "check(src, event->step_count > 0);",
        _REFUSED,
    ),
    (
        "restore_second.c",
        "r->day_end = between(src, 0, NUMBER_MAX);",
        "r->day_end = 0 * between(src, 0, NUMBER_MAX);",
        _TWINS,
    ),
    (
        "restore_second.c",
        "a->today = between(src, 0, NUMBER_MAX);",
        "a->today = 0 * between(src, 0, NUMBER_MAX);",
        _RESTORED,
    ),
    (
        "restore_second.c",
        "q->gave_up = between(src, 0, GIVEN_UP_MAX);",
        "q->gave_up = 0 * between(src, 0, GIVEN_UP_MAX);",
        _TWINS,
    ),
    ("restore_second.c", "a->today = a->answered;", "a->today = 0;", _FIRST),
    ("restore_second.c", "draft->units = UNITS;", "draft->units = 1;", _FIRST),
    ("restore_second.c", "name->agent->busy_since = r->now;", "name->agent->busy_since = NEVER;", _FIRST),
    (
        "snapshot.c",
        "NUMBERS(1, offer->number, offer->fence, offer->lease_until);",
        "NUMBERS(1, offer->number, offer->fence, offer->fence);",
        _TWINS,
    ),
    ("snapshot.c", "write_number(r, a->since);", "write_number(r, 0);", _TWINS),
    (
        "snapshot.c",
        "word = word << 8 | (i + k < size ? at[i + k] : 0);",
        "word = word << 8 | (i + k < size ? at[i + k] : 1);",
        _TWINS,
    ),
    (
        "snapshot_second.c",
        "NUMBERS(v->rings, v->more_at, v->offer_count > 1 ? v->offer_count - 1 : 0);",
        "NUMBERS(v->rings, (int64_t)0, v->offer_count > 1 ? v->offer_count - 1 : 0);",
        _TWINS,
    ),
    ("snapshot_second.c", "texts(r, &want->teams);", "write_number(r, 0);", _TWINS + "[3]"),
    ("source.c", "check(src, value <= src->left / 8);", "check(src, value <= (uint64_t)1 << 62);", _REFUSED),
    ("source.c", "if ((at[i + k] & 0xC0) != 0x80)", "if (0)", _REFUSED),
    ("source.c", "(lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F))", "0)", _REFUSED),
    ("snapshot.py", "state.due.set(DueKind.WRAP_UP, number, agent.wrap_until)", "", _RESTORED),
    ("snapshot.py", "state.due.set(DueKind.REST, number, agent.rest_until)", "", _RESTORED),
    ("snapshot.py", "state.due.set(DueKind.LEASE, offer.number, offer.lease_until)", "", _RESTORED),
    ("snapshot.py", "state.due.set(DueKind.STEP, visit.seq, due)", "", _RESTORED),
    (
        "snapshot.py",
        "state.due.set(DueKind.BACKOFF, visit.seq, min(until for _, until in visit.backoffs))",
        "",
        _RESTORED,
    ),
    ("snapshot.py", "state.due.set(DueKind.KEPT, visit.seq, visit.kept_until())", "", _RESTORED),
    ("snapshot.py", "state.due.set(DueKind.MORE, visit.seq, visit.more_at)", "", _TWINS),
    ("snapshot.py", "visit.queue.talking += 1", "", _RESTORED),
    ("snapshot.py", "if not complete or not src.at_end():", "if not complete:", _REFUSED),
    ("snapshot.py", "agent.today = agent.answered", "", _FIRST),
    (
        "snapshot.py",
        "out.numbers(agent.engaged, agent.wrap_until, agent.rest_until, agent.idle_since)",
        "out.numbers(0, agent.wrap_until, agent.rest_until, agent.idle_since)",
        _TWINS,
    ),
    (
        "snapshot_second.py",
        "day_start_us, state.day_end = src.numbers(2)",
        "day_start_us, _ = src.numbers(2)",
        _TWINS,
    ),
    (
        "snapshot_second.py",
        "visit.rings, visit.more_at = src.numbers(2)",
        "visit.rings, _ = src.numbers(2)",
        _TWINS,
    ),
    (
        "snapshot_bytes.py",
        'padded = b"\\x01" + data + bytes(-len(data) % 8)',
        "padded = data + bytes(-len(data) % 8)",
        _TWINS,
    ),
)

_SHOWN = (
    ("views.c", "oldest = waited > oldest ? waited : oldest;", "oldest = waited;", _TWINS),
    ("views.c", "queue->ready += available;", "queue->ready++;", _TWINS),
    ("views.c", ".load = agent_used(agent),", ".load = agent->given,", _TWINS),
    ("views.c", "r->view_chunk++;", ";", _BETWEEN),
    (
        "views.py",
        "available = agent.shown is AgentState.AVAILABLE and agent.line != LineGrade.UNUSABLE",
        "available = agent.shown is AgentState.AVAILABLE",
        _TWINS,
    ),
    (
        "views.py",
        "position = queue.position(visit)",
        "position = queue.position(visit) + 1",
        _BETWEEN.replace("[c]", "[python]"),
    ),
    ("router.c", "agent->wrap_until = agent->wrap_units = 0;", "agent->wrap_until = 0;", _TWINS),
    ("router.c", "agent_rest_until(r, agent, 0);", ";", _TWINS),
    ("due.py", "self._at.pop((kind, number), None)", "", _TWINS),
)

_WATCHED = (
    (
        "auditor.py",
        "if visit.talks or not room or (visit.offers and not several):",
        "if visit.talks or (visit.offers and not several):",
        _AUDITOR + "test_an_agent_who_is_rung_twice",
    ),
    (
        "auditor.py",
        "room = person.has_room(visit, now) and decision.contact not in person.held",
        "room = decision.contact not in person.held",
        _AUDITOR + "test_an_agent_who_is_rung_twice",
    ),
    (
        "auditor.py",
        "claimed = isinstance(event, ev.Claim) and offered is not None and event.fence == offered.fence",
        "claimed = isinstance(event, ev.Claim) and offered is not None",
        _AUDITOR + "test_a_talk_that_nobody_claimed",
    ),
    ("auditor.py", "self.breaches[OVERTAKEN] += 1", "", _AUDITOR + "test_a_newer_contact_that_goes_first"),
    ("auditor.py", "self.breaches[LEASE_OVERDUE] += 1", "", _AUDITOR + "test_a_lease_without_end"),
    (
        "auditor.py",
        "settled = now - GRACE_US",
        "settled = now",
        _AUDITOR + "test_an_idle_agent_beside_a_waiting_contact",
    ),
    (
        "auditor.py",
        "self.breaches[IDLE_BESIDE_WAITING] += 1",
        "",
        _AUDITOR + "test_an_idle_agent_beside_a_waiting_contact",
    ),
    (
        "auditor.py",
        "if name in contact.avoid or person.rests_until > now - grace_us:",
        "if person.rests_until > now - grace_us:",
        _AUDITOR + "test_who_may_not_be_served_is_not_overtaken",
    ),
)

MUTANTS = tuple(
    Mutant(_ACD + file, line, broken, test)
    for rules in (_LINE, _PACKED_BATCHES, _SETTINGS, _STORED, _SHOWN, _WATCHED)
    for file, line, broken, test in rules
)
