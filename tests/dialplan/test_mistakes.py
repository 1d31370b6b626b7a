"""Wrong dialplans: each message has its place, what was expected, and the nearest known word."""

from textwrap import dedent

import pytest

from tests.dialplan.plans import HEAD_LINES, centre, mistakes, text

FLOWS = [
    ("main:\n  - plya: hello", "2:7: unknown verb 'plya'; did you mean 'play'?"),
    ("main:\n  - goto: mian", "2:13: unknown flow 'mian'; did you mean 'main'? (known: main)"),
    ("main:\n  - mian", "2:7: unknown verb 'mian'"),
    ("main:\n  - play: helo", "2:13: unknown prompt 'helo'; did you mean 'hello'?"),
    (
        "main:\n  - play: Good morning to you",
        "2:13: unknown prompt 'Good morning to you'; text goes below prompts:",
    ),
    ("main:\n  - play: hello\n    hangup: now", "2:7: a step with exactly one verb was expected, found 2"),
    ("main:\n  - play", "2:7: 'play' needs something after it"),
    (
        "main:\n  - play: {prompt: hello, speed: 20}",
        "2:36: speed: at least 50",
    ),
    ("main:\n  - play: {prompt: hello, volume_db: 40}", "2:40: volume_db: at most 20"),
    ("main:\n  - play: {prompt: helo, speed: 90}", "2:22: unknown prompt 'helo'; did you mean 'hello'?"),
    ("main:\n  - play: {prompt: hello, spede: 90}", "2:29: unknown word 'spede'; did you mean 'speed'?"),
    ("main:\n  - detect: {machine: mian}", "2:25: unknown flow 'mian'; did you mean 'main'?"),
    (
        "main:\n  - detect: {wait_s: 9}",
        "2:7: at least one of human, machine, unknown, busy, unobtainable and ringback was expected",
    ),
    ("main:\n  - detect: {human: main, wait_s: 60}", "2:37: wait_s: at most 30"),
    ("main:\n  - detect: {human: main, beeps: 6}", "2:29: unknown word 'beeps'; did you mean 'beep_s'?"),
    ("main:\n  - dial: {extension: 101, machine: mian}", "2:39: unknown flow 'mian'"),
    (
        "main:\n  - dial: {extension: 101, detect: {wait_s: 9}}",
        "2:7: 'detect' is for 'machine', which is not stated",
    ),
    (
        "main:\n  - dial: {extension: 101, machine: hangup, detect: {confidence: 101}}",
        "2:68: confidence: at most 100",
    ),
    ("main:\n  - conference: {name: team, on_enter: helo}", "2:42: unknown prompt 'helo'"),
    (
        "main:\n  - conference: {name: team, announce: false, names: true}",
        "2:32: names are not heard without it",
    ),
    (
        "main:\n  - conference: {name: team, announce: false, on_leave: hello}",
        "2:32: on_enter and on_leave are not heard without it",
    ),
    ("main:\n  - supervise: 101", "2:7: nobody may supervise: the section 'supervision' is not stated"),
    ("main:\n  - supervise: {extension: 103}", "2:30: unknown account '103'"),
    ('main:\n  - supervise: "{digits}"', "2:18: unknown variable 'digits'"),
    ("main:\n  - supervise: {mode: listen}", "2:7: 'extension' is missing here"),
    ("main:\n  - play: {speed: 90}", "2:7: 'prompt' is missing here"),
    ("main:\n  - play hello", "2:7: 'play hello' lacks a colon; write 'play: hello'"),
    (
        "main:\n  - menu: {prompt: choose, keys: {1: main}, timout_s: 3}",
        "2:47: unknown word 'timout_s'; did you mean",
    ),
    ("main:\n  - menu: {prompt: choose, keys: {x: main}}", "2:37: 'x' cannot be dialled"),
    ("main:\n  - menu: {prompt: choose, keys: {1: mayn}}", "2:40: unknown flow 'mayn'; did you mean 'main'?"),
    ("main:\n  - menu: {prompt: choose}", "2:7: 'keys' is missing here"),
    (
        "main:\n  - menu: {tries: many, keys: {1: main}}",
        "2:21: tries: a whole number was expected, found 'many'",
    ),
    ("main:\n  - menu: {timeout_s: 1000, keys: {1: main}}", "2:25: timeout_s: at most 120"),
    ("main:\n  - queue: sails", "2:14: unknown queue 'sails'; did you mean 'sales'?"),
    (
        "main:\n  - needs: {frensh: 50}\n  - play: hello",
        "2:15: unknown skill 'frensh'; did you mean 'french'?",
    ),
    ("main:\n  - queue: {name: sales, needs: {sales: 500}}", "2:43: sales: at most 100 was expected"),
    (
        "main:\n  - needs: {french: 90}\n  - queue: sales",
        "3:7: no agent of queue 'sales' can satisfy french 90",
    ),
    ("main:\n  - queue: {name: sales, exit_keys: {12: main}}", "2:40: one key"),
    (
        "main:\n  - queue: {name: sales, widen: [{after_s: 30, needs: {}}, {after_s: 30, needs: {}}]}",
        "2:72: more than 30 was expected",
    ),
    ("main:\n  - answer\n  - goto: main", "3:7: this goes round without waiting (main -> main)"),
    (
        "main:\n  - queue: {name: sales, full: main, otherwise: hangup}",
        "2:7: this goes round without waiting",
    ),
    (
        "main:\n  - dial: {extension: 101, busy: main, otherwise: hangup}",
        "2:7: this goes round without waiting",
    ),
    ("main:\n  - play: hello\n  - reject: 486", "3:7: the call is answered already"),
    (
        "main:\n  - reject: 200",
        "2:15: a SIP status between 400 and 699 such as 486 (busy) was expected, found '200'",
    ),
    ("main:\n  - play: hello\nmain:\n  - play: hello", "3:3: 'main' stands twice; the first is in line 16"),
    ("main:\n  - language: de", "2:17: unknown language 'de'; expected one of: en, fr"),
    ("main:\n  - dial: {extension: 109}", "2:25: unknown account '109'; did you mean '10"),
    ("main:\n  - dial: {outside: +33100, trunk: x}", "2:38: unknown trunk 'x'; none is defined"),
    ("main:\n  - dial: {outside: +33100}", "2:23: no trunk to dial by"),
    ("main:\n  - dial: {outside: 12ab}", "2:23: a number such as +15145550100 was expected, found '12ab'"),
    ("main:\n  - dial: {timeout_s: 5}", "2:7: either 'extension' or 'outside' was expected"),
    ("main:\n  - hours: shop", "2:14: unknown hours 'shop'; none is defined"),
    (
        "main:\n  - collect: {into: wish, digits: 3}\n  - dial: {extension: '{wisch}'}",
        "3:25: unknown variable 'wisch'; did you mean 'wish'?",
    ),
    ("main:\n  - collect: {into: wish, digits_min: 5, digits_max: 3}", "2:41: at most digits_max (3)"),
    ("main:\n  - play: hello\nplay:\n  - play: hello", "3:3: a flow cannot be called 'play'"),
    ("main:", "1:3: at least one step was expected"),
    ("main: hello", "1:9: a list of steps"),
    ("main:\n  - play: {en: Hi, de: Hallo}", "2:22: unknown language 'de'"),
    (
        "main:\n  - play: *11",
        "2:13: *11 repeats what is marked &11 above, and nothing is; a feature code goes in quotes",
    ),
    ("main:\n\t- play: hello", "YAML is indented with spaces, not with tabs"),
    (
        "main:\n  - say: {en: Hello: you}",
        "2:22: this is not YAML: expected ',' or '}', but got ':'; text that holds",
    ),
]


@pytest.mark.parametrize(("flows", "expected"), FLOWS)
def test_flows(flows: str, expected: str) -> None:
    found = mistakes({"t.yaml": text(flows)})
    if expected[0].isdigit():
        line, rest = expected.split(":", 1)
        expected = f"t.yaml:{int(line) + HEAD_LINES}:{rest}"
    assert any(message.startswith(expected) or expected in message for message in found), found


FILES = [
    (
        "queues: {a: {policy: most-skiled}}",
        "1:22: 'most-skiled' is not known here; did you mean 'most-skilled'?",
    ),
    (
        "time_zone: America/Montrael",
        "1:12: unknown time zone 'America/Montrael'; did you mean 'America/Montreal'?",
    ),
    ("country: France", "1:10: country: a country of two capital letters"),
    ("languages: [english please]", "1:13: a language such as fr or en-CA was expected"),
    ("accounts: {1 0: {}}", "1:12: account '1 0'"),
    ("accounts: {10: {nme: x}}", "1:17: unknown word 'nme'; did you mean 'name'?"),
    ("agents: {anna: {account: 5}}", "1:26: unknown account '5'; none is defined"),
    (
        "accounts: {5: {}}\nagents: {a: {account: 5}, b: {account: 5}}",
        "2:40: account '5' is agent 'a' already",
    ),
    ("accounts: {5: {}}\nagents: {a: {account: 5, queues: [x]}}", "2:35: unknown queue 'x'; none is defined"),
    (
        "accounts: {5: {}}\nagents: {a: {account: 5, skills: {x: 0}}}",
        "2:38: x: at least 1 was expected, found '0'",
    ),
    (
        "accounts: {5: {}}\nagents: {a: {account: 5, skills: {x: 7}}}",
        "2:35: unknown skill 'x'; none is defined",
    ),
    ("agents: {a: {}}", "1:10: 'account' is missing here"),
    ("nme: x", "1:1: unknown word 'nme'; did you mean 'name'?"),
    (
        "hours: {shop: {mon-fry: 8:00-9:00}}",
        "1:16: days such as mon-fri, sat, daily or holidays were expected",
    ),
    ("hours: {shop: {tue: 8-9}}", "1:21: hours such as 08:00-12:00"),
    ("hours: {shop: {sat: 25:00-26:00}}", "1:21: '25:00-26:00' is not a time of day"),
    ("hours: {shop: {sat: 08:00-08:00}}", "1:21: '08:00-08:00' begins and ends at once"),
    ("hours: {shop: {mon-wed: open, tue: closed}}", "1:31: tue is stated by 'mon-wed' already"),
    ("holidays: {2026-02-30: x}", "1:12: there is no day 2026-02-30"),
    ("holidays: {Noel: x}", "1:12: a date such as 2026-12-25"),
    ("numbers: {+15145550100: main}", "1:25: unknown flow 'main'; none is defined"),
    ("numbers: {+33 (5): m, +335: m}\nflows: {m: [hangup]}", "1:23: +335 stands twice"),
    ("numbers: {abc: m}\nflows: {m: [hangup]}", "1:11: a number such as +15145550100"),
    ("numbers: {10: m}\naccounts: {10: {}}\nflows: {m: [hangup]}", "1:11: 10 is also an account"),
    (
        "numbers: {'11': m}\nfeature_codes: {resume: 11}\nflows: {m: [hangup]}",
        "1:11: 11 is also the feature code",
    ),
    ("feature_codes: {sign_in: '*13'}", "*13 is 'sign-in' already"),
    ("feature_codes: {sign_in: '*131'}\npause_reasons: {1: x}", "*131 would mean both 'sign-in' and a pause"),
    ("feature_codes: {pause: abc}", "1:24: keys such as *11 was expected, found 'abc'"),
    ("feature_codes: {sign_in: *11}", "1:26: *11 repeats what is marked"),
    ("pause_reasons: {10: lunch}", "1:17: one digit was expected for reason 'lunch'"),
    ("outside: {trunk: x}", "1:18: unknown trunk 'x'; none is defined"),
    ("outside: {trunk: x, allow: [1x]}", "1:29: a prefix of outside numbers such as +1"),
    ("prompts: {a: {de: x}}", "1:15: unknown language 'de'"),
    ("languages: [en, fr]\nprompts: {a: {fr: x}}", "2:14: prompt 'a' has no wording in en"),
    ("prompts: {a: {en: x, others: fr}}", "1:30: a language that stands beside was expected, found 'fr'"),
    ("prompts: {a: ''}", "1:14: a text was expected, found nothing but spaces"),
    ("prompts: {a: [x]}", "1:14: prompt 'a': a text, a .wav file, or one by language was expected"),
    ("queues: {a: {announce: {every_s: 1}}}", "1:34: every_s: at least 5 was expected, found '1'"),
    ("queues: {a: {announce: {positon: yes}}}", "1:25: unknown word 'positon'; did you mean 'position'?"),
    (
        "queues: {a: {refuse_without_agents: maybe}}",
        "1:37: refuse_without_agents: true or false was expected",
    ),
    ("- a", "1:1: names with values (name: value) were expected"),
    ("hello", "1:1: names with values (name: value) were expected, found 'hello'"),
    ("name: &x {b: 1}\nprompts: {<<: *x}", "2:11: merging with << is not part of this language"),
    ("? [a]\n: b", "1:3: a name was expected before the colon"),
    ("name: a\n---\nname: b", "2:1: one file holds one document"),
    ("name: " + "[" * 100 + "]" * 100, "nested deeper than 40 levels"),
    ("name: x" * 200_000, "the file is longer than"),
    ("name: a\x00b", "1:1: this is not YAML: unacceptable character"),
    ("name: @x", "1:7: this is not YAML"),
    ("a: [1\nb: 2", "2:2: this is not YAML"),
    ("a:\n  - {b: 1\n  - c", "a bracket that is opened in line 2 is not closed before this"),
    ('a: "b\nc: 2', "a quote that begins in line 1 is not closed"),
    (
        "a:\n    - b\n   - c",
        "this line is indented otherwise than what it belongs to, which begins in line 1",
    ),
    ("a: 1\nb\nc: 2", "a name needs a colon behind it: look at the lines above, too"),
    ("a: &a [1, 2]\nb: &b [*a, *a]\nc: [" + "*b, " * 1200 + "]", "more than 1000 aliases"),
]


CALLERS = [
    (
        "accounts: {101: {may_present: ['12']}}",
        "1:32: a number such as +15145550100 was expected, found '12'",
    ),
    ("accounts: {101: {withhold: maybe}}", "1:28: withhold: true or false was expected"),
    (
        "trunks: {c: {gateways: [h], country: FR}}\noutside: {trunk: c, caller_name: 'a<b'}",
        "a name without quotes",
    ),
]
LIMITS = [
    ("limits: {calls: -1}", "1:17: calls: at least 0"),
    ("limits: {calls_per_minute: 9999}", "1:28: calls_per_minute: at most 6000"),
    ("limits: {countries: [france]}", "a country of two capital letters"),
    ("limits: {deny_countries: [XX]}", "1:27: a country such as FR or CA was expected, found 'XX'"),
    ("limits: {prefixes: [33]}", "1:21: a prefix of outside numbers such as +33 was expected, found '33'"),
    ("limits: {rates: {33: 1}}", "1:18: a prefix of outside numbers such as +33 was expected, found '33'"),
    ("limits: {over_cost: stop}", "1:21: 'stop' is not known here; expected one of: end, refuse"),
    ("limits: {calls: 1}\naccounts: {101: {limits: {rates: {+33: 1}}}}", "unknown word 'rates'"),
]


@pytest.mark.parametrize(("body", "expected"), [*LIMITS, *CALLERS])
def test_limits_and_callers(body: str, expected: str) -> None:
    found = mistakes({"t.yaml": f"{body}\nnumbers: {{100: main}}\nflows: {{main: [hangup]}}\n"})
    assert any(expected in message for message in found), found


@pytest.mark.parametrize(("body", "expected"), FILES)
def test_sections(body: str, expected: str) -> None:
    found = mistakes({"t.yaml": body})
    assert any(expected in message for message in found), found
    assert all(message.startswith("t.yaml:") and ":0:" not in message for message in found)


TRUNKS = [
    ("{country: FR}", "'gateways' is missing here"),
    ("{gateways: [], country: FR}", "at least 1 was expected"),
    ("{gateways: [h:99999], country: FR}", "1:25: an address with a port"),
    ("{gateways: ['1.2.3'], country: FR}", "1:25: an address with a port"),
    ("{gateways: [h], country: FR, identify: [300.1.1.1]}", "1:53: an address or network such as"),
    ("{gateways: [h], country: FR, stir: {verify: mark}}", "'trust' is missing"),
    ("{gateways: [h], country: FR, stir: {verify: maybe}}", "'maybe' is not known here"),
    (
        "{gateways: [h], country: FR, stir: {sign: {certificate_url: https://a/b}}}",
        "either key_file or key_env was expected",
    ),
    (
        "{gateways: [h], country: FR, stir: {sign: {certificate_url: ftp://a/b, key_env: K}}}",
        "certificate_url: text of the form",
    ),
    ("{gateways: [h], country: FR, strip: [x]}", "1:50: digits that the carrier puts before numbers"),
    ("{gateways: [h], country: FR, prefix: '+1'}", "1:50: prefix: text of the form"),
    ("{gateways: [h], country: FR, caller_identity: {accept: [rip]}}", "'rip' is not known here"),
    ("{gateways: [h], country: FR, caller_identity: {accept: []}}", "accept: at least 1"),
    (
        "{gateways: [h], country: FR, caller_identity: {sent: pai}}",
        "unknown word 'sent'; did you mean 'send'?",
    ),
    ("{gateways: [h], country: FR, numbers: e163}", "'e163' is not known here; did you mean 'e164'?"),
    ("{gateways: [h], country: FR, username: x}", "username goes with password_env"),
    ("{gateways: [h], country: FR, password: x}", "unknown word 'password'; did you mean 'password_"),
    (
        "{gateways: [h], country: FR, username: x, password_env: A, password_file: b}",
        "either password_env or",
    ),
    ("{gateways: [{adress: h}], country: FR}", "1:26: unknown word 'adress'; did you mean 'address'?"),
    ("{gateways: [{weight: 2}], country: FR}", "'address' is missing here"),
    ("{gateways: [{address: 'h:0'}], country: FR}", "1:35: an address with a port"),
    ("{gateways: [{address: h, weight: much}], country: FR}", "1:46: weight: a whole number was expected"),
    ("{gateways: [{address: h, prefixes: [33]}], country: FR}", "1:49: a prefix of numbers such as +1"),
    ("{gateways: [{address: h, cost_per_minute: -1}], country: FR}", "cost_per_minute: at least 0"),
    ("{gateways: [{address: h, calls_per_second_max: 9999}], country: FR}", "at most 1000"),
    ("{gateways: [h, {address: h}], country: FR}", "1:28: gateway h stands twice"),
    ("{gateways: [[h]], country: FR}", "names with values (name: value) were expected"),
    ("{gateways: [h], country: FR, order: chepest}", "did you mean 'cheapest'?"),
    ("{gateways: [h], country: FR, failover_on: [200]}", "1:56: a SIP status from 400 to 699"),
    ("{gateways: [h], country: FR, failover_on: [404, 486]}", "1:61: 486 never leads to another gateway"),
    ("{gateways: [h], country: FR, identify: [{certificat: x}]}", "did you mean 'certificate'?"),
    ("{gateways: [h], country: FR, identify: [{certificate: '*.x'}]}", "text of the form"),
    ("{gateways: [h], country: FR, registration: true}", "1:42: a registration needs username"),
    ("{gateways: [h], country: FR, registration: maybe}", "true, or expires_s and user, was expected"),
    ("{gateways: [h], country: FR, registration: {expires: 9}}", "did you mean 'expires_s'?"),
    ("{gateways: [h], country: FR, health: {probe: 9}}", "did you mean 'probe_s'?"),
    ("{gateways: [h], country: FR, health: {down_s: 9, down_s_max: 3}}", "must not be less than down_s"),
]


def test_one_certificate_identifies_one_trunk() -> None:
    trunks = """\
        trunks:
          a: {gateways: [h], country: FR, identify: [{certificate: sip.x.example}]}
          b: {gateways: [h], country: FR, identify: [{certificate: SIP.x.example}]}
        """
    assert mistakes({"centre.yaml": dedent(trunks), "t.yaml": ""}) == [
        "centre.yaml:3:3: trunks 'b' and 'a' are both identified by the certificate sip.x.example"
    ]


@pytest.mark.parametrize(("trunk", "expected"), TRUNKS)
def test_trunks(trunk: str, expected: str) -> None:
    found = mistakes({"centre.yaml": f"trunks: {{a: {trunk}}}", "t.yaml": ""})
    assert any(expected in message for message in found), found


def test_all_mistakes_of_all_files_are_told_at_once_in_order() -> None:
    found = mistakes({"b.yaml": "nme: x\ncountry: y", "a.yaml": "quues: {}", "centre.yaml": "trnks: {}"})
    assert [message.rsplit(": ", 1)[0].split(": ")[0] for message in found] == [
        "a.yaml:1:1",
        "b.yaml:1:1",
        "b.yaml:2:10",
        "centre.yaml:1:1",
    ]


def test_an_outside_number_belongs_to_one_tenant_and_a_short_one_to_each() -> None:
    one = "numbers: {+331234567: m, 100: m}\nflows: {m: [hangup]}"
    two = "numbers: {+33 1 23 45 67: m, 100: m}\nflows: {m: [hangup]}"
    assert mistakes({"one.yaml": one, "two.yaml": two}) == [
        "two.yaml:1:11: +331234567 belongs to tenant 'one' already"
    ]


def test_a_domain_belongs_to_one_tenant() -> None:
    found = mistakes({"one.yaml": "domain: x.example", "two.yaml": "domain: X.example"})
    assert found == ["two.yaml:1:9: domain X.example belongs to tenant 'one' already"]


def test_two_carriers_are_not_identified_by_the_same_address() -> None:
    trunks = """\
        trunks:
          a: {gateways: h, country: FR, identify: 10.0.0.0/8}
          b: {gateways: h, country: FR, identify: "10.1.1.1:5060"}
          c: {gateways: h, country: FR, identify: "192.0.2.1:5060"}
          d: {gateways: h, country: FR, identify: "192.0.2.1:5070"}
        """
    found = mistakes({"centre.yaml": dedent(trunks), "t.yaml": ""})
    assert found == ["centre.yaml:3:3: trunks 'b' and 'a' are both identified by 10.1.1.1/32"]


@pytest.mark.parametrize(
    ("timer", "expected"),
    [
        ("{min_s: 60}", "centre.yaml:1:24: min_s: at least 90 was expected"),
        ("{expires_s: 200, min_s: 300}", "centre.yaml:1:40: at most expires_s (200) was expected"),
        ("{expires: 1800}", "centre.yaml:1:17: "),
    ],
)
def test_session_timers(timer: str, expected: str) -> None:
    (found,) = mistakes({"centre.yaml": f"session_timer: {timer}", "t.yaml": ""})
    assert found.startswith(expected)


def test_nothing_to_load() -> None:
    assert mistakes({}) == [":0:0: no dialplan: expected at least one file TENANT.yaml"]
    assert mistakes({"x.scenario.yaml": ""}) == mistakes({})
    assert mistakes({"centre.yaml": ""}) == [
        "centre.yaml:1:1: no tenant: expected a file TENANT.yaml beside this one"
    ]
    assert "small letters" in mistakes({"Bad Name.yaml": ""})[0]


def test_warnings_stop_nothing() -> None:
    warnings = [
        str(warning)
        for warning in centre(
            shop="""\
            languages: [pt, en]
            numbers: {100: main}
            queues: {sales: {}}
            prompts:
              hello: {pt: Ola}
              spare: {pt: Ola, en: Hello}
            flows:
              main:
                - play: hello
                - hangup
                - play: hello
              other:
                - queue: {name: sales, timeout: hangup}
            """
        ).warnings
    ]
    assert [warning.split(": ", 1)[0] for warning in warnings] == [
        "shop.yaml:1:13",
        "shop.yaml:3:10",
        "shop.yaml:5:10",
        "shop.yaml:6:10",
        "shop.yaml:11:7",
        "shop.yaml:12:3",
        "shop.yaml:13:28",
    ]
    for warning, word in zip(
        warnings,
        (
            "says them in English",
            "no agent serves",
            "no en wording",
            "never played",
            "step 3 play of flow 'main' is never reached",
            "flow 'other' is never reached",
            "max_wait_s",
        ),
        strict=True,
    ):
        assert word in warning
