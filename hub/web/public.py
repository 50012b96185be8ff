"""The front door: three spaces, and who each is for; and the language of the pages."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from hub.web import languages
from hub.web.context import runtime, safe_path

blueprint = Blueprint("public", __name__)
_YEAR = 365 * 24 * 3600


@blueprint.get("/")
def home() -> str:
    """Show the way to the three spaces."""
    return render_template("home.html")


@blueprint.get("/langue/<any(fr, en):language>")
def language(language: str) -> Response:
    """Keep the language that the pages are read in, and go back to the page."""
    wanted = request.args.get("suite", "")
    # A browser drops a tab or a line break from an address: « /<tab>/elsewhere » would lead to another site.
    response = redirect(safe_path(wanted if wanted.isprintable() else None, url_for("public.home")))
    response.set_cookie(
        languages.COOKIE, language, max_age=_YEAR, httponly=True, samesite="Lax", secure=runtime().settings.is_secure
    )
    return response


@blueprint.app_template_global("this_page")
def _this_page() -> str:
    """Return the path of the page shown, or of the way in when the page only answers a form."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    try:
        current_app.create_url_adapter(request).match(request.path, method="GET")  # type: ignore[union-attr]
    except HTTPException:
        return url_for("public.home")
    return request.full_path.rstrip("?")
