"""Structures, staff, correspondents, software and applications."""

import json
import sys
from pathlib import Path

import click
import segno

from hub import db
from hub.accounts import codes, staff
from hub.accounts.staff import NewStaff, Role
from hub.audit.trail import Entry, Subject
from hub.commands.shared import OPERATOR, application, told
from hub.commands.terminal import stop
from hub.directory import correspondents, organizations
from hub.directory.correspondents import NewProfessional
from hub.directory.organizations import NewStructure
from hub.directory.values import OrganizationKind
from hub.oidc import clients
from hub.oidc.clients import NewSoftware
from identity.survivorship import USUAL_TRUST


@click.command("add")
@click.argument("name")
@click.option("--code", required=True, help="Short code, as in the column `source` of identity files.")
@click.option(
    "--kind", type=click.Choice([kind.value for kind in OrganizationKind]), default="care", show_default=True
)
@click.option("--domain", help="OID of the structure's own patient numbers, for one that feeds identities.")
@click.option("--finess", help="FINESS number, 9 characters.")
@click.option("--town", help="Town.")
@click.option("--mssante", help="MSSanté address.")
@click.option(
    "--trust", type=click.IntRange(0, 9), default=USUAL_TRUST, show_default=True, help="Trust in its traits."
)
@told
def add_organization(name: str, code: str, kind: str, trust: int, **more: str | None) -> None:
    """Register a structure.

    Example: hub organization add "Cabinet du Moulin" --code moulin --domain 1.2.250.1.999.10.3
    """
    new = NewStructure(
        code=code,
        name=name,
        kind=OrganizationKind(kind),
        finess=more["finess"],
        domain_oid=more["domain"],
        town=more["town"],
        mssante=more["mssante"],
        trust=trust,
    )
    with application() as (_, parts), db.transaction() as session:
        added = organizations.add(session, new, parts.settings.mssante_domains)
        parts.trail.record(session, Entry(OPERATOR, "organization.add", Subject("organization", added.id)))
        click.echo(f"Structure « {added.code} » enregistrée.")


@click.command("trust")
@click.argument("code")
@click.argument("level", type=click.IntRange(0, 9))
@told
def trust_organization(code: str, level: int) -> None:
    """Say how far the identities of a structure are trusted, from 0 to 9.

    Example: hub organization trust chu-nevers 8
    """
    with application() as (_, parts), db.transaction() as session:
        found = organizations.by_code(session, code)
        organizations.set_trust(session, found.id, level)
        entry = Entry(OPERATOR, "organization.trust", Subject("organization", found.id), {"trust": level})
        parts.trail.record(session, entry)
        click.echo(f"Structure « {found.code} » : confiance {level}.")


@click.command("add")
@click.argument("rpps")
@click.option("--family", required=True, help="Family name.")
@click.option("--given", required=True, help="Given name.")
@click.option("--profession", required=True, help="Code of TRE_G15: 10 physician, 21 pharmacist, 60 nurse…")
@click.option("--speciality", help="Speciality, in words.")
@click.option("--organization", help="Code of the structure.")
@click.option("--town", help="Town.")
@click.option("--mssante", help="MSSanté address.")
@told
def add_professional(
    rpps: str,
    family: str,
    given: str,
    profession: str,
    speciality: str | None,
    organization: str | None,
    town: str | None,
    mssante: str | None,
) -> None:
    """Register a professional by RPPS."""
    with application() as (_, parts), db.transaction() as session:
        structure = organizations.by_code(session, organization) if organization else None
        new = NewProfessional(
            rpps=rpps,
            family=family,
            given=given,
            profession=profession,
            speciality=speciality,
            organization_id=structure.id if structure else None,
            town=town,
            mssante=mssante,
        )
        added = correspondents.add_professional(session, new, parts.settings.mssante_domains)
        parts.trail.record(session, Entry(OPERATOR, "professional.add", Subject("professional", added)))
    click.echo("Professionnel enregistré.")


@click.command("add")
@click.argument("login")
@click.option("--name", required=True, help="Name shown to colleagues.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--organization", help="Code of the structure, for the role `practice`.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@told
def add_user(login: str, name: str, role: str, organization: str | None, password_stdin: bool) -> None:
    """Register a member of staff and show the authenticator's QR code, once.

    Example: hub user add claire@moulin.example --name "Claire Martin" --role practice --organization moulin
    """
    if password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = click.prompt("Mot de passe", hide_input=True, confirmation_prompt="Le même, une seconde fois")
    secret = codes.new_totp_secret()
    with application() as (_, parts), db.transaction() as session:
        structure = organizations.by_code(session, organization) if organization else None
        new = NewStaff(
            login=login,
            name=name,
            role=Role(role),
            organization_id=structure.id if structure else None,
            password=password,
            totp_secret=secret,
        )
        member = staff.add(session, new, parts.vault, parts.passwords)
        parts.trail.record(session, Entry(OPERATOR, "staff.add", Subject("staff", member.id)))
        uri = codes.totp_uri(secret, member.login, parts.settings.region_name)
    click.echo(f"« {member.login} » peut se connecter. À lire avec une application d'authentification :\n")
    segno.make(uri).terminal(compact=True)
    click.echo(f"\nOu saisir cette clé : {secret}")


@click.command("register")
@click.argument("name")
@click.option("--organization", required=True, help="Code of the structure whose identities it feeds.")
@click.option(
    "--jwks", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its public keys."
)
@click.option("--scope", "scopes", required=True, multiple=True, help="Such as system/Patient.crus; repeatable.")
@told
def register_client(name: str, organization: str, jwks: Path, scopes: tuple[str, ...]) -> None:
    """Register practice software (SMART Backend Services) and print its client id.

    Example: hub client register "Logiciel" --organization moulin --jwks keys.json --scope system/Patient.crus
    """
    try:
        key_set = json.loads(jwks.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as err:
        stop(f"Le fichier de clés n'est pas du JSON : {err}.")
    with application() as (_, parts), db.transaction() as session:
        structure = organizations.by_code(session, organization)
        new = NewSoftware(name=name, organization_id=structure.id, jwks=key_set, scopes=" ".join(scopes))
        client_id = clients.register_software(session, new)
        parts.trail.record(session, Entry(OPERATOR, "client.register", Subject("client", client_id)))
    click.echo(client_id)


@click.command("login")
@click.argument("name")
@click.option(
    "--redirect-uri", "redirect_uris", required=True, multiple=True, help="Exact return address; repeatable."
)
@told
def register_login(name: str, redirect_uris: tuple[str, ...]) -> None:
    """Register an application that patients log in to (public client, PKCE S256) and print its client id."""
    with application() as (_, parts), db.transaction() as session:
        client_id = clients.register_login(session, name, redirect_uris)
        parts.trail.record(session, Entry(OPERATOR, "client.login", Subject("client", client_id)))
    click.echo(client_id)


@click.command("revoke")
@click.argument("client_id")
@told
def revoke_client(client_id: str) -> None:
    """Take the access of practice software away at once."""
    with application() as (_, parts), db.transaction() as session:
        clients.revoke_software(session, client_id)
        parts.trail.record(session, Entry(OPERATOR, "client.revoke", Subject("client", client_id)))
    click.echo("Accès retiré.")
