"""Numbers with what they count, in French: 0 and 1 take the singular, as does all that is under 2."""


def noun(value: float, one: str, many: str) -> str:
    """Return the form that goes with a number."""
    return one if abs(value) < 2 else many


def counted(value: int, one: str, many: str) -> str:
    """Write a number and what it counts: « 0 document », « 2 documents »."""
    return f"{value} {noun(value, one, many)}"
