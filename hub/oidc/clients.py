"""Register software clients (SMART Backend Services) and applications that patients log in to."""

import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

import sqlalchemy as sa
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy.orm import Session

from fhir.scopes import ScopeError, parse_scopes
from hub import db
from hub.errors import Invalid, NotFound
from hub.oidc.tables import LoginClient, SoftwareClient

PORTAL_CLIENT_ID = "portail"
_ALGORITHMS = {"RS384": "RSA", "ES384": "EC"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSoftware:
    """Practice software to register. `jwks` is its public key set as parsed JSON."""

    name: str
    organization_id: int
    jwks: object
    scopes: str


def register_software(session: Session, new: NewSoftware) -> str:
    """Register practice software and return its client id; raise `Invalid`."""
    if not new.name.strip():
        raise Invalid("Le nom du logiciel manque.", "name")
    jwks = check_jwks(new.jwks)
    try:
        scopes = parse_scopes(new.scopes)
    except ScopeError as err:
        raise Invalid(f"Portée refusée : {err}", "scope") from err
    if not scopes:
        raise Invalid("Donnez au moins une portée, par exemple system/Patient.crus.", "scope")
    client_id = "logiciel-" + secrets.token_hex(8)
    session.add(
        SoftwareClient(
            client_id=client_id,
            name=new.name.strip(),
            organization_id=new.organization_id,
            jwks=jwks,
            scopes=new.scopes,
            created_at=db.now(session),
        )
    )
    return client_id


def check_jwks(jwks: object) -> dict[str, object]:
    """Return a public key set usable for RS384 or ES384; raise `Invalid` saying what is wrong."""
    if not isinstance(jwks, dict) or not isinstance(jwks.get("keys"), list) or not jwks["keys"]:
        raise Invalid('Le fichier de clés doit être un JWKS : {"keys": [ … ]}.', "jwks")
    for key in jwks["keys"]:
        if not isinstance(key, dict):
            raise Invalid("Une clé du JWKS n'est pas un objet JSON.", "jwks")
        if "d" in key or "k" in key:
            raise Invalid("Le fichier contient une clé privée ou secrète : ne donnez que les clés publiques.", "jwks")
        if key.get("kty") == "EC" and key.get("crv") != "P-384":
            raise Invalid("Une clé EC doit être sur la courbe P-384 (ES384).", "jwks")
        if key.get("kty") not in _ALGORITHMS.values():
            raise Invalid("Une clé doit être RSA (RS384) ou EC P-384 (ES384).", "jwks")
        if not key.get("kid"):
            raise Invalid("Chaque clé doit porter un « kid ».", "jwks")
    try:
        imported = KeySet.import_key_set(jwks)  # type: ignore[arg-type]
    except (JoseError, ValueError, KeyError, TypeError) as err:
        raise Invalid("Une clé du JWKS est mal formée.", "jwks") from err
    for item in imported.keys:
        if item.key_type == "RSA" and item.public_key.key_size < 2048:  # type: ignore[union-attr]
            raise Invalid("Une clé RSA doit compter au moins 2048 bits.", "jwks")
    return jwks


def register_login(session: Session, name: str, redirect_uris: tuple[str, ...], client_id: str | None = None) -> str:
    """Register an application that patients log in to; return its client id; raise `Invalid`."""
    if not redirect_uris:
        raise Invalid("Donnez au moins une adresse de retour.", "redirect_uri")
    for uri in redirect_uris:
        parts = urlsplit(uri)
        local = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if (
            parts.fragment
            or not parts.hostname
            or not (parts.scheme == "https" or (parts.scheme == "http" and local))
        ):
            raise Invalid("Une adresse de retour est en https, complète et sans « # ».", "redirect_uri")
    identifier = client_id or "application-" + secrets.token_hex(8)
    values = {
        "client_id": identifier,
        "name": name.strip(),
        "redirect_uris": list(redirect_uris),
        "created_at": db.now(session),
    }
    db.insert_once(session, LoginClient, values, ["client_id"])
    return identifier


def ensure_portal(session: Session, public_url: str) -> None:
    """Make the portal a client of the hub's own provider, at its present address."""
    uri = f"{public_url}/portail/retour"
    row = session.scalar(sa.select(LoginClient).where(LoginClient.client_id == PORTAL_CLIENT_ID))
    if row is None:
        register_login(session, "Espace santé", (uri,), PORTAL_CLIENT_ID)
    elif row.redirect_uris != [uri]:
        row.redirect_uris = [uri]


def revoke_software(session: Session, client_id: str) -> None:
    """Take a software client's access away; raise `NotFound`."""
    row = session.scalar(sa.select(SoftwareClient).where(SoftwareClient.client_id == client_id))
    if row is None:
        raise NotFound("Aucun logiciel ne porte cet identifiant.")
    row.revoked_at = db.now(session)
