"""Errors to HTTP: an OperationOutcome for software, a page for people. The only place that knows status codes."""

from collections.abc import Sequence

import structlog
from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_babel import force_locale, lazy_gettext
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from fhir.outcome import FhirError, Issue, IssueKind, render_outcome
from hub.encryption import DecryptionError
from hub.errors import Conflict, Forbidden, HubError, Invalid, NotFound, TooMany, Unavailable

log = structlog.get_logger()
_STATUSES: tuple[tuple[type[HubError], int, IssueKind], ...] = (
    (NotFound, 404, IssueKind.NOT_FOUND),
    (Forbidden, 403, IssueKind.FORBIDDEN),
    (Conflict, 409, IssueKind.CONFLICT),
    (Invalid, 422, IssueKind.BUSINESS_RULE),
    (TooMany, 429, IssueKind.THROTTLED),
    (Unavailable, 503, IssueKind.TRANSIENT),
    (DecryptionError, 500, IssueKind.EXCEPTION),
)
_TITLES = {
    400: lazy_gettext("Demande incomprise"),
    403: lazy_gettext("Accès refusé"),
    404: lazy_gettext("Page introuvable"),
    405: lazy_gettext("Action impossible ici"),
    409: lazy_gettext("Action impossible maintenant"),
    410: lazy_gettext("Lien expiré"),
    413: lazy_gettext("Fichier trop lourd"),
    422: lazy_gettext("Information à corriger"),
    429: lazy_gettext("Trop d'essais"),
    500: lazy_gettext("Erreur interne"),
    503: lazy_gettext("Service momentanément indisponible"),
}
_TEXTS = {
    400: lazy_gettext("La demande n'a pas pu être lue. Revenez à la page précédente et recommencez."),
    403: lazy_gettext("Vous n'avez pas le droit de faire cela."),
    404: lazy_gettext("Cette page n'existe pas ou n'existe plus."),
    405: lazy_gettext("Cette action n'est pas possible à cette adresse."),
    413: lazy_gettext("Ce fichier dépasse 50 Mo : réduisez-le ou envoyez-le en plusieurs fois."),
    500: lazy_gettext(
        "Une erreur est survenue de notre côté ; rien n'a été enregistré à moitié. Réessayez, puis appelez-nous."
    ),
    503: lazy_gettext("Le service redémarre ou est très occupé. Rien n'est perdu : réessayez dans un instant."),
}
_KINDS = {
    401: IssueKind.LOGIN,
    403: IssueKind.FORBIDDEN,
    404: IssueKind.NOT_FOUND,
    405: IssueKind.NOT_SUPPORTED,
    406: IssueKind.NOT_SUPPORTED,
    413: IssueKind.TOO_LONG,
    415: IssueKind.NOT_SUPPORTED,
    429: IssueKind.THROTTLED,
    503: IssueKind.TRANSIENT,
}


def attach(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(FhirError, _fhir)
    app.register_error_handler(HubError, _hub)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(PoolTimeout, _database)
    app.register_error_handler(DBAPIError, _dbapi)
    app.register_error_handler(DataError, _unstorable)
    app.register_error_handler(OverflowError, _overflow)
    app.register_error_handler(Exception, _unexpected)


def outcome(status: int, issues: Sequence[Issue]) -> Response:
    """Return an OperationOutcome with a status."""
    response = jsonify(render_outcome(issues))
    response.status_code = status
    response.content_type = "application/fhir+json"
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="hub"'
    return response


def page(status: int, message: str | None = None, title: str | None = None) -> Response:
    """Return a page that says what happened and what to do."""
    text = message or _text(status)
    heading = title or str(_TITLES.get(status) or _("La demande n'a pas abouti"))
    return make_response(render_template("error.html", status=status, title=heading, message=text), status)


def _text(status: int) -> str:
    return str(_TEXTS.get(status) or _("La demande n'a pas abouti."))


def _for_software() -> bool:
    return request.path.startswith("/fhir")


def _answer(status: int, kind: IssueKind, message: str | None) -> Response:
    if _for_software():
        with force_locale("fr"):
            return outcome(status, [Issue("error", kind, message or _text(status))])
    if request.path.startswith("/oauth/"):
        response = jsonify({"error": "temporarily_unavailable" if status == 503 else "invalid_request"})
        response.status_code = status
        return response
    return page(status, message)


def _fhir(error: FhirError) -> Response:
    return outcome(error.status, error.issues)


def _hub(error: HubError) -> Response:
    for kind, status, code in _STATUSES:
        if isinstance(error, kind):
            response = _answer(status, code, error.message)
            if isinstance(error, TooMany):
                response.headers["Retry-After"] = str(error.retry_after)
            if status == 503:
                response.headers["Retry-After"] = "5"
            return response
    return _unexpected(error)


def _csrf(error: CSRFError) -> Response:
    return page(
        400,
        _(
            "Cette page était ouverte depuis trop longtemps, ou les cookies sont bloqués. "
            "Revenez en arrière, rechargez la page et recommencez : votre brouillon est gardé."
        ),
        _("Page périmée"),
    )


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return error.get_response()  # type: ignore[return-value]
    response = _answer(status, _KINDS.get(status, IssueKind.INVALID), None)
    if status == 405:
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return response


def _database(error: Exception) -> Response:
    log.warning("request.database_unavailable", error=type(error).__name__)
    response = _answer(503, IssueKind.TRANSIENT, None)
    response.headers["Retry-After"] = "5"
    return response


def _dbapi(error: DBAPIError) -> Response:
    if error.connection_invalidated or "AdminShutdown" in type(error.orig).__name__:
        return _database(error)
    return _unexpected(error)


def _unstorable(error: DataError) -> Response:
    # A number beyond 64 bits names nothing; text with a NUL character (PostgreSQL) is nobody's typing.
    if "NumericValueOutOfRange" in type(error.orig).__name__:
        return _answer(404, IssueKind.NOT_FOUND, None)
    return _answer(400, IssueKind.INVALID, None)


def _overflow(error: OverflowError) -> Response:
    # SQLite's driver says it in its own way.
    return _answer(404, IssueKind.NOT_FOUND, None) if "SQLite" in str(error) else _unexpected(error)


def _unexpected(error: Exception) -> Response:
    # The type only: a message may hold what a patient's record holds.
    log.error("request.failed", error=type(error).__name__, path=request.endpoint, exc_info=_frames_only(error))
    return _answer(500, IssueKind.EXCEPTION, None)


def _frames_only(error: Exception) -> str:
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return " < ".join(reversed(frames))
