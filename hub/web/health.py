"""Liveness, readiness and metrics (Prometheus), without personal data."""

import hmac

import sqlalchemy as sa
from flask import Blueprint, Response, abort, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, Histogram, generate_latest, multiprocess
from sqlalchemy.exc import SQLAlchemyError

from hub import db, schema
from hub.errors import Unavailable
from hub.outbox import queue
from hub.registry import worklist
from hub.web.context import runtime

blueprint = Blueprint("health", __name__)
REQUESTS = Histogram(
    "hub_request_seconds",
    "Time to answer a request, by method, route and status.",
    ("method", "route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


@blueprint.get("/health/live")
def live() -> Response:
    """Tell that the process answers."""
    return jsonify({"status": "ok"})


@blueprint.get("/health/ready")
def ready() -> tuple[Response, int]:
    """Tell whether the process can work: database reached, schema of this version, store answering."""
    problems = []
    try:
        with db.reading() as session:
            session.execute(sa.text("SELECT 1"))
            if schema.current(session.connection()) != schema.latest():
                problems.append("schema")
    except SQLAlchemyError:
        problems.append("database")
    try:
        runtime().store.check()
    except Unavailable:
        problems.append("store")
    status = {"status": "unavailable", "problems": problems} if problems else {"status": "ok"}
    return jsonify(status), 503 if problems else 200


@blueprint.get("/metrics")
def metrics() -> Response:
    """Return the metrics, to loopback or to the bearer of the configured token."""
    token = runtime().settings.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    # Behind a proxy of this host everybody comes from loopback.
    is_relayed = bool(runtime().settings.trusted_proxies) or "X-Forwarded-For" in request.headers
    local = request.remote_addr in ("127.0.0.1", "::1") and not is_relayed
    if not (hmac.compare_digest(given.encode(), token.encode()) if token else local):
        abort(404)
    registry = CollectorRegistry()
    jobs = Gauge("hub_outbox_jobs", "Jobs that are not done, by state.", ("state",), registry=registry)
    oldest = Gauge("hub_outbox_oldest_seconds", "Seconds since the oldest due job should run.", registry=registry)
    tasks = Gauge("hub_review_tasks_open", "Pairs of identities that wait for an officer.", registry=registry)
    with db.reading() as session:
        backlog = queue.backlog(session)
        tasks.set(worklist.count_open(session))
    for state in ("ready", "leased", "dead"):
        jobs.labels(state).set(backlog.by_state.get(state, 0))
    oldest.set(backlog.oldest_due_seconds)
    return Response(generate_latest(registry) + _request_metrics(), content_type=CONTENT_TYPE_LATEST)


def _request_metrics() -> bytes:
    registry = CollectorRegistry()
    try:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    except ValueError:
        # One process: its own figures are all there is.
        registry.register(REQUESTS)
    return generate_latest(registry)
