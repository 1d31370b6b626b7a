"""Builds one tenant's plan from its file: every section checked by itself, then all of them together."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, available_timezones

from switch.dialplan import check, phrases, schema
from switch.dialplan.callback_steps import read_callback
from switch.dialplan.flows import FlowCompiler, Names, add_feature_flows
from switch.dialplan.hours import Hours
from switch.dialplan.hours_words import read_holidays, read_hours
from switch.dialplan.limits import read_limits
from switch.dialplan.plan import (
    AccountPlan,
    AgentPlan,
    AnnouncePlan,
    ClipKind,
    ClipRequest,
    OutsideRules,
    QueuePlan,
    TenantPlan,
    WatchPlan,
    plain_number,
)
from switch.dialplan.problems import Problems
from switch.dialplan.program import Farewell, Program
from switch.dialplan.prompt_book import PromptBook
from switch.dialplan.room_sections import read_mailboxes, read_supervision
from switch.dialplan.routing_words import (
    RULE_WORDS,
    AgentWords,
    check_hours,
    check_policy,
    queue_words,
    read_routing,
    rule_words,
)
from switch.dialplan.sound_steps import read_recording
from switch.dialplan.source import Path, Source

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_NUMBER = re.compile(r"\+[1-9][0-9]{2,14}|[0-9]{1,15}")
_OUTSIDE = re.compile(r"\+[1-9][0-9]{2,14}")
_CODE = re.compile(r"[0-9*#]{1,8}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,8})?")
_PREFIX = re.compile(r"\+[0-9]{0,15}")
_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_SILENT = AnnouncePlan(0, 0, False, False, ())


@dataclass(slots=True)
class TenantReader:
    """Reads the sections in the order of their dependence."""

    key: str
    source: Source
    model: schema.TenantModel
    trunks: tuple[str, ...]
    problems: Problems
    queue_models: dict[str, schema.QueueModel] = field(default_factory=dict)

    def plan(self) -> TenantPlan:
        model, problems = self.model, self.problems
        self._check_words()
        hours = self._hours()
        accounts, agents = self._accounts(), self._agents(hours)
        book = PromptBook(self.key, self.source, problems, tuple(model.languages), dict(model.voices))
        for name, raw in model.prompts.items():
            self._name("prompt", name, ("prompts", name))
            book.define(name, raw, ("prompts", name))
        queues = self._queues(book)
        outside = self._outside()
        recording = read_recording(model.recording, self.source, book, problems)
        mailboxes = read_mailboxes(model.mailboxes, self.source, problems)
        supervision = read_supervision(model.supervision, self.source, book, accounts, problems)
        names = Names(
            accounts,
            queues,
            self.queue_models,
            tuple(model.skills),
            hours,
            self.trunks,
            outside.trunk,
            recording,
            mailboxes,
            tuple(model.teams),
            supervision.modes,
        )
        compiler = FlowCompiler(self.source, problems, book, names)
        for flow in model.flows:
            self._name("flow", flow, ("flows", flow))
        compiler.compile(model.flows)
        add_feature_flows(compiler, model.pause_reasons)
        program = compiler.program()
        pause_code, codes = self._codes()
        numbers = self._numbers(program, codes)
        machines = {queue.callback.machine for queue in queues.values() if queue.callback is not None}
        self._check_program(program, agents, {*numbers.values(), *codes.values(), *machines}, queues)
        prompts, requests = self._clips(book, program, queues)
        return TenantPlan(
            key=self.key,
            name=model.name or self.key,
            domain=model.domain or f"{self.key}.local",
            time_zone=model.time_zone,
            country=model.country,
            languages=tuple(model.languages),
            numbers=numbers,
            accounts=accounts,
            agents=agents,
            skills=tuple(model.skills),
            queues=queues,
            pause_reasons=dict(model.pause_reasons),
            codes=codes,
            pause_code=pause_code,
            outside=outside,
            hours=hours,
            calendar=read_holidays(model.holidays, self.source, problems),
            zone=self._zone(),
            program=program,
            prompts=prompts,
            requests=requests,
            ringback=next((request.name for request in requests if request.kind is ClipKind.TONE), ""),
            place=self.source.place(()),
            limits=read_limits(model.limits, ("limits",), self.source, problems, tenant=True),
            watch=self._watch(),
            recording=recording,
            routing=read_routing(model.routing, self.source, problems),
            supervision=supervision,
            mailboxes=mailboxes,
        )

    def _name(self, kind: str, name: str, path: Path) -> None:
        if _NAME.fullmatch(name) is None:
            expected = "a letter, then letters, digits, - and _"
            self.problems.add(
                self.source.key_place(path), f"{kind} '{name}': a name of {expected} was expected"
            )

    def _form(self, form: re.Pattern[str], text: str, path: Path, expected: str) -> None:
        if form.fullmatch(text) is None:
            self.problems.add(self.source.place(path), f"{expected} was expected, found '{text}'")

    def _known(
        self, kind: str, words: Iterable[str], known: Iterable[str], path: Path, *, keys: bool = False
    ) -> None:
        for index, word in enumerate(words):
            if word in known:
                continue
            place = self.source.key_place((*path, word)) if keys else self.source.place((*path, index))
            self.problems.unknown(place, kind, word, known)

    def _check_words(self) -> None:
        model = self.model
        if model.domain:
            self._form(_DOMAIN, model.domain, ("domain",), "a domain name such as maple.example")
        for index, language in enumerate(model.languages):
            path: Path = ("languages", index)
            self._form(_LANGUAGE, language, path, "a language such as fr or en-CA")
            if not phrases.speaks(language):
                word = f"the switch has no phrases of its own in '{language}' and says them in English"
                self.problems.warn(
                    self.source.place(path), f"{word}; define prompts such as wrong-key to replace them"
                )
        self._known("language", model.voices, model.languages, ("voices",), keys=True)
        for index, skill in enumerate(model.skills):
            if _NAME.fullmatch(skill) is None:
                expected = "a letter, then letters, digits, - and _"
                place = self.source.place(("skills", index))
                self.problems.add(place, f"skill '{skill}': a name of {expected} was expected")
        for index, team in enumerate(model.teams):
            if _NAME.fullmatch(team) is None or team == "all":
                place = self.source.place(("teams", index))
                self.problems.add(
                    place, f"team '{team}': a name of its own was expected ('all' is every team)"
                )
        for digit, reason in model.pause_reasons.items():
            if digit not in set("0123456789"):
                place = self.source.key_place(("pause_reasons", digit))
                self.problems.add(place, f"one digit was expected for reason '{reason}', found '{digit}'")

    def _zone(self) -> ZoneInfo:
        name = self.model.time_zone
        try:
            return ZoneInfo(name)
        except (OSError, ValueError, KeyError):
            self.problems.unknown(self.source.place(("time_zone",)), "time zone", name, available_timezones())
            return ZoneInfo("UTC")

    def _accounts(self) -> dict[str, AccountPlan]:
        accounts: dict[str, AccountPlan] = {}
        for name, raw in self.model.accounts.items():
            path: Path = ("accounts", name)
            if _ACCOUNT.fullmatch(name) is None:
                expected = "letters, digits, '.', '-' and '_'"
                self.problems.add(self.source.key_place(path), f"account '{name}': {expected} were expected")
            model = (
                schema.read(schema.AccountModel, self.source, path, raw, self.problems)
                or schema.AccountModel()
            )
            caller_id = plain_number(model.caller_id)
            if caller_id:
                self._form(_NUMBER, caller_id, (*path, "caller_id"), "a number such as +15145550100")
            limits = read_limits(model.limits, (*path, "limits"), self.source, self.problems, tenant=False)
            may_present = tuple(plain_number(number) for number in model.may_present)
            for index, number in enumerate(may_present):
                self._form(_OUTSIDE, number, (*path, "may_present", index), "a number such as +15145550100")
            accounts[name] = AccountPlan(
                name,
                model.name or name,
                caller_id,
                limits,
                may_present,
                model.withhold,
                model.encrypted_media,
                model.record,
                tuple(model.codecs),
                model.dtmf,
                model.mailbox or name,
            )
        return accounts

    def _agents(self, hours: dict[str, Hours]) -> dict[str, AgentPlan]:
        words = AgentWords(self.source, self.problems, self.model, hours)
        agents: dict[str, AgentPlan] = {}
        holders: dict[str, str] = {}
        for order, (name, raw) in enumerate(self.model.agents.items()):
            path: Path = ("agents", name)
            self._name("agent", name, path)
            model = schema.read(schema.AgentModel, self.source, path, raw, self.problems)
            if model is None:
                continue
            self._known("account", [model.account], self.model.accounts, (*path, "account"))
            if model.account in holders:
                word = f"account '{model.account}' is agent '{holders[model.account]}' already"
                self.problems.add(self.source.place((*path, "account")), word)
            holders[model.account] = name
            self._known("skill", model.skills, self.model.skills, (*path, "skills"), keys=True)
            if model.queues:
                self._known("queue", model.queues, self.model.queues, (*path, "queues"))
            agents[name] = words.plan(name, model, path, order)
        return agents

    def _queues(self, book: PromptBook) -> dict[str, QueuePlan]:
        queues: dict[str, QueuePlan] = {}
        for name, raw in self.model.queues.items():
            path: Path = ("queues", name)
            self._name("queue", name, path)
            model = schema.read(schema.QueueModel, self.source, path, raw, self.problems)
            if model is None:
                model = schema.QueueModel()
            self.queue_models[name] = model
            self._known("team", model.shares, self.model.teams, (*path, "shares"), keys=True)
            check_policy(model.policy, bool(model.shares), path, self.source, self.problems)
            queues[name] = QueuePlan(
                name=name,
                music=book.music(model.music, (*path, "music")),
                announce=self._announce(model, (*path, "announce"), book),
                record=model.record,
                target=model.target,
                callback=read_callback(
                    model,
                    (*path, "callback"),
                    self.source,
                    book,
                    self.problems,
                    self.model.hours,
                    self.model.flows,
                ),
                **queue_words(model, schema.QueueWordsModel.model_fields),
                **rule_words(model, RULE_WORDS, path, self.source, self.problems),
            )
            check_hours(queues[name], self.model.hours, path, self.source, self.problems)
        return queues

    def _announce(self, model: schema.QueueModel, path: Path, book: PromptBook) -> AnnouncePlan:
        if model.announce is None or model.announce == "none":
            return _SILENT
        announce = schema.read(schema.AnnounceModel, self.source, path, model.announce, self.problems)
        if announce is None:
            return _SILENT
        messages = book.resolve(announce.messages, (*path, "messages"))
        return AnnouncePlan(
            announce.first_s,
            announce.every_s,
            announce.position,
            announce.estimate,
            messages,
            announce.position_max,
            announce.only_better,
            announce.estimate_once,
        )

    def _hours(self) -> dict[str, Hours]:
        for name in self.model.hours:
            self._name("hours", name, ("hours", name))
        return read_hours(self.model.hours, self.source, self.problems)

    def _outside(self) -> OutsideRules:
        if self.model.outside is None:
            return OutsideRules()
        path: Path = ("outside",)
        model = schema.read(schema.OutsideModel, self.source, path, self.model.outside, self.problems)
        if model is None:
            return OutsideRules()
        self._known("trunk", model.trunk, self.trunks, (*path, "trunk"))
        for index, rule in enumerate(model.allow):
            expected = "a prefix of outside numbers such as +1, or + for all,"
            self._form(_PREFIX, plain_number(rule), (*path, "allow", index), expected)
        if model.caller_id:
            self._form(
                _NUMBER, plain_number(model.caller_id), (*path, "caller_id"), "a number such as +15145550100"
            )
        if model.access_code:
            self._form(_CODE, model.access_code, (*path, "access_code"), "digits such as 9")
        if not model.allow:
            self.problems.warn(
                self.source.key_place(path),
                "only emergency numbers may be dialled outside: 'allow' is not stated",
            )
        return OutsideRules(
            trunks=tuple(dict.fromkeys(model.trunk)),
            caller_id=plain_number(model.caller_id),
            access_code=model.access_code,
            allow=tuple(plain_number(rule) for rule in model.allow),
            premium=model.premium,
            caller_name=self._caller_name(model.caller_name),
        )

    def _caller_name(self, name: str) -> str:
        """Shown to strangers: nothing in it may end the quotes that it stands in."""
        if not name.isprintable() or any(character in '"\\<>' for character in name):
            place = self.source.place(("outside", "caller_name"))
            self.problems.add(place, f"a name without quotes and angle brackets was expected, found '{name}'")
        return name

    def _watch(self) -> WatchPlan:
        path: Path = ("watch",)
        raw = self.model.watch
        model = schema.read(schema.WatchModel, self.source, path, raw, self.problems) or schema.WatchModel()
        rules: list[frozenset[str] | None] = []
        for word in ("busy_lamps", "presence"):
            names = getattr(model, word)
            rules.append(None if names == ["all"] else frozenset() if names == ["none"] else frozenset(names))
            if names not in (["all"], ["none"]):
                self._known("account", names, self.model.accounts, (*path, word))
        return WatchPlan(*rules)

    def _codes(self) -> tuple[str, dict[str, str]]:
        """The pause code, and every code with its built-in flow."""
        path: Path = ("feature_codes",)
        raw = self.model.feature_codes
        model = schema.read(schema.CodesModel, self.source, path, raw, self.problems) or schema.CodesModel()
        stated = {name: getattr(model, name) for name in schema.CodesModel.model_fields}
        codes: dict[str, str] = {}
        for name, code in stated.items():
            self._form(_CODE, code, (*path, name), "keys such as *11")
            if code in codes:
                self.problems.add(self.source.place((*path, name)), f"{code} is '{codes[code][1:]}' already")
            codes[code] = f"@{name.replace('_', '-')}"
        for digit in self.model.pause_reasons:
            code = model.pause + digit
            if code in codes:
                word = f"{code} would mean both '{codes[code][1:]}' and a pause with reason {digit}"
                self.problems.add(self.source.place((*path, "pause")), word)
            codes[code] = f"@pause-{digit}"
        return model.pause, codes

    def _numbers(self, program: Program, codes: Mapping[str, str]) -> dict[str, str]:
        numbers: dict[str, str] = {}
        if not self.model.numbers:
            self.problems.warn(
                self.source.place(()), "no number leads to this tenant: 'numbers' is not stated"
            )
        for written, flow in self.model.numbers.items():
            path: Path = ("numbers", written)
            number = plain_number(written)
            place = self.source.key_place(path)
            if _NUMBER.fullmatch(number) is None:
                expected = "a number such as +15145550100, or a short one such as 100,"
                self.problems.add(place, f"{expected} was expected, found '{written}'")
            if number in numbers:
                self.problems.add(place, f"{number} stands twice")
            if number in self.model.accounts:
                self.problems.add(
                    place, f"{number} is also an account; calls to that phone would never reach it"
                )
            if number in codes:
                self.problems.add(place, f"{number} is also the feature code '{codes[number][1:]}'")
            if flow not in program.entries or flow.startswith("@"):
                self.problems.unknown(self.source.place(path), "flow", flow, self.model.flows)
            numbers[number] = flow
        return numbers

    def _check_program(
        self,
        program: Program,
        agents: Mapping[str, AgentPlan],
        roots: set[str],
        queues: Mapping[str, QueuePlan],
    ) -> None:
        if self.problems.problems:
            return  # what follows from a wrong reference would only repeat it
        check.check_spinning(program, self.problems)
        flows = {name: self.source.key_place(("flows", name)) for name in self.model.flows}
        check.check_paths(program, flows, agents, sorted(roots), self.problems)
        for name in queues:
            if not any(not agent.queues or name in agent.queues for agent in agents.values()):
                self.problems.warn(self.source.key_place(("queues", name)), f"no agent serves queue '{name}'")

    def _clips(
        self, book: PromptBook, program: Program, queues: Mapping[str, QueuePlan]
    ) -> tuple[Mapping[str, Mapping[str, str]], tuple[ClipRequest, ...]]:
        book.use_phrases((*phrases.AGENT_MESSAGES, phrases.MUSIC))  # music is heard on hold, too
        instructions = program.instructions
        book.use_phrases(tuple(item.prompt for item in instructions if isinstance(item, Farewell)))
        for queue in queues.values():
            for wanted, prefix in (
                (queue.announce.position, "position-"),
                (queue.announce.estimate, "estimate-"),
            ):
                if wanted:
                    book.use_phrases(tuple(name for name in phrases.WAITING if name.startswith(prefix)))
        book.warn_unused()
        prompts, requests = book.clips()
        # Always: a caller who is transferred hears the other phone ring, whatever the flows dial.
        text = f"{phrases.RINGBACK}:{self.model.country}"
        requests = (*requests, ClipRequest(f"{self.key}/{phrases.RINGBACK}", ClipKind.TONE, text=text))
        return prompts, requests
