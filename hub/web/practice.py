"""The practice's pages (M1 to M4, M8 to M10, L9 to L11): home here, one module for each other group of pages."""

from flask import render_template

from hub import db
from hub.audit.trail import Entry
from hub.routing import sendings
from hub.web import (
    practice_accounts,
    practice_corrections,
    practice_creation,
    practice_deaths,
    practice_identification,
    practice_identity_status,
    practice_insi,
    practice_patients,
    practice_preparing,
    practice_quality,
    practice_sendings,
    practice_upload,
)
from hub.web.context import current_staff, runtime
from hub.web.practice_space import blueprint, practice_only, structure_id

__all__ = [
    "blueprint",
    "practice_accounts",
    "practice_corrections",
    "practice_creation",
    "practice_deaths",
    "practice_identification",
    "practice_identity_status",
    "practice_insi",
    "practice_patients",
    "practice_preparing",
    "practice_quality",
    "practice_sendings",
    "practice_upload",
]
_LATEST = 5


@blueprint.get("/")
@practice_only
def home() -> str:
    """Show what to go on with, and how the last sendings fare; failures first."""
    with db.transaction() as session:
        drafts = sendings.drafts(session, structure_id(), current_staff().member.id)
        failed = sendings.sent(session, structure_id(), 1, failed_only=True)
        recent = sendings.sent(session, structure_id(), 1)
        entry = Entry(current_staff().actor, "sending.list", None, {"results": len(recent)})
        runtime().trail.record(session, entry)
    others = [item for item in recent if not item.has_failure]
    return render_template("practice/home.html", drafts=drafts, latest=[*failed, *others][:_LATEST])
