"""Patient search and conditional criteria, from query pairs to frozen values.

IHE PDQm ITI-78 and PIXm ITI-104, R4 search. A repeated parameter is an AND, a comma is an OR. The privacy rule is
the hub's: nobody lists people, so a search names an identifier, an id, or a birth date with a name.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from fhir.criteria import (
    DateCriterion,
    StringCriterion,
    StringModifier,
    Token,
    bad_value,
    read_date,
    read_strings,
    read_tokens,
    split_alternatives,
    unescape,
)
from fhir.mapping.values import DomainIdentifier
from fhir.outcome import FhirError, IssueKind, refusal

DEFAULT_COUNT = 20
MAX_COUNT = 50

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,63}", re.ASCII)
_GENDERS = frozenset({"male", "female", "other", "unknown"})

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PatientSearch:
    """A Patient search. Each item of a tuple is an AND; what it holds are its alternatives (OR).

    `count` 0 asks for the total alone. `cursor` is opaque: the hub wrote it. `used` are the pairs that counted,
    for the self link; `ignored` the names that a lenient search left aside.
    """

    ids: tuple[tuple[str, ...], ...] = ()
    identifiers: tuple[tuple[Token, ...], ...] = ()
    family: tuple[StringCriterion, ...] = ()
    given: tuple[StringCriterion, ...] = ()
    name: tuple[StringCriterion, ...] = ()
    birthdates: tuple[DateCriterion, ...] = ()
    genders: tuple[tuple[str, ...], ...] = ()
    active: bool | None = None
    telecom: tuple[tuple[Token, ...], ...] = ()
    postalcode: tuple[StringCriterion, ...] = ()
    city: tuple[StringCriterion, ...] = ()
    count: int = DEFAULT_COUNT
    cursor: str | None = None
    ignored: tuple[str, ...] = ()
    used: tuple[Pair, ...] = ()


_Reader = Callable[[PatientSearch, str, str, StringModifier], PatientSearch]


def parse_patient_search(pairs: Sequence[Pair], strict: bool) -> PatientSearch:
    """Read the pairs of a query or of a `_search` form; `strict` refuses unknown parameters by name."""
    search = PatientSearch()
    for raw_name, value in pairs:
        name, _, modifier = raw_name.partition(":")
        reader = _READERS.get(name)
        if reader is None:
            if name in _FORMAT_PARAMETERS:
                continue
            search = _set_aside(search, name, strict=strict)
            continue
        if not value.strip():
            # R4: a parameter without a value is as if it were not there.
            continue
        search = reader(search, name, value, _read_modifier(name, modifier, has_modifier=":" in raw_name))
        search = replace(search, used=(*search.used, (raw_name, value)))
    _check_privacy(search)
    return search


def parse_conditional(query: Sequence[Pair]) -> DomainIdentifier:
    """Read the criteria of `PUT /Patient?identifier=system|value`: one identifier, with both parts."""
    criteria = [(name, value) for name, value in query if name not in _FORMAT_PARAMETERS]
    if not any(value.strip() for _, value in criteria):
        text = "La mise à jour conditionnelle exige le critère identifier=système|valeur."
        raise refusal(412, IssueKind.REQUIRED, text, key="conditional-criteria")
    names = [name for name, _ in criteria]
    tokens = read_tokens("identifier", criteria[0][1]) if names == ["identifier"] else ()
    if len(tokens) != 1 or not tokens[0].system or not tokens[0].value:
        text = "Le seul critère admis est un identifier=système|valeur, une fois, avec ses deux parties."
        raise refusal(400, IssueKind.INVALID, text, key="conditional-criteria")
    return DomainIdentifier(tokens[0].system, tokens[0].value)


def _set_aside(search: PatientSearch, name: str, *, strict: bool) -> PatientSearch:
    shown = name if _PLAIN_NAME.fullmatch(name) else "…"
    if strict:
        text = f"Le paramètre de recherche « {shown} » n'est pas pris en charge."
        raise refusal(400, IssueKind.NOT_SUPPORTED, text, key="search-parameter")
    return replace(search, ignored=(*search.ignored, shown))


def _read_modifier(name: str, modifier: str, *, has_modifier: bool) -> StringModifier:
    if not has_modifier:
        return StringModifier.STARTS
    if name in _STRING_PARAMETERS and modifier in ("exact", "contains"):
        return StringModifier(modifier)
    text = f"Ce modificateur du paramètre « {name} » n'est pas pris en charge."
    raise refusal(400, IssueKind.NOT_SUPPORTED, text, key="search-modifier")


def _check_privacy(search: PatientSearch) -> None:
    names_identity = any(all(token.value for token in group) for group in search.identifiers)
    if search.ids or names_identity:
        return
    has_name = bool(search.family or search.given or search.name)
    if search.birthdates and has_name:
        return
    missing = "une date de naissance (birthdate)" if has_name else "un nom (family ou given)"
    advice = f"ajoutez {missing}" if has_name or search.birthdates else "ajoutez l'un de ces critères"
    raise _too_costly(advice)


def _too_costly(advice: str) -> FhirError:
    text = (
        "Cette recherche est trop large : elle doit porter un identifiant (identifier=système|valeur), un _id, ou "
        f"une date de naissance avec un nom ou un prénom ; {advice}."
    )
    return refusal(400, IssueKind.TOO_COSTLY, text, key="search-too-broad")


def _ids(search: PatientSearch, name: str, value: str, _: StringModifier) -> PatientSearch:
    ids = tuple(unescape(name, part) for part in split_alternatives(name, value))
    if not all(_ID.fullmatch(each) for each in ids):
        raise bad_value(name, "un identifiant de ressource compte 1 à 64 lettres, chiffres, tirets ou points.")
    return replace(search, ids=(*search.ids, ids))


def _identifier(search: PatientSearch, name: str, value: str, _: StringModifier) -> PatientSearch:
    return replace(search, identifiers=(*search.identifiers, read_tokens(name, value)))


def _telecom(search: PatientSearch, name: str, value: str, _: StringModifier) -> PatientSearch:
    return replace(search, telecom=(*search.telecom, read_tokens(name, value)))


def _family(search: PatientSearch, name: str, value: str, modifier: StringModifier) -> PatientSearch:
    return replace(search, family=(*search.family, read_strings(name, value, modifier)))


def _given(search: PatientSearch, name: str, value: str, modifier: StringModifier) -> PatientSearch:
    return replace(search, given=(*search.given, read_strings(name, value, modifier)))


def _name(search: PatientSearch, name: str, value: str, modifier: StringModifier) -> PatientSearch:
    return replace(search, name=(*search.name, read_strings(name, value, modifier)))


def _postalcode(search: PatientSearch, name: str, value: str, modifier: StringModifier) -> PatientSearch:
    return replace(search, postalcode=(*search.postalcode, read_strings(name, value, modifier)))


def _city(search: PatientSearch, name: str, value: str, modifier: StringModifier) -> PatientSearch:
    return replace(search, city=(*search.city, read_strings(name, value, modifier)))


def _birthdate(search: PatientSearch, name: str, value: str, _: StringModifier) -> PatientSearch:
    parts = split_alternatives(name, value)
    if len(parts) > 1:
        raise bad_value(name, "une seule date par paramètre ; répétez-le pour borner un intervalle.")
    return replace(search, birthdates=(*search.birthdates, read_date(name, parts[0])))


def _gender(search: PatientSearch, name: str, value: str, _: StringModifier) -> PatientSearch:
    codes = tuple(token.value or "" for token in read_tokens(name, value))
    if not _GENDERS.issuperset(codes):
        raise bad_value(name, "les codes admis sont male, female, other et unknown.")
    return replace(search, genders=(*search.genders, codes))


def _active(search: PatientSearch, name: str, value: str, _: StringModifier) -> PatientSearch:
    tokens = read_tokens(name, value)
    flags = {token.value for token in tokens}
    if len(flags) != 1 or not flags <= {"true", "false"}:
        raise bad_value(name, "la valeur est true ou false.")
    wanted = "true" in flags
    if search.active is not None and search.active is not wanted:
        raise bad_value(name, "le paramètre est répété avec deux valeurs contraires.")
    return replace(search, active=wanted)


def _count(search: PatientSearch, name: str, value: str, _: StringModifier) -> PatientSearch:
    if not re.fullmatch(r"\d{1,9}", value, re.ASCII):
        raise bad_value(name, "un nombre entier, nul ou positif, est attendu.")
    return replace(search, count=min(int(value), MAX_COUNT))


def _summary(search: PatientSearch, name: str, value: str, _: StringModifier) -> PatientSearch:
    if value not in ("count", "false"):
        raise refusal(
            400,
            IssueKind.NOT_SUPPORTED,
            f"Paramètre « {name} » : seules les valeurs count et false sont prises en charge.",
            key="search-value",
        )
    return replace(search, count=0) if value == "count" else search


def _cursor(search: PatientSearch, name: str, value: str, _: StringModifier) -> PatientSearch:
    if search.cursor is not None or len(value) > 2000:
        raise bad_value(name, "le curseur de page n'est pas valide.")
    return replace(search, cursor=value)


_FORMAT_PARAMETERS = frozenset({"_format", "_pretty"})
_STRING_PARAMETERS = frozenset({"family", "given", "name", "address-postalcode", "address-city"})
_READERS: Mapping[str, _Reader] = {
    "_id": _ids,
    "identifier": _identifier,
    "family": _family,
    "given": _given,
    "name": _name,
    "birthdate": _birthdate,
    "gender": _gender,
    "active": _active,
    "telecom": _telecom,
    "address-postalcode": _postalcode,
    "address-city": _city,
    "_count": _count,
    "_summary": _summary,
    "_cursor": _cursor,
}

SUPPORTED_PARAMETERS = tuple(name for name in _READERS if name not in ("_count", "_summary", "_cursor"))
