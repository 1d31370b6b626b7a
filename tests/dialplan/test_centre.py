"""What a right centre becomes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.acd.settings import Policy
from switch.base.errors import ConfigurationError
from switch.dialplan import phrases, schema
from switch.dialplan.centre import load_centre
from switch.dialplan.plan import (
    ClipKind,
    Gateway,
    HealthPlan,
    Identify,
    NumberForm,
    OutsideRules,
    RegisterPlan,
)
from switch.dialplan.problems import Place, Problems
from switch.dialplan.source import parse
from switch.node.translate import trunk_settings
from switch.trunk.settings import NamedGateway, RegistrationSettings, RouteOrder, Terms
from tests.dialplan.plans import centre, mistakes, plan


def test_trunks() -> None:
    loaded = centre(
        centre="""\
        trunks:
          big:
            gateways: [sip.big.example, "192.0.2.1:5080", "[2001:db8::1]:5061", "[2001:db8::2]"]
            transport: tcp
            identify: [192.0.2.0/24, "198.51.100.7:5060", 2001:db8::/32, "[2001:db9::1]:5061"]
            numbers: international
            country: FR
            channels_max: 30
            username: maple
            password_env: BIG_PASSWORD
        """,
        shop="numbers: {100: main}\nflows: {main: [hangup]}",
    )
    (trunk,) = loaded.trunks
    assert trunk.gateways == (
        Gateway("sip.big.example", 0, "tcp"),
        Gateway("192.0.2.1", 5080, "tcp"),
        Gateway("2001:db8::1", 5061, "tcp"),
        Gateway("2001:db8::2", 0, "tcp"),
    )
    assert trunk.identify == (
        Identify("192.0.2.0/24", 0),
        Identify("198.51.100.7/32", 5060),
        Identify("2001:db8::/32", 0),
        Identify("2001:db9::1/128", 5061),
    )
    assert trunk.numbers is NumberForm.INTERNATIONAL
    assert (trunk.country, trunk.channels_max, trunk.username) == ("FR", 30, "maple")
    assert (trunk.password_env, trunk.password_file) == ("BIG_PASSWORD", "")
    assert loaded.warnings == ()


def test_the_long_forms_of_a_trunk() -> None:
    loaded = centre(
        centre="""\
        trunks:
          big:
            gateways:
              - 192.0.2.1
              - address: sip.big.example
                transport: tls
                priority: 2
                weight: 30
                prefixes: [+33, +44 20]
                cost_per_minute: 0.0125
                channels_max: 10
                calls_per_second_max: 5
            identify: [192.0.2.0/24, {certificate: SIP.big.example}]
            country: FR
            domain: Big.example
            order: cheapest
            failover_on: [403, 404]
            calls_per_second_max: 20
            username: maple
            password_env: BIG_PASSWORD
            registration: {expires_s: 600, user: "33199000100"}
            health: {probe_s: 30, answers_to_up: 2, failures_to_down: 4, down_s: 20, down_s_max: 90}
          small: {gateways: [{address: h}], country: FR, username: a, password_env: B, registration: true}
        """,
        shop="numbers: {100: main}\noutside: {trunk: [big, small], allow: [+33]}\nflows: {main: [hangup]}",
    )
    big, small = loaded.trunks
    assert big.gateways == (
        Gateway("192.0.2.1", 0, ""),
        Gateway("sip.big.example", 0, "tls", 2, 30, ("+33", "+4420"), 12_500, 10, 5),
    )
    assert big.identify[1] == Identify("", 0, "sip.big.example")
    assert (big.domain, big.cheapest, big.failover_on) == ("big.example", True, {403, 404})
    assert (big.calls_per_second_max, big.register) == (20, RegisterPlan(600, "33199000100"))
    assert big.health == HealthPlan(30, 4, 2, 20, 90)
    assert (small.register, small.health) == (RegisterPlan(3600, ""), HealthPlan())
    assert loaded.tenants["shop"].outside.trunks == ("big", "small")
    assert loaded.warnings == (), "a trunk that registers needs no identity"
    carrier = trunk_settings(big, "secret")
    assert isinstance(carrier.gateways[1], NamedGateway)
    assert carrier.gateways[1].terms == Terms(2, 30, ("+33", "+4420"), 12_500, 10, 5)
    assert carrier.registration == RegistrationSettings(600, "33199000100")
    assert carrier.order is RouteOrder.CHEAPEST


def test_a_single_file_is_a_centre_with_its_trunk() -> None:
    trunks = "trunks: {t: {gateways: h, identify: 192.0.2.1, country: FR}}"
    loaded = centre(shop=f"{trunks}\nnumbers: {{+331: m}}\nflows: {{m: [hangup]}}")
    assert [trunk.name for trunk in loaded.trunks] == ["t"]
    tenant = loaded.tenants["shop"]
    assert (tenant.name, tenant.domain, tenant.trunk) == ("shop", "shop.local", "")


def test_numbers_and_codes_lead_to_flows() -> None:
    tenant = plan("main:\n  - play: hello")
    assert tenant.route("100") == "main"
    assert tenant.route("1-0 0") == "main"
    assert tenant.route("101") is None
    assert tenant.route("") is None
    assert tenant.route("*11") == "@sign-in"
    assert tenant.route("*131") == "@pause-1"
    assert tenant.route("*139") == "@pause", "an unknown reason is asked for"
    assert tenant.route("*1399") is None


def test_an_outside_number_has_an_owner() -> None:
    loaded = centre(
        one="numbers: {+33 1 23: m, 100: m}\nflows: {m: [hangup]}",
        two="numbers: {100: m}\nflows: {m: [hangup]}",
    )
    owner = loaded.owner("+33123")
    assert owner is not None
    assert owner.key == "one"
    assert loaded.owner("+331") is None
    assert loaded.owner("100") is None


def test_outside_rules() -> None:
    loaded = centre(
        shop="""\
        trunks: {t: {gateways: h, identify: 192.0.2.1, country: FR}}
        numbers: {100: m}
        outside: {trunk: t, caller_id: +33 1 99 00 12 34, access_code: 0, allow: [+33, +1 514], premium: yes}
        flows: {m: [hangup]}
        """
    )
    rules = loaded.tenants["shop"].outside
    assert rules == OutsideRules(("t",), "+33199001234", "0", ("+33", "+1514"), True)
    assert OutsideRules() == OutsideRules((), "", "", (), False), "nothing unless it is written"


def test_policies_are_those_of_the_router() -> None:
    words = schema.QueueModel.model_json_schema()["properties"]["policy"]["enum"]
    assert set(words) == {str(policy) for policy in Policy}


def test_agents_and_queues() -> None:
    tenant = plan("main:\n  - play: hello")
    anna, ben = tenant.agents.values()
    assert (anna.account, anna.display, anna.skills, anna.queues, anna.order) == (
        "101",
        "anna",
        (("french", 80), ("sales", 40)),
        (),
        0,
    )
    assert ben.order == 1
    queue = tenant.queues["sales"]
    assert (queue.policy, queue.ring_s, queue.refuse_without_agents, queue.max_wait_s) == (
        "most-skilled",
        20,
        True,
        0,
    )


def test_clips_are_those_that_can_be_heard() -> None:
    tenant = plan("main:\n  - play: [hello, line-busy]\n  - say: {en: Bye, fr: Salut}")
    names = {clip.name for clip in tenant.clips()}
    expected = {"t/hello.en", "t/hello.fr", "t/music", "t/signed-in.fr", "t/line-busy.en", "t/ringback"}
    assert expected <= names
    assert not any("news" in name or "position" in name for name in names)
    assert len(names) == len(tenant.clips())
    assert {clip.text for clip in tenant.clips() if clip.name.startswith("t/line-1")} == {"Bye", "Salut"}


def test_prompts_from_files_and_for_all_languages() -> None:
    loaded = load_centre(
        {
            "plans/shop.yaml": "languages: [fr, en]\nvoices: {en: en-gb}\nnumbers: {100: m}\n"
            "prompts:\n  beep: beep.wav\n  both: {fr: bonjour.wav, en: Hello}\n"
            "  only: {en: Press 2, others: en}\n"
            "queues: {q: {music: /srv/hold.wav}}\n"
            "flows: {m: [{play: [beep, both, only]}, {queue: q}]}"
        }
    )
    shop = loaded.tenants["shop"]
    clips = {clip.name: clip for clip in shop.clips()}
    assert clips["shop/beep.fr"].path == "plans/beep.wav"
    assert clips["shop/both.fr"].kind is ClipKind.FILE
    assert clips["shop/both.fr"].place == Place("plans/shop.yaml", 6, 14)
    assert (clips["shop/both.en"].text, clips["shop/both.en"].voice) == ("Hello", "en-gb")
    assert shop.clip("beep", "en") == "shop/beep.fr"
    assert shop.clip("only", "fr") == "shop/only.en"
    assert shop.clip("both", "de") == "shop/both.fr"
    assert shop.clip("nothing", "en") is None
    music = shop.clip(shop.queues["q"].music, "en")
    assert music is not None
    assert clips[music].path == "/srv/hold.wav"


def test_a_tenants_prompt_replaces_a_built_in_phrase() -> None:
    loaded = centre(
        shop="numbers: {100: m}\nprompts: {wrong-key: Try again.}\nflows: {m: [{menu: {keys: {1: m}}}]}"
    )
    (clip,) = [clip for clip in loaded.tenants["shop"].clips() if "wrong-key" in clip.name]
    assert clip.text == "Try again."
    assert loaded.warnings == ()


def test_every_language_says_the_same_phrases() -> None:
    names = {language: set(words) for language, words in phrases.PHRASES.items()}
    assert names["en"] == names["fr"]
    assert set(phrases.AGENT_MESSAGES) <= names["en"]
    told = {phrases.position_prompt(n) for n in range(-1, 200)} | {
        phrases.estimate_prompt(n) for n in range(1, 9999)
    }
    assert told == phrases.WAITING


@pytest.mark.parametrize(
    ("seconds", "prompt"),
    [
        (1, "estimate-1"),
        (60, "estimate-1"),
        (61, "estimate-2"),
        (650, "estimate-12"),
        (3601, "estimate-more"),
    ],
)
def test_estimates_are_rounded_up(seconds: int, prompt: str) -> None:
    assert phrases.estimate_prompt(seconds) == prompt


def test_scalars_stay_what_was_written() -> None:
    problems = Problems()
    source = parse(
        "x", "a: [no, 08:00, +33, 0x1f, 1e3, ~, '', 'null']\nb: &m {c: 2026-01-01}\nd: *m", problems
    )
    assert problems.problems == []
    assert source.data == {
        "a": ["no", "08:00", "+33", "0x1f", "1e3", None, "", "null"],
        "b": {"c": "2026-01-01"},
        "d": {"c": "2026-01-01"},
    }
    assert source.place(("a", 1)) == Place("x", 1, 9)
    assert source.key_place(("b", "c")) == source.key_place(("d", "c")) == Place("x", 2, 8)
    assert source.place(("b", "nothing", 7)) == Place("x", 2, 4)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from([*"abc:-*&!|>{}[],?#\"' \n\t%@`<=~1", "\n  ", ": ", "- ", "flows:\n", "<<: "]),
            max_size=60,
        ).map("".join),
    )
)
def test_any_text_is_a_centre_or_a_list_of_problems(text: str) -> None:
    for message in mistakes({"t.yaml": text}):
        file, line, column, _ = message.split(":", 3)
        assert (file, int(line) >= 1, int(column) >= 1) == ("t.yaml", True, True)


def refused(**files: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_centre({f"{name}.yaml": text for name, text in files.items()})
    return [str(problem) for problem in caught.value.problems]


def test_a_mistake_in_a_trunk_is_not_told_again_by_whoever_calls_through_it() -> None:
    found = refused(
        centre="trunks: {oak: {gateways: [192.0.2.1], identify: [192.0.2.1], country: FR, order: cheap}}",
        shop="numbers: {100: main}\noutside: {trunk: oak}\nflows: {main: [hangup]}",
    )
    assert len(found) == 1
    assert "did you mean 'cheapest'" in found[0]


def test_what_all_tenants_share_does_not_stand_in_one_of_them() -> None:
    found = refused(
        centre="digest: [md5]", shop="digest: [md5]\nnumbers: {100: main}\nflows: {main: [hangup]}"
    )
    assert found == ["shop.yaml:1:1: 'digest' is for all tenants: it stands in centre.yaml"]


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("accounts: {'101': {codecs: [opus, mp3]}}", "shop.yaml:1:35"),
        ("accounts: {'101': {codecs: []}}", "shop.yaml:1:28"),
        ("trunks: {oak: {gateways: [192.0.2.1], country: FR, codecs: mp3}}", "shop.yaml:1:60"),
    ],
)
def test_a_codec_that_nobody_knows_is_an_error_with_its_place(where: str, place: str) -> None:
    (found,) = refused(shop=f"{where}\nnumbers: {{100: main}}\nflows: {{main: [hangup]}}")
    assert found.startswith(place), found


def test_codecs_of_the_centre_an_account_and_a_trunk() -> None:
    """Dearest first; one alone may stand without brackets."""
    centre = load_centre(
        {
            "centre.yaml": "codecs: [g722, pcma]\n"
            "trunks: {oak: {gateways: [192.0.2.1], country: FR, codecs: pcma}}",
            "shop.yaml": "accounts: {'101': {codecs: [opus, l16]}, '102': {}}\n"
            "numbers: {100: main}\nflows: {main: [hangup]}",
        }
    )
    accounts = centre.tenants["shop"].accounts
    assert centre.codecs == ("g722", "pcma")
    assert accounts["101"].codecs == ("opus", "l16")
    assert accounts["102"].codecs == ()
    assert centre.trunks[0].codecs == ("pcma",)


@pytest.mark.parametrize("where", ["country: UK", "limits: {countries: [UK]}"])
def test_a_country_without_numbers_is_none(where: str) -> None:
    (found,) = refused(shop=f"{where}\nnumbers: {{100: main}}\nflows: {{main: [hangup]}}")
    assert "a country such as FR or CA was expected; the United Kingdom is GB, found 'UK'" in found


def test_a_limit_of_cost_that_nothing_can_reach_is_warned_of() -> None:
    def warnings(gateway: str, limits: str) -> list[str]:
        trunk = f"trunks: {{oak: {{gateways: [{gateway}], identify: [192.0.2.1], country: FR}}}}"
        shop = f"numbers: {{100: main}}\n{limits}\nflows: {{main: [hangup]}}"
        return [str(warning) for warning in centre(centre=trunk, shop=shop).warnings]

    (told,) = warnings("192.0.2.1", "limits: {cost_per_hour: 40}")
    assert told.startswith("shop.yaml:2:25: no call has a cost, so this stops none")
    (told,) = warnings("192.0.2.1", "accounts: {101: {limits: {cost_per_hour: 40}}}")
    assert "no call has a cost" in told
    assert not warnings("192.0.2.1", "limits: {cost_per_hour: 40, rates: {+: 1}}")
    assert not warnings("{address: 192.0.2.1, cost_per_minute: 0.1}", "limits: {cost_per_hour: 40}")
