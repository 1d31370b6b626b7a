"""STIR: who signs a caller's number and who believes it (RFC 8224, 8225, 8226, 8588). Pure computation."""
