"""The job loop: claim, do, tell. Survives being killed at any point: the lease runs out and another takes the job."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from hub import db, housekeeping
from hub.errors import HubError
from hub.insi import jobs as insi
from hub.outbox import queue
from hub.outbox.queue import Job
from hub.routing import delivery
from hub.routing.channels.errors import Refused
from hub.routing.delivery import Completion
from hub.runtime import Runtime
from hub.vigilance import letters, trends

log = structlog.get_logger()
_QUALITY = {trends.KIND: trends.measure_day, letters.KIND: letters.write_month}
HANDLERS = {**delivery.HANDLERS, housekeeping.KIND: housekeeping.sweep, **_QUALITY}
_HOUR = 3600.0


def run(app: Flask, runtime: Runtime, concurrency: int, stop: threading.Event) -> None:
    """Work until `stop` is set, with several threads; each has its own database session."""
    threads = [
        threading.Thread(target=_loop, args=(app, runtime, stop), name=f"worker-{number}", daemon=True)
        for number in range(concurrency)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _loop(app: Flask, runtime: Runtime, stop: threading.Event) -> None:
    proposed = float("-inf")
    while not stop.is_set():
        try:
            with app.app_context():
                if time.monotonic() - proposed >= _HOUR:
                    _propose(runtime)
                    proposed = time.monotonic()
                worked = work_once(runtime)
        except SQLAlchemyError as err:
            # The database restarts or is out of reach: nothing is lost, the lease brings the job back.
            log.warning("worker.database_unavailable", error=type(err).__name__)
            worked = False
        if not worked:
            stop.wait(runtime.settings.poll_seconds)


def _propose(runtime: Runtime) -> None:
    with db.transaction() as session:
        housekeeping.propose(session)
        trends.propose(session)
        letters.propose(session)
        insi.propose_night(session, runtime.settings)


def work_once(runtime: Runtime) -> bool:
    """Do one job if one is due; tell whether there was one."""
    with db.transaction() as session:
        jobs = queue.claim(session, timedelta(seconds=runtime.settings.lease_seconds))
    if not jobs:
        return False
    perform(jobs[0], runtime)
    return True


def perform(job: Job, runtime: Runtime) -> None:
    """Do a claimed job and tell its outcome in one transaction with its end."""
    work = _work_of(job, runtime)
    if work is None:
        _fail(job, runtime, "Travail inconnu de cette version.", final=True)
        return
    try:
        complete = work()
    except Refused as err:
        _fail(job, runtime, err.message, final=True)
        return
    except HubError as err:
        _fail(job, runtime, err.message, final=False)
        return
    except SQLAlchemyError:
        raise
    except Exception as err:
        log.exception("worker.job_crashed", job=job.id, kind=job.kind, error=type(err).__name__)
        _fail(job, runtime, "Erreur interne ; l'équipe technique est prévenue.", final=False)
        return
    with db.transaction() as session:
        # Another worker may hold the job by now: then it tells the outcome, not this one.
        if queue.finish(session, job):
            complete(session)
    log.info("worker.job_done", job=job.id, kind=job.kind, attempts=job.attempts)


def _work_of(job: Job, runtime: Runtime) -> Callable[[], Completion] | None:
    """Return what does a job, with what it needs; None for a kind that this version does not know."""
    if job.kind in HANDLERS:
        return partial(HANDLERS[job.kind], job, runtime.way_out)
    if job.kind in insi.HANDLERS:
        return partial(insi.HANDLERS[job.kind], job, runtime.desk, runtime.settings)
    return None


def _fail(job: Job, runtime: Runtime, reason: str, *, final: bool) -> None:
    with db.transaction() as session:
        if final:
            if queue.bury(session, job, reason):
                delivery.tell_failure(session, job, reason, runtime.trail)
        else:
            next_try = queue.retry(session, job, reason)
            if next_try is None:
                delivery.tell_failure(session, job, reason, runtime.trail)
            else:
                delivery.tell_retry(session, job, reason, next_try)
    log.warning("worker.job_failed", job=job.id, kind=job.kind, attempts=job.attempts, final=final)
