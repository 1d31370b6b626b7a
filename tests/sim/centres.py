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
numbers: {"+33199000100": main, "600": to_sales}
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
  bye: [hangup]
"""


@cache
def shop() -> Centre:
    """Two agents, a desk, one queue behind a menu, short times."""
    return load_centre({"centre.yaml": TRUNKS, "shop.yaml": SHOP})
