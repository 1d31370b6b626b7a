"""One list a room: `MUTANTS`, a tuple of `Mutant`."""
