"""What a cell of a file says, as spreadsheets and software write it: dates the French way, codes without their zero.

A spreadsheet takes the zero that opens a code of digits; an export writes a moment where a day was asked. A load
(`hub.registry.load`) and a file compared as a whole (`identity.bulk`) read cells alike. What is not recognised is
returned as it is, for whoever reads it next to refuse.
"""

import re

from identity.normalise import PHONE_SIGNS

_FRENCH_DATE = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})")
_ISO_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_PACKED_DATE = re.compile(r"((?:18[5-9]|19\d|20\d|21\d)\d)(\d\d)(\d\d)")
# Midnight only: another hour may be that of another day, in another zone.
_MIDNIGHT = re.compile(r"[T ]0?0:00(?::00(?:[.,]0+)?)?Z?$")
_NATIONAL = 10
"""Digits of a French number."""
_PLACE = 5
"""Signs of the code of a place."""


def date_of(text: str) -> str:
    """Write a date as AAAA-MM-JJ, as far as it is known: 14/03/1946, 19460314, 1946-03-14T00:00:00, 00/03/1946."""
    date = _MIDNIGHT.sub("", text.strip())
    if found := _FRENCH_DATE.fullmatch(date):
        day, _, month, year = found.groups()
    elif found := _ISO_DATE.fullmatch(date) or _PACKED_DATE.fullmatch(date):
        year, month, day = found.groups()
    else:
        return date
    if not int(month):
        return year
    return f"{year}-{month:0>2}-{day:0>2}" if int(day) else f"{year}-{month:0>2}"


def code_of(text: str, length: int) -> str:
    """Give a code of so many digits the zero back that opened it: 1250 is the postcode 01250."""
    code = text.strip()
    return f"0{code}" if len(code) == length - 1 and code.isascii() and code.isdigit() else code


def place_of(text: str) -> str:
    """Give the code of a place of birth its zero back, when there is such a place: 5819 may be 58194, cut."""
    code = text.strip()
    whole = code_of(code, _PLACE)
    if whole == code:
        return code
    # Imported here: few files lack these zeros.
    from identity.cog import is_commune

    return whole if is_commune(whole) else code


def phone_of(text: str) -> str:
    """Give a French number its zero back; of two numbers in one cell, return the first."""
    digits = PHONE_SIGNS.sub("", text)
    if not (digits.isascii() and digits.isdigit()):
        return text
    if len(digits) == _NATIONAL - 1 and digits[0] != "0":
        return f"0{digits}"
    is_double = len(digits) == 2 * _NATIONAL and digits[0] == digits[_NATIONAL] == "0" and digits[1] != "0"
    return digits[:_NATIONAL] if is_double else text


def email_of(text: str) -> str:
    """Return an address without the « mailto: » of a link."""
    address = text.strip()
    return address[len("mailto:") :] if address.lower().startswith("mailto:") else address
