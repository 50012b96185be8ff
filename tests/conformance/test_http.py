"""What only a real server shows: bodies without a length, kept connections, methods of HTTP."""

import json
from collections.abc import Iterator

import httpx2 as httpx
import pytest
from flask import Flask

from hub.registry.tables import SourceIdentity
from tests.conformance import gate
from tests.conformance.software import FHIR, Software, patient_of, register, token_form
from tests.hub.registry.people import rows
from tests.live import LiveHub


@pytest.fixture
def software(app: Flask) -> Software:
    return register(app)


@pytest.fixture
def api(hub: LiveHub, software: Software) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{hub.url}/fhir", timeout=30) as client:
        token = client.post(f"{hub.url}/oauth/token", data=token_form(software)).json()["access_token"]
        client.headers.update({"Authorization": f"Bearer {token}", "Content-Type": FHIR})
        yield client


def pieces(body: bytes) -> Iterator[bytes]:
    """Send a body piece by piece, so that its length is not told beforehand."""
    for start in range(0, len(body), 65536):
        yield body[start : start + 65536]


def test_a_body_without_a_length_is_read_and_measured(api: httpx.Client, app: Flask, software: Software) -> None:
    body = json.dumps(patient_of(software, "1")).encode()

    small = api.post("/Patient", content=pieces(body))
    large = api.post("/Patient", content=pieces(json.dumps(patient_of(software, "2")).encode() + b" " * 1_100_000))

    assert (small.status_code, large.status_code) == (201, 413)
    gate.check(large.json())
    assert [row.value for row in rows(app, SourceIdentity, SourceIdentity.domain == software.domain)] == ["1"]


@pytest.mark.parametrize("size", [3_000_000, 40_000_000])
def test_a_large_body_gets_its_answer_before_it_was_read(api: httpx.Client, size: int) -> None:
    # One connection each: Gunicorn closes one on which much was left unread, Granian keeps it.
    too_large = api.post("/Patient", content=b" " * size, headers={"Connection": "close"})
    another_type = api.post(
        "/Patient", content=b" " * size, headers={"Content-Type": "text/plain", "Connection": "close"}
    )

    assert [answer.status_code for answer in (too_large, another_type)] == [413, 415]


def test_a_refused_body_leaves_the_connection_usable(api: httpx.Client, software: Software) -> None:
    refused = api.post("/Patient", content=b"{" * 1000, headers={"Content-Type": "text/plain"})
    accepted = api.post("/Patient", json=patient_of(software, "1"))

    assert [answer.status_code for answer in (refused, accepted)] == [415, 201]


def test_metadata_needs_no_token(hub: LiveHub, http: httpx.Client) -> None:
    got = http.get(f"{hub.url}/fhir/metadata")
    head = http.head(f"{hub.url}/fhir/metadata")

    gate.check(got.json())
    assert (head.status_code, head.content) == (200, b"")
    assert got.headers["X-Content-Type-Options"] == "nosniff"


def test_the_log_of_the_server_quotes_no_address(hub: LiveHub, api: httpx.Client, software: Software) -> None:
    api.put("/Patient", params={"identifier": f"{software.domain}|SECRET-77"}, json=patient_of(software, "SECRET-77"))
    api.get("/Patient", params={"identifier": f"{software.domain}|SECRET-77"})

    told = hub.log.read_text(encoding="utf-8")
    assert "/fhir/Patient" in told
    assert not [word for word in ("SECRET-77", software.domain, "AMBERT") if word in told]
