"""Practice software for tests: registered with a key of its own, it signs assertions and calls the FHIR API.

Every FHIR resource that a `Caller` receives goes through the gate.
"""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from werkzeug.test import TestResponse

from hub import db
from hub.directory.values import Structure
from hub.oidc import clients
from hub.oidc.clients import NewSoftware
from tests.conformance import gate
from tests.factories import make_structure, parts_of
from tests.fhir.patients import make_ins_identifier, make_ipp, make_patient, make_qualified

FHIR = "application/fhir+json"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
Key = ECKey | RSAKey


@cache
def key_for(algorithm: str, name: str = "1") -> Key:
    """Return a signing key, the same one each time: an RSA key takes a while to make."""
    use = {"kid": f"{algorithm}-{name}", "use": "sig", "alg": algorithm}
    if algorithm.startswith("RS"):
        return RSAKey.generate_key(2048, use, private=True)
    return ECKey.generate_key("P-384" if algorithm == "ES384" else "P-256", use, private=True)


@dataclass(frozen=True)
class Software:
    """Registered software: of which structure, under which client id, with which key, at which hub."""

    structure: Structure
    client_id: str
    key: Key
    algorithm: str
    scopes: str
    base: str

    @property
    def domain(self) -> str:
        """The structure's identification domain."""
        assert self.structure.domain
        return self.structure.domain


def register(
    app: Flask, structure: Structure | None = None, scopes: str = "system/Patient.cruds", algorithm: str = "ES384"
) -> Software:
    """Register software for a structure, a new one unless given."""
    structure = structure or make_structure(app)
    key = key_for(algorithm)
    jwks = {"keys": [key.as_dict(private=False)]}
    new = NewSoftware(name="Logiciel de test", organization_id=structure.id, jwks=jwks, scopes=scopes)
    with app.app_context(), db.transaction() as session:
        client_id = clients.register_software(session, new)
    return Software(structure, client_id, key, algorithm, scopes, parts_of(app).settings.public_url)


def make_claims(software: Software, **changes: object) -> dict[str, Any]:
    """Return the claims of a good assertion; a change to None takes a claim away."""
    now = int(time.time())
    good = {
        "iss": software.client_id,
        "sub": software.client_id,
        "aud": f"{software.base}/oauth/token",
        "iat": now,
        "exp": now + 240,
        "jti": secrets.token_hex(16),
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def sign(software: Software, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
    """Sign claims as the software would."""
    full = {"alg": software.algorithm, "kid": software.key.kid, "typ": "JWT", **(header or {})}
    return jwt.encode(full, dict(claims), software.key, algorithms=[full["alg"]])


def token_form(software: Software, assertion: str | None = None, **changes: str | None) -> dict[str, str]:
    """Return the form of a token request; a change to None takes a field away."""
    good = {
        "grant_type": "client_credentials",
        "scope": software.scopes,
        "client_assertion_type": ASSERTION,
        "client_assertion": assertion or sign(software, make_claims(software)),
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def token_of(client: FlaskClient, software: Software, scopes: str | None = None) -> str:
    """Get an access token through the token endpoint."""
    asked = software if scopes is None else replace(software, scopes=scopes)
    answer = client.post("/oauth/token", data=token_form(asked))
    assert answer.status_code == 200, answer.text
    token: str = answer.get_json()["access_token"]
    return token


class Caller:
    """The FHIR API as software with a token calls it."""

    def __init__(self, client: FlaskClient, token: str | None, software: Software) -> None:
        self.software = software
        self._client = client
        self._token = token

    def get(self, path: str, **headers: str) -> TestResponse:
        """Read or search."""
        return self.call("GET", path, None, **headers)

    def post(self, path: str, body: object, **headers: str) -> TestResponse:
        """Create."""
        return self.call("POST", path, body, **headers)

    def put(self, path: str, body: object, **headers: str) -> TestResponse:
        """Update."""
        return self.call("PUT", path, body, **headers)

    def feed(self, patient: Mapping[str, Any], number: str, **headers: str) -> TestResponse:
        """Send an identity by its number (ITI-104)."""
        return self.put(f"/Patient?identifier={self.software.domain}|{number}", patient, **headers)

    def search(self, form: Mapping[str, str], **headers: str) -> TestResponse:
        """Search by POST, as the documentation advises."""
        return self.call("POST", "/Patient/_search", form, **headers)

    def call(self, method: str, path: str, body: object, **headers: str) -> TestResponse:
        """Send a request; `If_Match` stands for the header If-Match. What comes back must pass the gate."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self._token is not None:
            sent.setdefault("Authorization", f"Bearer {self._token}")
        is_form = path.endswith("/_search")
        if body is not None and not is_form:
            sent.setdefault("Content-Type", FHIR)
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self._client.open(f"/fhir{path}", method=method, data=body, headers=sent)
        return checked(answer)


def checked(answer: TestResponse) -> TestResponse:
    """Hold an answer to what every FHIR answer must be: valid R4 under the right type, an outcome when it fails."""
    if answer.data:
        assert answer.content_type == FHIR
        resource = json.loads(answer.data)
        gate.check(resource)
        assert (resource["resourceType"] == "OperationOutcome") >= (answer.status_code >= 400)
    else:
        assert answer.status_code in (200, 201, 304)
    return answer


def caller(app: Flask, client: FlaskClient, **options: Any) -> Caller:
    """Register software and give it a token."""
    software = register(app, **options)
    return Caller(client, token_of(client, software), software)


def patient_of(software: Software, number: str = "IPP-1", **changes: object) -> dict[str, Any]:
    """Return a provisional identity of the software's structure."""
    patient: dict[str, Any] = make_patient(identifier=[own_number(software, number)])
    return {name: value for name, value in {**patient, **changes}.items() if value is not None}


def qualified_of(software: Software, number: str = "IPP-1", **changes: object) -> dict[str, Any]:
    """Return a qualified identity of the software's structure."""
    identifiers = [make_ins_identifier(), own_number(software, number)]
    patient: dict[str, Any] = make_qualified(identifier=identifiers)
    return {name: value for name, value in {**patient, **changes}.items() if value is not None}


def own_number(software: Software, number: str = "IPP-1") -> dict[str, Any]:
    """Return the identifier that the structure gave to a patient."""
    identifier: dict[str, Any] = {**make_ipp(number), "system": software.domain}
    return identifier
