"""Centres for simulations, written as an administrator would."""

from functools import cache

from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre

CARRIER = "203.0.113.9"

TRUNKS = f"""
trunks:
  carrier:
    gateways: ["{CARRIER}:5060"]
    identify: ["{CARRIER}"]
    numbers: e164
    country: FR
"""

SHOP = """
name: Shop
time_zone: UTC
country: FR
languages: [en]
numbers: {"+33199000100": main, "600": to_sales, "601": to_desk}
accounts: {"101": {name: Anna}, "102": {name: Ben}, "110": {name: Desk}}
skills: [english]
agents:
  anna: {account: "101", skills: {english: 90}}
  ben: {account: "102", skills: {english: 60}}
pause_reasons: {1: lunch}
queues:
  sales:
    policy: most-skilled
    ring_s: 8
    wrap_up_s: 3
    misses_before_pause: 2
    retry_same_agent_s: 4
    refuse_without_agents: false
outside: {trunk: carrier, caller_id: "+33199000100", allow: ["+33"]}
prompts:
  welcome: {en: "Press one."}
flows:
  main:
    - answer
    - menu: {prompt: welcome, timeout_s: 3, tries: 2, keys: {1: sales}, otherwise: bye}
  sales: [{queue: {name: sales, needs: {english: 50}}}]
  to_sales: [answer, {queue: {name: sales}}]
  to_desk: [answer, {dial: {extension: "110", timeout_s: 9}}, hangup]
  bye: [hangup]
"""


@cache
def shop() -> Centre:
    """Two agents, a desk, one queue behind a menu, short times."""
    return load_centre({"centre.yaml": TRUNKS, "shop.yaml": SHOP})


AGENTS = 40


def _big() -> str:
    """Forty agents of three kinds: French, English, and both; a third of them serve support alone."""
    accounts, agents = [], []
    for number in range(AGENTS):
        french, english = (80, 0) if number % 4 == 0 else (0, 75) if number % 4 == 1 else (60, 60)
        skills = ", ".join(
            f"{s}: {v + number % 7}" for s, v in (("french", french), ("english", english)) if v
        )
        queues = ", queues: [support]" if number % 3 == 0 else ""
        accounts.append(f'  "{1000 + number}": {{name: Agent {number}}}')
        agents.append(f'  agent{number}: {{account: "{1000 + number}", skills: {{{skills}}}{queues}}}')
    return f"""
name: Big
time_zone: UTC
country: FR
languages: [en]
numbers: {{"+33199000100": main, "600": to_support}}
accounts:
{chr(10).join(accounts)}
skills: [french, english]
agents:
{chr(10).join(agents)}
pause_reasons: {{1: break}}
queues:
  sales: {{policy: most-skilled, ring_s: 12, wrap_up_s: 15, misses_before_pause: 2, retry_same_agent_s: 6,
    refuse_without_agents: false, max_wait_s: 45, priority: 1}}
  support: {{policy: longest-idle, ring_s: 15, wrap_up_s: 20, misses_before_pause: 3, retry_same_agent_s: 5,
    refuse_without_agents: false, max_wait_s: 200, announce: {{first_s: 8, every_s: 25}}}}
outside: {{trunk: carrier, caller_id: "+33199000100", allow: ["+33"]}}
prompts:
  welcome: {{en: "Press a key."}}
flows:
  main:
    - answer
    - menu: {{prompt: welcome, timeout_s: 5, tries: 2, otherwise: bye,
        keys: {{1: sales_fr, 2: sales_en, 3: support_fr, 4: support_en}}}}
  sales_fr: [{{queue: {{name: sales, needs: {{french: 60}}}}}}, hangup]
  sales_en: [{{queue: {{name: sales, needs: {{english: 60}}}}}}, hangup]
  support_fr: [{{queue: {{name: support, needs: {{french: 50}}}}}}, hangup]
  support_en: [{{queue: {{name: support, needs: {{english: 50}}}}}}, hangup]
  to_support: [answer, {{queue: {{name: support}}}}, hangup]
  bye: [hangup]
"""


@cache
def big() -> Centre:
    """Forty agents, two queues, five ways in."""
    return load_centre({"centre.yaml": TRUNKS, "big.yaml": _big()})
