"""Numbers with what they count, in French: 0 and 1 take the singular, as does all that is under 2."""

_FRENCH = str.maketrans({",": "\u202f", ".": ",", "-": "−"})


def noun(value: float, one: str, many: str) -> str:
    """Return the form that goes with a number."""
    return one if abs(value) < 2 else many


def counted(value: int, one: str, many: str) -> str:
    """Write a number and what it counts: « 0 document », « 2 documents »."""
    return f"{value} {noun(value, one, many)}"


def written(number: int) -> str:
    """Write a number as French does, its thousands apart."""
    return f"{number:,}".replace(",", "\u202f")


def written_with(number: int, one: str, many: str) -> str:
    """Write a number, its thousands apart, and what it counts."""
    return f"{written(number)} {noun(number, one, many)}"


def decimal(number: float, digits: int = 2) -> str:
    """Write a number with so many decimals after a comma, its thousands apart."""
    return f"{number:,.{digits}f}".translate(_FRENCH)
