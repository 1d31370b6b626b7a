"""Joins calls, dialplan actions and router decisions. It carries out; it has no policy of its own."""
