"""The administrator's language: YAML in, a checked plan, and an interpreter that knows nothing of calls."""
