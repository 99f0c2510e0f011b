"""Talking to the systems of record: keys → cache → batch → call → records."""
