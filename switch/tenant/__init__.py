"""Which tenant owns a number, an account or a dialled text, and what that text means there."""
