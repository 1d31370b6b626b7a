"""Time as the core sees it: integers, handed in, never asked for.

`now` everywhere below floor 5 is a count of monotonic microseconds. Wall time is a separate
value (microseconds since 1970-01-01 UTC) for the places that deal with hours and records.
"""

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
