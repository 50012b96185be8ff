"""Twenty requests at once, over several processes and threads, have one effect."""

from collections import Counter

import httpx2 as httpx
from flask import Flask

from hub.oidc.tables import AccessToken
from hub.registry.tables import SourceIdentity
from tests.conformance import gate
from tests.conformance.software import FHIR, patient_of, register, token_form
from tests.hub.registry.people import at_once, rows
from tests.live import LiveHub

TIMES = 20


def test_the_same_identity_is_stored_once(hub: LiveHub, app: Flask, http: httpx.Client) -> None:
    software = register(app)
    token = http.post(f"{hub.url}/oauth/token", data=token_form(software)).json()["access_token"]
    patient = patient_of(software, "1")

    def feed() -> httpx.Response:
        with httpx.Client(timeout=60) as client:
            return client.put(
                f"{hub.url}/fhir/Patient",
                params={"identifier": f"{software.domain}|1"},
                json=patient,
                headers={"Authorization": f"Bearer {token}", "Content-Type": FHIR},
            )

    answers = at_once(app, *[feed] * TIMES)

    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: TIMES - 1}
    assert {answer.headers["ETag"] for answer in answers} == {'W/"1"'}
    (row,) = rows(app, SourceIdentity, SourceIdentity.domain == software.domain)
    assert {answer.json()["id"] for answer in answers} == {str(row.id)}
    gate.check(answers[0].json())


def test_an_assertion_is_worth_one_token(hub: LiveHub, app: Flask) -> None:
    software = register(app)
    form = token_form(software)

    def ask() -> httpx.Response:
        with httpx.Client(timeout=60) as client:
            return client.post(f"{hub.url}/oauth/token", data=form)

    answers = at_once(app, *[ask] * TIMES)

    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: TIMES - 1}
    assert len(rows(app, AccessToken, AccessToken.client_id == software.client_id)) == 1
