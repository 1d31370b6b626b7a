"""Real SIP phones, each a process of its own, for the demo and the interop tests."""
