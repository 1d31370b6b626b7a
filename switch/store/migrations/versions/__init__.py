"""One file a schema version, in the order of their numbers. A released one is never edited."""
