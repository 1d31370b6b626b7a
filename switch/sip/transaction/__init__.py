"""Transactions (RFC 3261 section 17, RFC 6026): tables, the step that applies them, the layer that owns
them."""

from switch.sip.transaction.layer import TransactionLayer
from switch.sip.transaction.machines import Timing

__all__ = ["Timing", "TransactionLayer"]
