"""Contacts: the address, the phone and the e-mail of each record of a file."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity.bulk.columns import (
    MISSING,
    Flags,
    Ints,
    Longs,
    flags,
    integers,
    letters,
    number_column,
    text_column,
)
from identity.bulk.text import (
    Coded,
    Column,
    Counted,
    are_digits,
    capitals,
    distinct,
    joined,
    lines,
    number,
    put,
    rows_of,
    single_spaces,
    some,
    split,
    stable_hashes,
    table_of,
    take,
    trimmed,
)
from identity.cells import email_of, phone_of
from identity.normalise import (
    DOUBTFUL_NUMBERS,
    EMPTY_EMAILS,
    HOUSE_EMAIL,
    PLACEHOLDER_NUMBERS,
    ROUND,
    SHARED_EMAIL,
    clean_email,
    clean_phone,
    telling_phone,
)
from identity.streets import AREA, LONGEST_NUMBER, NO_POSTCODES, NOWHERE, SHARED_HOME, in_full, is_shared, street_key

_FRENCH = frozenset({"262", "590", "594", "596"})
# A spreadsheet takes the zero away.
_PHONE_OPENINGS = (b"0", b"", b"+33", b"+330", b"0033", b"00330", b"33")
ABROAD = 10**15
"""What is added to the digits of a number that is not French: E.164 has fifteen of them at most."""
_PLACEHOLDER_NUMBERS = np.array(sorted(map(int, PLACEHOLDER_NUMBERS | DOUBTFUL_NUMBERS)))
_STREET_SIGNS = bytes(byte if byte == 10 or 48 <= byte <= 57 or 65 <= byte <= 90 else 32 for byte in range(256))


@dataclass(frozen=True, slots=True)
class Contacts:
    """How each record is reached, as numbers."""

    street: Ints
    streets: pa.StringArray
    """The streets that `street` numbers, as `identity.streets.street_key` writes them."""
    in_shared_home: Flags
    """The address is that of a home for many; it has no street here."""
    street_numbers: Longs
    """The number that each street opens with: two that differ are two places; 0 for none, or a very long one."""
    street_hashes: Longs
    postcode: Ints
    postcodes: pa.StringArray
    """The postcodes that `postcode` numbers."""
    postcode_hashes: Longs
    departments: Ints
    """The department of each postcode, by the postcode's index."""
    postcode_numbers: Ints
    """Each postcode of five digits as a number, by the postcode's index; `MISSING` for another."""
    phone: Longs
    email: Ints
    email_hashes: Longs
    email_openings: tuple[Coded, Coded]
    """The word that each address opens with, in capitals, and that word with the next one; empty for none."""


def read_contacts(column: Column, counted: Counted) -> Contacts:
    """Read all that a file says of contacts."""
    line, written_phone, address = map(column, ("address", "phone", "email"))
    (lived, streets), phone, emails = _streets(line), _phones(written_phone), _emails(address.values)
    in_shared_home = take(_are_shared(streets), lived, missing=False)
    in_shared_home |= take(emails.are_of_houses, address.codes, missing=False)
    street = np.where(in_shared_home, np.int32(MISSING), lived)
    postcode = _postcodes(column("postcode"))
    email = take(emails.ids, address.codes)
    known = np.where(email < 0, np.int32(MISSING), address.codes)
    counted("address", line, lived < 0)
    counted("phone", written_phone, phone == 0)
    counted("email", address, email < 0)
    return Contacts(
        street=street,
        streets=streets,
        in_shared_home=in_shared_home,
        street_numbers=_opening_numbers(streets),
        street_hashes=stable_hashes(streets),
        postcode=postcode.codes,
        postcodes=postcode.values,
        postcode_hashes=stable_hashes(postcode.values),
        departments=distinct(text_column([*(code[:2] for code in postcode.texts), ""])).codes,
        postcode_numbers=_postcode_numbers(postcode.values),
        phone=phone,
        email=email,
        email_hashes=emails.hashes,
        email_openings=(Coded(emails.first, known), Coded(emails.two, known)),
    )


def opening_names(contacts: Contacts, forms: pa.StringArray) -> tuple[Ints, Ints]:
    """Return the name that each address opens with, of one word and of two, as a number among `forms`."""
    one, two = (
        take(integers(pc.index_in(opening.values, value_set=forms)), opening.codes)
        for opening in contacts.email_openings
    )
    return one, two


def _postcodes(column: Coded) -> Coded:
    found = distinct(pc.replace_substring_regex(trimmed(column.values), r"^([0-9]{4})$", r"0\1"))
    is_none = flags(pc.is_in(found.values, value_set=text_column(sorted(NO_POSTCODES))))
    return Coded(found.values, take(np.where(is_none[found.codes], np.int32(MISSING), found.codes), column.codes))


def _postcode_numbers(postcodes: pa.StringArray) -> Ints:
    rows, table = table_of(postcodes, 5)
    is_number = are_digits(table)
    numbers = np.full(len(postcodes), MISSING, np.int32)
    numbers[rows[is_number]] = number(table[is_number])
    return numbers


def _streets(column: Coded) -> tuple[Ints, pa.StringArray]:
    """Number the lines of address, those alike but for signs and abbreviations as one; return also their keys."""
    coded = street_keys(column.values).dictionary_encode()
    empty = np.diff(letters(coded.dictionary)[0]) == 0
    ids = integers(coded.indices)
    codes = take(np.where(empty[ids], MISSING, ids).astype(np.int32), column.codes)
    return codes, coded.dictionary


def _are_shared(streets: pa.StringArray) -> Flags:
    """Tell which streets are homes for many."""
    shared = flags(pc.match_substring_regex(streets, SHARED_HOME)).copy()
    rows = np.flatnonzero(shared)
    shared[rows] = [is_shared(streets[row].as_py()) for row in rows.tolist()]
    return shared


def _opening_numbers(streets: pa.StringArray) -> Longs:
    """Return the number that each line opens with; 0 for none, or one longer than any in a street."""
    ends, data = letters(streets)
    starts, lengths = ends[:-1], np.diff(ends)
    numbers = np.zeros(len(streets), np.int64)
    running = np.arange(len(streets))
    for place in range(LONGEST_NUMBER + 1):
        running = running[lengths[running] > place]
        digit = data[starts[running] + place]
        is_digit = (digit >= ord("0")) & (digit <= ord("9"))
        running, digit = running[is_digit], digit[is_digit]
        numbers[running] = numbers[running] * 10 + (digit - ord("0"))
    numbers[running] = 0
    return numbers


def street_keys(values: pa.StringArray) -> pa.StringArray:
    """Reduce lines of address as `identity.streets.street_key` does one; empty when they tell no place."""
    text = joined(values)
    if text is None:
        return text_column([street_key(line) or "" for line in values.to_pylist()])
    capital, odd = capitals(text.decode())
    data = np.frombuffer(capital.translate(_STREET_SIGNS), np.uint8)
    is_digit, is_letter = (data >= ord("0")) & (data <= ord("9")), data >= ord("A")
    joins = np.flatnonzero((is_digit[:-1] & is_letter[1:]) | (is_letter[:-1] & is_digit[1:]))
    keys = _in_full(lines(single_spaces(np.insert(data, joins + 1, ord(" ")).tobytes())))
    if not len(odd):
        return keys
    return put(keys, odd, text_column([street_key(values[line].as_py()) or "" for line in odd.tolist()]))


def _in_full(keys: pa.StringArray) -> pa.StringArray:
    """Write the usual words in full; blank what tells no place."""
    lists = pc.split_pattern(keys, " ")
    words = distinct(lists.flatten())
    full = text_column([in_full(word) for word in words.texts]).take(number_column(words.codes))
    written = pc.binary_join(pa.ListArray.from_arrays(lists.offsets, full), text_column([" "])[0])
    is_nowhere = pc.is_in(written, value_set=text_column(sorted(NOWHERE)))
    is_nowhere = pc.or_(is_nowhere, pc.match_substring_regex(written, AREA))
    return pc.replace_with_mask(written, is_nowhere, text_column([""] * is_nowhere.true_count))


def _phones(column: Coded) -> Longs:
    """Return French numbers as nine digits, others as all their digits over `ABROAD`; 0 for none."""
    numbers = np.zeros(len(column.values) + 1, np.int64)
    others = np.ones(len(column.values), np.bool_)
    text = joined(column.values)
    if text is not None:
        starts, ends, data = split(text.replace(b"(0)", b"").translate(None, b" .-/()"))
        for opening in _PHONE_OPENINGS:
            rows, table = rows_of(starts, ends, data, len(opening) + 9)
            national = table[:, len(opening) :]
            fits = (table[:, : len(opening)] == np.array([*opening], np.uint8)).all(axis=1) & are_digits(national)
            fits &= national[:, 0] != ord("0")
            rows, national = rows[fits], national[fits]
            found = number(national)
            is_real = (national[:, 1:] != national[:, 1:2]).any(axis=1) & ~np.isin(found, _PLACEHOLDER_NUMBERS)
            is_real &= found % ROUND != 0
            numbers[rows] = np.where(is_real, found, 0)
            others[rows] = False
    odd = some(column.values, others)
    numbers[:-1][others] = np.array([_phone(text) for text in odd.texts], np.int64)[odd.codes]
    return numbers[column.codes]


def written_phone(number: int) -> str:
    """Write a number of `Contacts.phone` in E.164."""
    return f"+{number - ABROAD}" if number >= ABROAD else clean_phone(f"0{number}") or ""


def _phone(text: str) -> int:
    phone = telling_phone(phone_of(text))
    if not phone:
        return 0
    is_french = phone[1:4] in _FRENCH or phone[1:3] == "33"
    return int(phone[-9:]) if is_french else ABROAD + int(phone[1:])


@dataclass(frozen=True, slots=True)
class _Emails:
    """The addresses as they come in the file: a number, `MISSING` for none, what each opens with, a stable hash."""

    ids: Ints
    first: pa.StringArray
    two: pa.StringArray
    hashes: Longs
    are_of_houses: Flags
    """Read by a house or a guardian."""


def _emails(values: pa.StringArray) -> _Emails:
    lowered = pc.utf8_trim_whitespace(pc.utf8_lower(values))
    lowered = pc.replace_substring_regex(lowered, "^mailto:", "")
    # Arrow has spaces and small letters of its own beyond ASCII.
    odd = np.flatnonzero(~flags(pc.string_is_ascii(values)))
    if len(odd):
        cleaned = [clean_email(email_of(values[row].as_py())) or "" for row in odd.tolist()]
        lowered = put(lowered, odd, text_column(cleaned))
    valid = flags(pc.match_substring_regex(lowered, r"^[^@\s\"<>,;]+@[^@\s\"<>,;]+\.[a-z]{2,}$"))
    valid &= ~flags(pc.match_substring_regex(lowered, f"^({'|'.join(sorted(EMPTY_EMAILS))})@"))
    are_of_houses = valid & flags(pc.match_substring_regex(lowered, HOUSE_EMAIL))
    valid &= ~flags(pc.match_substring_regex(lowered, SHARED_EMAIL))
    coded = distinct(lowered)
    words = pc.extract_regex(lowered, r"^(?P<one>[a-z]*)(?:[-._](?P<two>[a-z]+))?")
    one, other = pc.utf8_upper(words.field("one")), pc.utf8_upper(words.field("two"))
    # As Arrow's own value: to be given a text of Python's, Arrow imports pandas.
    nothing = text_column([""])[0]
    is_one = pc.or_(pc.equal(one, nothing), pc.equal(other, nothing))
    two = pc.if_else(is_one, nothing, pc.binary_join_element_wise(one, other, nothing))
    return _Emails(
        np.where(valid, coded.codes, np.int32(MISSING)), one, two, stable_hashes(coded.values), are_of_houses
    )
