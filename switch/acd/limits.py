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
rejects by itself would otherwise be invited as fast as the network carries the rejections. Also the least
between two further agents of `ring-progressively`."""

BACKOFFS_MAX = 64
"""Agents that one contact remembers as having missed it. Beyond, the one due soonest is forgotten, and
may be rung a little early; a contact that 64 agents missed within the retry time has other worries."""

RINGS_MAX = 64
"""Agents who are rung for one contact at a time: each is a call leg, and a phone that nobody else can use."""

BATCH_MAX = 256
"""Contacts and agents of one batch: matching is cubic, and these take some ten milliseconds in C."""

BATCH_SCORE_MAX = 1 << 27
"""Scores in a batch are brought within ±2**27, so that sums of costs stay within 64 bits."""

ANSWERS_KEPT = 16
"""Times of answers kept a queue for the estimate: some minutes of a busy queue."""

ANSWERS_WINDOW_US = 1_800_000_000
"""Answers older than half an hour say nothing about the wait now."""

RECENT_KEPT = 64
"""Handlings, and waits that ended, kept a queue for the orders `cost` and `service-level`: a mean of 64 is
off by an eighth of the deviation, and still follows the hour."""

HANDLINGS_LEAST = 8
"""With fewer handlings than these the stated mean counts."""

GIVEN_UP_MAX = 1 << 10
"""Callers who gave up, counted a queue before the count is halved."""

WAIT_SUM_MAX_US = 1 << 50
"""Waits summed a queue before the sum is halved with the count of those who gave up."""

SPAN_MAX = 1 << 40
"""Waits and handlings in products are at most 2**40 (12 days), so that products stay within 64 bits."""

PRIORITY_MAX = 1 << 20
"""Points of priority that age are within ±2**20, and SPAN_MAX each: the product is within 2**60."""

SHARE_MAX = 1000
"""Shares, costs and weights: three digits are finer than anybody can mean, and products stay small."""

UNITS = 100
"""The units of capacity that an agent has, and that a call takes, where nothing else is said."""

UNITS_MAX = 10_000
"""The most units of an agent, and of a contact."""

ENGAGED_MAX = 1000
"""Own calls beyond these are not counted as load: sums stay small whatever an event says."""

DEFAULT_T_US = 3_600_000_000
"""The T of a queue that states none, in the order `service-level`: an hour, so that all others go first."""

DAY_US = 86_400_000_000
"""The day of `day_start_us`. Where clocks change the node states a new start."""

NEVER = -1
"""No wake has been asked for yet."""
