"""From the bytes of a body to a checked R4 resource.

`load_json` is strict JSON, `validate` is R4: our own walk (`fhir.shape`) first, then fhir.resources as a second
net. A body that fails here is not FHIR: the answer is 400. Business rules answer 422, in `fhir.mapping`.
"""

import json
import math
import re
from collections.abc import Mapping
from itertools import islice

from fhir_core.fhirabstractmodel import FHIRAbstractModel
from pydantic import ValidationError

from fhir.elements import resource_model
from fhir.outcome import FhirError, Issue, IssueKind, refusal
from fhir.shape import shape_issues

MAX_DEPTH = 32
MAX_ISSUES = 50

_MEMBER_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}", re.ASCII)
_FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def load_json(body: bytes) -> dict[str, object]:
    """Read a JSON object, strictly: UTF-8, no duplicate name, no NaN, at most 32 levels."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as err:
        raise _malformed(f"Le corps n'est pas en UTF-8 (octet {err.start + 1}).") from err
    try:
        tree = json.loads(
            text,
            object_pairs_hook=_unique_members,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_short_integer,
        )
    except json.JSONDecodeError as err:
        raise _malformed(f"JSON mal formé, ligne {err.lineno}, colonne {err.colno}.") from err
    except RecursionError as err:
        raise _too_deep() from err
    if not isinstance(tree, dict):
        raise refusal(400, IssueKind.STRUCTURE, "Le corps doit être un objet JSON.", key="json-object")
    _check_tree(tree)
    return tree


def validate(resource_type: str, tree: Mapping[str, object]) -> FHIRAbstractModel:
    """Check a tree against R4 and return its model; raise `FhirError` 400 with every fault found."""
    model = resource_model(resource_type)
    if model is None:
        raise ValueError(f"{resource_type} is not a resource of R4")
    if tree.get("resourceType") != resource_type:
        text = f"Ce point d'entrée attend une ressource {resource_type}."
        raise refusal(400, IssueKind.STRUCTURE, text, key="resource-type", expression=f"{resource_type}.resourceType")
    issues = tuple(islice(shape_issues(tree, model), MAX_ISSUES))
    if issues:
        raise FhirError(400, issues)
    try:
        return model.model_validate(tree)
    except ValidationError as err:
        # The input is dropped: pydantic quotes it, and it may be a trait.
        raise FhirError(400, _second_net(resource_type, err)) from None
    except (KeyError, ValueError, TypeError, RecursionError) as err:
        text = "La ressource ne respecte pas la structure FHIR R4."
        raise refusal(400, IssueKind.STRUCTURE, text, expression=resource_type) from err


def _second_net(resource_type: str, err: ValidationError) -> tuple[Issue, ...]:
    return tuple(
        Issue(
            "error",
            IssueKind.VALUE,
            "La valeur n'est pas conforme à FHIR R4.",
            None,
            _expression(resource_type, each["loc"]),
        )
        for each in err.errors(include_input=False, include_context=False, include_url=False)[:MAX_ISSUES]
    )


def _expression(resource_type: str, location: tuple[int | str, ...]) -> str:
    path = resource_type
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path


def _unique_members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            shown = f" « {name} »" if _MEMBER_NAME.fullmatch(name) else ""
            raise _malformed(f"Le nom{shown} apparaît deux fois dans le même objet JSON.", "json-duplicate")
        members[name] = value
    return members


def _refuse_constant(_: str) -> object:
    raise _malformed("NaN et Infinity ne sont pas du JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _malformed("Un nombre dépasse les bornes admises.")
    return number


def _short_integer(text: str) -> int:
    if len(text) > 20:
        raise _malformed("Un nombre dépasse les bornes admises.")
    return int(text)


def _check_tree(tree: dict[str, object]) -> None:
    """Refuse depth and characters that no resource needs and that a database would not store."""
    level: list[object] = [tree]
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        for node in level:
            if isinstance(node, dict):
                below.extend(node.values())
                below.extend(node)
            elif isinstance(node, list):
                below.extend(node)
            elif isinstance(node, str) and _FORBIDDEN_CHARACTERS.search(node):
                raise refusal(400, IssueKind.INVALID, "Un caractère de contrôle est interdit.", key="json-character")
        level = below
    if any(isinstance(node, dict | list) for node in level):
        raise _too_deep()


def _too_deep() -> FhirError:
    return refusal(400, IssueKind.STRUCTURE, f"Le JSON dépasse {MAX_DEPTH} niveaux d'imbrication.", key="json-depth")


def _malformed(text: str, key: str = "json-malformed") -> FhirError:
    return refusal(400, IssueKind.INVALID, text, key=key)
