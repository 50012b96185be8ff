"""Run the web server and the worker."""

import signal
import tempfile
import threading
from types import FrameType

import click
import structlog

from hub import worker as worker_loop
from hub.commands.shared import application, told
from hub.config import export

log = structlog.get_logger()


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--workers", default=2, show_default=True, help="Processes.")
@click.option("--threads", default=8, show_default=True, help="Requests that one process serves at once.")
@told
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Serve the web application (Granian). Put a TLS proxy in front in production."""
    from granian import Granian
    from granian.constants import Interfaces

    with application():
        pass
    if workers > 1:
        export({"PROMETHEUS_MULTIPROC_DIR": tempfile.mkdtemp(prefix="hub-metrics-")})
    click.echo(f"http://{host}:{port}")
    Granian(
        "hub.app:create",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=workers,
        blocking_threads=threads,
        respawn_failed_workers=True,
        log_access=False,
        websockets=False,
    ).serve()


@click.command("worker")
@click.option("--concurrency", default=4, show_default=True, help="Jobs done at once.")
@told
def worker(concurrency: int) -> None:
    """Do the jobs that follow requests: e-mails, SMS, deliveries. Several may run; stop with Ctrl-C."""
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    with application() as (app, parts):
        log.info("worker.started", count=concurrency)
        worker_loop.run(app, parts, concurrency, stop)
        log.info("worker.stopped")
