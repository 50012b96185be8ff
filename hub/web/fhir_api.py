"""The FHIR R4 API of practice software: identities in (ITI-104, create) and out (read, search in its own domain).

HL7 FHIR R4 RESTful API; IHE PIXm ITI-104. A client reads and writes its own structure's identities: another
structure's answer 404 as if they did not exist, and a feed into another domain is refused (403).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from urllib.parse import urlencode

from flask import Blueprint, Response, g, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import http_date

from fhir import bundle, capability, search
from fhir.mapping import patient as patient_mapping
from fhir.mapping.patient import DomainIdentifier, PatientFeed, PatientView
from fhir.outcome import Issue, IssueKind, refusal
from fhir.scopes import allows
from fhir.systems import HUB_RESOURCE_ID
from hub import __version__, db
from hub.audit.trail import Actor, ActorKind, Entry, Subject
from hub.directory import organizations
from hub.directory.values import Structure
from hub.errors import NotFound
from hub.oidc import tokens
from hub.oidc.tokens import SoftwareAccess
from hub.registry import death_checks, death_feed, deaths, identities, intake
from hub.registry import search as registry_search
from hub.registry.death_feed import ToldByFeed
from hub.registry.values import Channel, IncomingIdentity, StoredIdentity
from hub.web.context import request_id, runtime
from hub.web.errors import outcome
from hub.web.fhir_search import cursor_at, is_id, offset_of, own_query
from identity.deaths import ToldDeath

blueprint = Blueprint("fhir", __name__, url_prefix="/fhir")
MOST_BYTES = 1_000_000
# When what this server can do last changed: CapabilityStatement.date.
CAPABILITIES_CHANGED = date(2026, 11, 23)
JSON_TYPES = ("application/fhir+json", "application/json")


def _base() -> str:
    return f"{runtime().settings.public_url}/fhir"


def _access(letter: str) -> SoftwareAccess:
    """Return the calling software when its token allows this on Patient; raise `FhirError` 401 or 403."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    found = None
    if kind.lower() == "bearer" and token:
        with db.reading() as session:
            found = tokens.software_of(session, token.strip(), runtime().settings)
    if found is None:
        raise refusal(401, IssueKind.LOGIN, "Un jeton d'accès en cours de validité est nécessaire (SMART Backend).")
    if not allows(found.scopes, "Patient", letter):
        raise refusal(403, IssueKind.FORBIDDEN, f"Le jeton n'a pas la portée system/Patient.{letter}.")
    g.software = found
    return found


def _actor(access: SoftwareAccess) -> Actor:
    return Actor(ActorKind.SOFTWARE, access.client_id, access.organization_id, request_id())


@blueprint.before_request
def check_formats() -> None:
    """Refuse formats that the hub does not speak (406, 415)."""
    wanted = request.args.get("_format")
    if wanted is not None:
        fine = wanted.split(";")[0].strip() in (*JSON_TYPES, "json", "application/fhir json")
    else:
        # A client may say more than the type: application/fhir+json; fhirVersion=4.0.
        accepted = MIMEAccept((kind.partition(";")[0].strip(), weight) for kind, weight in request.accept_mimetypes)
        fine = not accepted or any(accepted[kind] > 0 for kind in JSON_TYPES)
    if not fine:
        raise refusal(406, IssueKind.NOT_SUPPORTED, "Le serveur répond en application/fhir+json.")
    if request.method in ("POST", "PUT") and not request.path.endswith("/_search"):
        if request.mimetype not in JSON_TYPES:
            raise refusal(415, IssueKind.NOT_SUPPORTED, "Envoyez le corps en application/fhir+json.")
        if (request.content_length or 0) > MOST_BYTES:
            raise refusal(413, IssueKind.TOO_LONG, "Le corps d'une ressource Patient ne dépasse pas 1 Mo.")


@blueprint.get("/metadata")
def metadata() -> Response:
    """Return what this server can do; no token is needed."""
    token_url = f"{runtime().settings.public_url}/oauth/token"
    statement = capability.render_capability(_base(), token_url, __version__, CAPABILITIES_CHANGED)
    return _json(statement)


@blueprint.post("/Patient")
def create() -> Response:
    """Receive a new identity, or the same one again: 201, or 200 when the number was known."""
    access = _access("c")
    feed = patient_mapping.parse_patient(_body(), runtime().settings.accepted_oids)
    return _receive(feed, access, None)


@blueprint.put("/Patient")
def conditional_update() -> Response:
    """Receive an identity by its number (ITI-104): `PUT Patient?identifier=system|value`."""
    access = _access("u")
    wanted = search.parse_conditional(_query())
    feed = patient_mapping.parse_patient(_body(), runtime().settings.accepted_oids)
    if wanted not in feed.identifiers:
        text = "L'identifiant de l'adresse doit figurer dans la ressource."
        raise refusal(400, IssueKind.INVALID, text, expression="Patient.identifier")
    return _receive(feed, access, wanted)


@blueprint.put("/Patient/<resource_id>")
def update(resource_id: str) -> Response:
    """Replace an identity by its resource id; `If-Match` is required (428 without, 412 when stale)."""
    access = _access("u")
    with db.reading() as session:
        current = _own(session, resource_id, access)
    given = request.headers.get("If-Match")
    if given is None:
        raise refusal(428, IssueKind.REQUIRED, 'Indiquez la version que vous remplacez : If-Match: W/"n".')
    body = _body()
    feed = patient_mapping.parse_patient(body, runtime().settings.accepted_oids)
    if json.loads(body).get("id") != resource_id:
        raise refusal(
            400, IssueKind.INVALID, "L'id de la ressource n'est pas celui de l'adresse.", expression="Patient.id"
        )
    wanted = DomainIdentifier(current.domain, current.value)
    if wanted not in feed.identifiers:
        text = "La ressource doit garder le numéro de patient de cette identité."
        raise refusal(422, IssueKind.BUSINESS_RULE, text, expression="Patient.identifier")
    return _receive(feed, access, wanted, expected_version=_version_of(given))


def _version_of(header: str) -> int:
    digits = header.strip().removeprefix("W/").strip('"')
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise refusal(412, IssueKind.CONFLICT, "La version indiquée par If-Match n'existe pas.")
    return int(digits)


def _receive(
    feed: PatientFeed, access: SoftwareAccess, wanted: DomainIdentifier | None, expected_version: int | None = None
) -> Response:
    with db.transaction() as session:
        structure = organizations.by_id(session, access.organization_id)
        number = _own_number(feed, structure)
        if wanted not in (None, number):
            text = "Ce domaine d'identification est celui d'une autre structure, ou n'existe pas."
            raise refusal(403, IssueKind.FORBIDDEN, text, expression="Patient.identifier")
        if expected_version is not None:
            stored = identities.by_number(session, number.system, number.value)
            if stored is None or stored.version != expected_version:
                raise refusal(412, IssueKind.CONFLICT, "L'identité a changé depuis votre lecture : relisez-la.")
        incoming = IncomingIdentity(
            organization_id=structure.id,
            domain=number.system,
            value=number.value,
            traits=feed.traits,
            status=feed.status,
            attributes=feed.attributes,
            active=feed.active,
            replaced_by=_survivor(session, feed, structure),
            channel=Channel.FHIR,
        )
        result = intake.receive(session, incoming, runtime().registrar, _actor(access))
        told = feed.deceased
        if told is not None or not result.created:
            death_feed.note(session, result.identity, ToldByFeed(told.is_dead, told.when) if told else None)
        shown = {} if _is_minimal() else _renderings(session, [result.identity])[0]
    return _stored(result.identity, shown, feed.warnings, created=result.created)


def _own_number(feed: PatientFeed, structure: Structure) -> DomainIdentifier:
    own = [item for item in feed.identifiers if item.system == structure.domain]
    if len(own) > 1:
        text = "La ressource porte plusieurs numéros de votre domaine : un seul est attendu."
        raise refusal(422, IssueKind.BUSINESS_RULE, text, expression="Patient.identifier")
    if not own:
        text = "La ressource ne porte aucun numéro de votre domaine d'identification."
        raise refusal(403, IssueKind.FORBIDDEN, text, expression="Patient.identifier")
    return own[0]


def _survivor(session: Session, feed: PatientFeed, structure: Structure) -> str | None:
    target = feed.replaced_by
    if target is None:
        return None
    if target.system == structure.domain:
        return target.value
    if target.system in (HUB_RESOURCE_ID, _base()) and target.value.isascii() and target.value.isdigit():
        try:
            found = identities.by_id(session, int(target.value))
        except NotFound:
            found = None
        if found is not None and found.organization_id == structure.id:
            return found.value
    text = "L'identité qui remplace celle-ci n'est pas connue dans votre domaine."
    raise refusal(422, IssueKind.BUSINESS_RULE, text, expression="Patient.link")


@blueprint.get("/Patient/<resource_id>")
def read(resource_id: str) -> Response:
    """Return one of the structure's own identities."""
    access = _access("r")
    with db.transaction() as session:
        identity = _own(session, resource_id, access)
        (shown,) = _renderings(session, [identity])
        # What others tell of a death, or an officer, makes no new version: then the answer is given anew.
        is_settled = not death_checks.was_told(session, identity)
        entry = Entry(_actor(access), "identity.read", Subject("source_identity", identity.id))
        runtime().trail.record(session, entry)
    etag = f'W/"{identity.version}"'
    if is_settled and etag in (part.strip() for part in request.headers.get("If-None-Match", "").split(",")):
        response = Response(status=304)
        response.headers["ETag"] = etag
        return response
    return _with_version(_json(shown), identity)


@blueprint.get("/Patient")
def search_get() -> Response:
    """Search the structure's own identities; prefer POST `_search`, which leaves no identifier in logs."""
    return _search(_query())


@blueprint.post("/Patient/_search")
def search_post() -> Response:
    """Search the structure's own identities by form."""
    if request.mimetype != "application/x-www-form-urlencoded" and request.content_length:
        raise refusal(415, IssueKind.NOT_SUPPORTED, "Une recherche s'envoie en application/x-www-form-urlencoded.")
    return _search([*_query(), *request.form.items(multi=True)])


def _search(pairs: Sequence[tuple[str, str]]) -> Response:
    access = _access("s")
    strict = "handling=strict" in request.headers.get("Prefer", "").replace(" ", "")
    wanted = search.parse_patient_search(pairs, strict)
    offset = offset_of(wanted.cursor, access)
    with db.transaction() as session:
        page = registry_search.own_identities(session, own_query(wanted, access), offset, wanted.count)
        actor = _actor(access)
        runtime().trail.record(session, Entry(actor, "identity.search", None, {"results": page.total}))
        shown = _renderings(session, page.items)
        for item in page.items:
            runtime().trail.record(session, Entry(actor, "identity.shown", Subject("source_identity", item.id)))
    entries = [(f"{_base()}/Patient/{item.id}", resource) for item, resource in zip(page.items, shown, strict=True)]
    next_url = None
    if wanted.count and offset + wanted.count < page.total:
        kept = [pair for pair in wanted.used if pair[0] != "_cursor"]
        next_url = _self_url([*kept, ("_cursor", cursor_at(offset + wanted.count, access))])
    return _json(bundle.render_searchset(page.total, entries, _self_url(wanted.used), next_url))


def _own(session: Session, resource_id: str, access: SoftwareAccess) -> StoredIdentity:
    missing = refusal(404, IssueKind.NOT_FOUND, "Cette identité n'existe pas dans votre domaine.")
    if not is_id(resource_id):
        raise missing
    try:
        identity = identities.by_id(session, int(resource_id))
    except NotFound as err:
        raise missing from err
    if identity.organization_id != access.organization_id:
        raise missing
    return identity


def _query() -> list[tuple[str, str]]:
    return list(request.args.items(multi=True))


def _self_url(pairs: Sequence[tuple[str, str]]) -> str:
    return f"{_base()}/Patient" + (f"?{urlencode(pairs)}" if pairs else "")


def _body() -> bytes:
    content = request.get_data(cache=True)
    if len(content) > MOST_BYTES:
        raise refusal(413, IssueKind.TOO_LONG, "Le corps d'une ressource Patient ne dépasse pas 1 Mo.")
    return content


def _renderings(session: Session, items: Sequence[StoredIdentity]) -> list[dict[str, object]]:
    """Write identities with what the hub may tell of a death of their persons."""
    told = deaths.told_of(session, {item.person_id for item in items})
    undated = death_checks.undated(session, [item.id for item in items])
    return [
        _render(item, deaths.to_tell(item, told.get(item.person_id, ())), is_undated=item.id in undated)
        for item in items
    ]


def _render(identity: StoredIdentity, death: ToldDeath | None, *, is_undated: bool) -> dict[str, object]:
    settings = runtime().settings
    return patient_mapping.render_patient(
        PatientView(
            resource_id=str(identity.id),
            version=identity.version,
            last_updated=identity.updated_at,
            domain=DomainIdentifier(identity.domain, identity.value),
            regional_id=DomainIdentifier(settings.domains_region, identity.regional_id),
            traits=replace(identity.traits, death_date=None),
            status=identity.status,
            attributes=identity.attributes,
            active=identity.active,
            replaced_by=str(identity.replaced_by_id) if identity.replaced_by_id else None,
            death=death.when if death is not None else None,
            is_dead=is_undated or death is not None,
        )
    )


def _is_minimal() -> bool:
    return "return=minimal" in request.headers.get("Prefer", "").replace(" ", "")


def _stored(
    identity: StoredIdentity, shown: Mapping[str, object], warnings: Sequence[Issue], *, created: bool
) -> Response:
    prefer = request.headers.get("Prefer", "").replace(" ", "")
    if _is_minimal():
        response = Response(content_type="application/fhir+json")
    elif "return=OperationOutcome" in prefer:
        stored = Issue("information", IssueKind.INFORMATIONAL, "L'identité est enregistrée.")
        response = outcome(200, [*warnings, stored])
    else:
        response = _json(shown)
    response.status_code = 201 if created else 200
    if created:
        response.headers["Location"] = f"{_base()}/Patient/{identity.id}/_history/{identity.version}"
    # Remarks on accepted traits travel by key only: their texts are in the documentation.
    keys = sorted({issue.key for issue in warnings if issue.key})
    if keys:
        response.headers["X-Hub-Warnings"] = ", ".join(keys)
    return _with_version(response, identity)


def _with_version(response: Response, identity: StoredIdentity) -> Response:
    response.headers["ETag"] = f'W/"{identity.version}"'
    response.headers["Last-Modified"] = http_date(identity.updated_at)
    return response


def _json(resource: Mapping[str, object]) -> Response:
    return Response(json.dumps(resource, ensure_ascii=False), content_type="application/fhir+json")


@blueprint.route("/", defaults={"path": ""}, methods=["GET", "POST", "PUT", "PATCH", "DELETE"], strict_slashes=False)
@blueprint.route("/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def unknown(path: str) -> Response:
    """Answer an OperationOutcome where nothing is served."""
    text = "Cette ressource ou cette interaction n'est pas servie : voyez /fhir/metadata."
    methods = _methods_of(path)
    response = outcome(404 if methods is None else 405, [Issue("error", IssueKind.NOT_SUPPORTED, text)])
    if methods is not None:
        response.headers["Allow"] = methods
    return response


def _methods_of(path: str) -> str | None:
    """Return the methods of an address that is served by others than the one asked for."""
    steps = path.split("/")
    if steps[0] != "Patient" or len(steps) > 2 or not steps[-1]:
        return None
    return "GET, POST, PUT" if len(steps) == 1 else "GET, PUT"
