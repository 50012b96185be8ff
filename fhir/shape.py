"""Walk over a JSON tree that claims to be a resource, and tell all that R4 forbids in its shape.

FHIR JSON is stricter than fhir.resources: no empty element, no coercion, required bindings, reference targets.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from fhir import elements
from fhir.elements import Element, Model
from fhir.invariants import breaches
from fhir.outcome import Issue, IssueKind
from fhir.primitives import lexical_problem
from fhir.references import reference_issues

_PLAIN_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Scope:
    """The resource being walked: the types of its contained resources, and whether it is contained itself."""

    fragments: Mapping[str, str]
    is_contained: bool = False


def shape_issues(tree: Mapping[str, object], model: Model) -> Iterator[Issue]:
    """Yield every fault in the shape of a resource, in the order of the body."""
    name = elements.type_name(model)
    yield from _resource(tree, model, name, _Scope(_fragments(tree)))


def _fragments(tree: Mapping[str, object]) -> Mapping[str, str]:
    contained = tree.get("contained")
    if not isinstance(contained, list):
        return {}
    return {
        str(each.get("id")): str(each.get("resourceType"))
        for each in contained
        if isinstance(each, dict) and isinstance(each.get("id"), str)
    }


def _resource(tree: Mapping[str, object], model: Model, path: str, scope: _Scope) -> Iterator[Issue]:
    content = {name: value for name, value in tree.items() if name != "resourceType"}
    yield from _members(content, model, path, scope)
    if not scope.is_contained:
        yield from _unused_contained(tree, path)


def _any_resource(value: object, element: Element, path: str, scope: _Scope) -> Iterator[Issue]:
    if not isinstance(value, dict):
        yield _fault(IssueKind.STRUCTURE, "Une ressource (objet JSON) est attendue.", path)
        return
    name = value.get("resourceType")
    model = elements.resource_model(name) if isinstance(name, str) else None
    if name is None:
        yield _fault(IssueKind.REQUIRED, "La ressource doit préciser son type (resourceType).", path)
    elif model is None:
        yield _fault(IssueKind.STRUCTURE, "Ce type de ressource n'existe pas en R4.", f"{path}.resourceType")
    elif element.name == "contained":
        if "contained" in value:
            text = "Une ressource contenue ne peut pas en contenir d'autres."
            yield Issue("error", IssueKind.INVARIANT, text, "dom-2", f"{path}.contained")
        yield from _resource(value, model, path, _Scope(scope.fragments, is_contained=True))
    else:
        yield from _resource(value, model, path, _Scope(_fragments(value)))


def _members(tree: Mapping[str, object], model: Model, path: str, scope: _Scope) -> Iterator[Issue]:
    known = elements.elements_of(model)
    for name, value in tree.items():
        element = known.get(name)
        if element is None:
            shown = f"{path}.{name}" if _PLAIN_NAME.fullmatch(name) else path
            yield _fault(IssueKind.STRUCTURE, "Cet élément n'existe pas dans ce type R4.", shown)
        else:
            yield from _element(value, element, f"{path}.{name.removeprefix('_')}", scope)
            if element.primitive and element.repeats:
                yield from _paired_arrays(tree, element, f"{path}.{name}")
    yield from _missing(tree, known.values(), path)
    for breach in breaches(elements.type_name(model), tree):
        where = f"{path}.{breach.below}" if breach.below else path
        yield Issue("error", IssueKind.INVARIANT, breach.text, breach.key, where)


def _missing(tree: Mapping[str, object], known: Iterable[Element], path: str) -> Iterator[Issue]:
    choices: dict[str, bool] = {}
    present: dict[str, int] = {}
    for element in known:
        is_present = element.name in tree or f"_{element.name}" in tree
        if element.choice is not None:
            choices[element.choice] = element.choice_required
            present[element.choice] = present.get(element.choice, 0) + is_present
        elif element.required and not is_present:
            yield _fault(IssueKind.REQUIRED, "Cet élément est obligatoire.", f"{path}.{element.name}")
    for choice, is_required in choices.items():
        if present[choice] > 1:
            yield _fault(
                IssueKind.STRUCTURE, "Un seul type de valeur est admis pour cet élément.", f"{path}.{choice}"
            )
        elif is_required and not present[choice]:
            yield _fault(IssueKind.REQUIRED, "Cet élément est obligatoire.", f"{path}.{choice}")


def _element(value: object, element: Element, path: str, scope: _Scope) -> Iterator[Issue]:
    if not element.repeats:
        if isinstance(value, list):
            yield _fault(IssueKind.STRUCTURE, "Cet élément ne se répète pas : pas de tableau ici.", path)
        else:
            yield from _value(value, element, path, scope)
    elif not isinstance(value, list):
        yield _fault(IssueKind.STRUCTURE, "Cet élément se répète : un tableau JSON est attendu.", path)
    elif not value:
        yield _fault(IssueKind.STRUCTURE, "Un tableau vide est interdit : omettre l'élément.", path)
    else:
        for position, item in enumerate(value):
            if item is None and (element.primitive or element.is_primitive_companion):
                continue
            yield from _value(item, element, f"{path}[{position}]", scope)


def _value(value: object, element: Element, path: str, scope: _Scope) -> Iterator[Issue]:
    if value is None:
        yield _fault(IssueKind.STRUCTURE, "La valeur null est interdite : omettre l'élément.", path)
    elif element.primitive is not None:
        yield from _primitive(value, element, path)
    elif element.model is None:
        yield from _any_resource(value, element, path, scope)
    elif not isinstance(value, dict):
        yield _fault(IssueKind.STRUCTURE, "Un objet JSON est attendu.", path)
    elif not value:
        yield _fault(IssueKind.STRUCTURE, "Un objet vide est interdit : omettre l'élément.", path)
    else:
        yield from _members(value, element.model, path, scope)
        if elements.type_name(element.model) == "Reference":
            yield from reference_issues(value, element.targets, path, scope.fragments)


def _primitive(value: object, element: Element, path: str) -> Iterator[Issue]:
    problem = lexical_problem(element.primitive or "string", value)
    if problem is not None:
        yield _fault(IssueKind.VALUE, problem, path)
    elif element.codes and value not in element.codes:
        allowed = ", ".join(sorted(element.codes))
        yield _fault(IssueKind.CODE_INVALID, f"Code inconnu ; codes admis : {allowed}.", path)


def _paired_arrays(tree: Mapping[str, object], element: Element, path: str) -> Iterator[Issue]:
    """A null in an array of primitives stands for a value replaced by the extensions of its `_name` twin."""
    values, twins = tree.get(element.name), tree.get(f"_{element.name}")
    if not isinstance(values, list) or None not in values:
        return
    if not isinstance(twins, list) or len(twins) != len(values):
        yield _fault(IssueKind.STRUCTURE, "Une valeur null exige l'extension correspondante.", path)
        return
    for position, (value, twin) in enumerate(zip(values, twins, strict=True)):
        if value is None and twin is None:
            yield _fault(IssueKind.STRUCTURE, "La valeur null est interdite.", f"{path}[{position}]")


def _unused_contained(tree: Mapping[str, object], path: str) -> Iterator[Issue]:
    contained = tree.get("contained")
    if not isinstance(contained, list):
        return
    aimed = set(_local_references(tree))
    for position, each in enumerate(contained):
        if not isinstance(each, dict):
            continue
        name = each.get("id")
        aims_back = "#" in set(_local_references(each))
        if not (isinstance(name, str) and f"#{name}" in aimed) and not aims_back:
            text = "Une ressource contenue doit être citée par la ressource qui la contient."
            yield Issue("error", IssueKind.INVARIANT, text, "dom-3", f"{path}.contained[{position}]")


def _local_references(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _local_references(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            is_link = name == "reference" or name.lower().endswith(("uri", "url", "canonical"))
            if is_link and isinstance(item, str) and item.startswith("#"):
                yield item
            else:
                yield from _local_references(item)


def _fault(kind: IssueKind, text: str, path: str) -> Issue:
    return Issue("error", kind, text, None, path)
