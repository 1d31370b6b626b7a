"""The B2BUA: legs, bridges, hold, transfer, and the one `Cause` with which each of them ends."""
