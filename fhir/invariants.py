"""The invariants of R4 that the hub relies on, by type; each is named as in the specification (`pat-1`).

They read an object whose shape may still be wrong, so they trust no type.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

Tree = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Breach:
    """A broken invariant. `below` is the path from the object to the faulty element, empty for the object."""

    key: str
    text: str
    below: str = ""


def breaches(type_name: str, tree: Tree) -> Iterator[Breach]:
    """Yield the broken invariants of one object of this type."""
    rule = _RULES.get(type_name)
    if rule is not None:
        yield from rule(tree)


def _patient_contact(tree: Tree) -> Iterator[Breach]:
    if not any(part in tree for part in ("name", "telecom", "address", "organization")):
        yield Breach("pat-1", "Un contact doit porter un nom, un moyen de contact, une adresse ou un organisme.")


def _contact_point(tree: Tree) -> Iterator[Breach]:
    if "value" in tree and "system" not in tree and "_system" not in tree:
        yield Breach("cpt-2", "Un moyen de contact qui a une valeur doit préciser son système.", "system")


def _period(tree: Tree) -> Iterator[Breach]:
    start, end = tree.get("start"), tree.get("end")
    if isinstance(start, str) and isinstance(end, str) and _is_after(start, end):
        yield Breach("per-1", "La période se termine avant son début.")


def _is_after(start: str, end: str) -> bool:
    if "T" in start and "T" in end:
        try:
            return datetime.fromisoformat(start) > datetime.fromisoformat(end)
        except (ValueError, TypeError):
            return False
    common = min(len(start), len(end), 10)
    return start[:common] > end[:common]


def _attachment(tree: Tree) -> Iterator[Breach]:
    if "data" in tree and "contentType" not in tree:
        yield Breach("att-1", "Un contenu joint doit préciser son type (contentType).", "contentType")


def _extension(tree: Tree) -> Iterator[Breach]:
    has_value = any(name.startswith(("value", "_value")) for name in tree)
    if has_value == ("extension" in tree):
        yield Breach("ext-1", "Une extension porte soit une valeur, soit des extensions.")


def _quantity(tree: Tree) -> Iterator[Breach]:
    if "code" in tree and "system" not in tree:
        yield Breach("qty-3", "Une quantité codée doit préciser le système de son unité.", "system")


def _list(tree: Tree) -> Iterator[Breach]:
    if "emptyReason" in tree and "entry" in tree:
        yield Breach("lst-1", "Une liste qui a des entrées ne peut pas dire pourquoi elle est vide.", "emptyReason")


def _parameter(tree: Tree) -> Iterator[Breach]:
    held = [name for name in tree if name in ("resource", "part") or name.startswith("value")]
    if len(held) != 1:
        yield Breach("inv-1", "Un paramètre porte une valeur, une ressource ou des parties, et une seule.")


def _observation(tree: Tree) -> Iterator[Breach]:
    if "dataAbsentReason" in tree and any(name.startswith("value") for name in tree):
        yield Breach("obs-6", "Une observation qui a une valeur ne peut pas en dire l'absence.", "dataAbsentReason")


def _bundle(tree: Tree) -> Iterator[Breach]:
    kind = tree.get("type")
    entries = tree.get("entry")
    if "total" in tree and kind not in ("searchset", "history"):
        yield Breach("bdl-1", "Le total n'a de sens que pour une recherche ou un historique.", "total")
    if not isinstance(entries, list):
        return
    is_request = kind in ("batch", "transaction", "history")
    is_response = kind in ("batch-response", "transaction-response", "history")
    urls: set[tuple[object, object]] = set()
    for position, entry in enumerate(entries):
        if not isinstance(entry, dict):
            continue
        here = f"entry[{position}]"
        if "search" in entry and kind != "searchset":
            yield Breach("bdl-2", "Une entrée ne porte `search` que dans une recherche.", f"{here}.search")
        if ("request" in entry) != is_request:
            yield Breach("bdl-3", "Le type du lot et la présence de `request` se contredisent.", f"{here}.request")
        if ("response" in entry) != is_response:
            yield Breach("bdl-4", "Le type du lot et la présence de `response` se contredisent.", f"{here}.response")
        if not any(part in entry for part in ("resource", "request", "response")):
            yield Breach("bdl-5", "Une entrée porte une ressource, une requête ou une réponse.", here)
        url = entry.get("fullUrl")
        if isinstance(url, str):
            if "/_history/" in url:
                yield Breach("bdl-8", "`fullUrl` ne désigne pas une version.", f"{here}.fullUrl")
            version = _version(entry.get("resource"))
            if (url, version) in urls:
                yield Breach("bdl-7", "Deux entrées ont le même `fullUrl`.", f"{here}.fullUrl")
            urls.add((url, version))


def _version(resource: object) -> object:
    meta = resource.get("meta") if isinstance(resource, dict) else None
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return version if isinstance(version, str) else None


_RULES: Mapping[str, Callable[[Tree], Iterator[Breach]]] = {
    "Attachment": _attachment,
    "Bundle": _bundle,
    "ContactPoint": _contact_point,
    "Extension": _extension,
    "List": _list,
    "Observation": _observation,
    "ParametersParameter": _parameter,
    "PatientContact": _patient_contact,
    "Period": _period,
    "Quantity": _quantity,
}
