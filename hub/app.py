"""The web application: `create_app(settings)`, and `create()` for WSGI servers."""

import gc
import time

import structlog
from flask import Flask, Response, g, request
from flask_babel import get_locale
from flask_bootstrap import Bootstrap5
from werkzeug.middleware.proxy_fix import ProxyFix

from hub import db, logs, runtime
from hub.config import Environment, Settings, read_environment
from hub.oidc.provider import Provider
from hub.web import (
    agency,
    agency_quality,
    errors,
    fhir_api,
    formats,
    health,
    languages,
    oauth,
    portal,
    practice,
    provider_pages,
    public,
    security,
    typography,
)
from hub.web.context import request_id
from hub.web.health import REQUESTS

log = structlog.get_logger()


def create() -> Flask:
    """Make the application from the process environment (`granian hub.app:create --factory`)."""
    return create_app(read_environment())


def create_app(settings: Settings) -> Flask:
    """Make the application; raise `SettingsError` when its settings cannot work."""
    # What a request or a batch makes dies as it ends: looking for cycles at every 700th cost a third of a load.
    gc.set_threshold(20_000, 20, 20)
    logs.configure(settings.log_level)
    app = Flask("hub", root_path=None, template_folder="web/templates", static_folder="web/static")
    app.config["SECRET_KEY"] = settings.secret_key
    app.config["MAX_CONTENT_LENGTH"] = settings.upload_limit + 1_000_000
    app.config["MAX_FORM_MEMORY_SIZE"] = 1_000_000
    app.config["SESSION_COOKIE_NAME"] = "__Host-hub_form" if settings.is_secure else "hub_form"
    app.config["SESSION_COOKIE_SECURE"] = settings.is_secure
    app.config["SESSION_COOKIE_HTTPONLY"] = True
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    app.config["BOOTSTRAP_SERVE_LOCAL"] = True
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    db.attach(app, settings)
    parts = runtime.build(settings)
    app.extensions["hub"] = parts
    provider = Provider(settings, parts.vault)
    provider.attach(app)
    app.extensions["hub_provider"] = provider
    languages.attach(app)
    Bootstrap5(app)
    formats.attach(app)
    agency_quality.attach(app)
    typography.attach(app)
    security.attach(app, settings)
    errors.attach(app)
    _observe(app)
    for module in (public, practice, agency, portal, provider_pages, oauth, fhir_api, health):
        app.register_blueprint(module.blueprint)
    for blueprint in (fhir_api.blueprint, oauth.blueprint):
        security.csrf.exempt(blueprint)

    @app.context_processor
    def page_values() -> dict[str, object]:
        return {
            "get_locale": get_locale,
            "region_name": settings.region_name,
            "support": settings.support,
            "demonstration": settings.env is Environment.DEMONSTRATION,
        }

    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    return app


def _observe(app: Flask) -> None:
    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def tell(response: Response) -> Response:
        # The rule, never the path: a path may hold a token.
        route = request.url_rule.rule if request.url_rule else "inconnue"
        duration = time.perf_counter() - g.get("began", time.perf_counter())
        REQUESTS.labels(request.method, route, str(response.status_code)).observe(duration)
        log.info(
            "request.done",
            method=request.method,
            route=route,
            status=response.status_code,
            duration_ms=round(duration * 1000, 1),
            request_id=request_id(),
        )
        return response
