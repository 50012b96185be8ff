"""Issues, the exception of this package and the OperationOutcome that tells them to a caller.

R4 OperationOutcome, value set issue-type. Texts are French, and quote neither a trait nor a matricule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from fhir import systems

Severity = Literal["fatal", "error", "warning", "information"]


class IssueKind(StrEnum):
    """R4 issue-type codes that the hub uses."""

    INVALID = "invalid"
    STRUCTURE = "structure"
    REQUIRED = "required"
    VALUE = "value"
    INVARIANT = "invariant"
    SECURITY = "security"
    LOGIN = "login"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    FORBIDDEN = "forbidden"
    SUPPRESSED = "suppressed"
    PROCESSING = "processing"
    NOT_SUPPORTED = "not-supported"
    DUPLICATE = "duplicate"
    MULTIPLE_MATCHES = "multiple-matches"
    NOT_FOUND = "not-found"
    DELETED = "deleted"
    TOO_LONG = "too-long"
    CODE_INVALID = "code-invalid"
    EXTENSION = "extension"
    TOO_COSTLY = "too-costly"
    BUSINESS_RULE = "business-rule"
    CONFLICT = "conflict"
    TRANSIENT = "transient"
    LOCK_ERROR = "lock-error"
    NO_STORE = "no-store"
    EXCEPTION = "exception"
    TIMEOUT = "timeout"
    INCOMPLETE = "incomplete"
    THROTTLED = "throttled"
    INFORMATIONAL = "informational"


@dataclass(frozen=True, slots=True)
class Issue:
    """One remark on a request. `key` is the stable name of the rule, `expression` a FHIRPath to the element."""

    severity: Severity
    kind: IssueKind
    text: str
    key: str | None = None
    expression: str | None = None


class FhirError(Exception):
    """A request that FHIR lets the hub refuse: the HTTP status to answer and why."""

    def __init__(self, status: int, issues: Sequence[Issue]) -> None:
        super().__init__(f"{status} " + ", ".join(issue.key or issue.kind for issue in issues))
        self.status = status
        self.issues = tuple(issues)


def refusal(
    status: int, kind: IssueKind, text: str, *, key: str | None = None, expression: str | None = None
) -> FhirError:
    """Build the error that carries one issue of severity error."""
    return FhirError(status, (Issue("error", kind, text, key, expression),))


def render_outcome(issues: Sequence[Issue]) -> dict[str, object]:
    """Write an OperationOutcome; an empty sequence says that all went well."""
    told = issues or (Issue("information", IssueKind.INFORMATIONAL, "Aucune anomalie."),)
    return {"resourceType": "OperationOutcome", "issue": [_render_issue(issue) for issue in told]}


def _render_issue(issue: Issue) -> dict[str, object]:
    details: dict[str, object] = {}
    if issue.key is not None:
        details["coding"] = [{"system": systems.HUB_TEXT_KEY, "code": issue.key}]
    details["text"] = issue.text
    rendered: dict[str, object] = {
        "severity": issue.severity,
        "code": issue.kind.value,
        "details": details,
    }
    if issue.expression is not None:
        rendered["expression"] = [issue.expression]
    return rendered
