"""Named bounds of the router. Each is the same number in `limits.h`; a test compares them."""

BEST_KEPT = 5
"""Candidates named in a Choice: enough to explain a decision, few enough for each journal entry."""

AMOUNT_MAX = 1 << 60
"""Durations, times and priorities are brought within ±2**60 (36,000 years in microseconds), so that
sums of a few of them stay within 64 bits in both halves."""

ORDER_MAX = 1 << 30
"""An agent's order is brought within ±2**30, so that it fits the integer half of a score."""

SCORE_SHIFT = 32
"""Scores are signed 64-bit fixed point with 32 bits behind the point."""

RING_UNLIMITED_US = 600_000_000
"""A queue with `ring_us` 0 rings for ten minutes: long enough for anyone, and no reservation is for ever."""

RETRY_MIN_US = 1_000_000
"""The least time before the same agent is tried again, also where the queue says 0. A phone that
rejects by itself would otherwise be invited as fast as the network carries the rejections."""

BACKOFFS_MAX = 64
"""Agents that one contact remembers as having missed it. Beyond, the one due soonest is forgotten, and
may be rung a little early; a contact that 64 agents missed within the retry time has other worries."""

ANSWERS_KEPT = 16
"""Times of answers kept a queue for the estimate: some minutes of a busy queue."""

ANSWERS_WINDOW_US = 1_800_000_000
"""Answers older than half an hour say nothing about the wait now."""

NEVER = -1
"""No wake has been asked for yet."""

UNITS = 100
"""The units of capacity that an agent has, and that a call takes, where nothing else is said."""

ENGAGED_MAX = 1000
"""Own calls beyond these are not counted as load: sums stay small whatever an event says."""
