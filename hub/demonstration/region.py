"""Build the demonstration region through the public doors: command line, identity files, FHIR over HTTP."""

import csv
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2 as httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from fhir.mapping.patient import DomainIdentifier, PatientView, render_patient
from hub import db
from hub.accounts import codes, staff
from hub.accounts.staff import NewStaff, Role
from hub.demonstration.mailbox import DemoLogin
from hub.directory import correspondents, organizations
from hub.directory.correspondents import NewProfessional
from hub.directory.organizations import NewStructure
from hub.directory.values import OrganizationKind, Structure
from hub.errors import Unavailable
from hub.oidc import clients
from hub.oidc.clients import NewSoftware
from hub.registry import load
from hub.registry.load import LoadOptions
from hub.runtime import Runtime
from identity.ins import InsOid

PASSWORD = "Trois tilleuls en fleurs"  # noqa: S105 - the demonstration's, shown to everybody
Report = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Feed:
    """A structure whose software speaks FHIR: its client id and private key."""

    structure: str
    client_id: str
    key: ECKey


def generate(data_dir: Path, folder: Path, persons: int, seed: int) -> None:
    """Write the region's files with the generator of the data folder."""
    scripts = data_dir / "demonstration"
    command = [sys.executable, str(scripts / "generate.py"), "--seed", str(seed), "--persons", str(persons)]
    subprocess.run([*command, "--out", str(folder)], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    documents = [sys.executable, str(scripts / "documents.py"), "--out", str(folder / "documents")]
    subprocess.run(documents, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def _read(folder: Path, name: str) -> list[dict[str, str | None]]:
    content: list[dict[str, str | None]] = json.loads((folder / name).read_text(encoding="utf-8"))
    return content


def register_directory(folder: Path, parts: Runtime) -> None:
    """Register structures, professionals and pharmacies."""
    domains = parts.settings.mssante_domains
    with db.transaction() as session:
        ids: dict[str, int] = {}
        for row in _read(folder, "structures.json"):
            new = NewStructure(
                code=row["code"] or "", name=row["name"] or "", finess=row["finess"], domain_oid=row["oid"],
                town=row["town"], mssante=row["mssante"],
            )  # fmt: skip
            added = organizations.add(session, new, domains)
            ids[added.code] = added.id
        for row in _read(folder, "pharmacies.json"):
            pharmacy = NewStructure(
                code=f"pharmacie-{row['finess']}", name=row["name"] or "", kind=OrganizationKind.PHARMACY,
                finess=row["finess"], town=row["town"], mssante=row["mssante"],
            )  # fmt: skip
            organizations.add(session, pharmacy, domains)
        for row in _read(folder, "professionals.json"):
            professional = NewProfessional(
                rpps=row["rpps"] or "", family=row["family"] or "", given=row["given"] or "",
                profession=row["profession"] or "", speciality=row["speciality"],
                organization_id=ids.get(row["structure"] or ""), town=row["town"], mssante=row["mssante"],
            )  # fmt: skip
            correspondents.add_professional(session, professional, domains)


def register_staff(parts: Runtime) -> list[DemoLogin]:
    """Register the demonstration's staff and return how they log in."""
    base = parts.settings.public_url
    wanted = [
        ("Secrétaire, Maison de santé des Tilleuls", "secretariat@tilleuls.example", "Nadia Secrétaire", "tilleuls"),
        ("Secrétaire, Hôpital", "accueil@hopital.example", "Marc Accueil", "hopital"),
        ("Officière d'identitovigilance, agence", "identito@agence.example", "Lucie Vigilance", None),
    ]
    logins = []
    with db.transaction() as session:
        for who, login, name, code in wanted:
            secret = codes.new_totp_secret()
            structure = organizations.by_code(session, code) if code else None
            new = NewStaff(
                login=login, name=name, role=Role.PRACTICE if structure else Role.OFFICER,
                organization_id=structure.id if structure else None, password=PASSWORD, totp_secret=secret,
            )  # fmt: skip
            staff.add(session, new, parts.vault, parts.passwords)
            url = f"{base}/pratique/" if structure else f"{base}/agence/"
            logins.append(DemoLogin(who, login, PASSWORD, secret, url))
    return logins


def register_feeds(folder: Path) -> list[Feed]:
    """Register the software of the structures that speak FHIR."""
    feeds = []
    with db.transaction() as session:
        for row in _read(folder, "structures.json"):
            if row["feed"] != "fhir":
                continue
            code = row["code"] or ""
            key = ECKey.generate_key("P-384", {"kid": f"{code}-1", "use": "sig", "alg": "ES384"}, private=True)
            new = NewSoftware(
                name=f"Logiciel de {row['name']}",
                organization_id=organizations.by_code(session, code).id,
                jwks={"keys": [key.as_dict(private=False)]},
                scopes="system/Patient.crus",
            )
            feeds.append(Feed(code, clients.register_software(session, new), key))
    return feeds


def count_lines(folder: Path, code: str) -> int:
    """Return how many identities a structure has."""
    return load.count_lines(folder / f"identities-{code}.csv")


def feed_over_fhir(feed: Feed, folder: Path, structure: Structure, parts: Runtime, report: Report) -> None:
    """Send a structure's identities by conditional update, as its software would (ITI-104)."""
    base = parts.settings.public_url
    options = LoadOptions(parts.settings.accepted_oids, InsOid.NIR_TEST)
    with httpx.Client(timeout=60) as http:
        expires, token = 0.0, ""
        with (folder / f"identities-{feed.structure}.csv").open(encoding="utf-8", newline="") as stream:
            for number, line in enumerate(csv.DictReader(stream), start=1):
                incoming, _ = load.read_identity(number, line, options, {structure.code: structure})
                report(1)
                if incoming is None:
                    continue
                if time.monotonic() > expires:
                    token, expires = _token(http, feed, base), time.monotonic() + 240
                domain = DomainIdentifier(incoming.domain, incoming.value)
                view = PatientView(
                    "0", 1, datetime.now(UTC), domain, None, incoming.traits, incoming.status, incoming.attributes,
                    True, None,
                )  # fmt: skip
                resource = {key: value for key, value in render_patient(view).items() if key != "id"}
                answer = http.put(
                    f"{base}/fhir/Patient",
                    params={"identifier": f"{domain.system}|{domain.value}"},
                    json=resource,
                    headers={
                        "Authorization": f"Bearer {token}",
                        "Content-Type": "application/fhir+json",
                        "Prefer": "return=minimal",
                    },
                )
                if answer.status_code not in (200, 201, 422):
                    raise Unavailable(f"L'envoi FHIR a été refusé (code {answer.status_code}).")


def _token(http: httpx.Client, feed: Feed, base: str) -> str:
    now = int(time.time())
    claims = {
        "iss": feed.client_id,
        "sub": feed.client_id,
        "aud": f"{base}/oauth/token",
        "iat": now,
        "exp": now + 240,
        "jti": secrets.token_hex(16),
    }
    header = {"alg": "ES384", "kid": feed.key.kid, "typ": "JWT"}
    assertion = jwt.encode(header, claims, feed.key, algorithms=["ES384"])
    answer = http.post(
        f"{base}/oauth/token",
        data={
            "grant_type": "client_credentials",
            "scope": "system/Patient.crus",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        },
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])
