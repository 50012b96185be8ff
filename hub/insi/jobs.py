"""The worker's part: questions that nobody could wait for, and the verifications of the night.

Each job may run twice: a question that was answered is not asked again, and a night is proposed once.
"""

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import SYSTEM
from hub.config import Settings
from hub.errors import Invalid, Unavailable
from hub.insi import calls, verification
from hub.insi.calls import Desk
from hub.insi.teleservice import FAILURE_LABELS, Failure
from hub.insi.verification import Scope
from hub.outbox import queue
from hub.outbox.queue import Job

NIGHTLY = "insi.nightly"
Completion = Callable[[Session], None]
_PARIS = ZoneInfo("Europe/Paris")
_NIGHT = range(1, 6)
# A night's questions do not come all at once.
_SPREAD = timedelta(seconds=20)
log = structlog.get_logger()


def put_call(job: Job, desk: Desk, settings: Settings) -> Completion:
    """Ask a question that still waits; raise `Unavailable` to have it asked later."""
    call_id = int(job.payload["call_id"])
    with db.transaction() as session:
        question = calls.question_of(session, call_id)
    if question is None:
        return _nothing
    answer = calls.put(question, desk)
    if answer.code is None:
        if job.attempts >= queue.MOST_ATTEMPTS:
            return lambda session: calls.give_up(session, call_id)
        with db.transaction() as session:
            calls.keep(session, question, answer, desk)
        raise Unavailable(FAILURE_LABELS[answer.failure or Failure.UNREACHABLE])
    return lambda session: calls.keep(session, question, answer, desk)


def _nothing(session: Session) -> None:
    return None


def propose_night(session: Session, settings: Settings) -> bool:
    """Enqueue this night's verifications unless another worker did; tell whether they were enqueued."""
    local = db.now(session).astimezone(_PARIS)
    if settings.insi_url is None or not settings.insi_verify_nightly or local.hour not in _NIGHT:
        return False
    return queue.enqueue(session, NIGHTLY, {}, dedupe_key=f"{NIGHTLY}:{local:%Y-%m-%d}")


def verify_some(job: Job, desk: Desk, settings: Settings) -> Completion:
    """Write the questions of a night: the INS that nobody has confirmed for years, the first known first."""
    with db.reading() as session:
        before = db.now(session) - timedelta(days=settings.insi_verify_days)
    asked = 0
    for identity_id in verification.each(Scope(before, held_since=before)):
        if asked >= settings.insi_verify_nightly:
            break
        try:
            with db.transaction() as session:
                calls.open_call(session, identity_id, desk, SYSTEM, delay=asked * _SPREAD)
            asked += 1
        except Invalid:
            # INSi cannot be asked with these traits: somebody completes them first.
            log.info("insi.not_asked", identity=identity_id)
    log.info("insi.night", count=asked)
    return _nothing


HANDLERS: dict[str, Callable[[Job, Desk, Settings], Completion]] = {calls.JOB: put_call, NIGHTLY: verify_some}
