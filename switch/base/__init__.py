"""Floor 0: time, ids, seeded randomness, timers and error roots. Imports nothing of ours."""
