"""The Bundle of a search result.

R4 search, IHE PDQm ITI-78: total, self and next links, absolute full URLs. An empty result has no `entry`.
"""

from collections.abc import Mapping, Sequence


def render_searchset(
    total: int,
    entries: Sequence[tuple[str, Mapping[str, object]]],
    self_url: str,
    next_url: str | None,
    outcome: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Write a searchset; an OperationOutcome goes last, and does not count in the total."""
    links = [{"relation": "self", "url": self_url}]
    if next_url is not None:
        links.append({"relation": "next", "url": next_url})
    rendered: list[dict[str, object]] = [
        {"fullUrl": url, "resource": resource, "search": {"mode": "match"}} for url, resource in entries
    ]
    if outcome is not None:
        rendered.append({"resource": outcome, "search": {"mode": "outcome"}})
    bundle: dict[str, object] = {"resourceType": "Bundle", "type": "searchset", "total": total, "link": links}
    if rendered:
        bundle["entry"] = rendered
    return bundle
