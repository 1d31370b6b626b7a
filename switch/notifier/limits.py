"""Bounds of the notifier, each with its reason."""

SUBSCRIPTIONS_MAX = 20_000
"""In all: a thousand desk phones with twenty lamps each; 2 KB a subscription."""

PER_ACCOUNT_MAX = 200
"""Of one account: the largest attendant's console has 160 lamps."""

EXPIRES_S_MAX = 3600
"""RFC 4235 section 3.4, RFC 3842 section 3.4: an hour; a phone that vanished is noticed within it."""

ADRIFT_S = 300
"""How long a subscription waits for a phone that is not reached: it registers within this, or is off."""

CSEQ_AHEAD = 10_000
"""Numbers of NOTIFYs that are kept as used before they are: a process that was killed goes on above them all,
and half of them are more than a lamp needs until it is written again."""

RESUMED_AT_ONCE = 10
RESUME_EVERY_US = 20_000
"""After a kill: 500 phones a second are told, so that 20,000 lamps are right within a minute, and ten NOTIFYs
hold up nobody's call."""

RETRY_AFTER_S = 10
RETRY_SPREAD_S = 20
"""When phones are to subscribe again after a stop: once a restart is over, and not all in the same second."""

EXPIRES_S_MIN = 60
"""More often costs more than the calls that are watched: 423."""

DIALOGS_MAX = 20
"""Dialogs of one account in one document: it stays below what UDP carries unbroken on most paths."""

CONTACTS_MAX = 10
"""Contacts in one document: the registrar keeps no more of an account."""

NOTE_LENGTH_MAX = 64
"""Characters of a state as shown; reasons of pauses come from the administrator."""
