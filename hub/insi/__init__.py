"""The INSi teleservice: asking it who somebody is, keeping what it answers until a person accepts or refuses."""
