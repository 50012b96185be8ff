"""fhir-kit-client, a JavaScript client, works with the hub, with a token that openid-client gets by itself."""

import json
import subprocess

import pytest
from flask import Flask

from tests.conformance import gate
from tests.conformance.node import FOLDER, executable
from tests.conformance.software import patient_of, register
from tests.live import LiveHub


@pytest.mark.parametrize(("algorithm", "audience"), [("ES384", "issuer"), ("RS384", "token endpoint")])
def test_it_does_all_that_practice_software_does(hub: LiveHub, app: Flask, algorithm: str, audience: str) -> None:
    software = register(app, algorithm=algorithm)
    given = {
        "url": hub.url,
        "clientId": software.client_id,
        "jwk": software.key.as_dict(private=True),
        "algorithm": algorithm,
        "audience": f"{hub.url}/oauth/token" if audience == "token endpoint" else None,
        "scope": software.scopes,
        "domain": software.domain,
        "patient": patient_of(software, "K-0"),
    }

    run = subprocess.run(
        [executable(), str(FOLDER / "fhir_kit.mjs"), json.dumps(given)],
        capture_output=True, timeout=60, encoding="utf-8", check=False,
    )  # fmt: skip

    assert run.returncode == 0, run.stderr
    steps = json.loads(run.stdout)
    assert steps["token"]["token_type"] == "bearer"
    assert steps["smart"]["tokenUrl"] == f"{hub.url}/oauth/token"
    assert steps["location"] == f"{hub.url}/fhir/Patient/{steps['created']['id']}/_history/1"
    assert steps["read"] == steps["created"]
    assert [steps[name]["meta"]["versionId"] for name in ("created", "updated", "matched")] == ["1", "2", "3"]
    assert "address" not in steps["matched"]
    assert steps["byNumber"]["total"] == steps["posted"]["total"] == 1
    shown = [entry["resource"]["identifier"][0]["value"] for page in steps["pages"] for entry in page["entry"]]
    assert shown == ["K-0", "K-1", "K-2"]
    refusals = {name: steps[name]["status"] for name in ("stale", "missing", "wrong", "removed")}
    assert refusals == {"stale": 412, "missing": 404, "wrong": 400, "removed": 405}
    for name in ("capability", "created", "read", "updated", "matched", "byNumber", "posted"):
        gate.check(steps[name])
    for resource in (*steps["pages"], *(steps[name]["body"] for name in refusals)):
        gate.check(resource)
