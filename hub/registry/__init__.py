"""The patient identity index: source identities, persons, links, decisions, review."""
