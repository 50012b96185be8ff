"""References between resources: their written form and the types they may aim at.

R4 "References between resources": relative, absolute, conditional, `urn:` and `#contained` forms.
"""

import re
from collections.abc import Iterator, Mapping

from fhir.elements import resource_model
from fhir.outcome import Issue, IssueKind

_ID = r"[A-Za-z0-9\-.]{1,64}"
_TYPED = re.compile(rf"(?P<base>https?://\S+/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>{_ID})(?:/_history/{_ID})?", re.ASCII)
_CONDITIONAL = re.compile(r"([A-Z][A-Za-z]+)\?\S+", re.ASCII)
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.\-]*:\S+", re.ASCII)


def split_reference(text: str) -> tuple[str | None, str, str] | None:
    """Return base (or `None`), type and id of a relative or absolute reference to a resource."""
    match = _TYPED.fullmatch(text)
    return (match["base"], match["type"], match["id"]) if match else None


def reference_issues(
    reference: Mapping[str, object], targets: frozenset[str], path: str, fragments: Mapping[str, str]
) -> Iterator[Issue]:
    """Check one Reference; `fragments` gives the type of each contained resource by its id."""
    stated = reference.get("type")
    if isinstance(stated, str) and not _may_aim_at(stated, targets):
        yield _wrong_target(targets, f"{path}.type")
    text = reference.get("reference")
    if not isinstance(text, str) or not text.strip():
        return
    here = f"{path}.reference"
    if text.startswith("#"):
        aimed = fragments.get(text[1:]) if text != "#" else None
        if text != "#" and aimed is None:
            yield Issue("error", IssueKind.INVARIANT, "La ressource contenue n'existe pas.", "ref-1", here)
    else:
        aimed = _aimed_type(text)
        if aimed is None and not _ABSOLUTE.fullmatch(text):
            yield Issue("error", IssueKind.VALUE, "La référence doit être écrite Type/id.", "reference-form", here)
        elif aimed is not None and resource_model(aimed) is None:
            is_foreign = text.startswith(("http:", "https:"))
            if not is_foreign:
                yield Issue("error", IssueKind.VALUE, "Ce type de ressource n'existe pas.", "reference-form", here)
            aimed = None
    if aimed is not None and not _may_aim_at(aimed, targets):
        yield _wrong_target(targets, here)


def _aimed_type(text: str) -> str | None:
    match = _TYPED.fullmatch(text)
    if match is not None:
        return match["type"]
    conditional = _CONDITIONAL.fullmatch(text)
    return conditional.group(1) if conditional else None


def _may_aim_at(name: str, targets: frozenset[str]) -> bool:
    return not targets or "Resource" in targets or name in targets


def _wrong_target(targets: frozenset[str], path: str) -> Issue:
    wanted = ", ".join(sorted(targets))
    return Issue("error", IssueKind.VALUE, f"Cette référence doit viser : {wanted}.", "reference-target", path)
