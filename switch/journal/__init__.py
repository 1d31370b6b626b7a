"""The event log's envelope, sequence and schema versions. Everything that is told later comes from it."""
