"""Headers and cross-site defences of every page (OWASP ASVS 5.0, 3.3 to 3.5)."""

from flask import Flask, Response, abort, g, request
from flask_wtf import CSRFProtect

from hub.config import Settings
from hub.web.context import request_id

csrf = CSRFProtect()
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action {forms}; frame-ancestors 'none'; base-uri 'none'"
)


def attach(app: Flask, settings: Settings) -> None:
    """Protect forms and set the headers of every answer."""
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    # The origin is checked by Sec-Fetch-Site below; a referrer is not sent to begin with.
    app.config["WTF_CSRF_SSL_STRICT"] = False
    csrf.init_app(app)

    @app.before_request
    def refuse_other_sites() -> None:
        if request.method in ("GET", "HEAD", "OPTIONS") or request.blueprint in ("fhir", "oauth"):
            return
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            abort(403)

    @app.after_request
    def set_headers(response: Response) -> Response:
        forms = " ".join(["'self'", *g.get("form_targets", ())])
        headers = response.headers
        headers["X-Request-Id"] = request_id()
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers.setdefault("Content-Security-Policy", _POLICY.format(forms=forms))
        if settings.is_secure:
            headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        if request.endpoint not in ("static", "bootstrap.static"):
            headers.setdefault("Cache-Control", "no-store")
        return response
