"""The composition root: builds, runs, reloads and drains one switch."""
