"""Plans of streams, commands and events of the engine, as values. Never SDP, never packets."""
