"""What was sent and how far each delivery came (L9); send again what failed (L10)."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hub import db
from hub.accounts import staff
from hub.audit.trail import Entry, Subject
from hub.routing import sendings
from hub.web.context import current_staff, runtime
from hub.web.practice_space import blueprint, practice_only, structure_id


@blueprint.get("/envois")
@practice_only
def sent() -> str:
    """List the structure's sendings, latest first."""
    page = max(1, min(request.args.get("page", 1, type=int), 100_000))
    failed_only = request.args.get("echecs") == "oui"
    with db.transaction() as session:
        items = sendings.sent(session, structure_id(), page, failed_only=failed_only)
        entry = Entry(current_staff().actor, "sending.list", None, {"results": len(items)})
        runtime().trail.record(session, entry)
    return render_template(
        "practice/sent.html",
        items=items,
        page=page,
        failed_only=failed_only,
        has_more=len(items) == sendings.PAGE,
    )


@blueprint.get("/envois/<int:sending_id>")
@practice_only
def sent_one(sending_id: int) -> str:
    """Show one sending with each delivery."""
    with db.transaction() as session:
        item = sendings.sent_one(session, sending_id, structure_id())
        sender = staff.names(session, {item.staff_id}).get(item.staff_id, "")
        entry = Entry(current_staff().actor, "sending.read", Subject("sending", item.id))
        runtime().trail.record(session, entry)
    code = item.document.type_code
    kind = runtime().types.get(code) if code else None
    return render_template("practice/sent_one.html", item=item, sender=sender, type=kind)


@blueprint.post("/envois/<int:sending_id>/remises/<int:delivery_id>/renvoyer")
@practice_only
def send_again(sending_id: int, delivery_id: int) -> Response:
    """Queue a failed delivery anew."""
    with db.transaction() as session:
        sendings.send_again(session, delivery_id, structure_id(), runtime().trail, current_staff().actor)
    flash(_("La remise est de nouveau en cours."), "success")
    return redirect(url_for("practice.sent_one", sending_id=sending_id))
