"""Agents, queues, skills and the router: a decider that knows nothing of calls."""
