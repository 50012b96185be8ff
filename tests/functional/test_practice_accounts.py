"""A practice opens a patient's portal account with the patient's consent (M3, M4, L11)."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub.accounts.portal_accounts import CONSENT_VERSION
from hub.accounts.tables import Consent, PortalAccount
from hub.outbox.tables import OutboxJob
from hub.registry.tables import SourceIdentity
from tests.functional.practice_pages import Desk, recorded, rows, sit_down

CONTACT = {
    "signatory": "parent",
    "email": "parent@exemple.fr",
    "mobile": "06 39 98 00 12",
    "channel": "face-a-face",
    "consented": "oui",
}


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> Desk:
    return sit_down(app, client)


def test_an_account_is_opened_with_its_consent_and_invitation(desk: Desk) -> None:
    identity_id = desk.create()

    answer = desk.post(f"/pratique/patients/{identity_id}/espace-sante", **CONTACT)

    assert answer.location == f"/pratique/patients/{identity_id}"
    (consent,) = rows(desk.app, Consent)
    assert (consent.text_version, consent.signatory, consent.channel) == (CONSENT_VERSION, "parent", "face-a-face")
    (account,) = rows(desk.app, PortalAccount)
    assert account.email == "parent@exemple.fr"
    assert account.mobile.endswith("639980012")
    assert [job.kind for job in rows(desk.app, OutboxJob)] == ["mail.invitation"]
    assert "Invitation envoyée" in desk.get(answer.location).text


def test_the_contact_details_are_remembered_for_the_structure_alone(desk: Desk) -> None:
    identity_id = desk.create()
    desk.post(f"/pratique/patients/{identity_id}/espace-sante", **CONTACT)
    (own,) = rows(desk.app, SourceIdentity)
    neighbour = sit_down(desk.app, desk.app.test_client(), "Clinique du Parc")
    neighbour.post("/pratique/patients", birth_date="15061955", letters="sol")

    chosen = neighbour.post(f"/pratique/patients/{own.person_id}/choisir").location

    assert own.email == "parent@exemple.fr"
    assert own.phone.endswith("639980012")
    assert "parent@exemple.fr" in desk.get(f"/pratique/patients/{identity_id}").text
    for page in (chosen, f"{chosen}/espace-sante"):
        text = neighbour.get(page).text
        assert "parent@exemple.fr" not in text
        assert "Téléphone</dt>" not in text
        assert 'value="+' not in text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "parent"}, "email"),
        ({"email": ""}, "email"),
        ({"mobile": ""}, "mobile"),
        ({"mobile": "04 78 00 00 00"}, "mobile"),
        ({"consented": ""}, "consented"),
        ({"signatory": "voisin"}, "signatory"),
    ],
)
def test_an_account_needs_both_contacts_and_the_consent(desk: Desk, changes: dict[str, str], field: str) -> None:
    identity_id = desk.create()

    answer = desk.post(f"/pratique/patients/{identity_id}/espace-sante", **(CONTACT | changes))

    assert answer.status_code == 422
    assert f'id="{field}-erreur"' in answer.text
    assert rows(desk.app, PortalAccount) == []


def test_a_second_account_is_explained(desk: Desk) -> None:
    identity_id = desk.create()
    desk.post(f"/pratique/patients/{identity_id}/espace-sante", **CONTACT)

    answer = desk.post(f"/pratique/patients/{identity_id}/espace-sante", **CONTACT)

    assert answer.status_code == 409
    assert "a déjà un espace santé" in answer.text


def test_an_invitation_is_sent_again(desk: Desk) -> None:
    identity_id = desk.create()
    desk.post(f"/pratique/patients/{identity_id}/espace-sante", **CONTACT)

    answer = desk.post(f"/pratique/patients/{identity_id}/invitation")

    assert answer.status_code == 302
    assert len(rows(desk.app, OutboxJob)) == 2
    assert len(recorded(desk.app, "account.invite_again")) == 1


def test_nothing_is_sent_again_to_somebody_who_was_never_invited(desk: Desk) -> None:
    identity_id = desk.create()

    assert desk.post(f"/pratique/patients/{identity_id}/invitation").status_code == 409
