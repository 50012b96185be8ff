"""Patient search of the FHIR API: from the parameters to what the index looks up, and the signed page cursors."""

import base64
import hmac
from collections.abc import Sequence
from datetime import date, timedelta

from fhir.criteria import DateCriterion, DatePrefix, StringCriterion, StringModifier
from fhir.outcome import IssueKind, refusal
from fhir.search import PatientSearch
from hub.encryption import derive
from hub.oidc.tokens import SoftwareAccess
from hub.registry.search import NameMode, OwnQuery, TextTest
from hub.web.context import runtime
from identity.normalise import clean_email, clean_phone


def own_query(wanted: PatientSearch, access: SoftwareAccess) -> OwnQuery:
    """Translate the FHIR search into what the index looks up."""
    return OwnQuery(
        organization_id=access.organization_id,
        ids=tuple(tuple(int(text) for text in group if is_id(text)) for group in wanted.ids),
        numbers=tuple(tuple((token.system, token.value) for token in group) for group in wanted.identifiers),
        birth_dates=tuple(_interval(item) for item in wanted.birthdates),
        family=_tests(wanted.family),
        given=_tests(wanted.given),
        name=_tests(wanted.name),
        postcode=_tests(wanted.postalcode),
        city=_tests(wanted.city),
        contacts=tuple(tuple(_contact(token.value or "") for token in group) for group in wanted.telecom),
        sexes=tuple(tuple(_SEXES[code] for code in group) for group in wanted.genders),
        active=wanted.active,
    )


_SEXES = {"male": "M", "female": "F", "other": "U", "unknown": "U"}
_MODES = {
    StringModifier.STARTS: NameMode.STARTS,
    StringModifier.EXACT: NameMode.EXACT,
    StringModifier.CONTAINS: NameMode.CONTAINS,
}


def _tests(criteria: Sequence[StringCriterion]) -> tuple[TextTest, ...]:
    return tuple(TextTest(item.values, _MODES[item.modifier]) for item in criteria)


def _contact(text: str) -> str:
    return clean_phone(text) or clean_email(text) or text


def is_id(text: str) -> bool:
    """Tell whether a text can be a resource id of this server."""
    return text.isascii() and text.isdigit() and len(text) <= 18


def _interval(item: DateCriterion) -> tuple[date | None, date | None]:
    """Return the inclusive interval of birth dates that a criterion allows."""
    day = timedelta(days=1)
    return {
        DatePrefix.EQUAL: (item.start, item.end),
        DatePrefix.AFTER_OR_EQUAL: (item.start, None),
        DatePrefix.AFTER: (item.end + day, None),
        DatePrefix.BEFORE_OR_EQUAL: (None, item.end),
        DatePrefix.BEFORE: (None, item.start - day),
    }[item.prefix]


def cursor_at(offset: int, access: SoftwareAccess) -> str:
    """Return the opaque, signed cursor of a page: it serves only the client that it was made for."""
    text = f"{offset}|{access.client_id}"
    key = derive(runtime().settings, "cursor")
    signature = hmac.new(key, text.encode(), "sha256").digest()[:12]
    return base64.urlsafe_b64encode(signature + text.encode()).decode().rstrip("=")


def offset_of(cursor: str | None, access: SoftwareAccess) -> int:
    """Return where a page begins; raise `FhirError` for a cursor that this server did not make."""
    if cursor is None:
        return 0
    refused = refusal(400, IssueKind.VALUE, "Ce lien de page n'est pas de ce serveur : recommencez la recherche.")
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        offset = int(raw[12:].decode("ascii").partition("|")[0])
    except (ValueError, UnicodeDecodeError) as err:
        raise refused from err
    if not hmac.compare_digest(cursor_at(offset, access), cursor):
        raise refused
    return offset
