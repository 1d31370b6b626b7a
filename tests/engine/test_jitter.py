"""The jitter buffer, by scripts of arrivals (in the language of jitter_bench.py) and by random networks."""

import pytest

from tests.engine.jitter_bench import Script

SCRIPTS = {
    "steady packets are heard in order, after the first target": """
        play 1..50
        run 60
        heard 1..50 2*s
        count packets 50
        count concealed_units 0
        count late 0
        """,
    "packets that overtake each other inside the delay are put in order": """
        play 1 2 4 3 5 7 6 8 9
        run 40
        heard 1..9
        count concealed_units 0
        """,
    "a packet that comes twice is heard once, before it was heard and after": """
        play 1 2
        put 2
        play 3 4 5 6
        put 1 2 6
        play 7
        run 40
        heard 1..7
        count duplicates 4
        count packets 7
        """,
    "a lost packet is concealed once the next is here, and not counted as late": """
        play 1..5 - 7..10
        run 40
        heard 1..5 L 7..10
        count concealed_units 160
        """,
    "several lost packets are concealed one by one": """
        play 1..5 - - - 9..12
        run 40
        heard 1..5 2*s L L 9..12
        count concealed_units 480
        """,
    "a stall is made up for: all is heard later": """
        play 1..20
        run 100
        put 21 22 23 24 25
        run 40
        play 26..30
        heard 1..20 6*s 21..27
        count late 0
        count concealed_units 480
        delay 80 130
        """,
    "a loss that starves the buffer does not add to the delay": """
        play 1..20 - - - - -
        play 26..40
        heard 1..20 6*s 4*z 26..38
        count concealed_units 480
        delay 30 60
        """,
    "the sender was silent: nothing is concealed, and the delay is set anew": """
        play 1..20
        silence 400
        run 400
        play 21..40
        heard 1..20 6*s 30*- 4*z 21..38
        count concealed_units 0
        delay 10 50
        """,
    "a key's packets are no loss": """
        play 1..20
        silence 120
        key
        key
        key
        run 120
        play 21..40
        heard 1..20 6*s 2*- 4*z 21..38
        count concealed_units 0
        """,
    "another sender is heard at once, after the first target": """
        play 1..20
        sender 7
        play 21..40
        run 60
        heard 1..18 4*z 21..40 2*s
        count resets 1
        count discarded 2
        """,
    "a clock that jumps by more than two seconds is a new one, and by less is time": """
        play 1..20
        clock 3000
        play 21..40
        run 60
        heard 1..18 4*z 21..40 2*s
        count resets 1
        clock -30000
        play 41..60
        run 60
        count resets 2
        count late 0
        """,
    "sizes of packets may change": """
        play 1..20
        ptime 60
        play 21..30
        ptime 10
        play 31..50
        ptime 30
        play 51..60
        ptime 40
        play 61..70
        run 40
        heard 1..70
        count concealed_units 0
        count late 0
        """,
    "a packet that comes too late is dropped, and more is waited from then on": """
        play 1..20 - 22 23 24
        put 21
        play 25..30
        heard 1..20 L 22..28
        count late 1
        count concealed_units 160
        """,
    "what comes in order, but late over and over, is waited for": """
        play 1..50
        play - 51 - 53
        put 52
        play - 55
        put 54
        play - 57
        put 56
        play - 59
        put 58
        play - 61
        put 60
        play - 63
        put 62
        play - 65
        put 64
        play - 67
        put 66
        play 68..80
        target 50 80
        """,
    "a burst that is longer than the bound loses its beginning": """
        play 1..20
        run 60
        put 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50
        run 200
        heard 1..20 2*s 44..50 6*s
        """,
    "no more than the bound of the delay is kept": """
        ptime 10
        put 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35
        put 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50
        run 70
        heard 44..50
        count discarded 43
        """,
    "packets overtake each other at the very start": """
        put 2 1 3
        run 60
        play 4..6
        heard 1..5
        count concealed_units 0
        """,
}


@pytest.mark.parametrize("start", [(100, 1000), (65530, 2**32 - 3000)], ids=["plain", "both wrap"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_script(name: str, start: tuple[int, int]) -> None:
    Script(SCRIPTS[name], *start).run()
