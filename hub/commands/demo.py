"""`hub demo`: a whole region to play with, in one command."""

import base64
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

import click
import httpx2 as httpx

from hub import db, logs, schema
from hub.app import create_app
from hub.commands.shared import told
from hub.commands.terminal import progress, stop
from hub.config import Environment, from_mapping, inherited, process_environment
from hub.counting import counted
from hub.db import database
from hub.demonstration import insi_people, mailbox, region
from hub.demonstration.mailbox import DemoLogin
from hub.directory import organizations
from hub.errors import Unavailable
from hub.oidc import clients, keys
from hub.registry import reindex

READY = "demonstration.json"
LOCK = "demonstration.lock"


@click.command("demo")
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".demo"),
    show_default=True,
    help="Where the demonstration lives.",
)
@click.option("--port", default=8000, show_default=True, help="Port of the hub; the next free one if it is taken.")
@click.option("--persons", default=2000, show_default=True, help="Size of the region.")
@click.option("--seed", default=2026, show_default=True, help="Seed of the generator.")
@click.option("--fresh", is_flag=True, help="Throw the former demonstration away.")
@told
def demo(folder: Path, port: int, persons: int, seed: int, fresh: bool) -> None:
    """Build a region of invented people, start web, worker, mailbox and its own INSi, and say where to look.

    Stop with Ctrl-C; the same command starts it again as it was.
    """  # fmt: skip
    if process_environment("HUB_ENV") == Environment.PRODUCTION.value:
        stop("La démonstration ne tourne pas avec HUB_ENV=production.")
    began = time.monotonic()
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder):
        if fresh:
            _empty(folder)
        if (folder / "settings.json").exists() and not (folder / READY).exists():
            click.echo("La construction précédente s'était arrêtée : je recommence.")
            _empty(folder)
        _run(folder, port, persons, seed, began)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder, until this process ends at the latest; end the command when another one holds it."""
    with (folder / LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stop(
                f"Une démonstration tourne déjà dans {folder} : arrêtez-la d'abord (Ctrl-C là où elle a démarré), ou "
                "donnez un autre dossier avec --dir."
            )
        yield


def _empty(folder: Path) -> None:
    """Remove all that the folder holds, except what keeps others out."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()


def _run(folder: Path, port: int, persons: int, seed: int, began: float) -> None:
    variables = _settings(folder, port)
    settings = from_mapping(variables)
    app = create_app(settings)
    logs.configure("error")
    children: list[subprocess.Popen[bytes]] = []
    try:
        with app.app_context():
            if (folder / READY).exists():
                logins = [DemoLogin(**item) for item in json.loads((folder / READY).read_text(encoding="utf-8"))]
                bring_up_to_date()
                with db.transaction() as session:
                    clients.ensure_portal(session, settings.public_url)
                children.append(_start(folder, variables, "serve", *_serve_options(settings.public_url)))
                _wait(settings.public_url, children[0], folder)
            else:
                logins = _build(folder, variables, persons, seed, children)
            database.session.remove()
            database.engine.dispose()
        children.append(_start(folder, variables, "worker", "--concurrency", "2"))
        ports = json.loads((folder / "settings.json").read_text(encoding="utf-8"))["ports"]
        children.append(_start_insi(folder, variables, settings.data_dir, ports["insi"]))
        _wait_for_insi(ports["insi"], children[-1], folder)
        running = mailbox.start(ports["smtp"], ports["page"], logins, settings.public_url)
        (folder / READY).write_text(json.dumps([asdict(item) for item in logins]), encoding="utf-8")
        addresses = Addresses(settings.public_url, f"http://127.0.0.1:{ports['page']}", variables["HUB_INSI_URL"])
        _tell(addresses, logins, time.monotonic() - began)
        _until_stopped(children)
        running.stop()
    finally:
        _end(children)


def _settings(folder: Path, port: int) -> dict[str, str]:
    path = folder / "settings.json"
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        variables: dict[str, str] = kept["variables"]
        ports = kept["ports"]
    else:
        variables = {
            "HUB_ENV": "demonstration",
            "HUB_SECRET_KEY": secrets.token_urlsafe(48),
            "HUB_PEPPER": secrets.token_urlsafe(48),
            "HUB_ENCRYPTION_KEYS": "demo:" + base64.b64encode(secrets.token_bytes(32)).decode(),
            "HUB_DATABASE_URL": f"sqlite:///{folder}/hub.sqlite3",
            "HUB_STORE_URL": f"file://{folder}/documents",
            "HUB_SMS_GATEWAY": "demonstration",
            "HUB_REGION_NAME": "Région Haute-Allière",
            "HUB_SUPPORT": "01 99 00 12 34",
            "HUB_MAIL_FROM": "ne-pas-repondre@haute-alliere.example",
            "HUB_MSSANTE_FROM": "hub@haute-alliere.mssante.example",
            "HUB_POLL_SECONDS": "0.2",
        }
        ports = {}
    ports = choose_ports(ports, port)
    variables["HUB_PUBLIC_URL"] = f"http://127.0.0.1:{ports['web']}"
    variables["HUB_INSI_URL"] = f"http://127.0.0.1:{ports['insi']}/lps"
    variables["HUB_SMTP_URL"] = variables["HUB_MSSANTE_SMTP_URL"] = f"smtp://127.0.0.1:{ports['smtp']}"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        json.dump({"variables": variables, "ports": ports}, stream)
    return variables


def choose_ports(kept: Mapping[str, int], web: int) -> dict[str, int]:
    """Return free ports, those kept where they still are; no two are the same, whatever was kept."""
    ports = {"web": _free(kept.get("web", web))}
    ports["smtp"] = _free(kept.get("smtp", 8025), ports.values())
    ports["page"] = _free(kept.get("page", ports["smtp"] + 1), ports.values())
    ports["insi"] = _free(kept.get("insi", ports["page"] + 1), ports.values())
    return ports


def _free(port: int, taken: Collection[int] = ()) -> int:
    for candidate in range(port, port + 50):
        if candidate not in taken and _is_free(candidate):
            return candidate
    raise Unavailable(f"Aucun port libre à partir de {port} : choisissez-en un avec --port.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def bring_up_to_date() -> None:
    """Bring a region that an earlier version built to this one: its tables, and its index when the keys changed."""
    schema.upgrade(database.engine)
    if reindex.is_needed():
        with progress(reindex.count(), "identités", "Index") as bar:
            reindex.rebuild(lambda done: bar.update(done - bar.n))


def _build(
    folder: Path, variables: dict[str, str], persons: int, seed: int, children: list["subprocess.Popen[bytes]"]
) -> list[DemoLogin]:
    app_parts = create_app(from_mapping(variables)).extensions["hub"]
    click.echo(f"Une région de {counted(persons, 'personne inventée', 'personnes inventées')}…")
    schema.upgrade(database.engine)
    with db.transaction() as session:
        keys.ensure(session, app_parts.vault)
        clients.ensure_portal(session, app_parts.settings.public_url)
    files = folder / "region"
    region.generate(app_parts.settings.data_dir, files, persons, seed)
    region.register_directory(files, app_parts)
    logins = region.register_staff(app_parts)
    feeds = region.register_feeds(files)
    with db.reading() as session:
        structures = organizations.all_with_domain(session)
    database.session.remove()
    children.append(_start(folder, variables, "serve", *_serve_options(app_parts.settings.public_url)))
    _wait(app_parts.settings.public_url, children[0], folder)
    for feed in feeds:
        total = region.count_lines(files, feed.structure)
        with progress(total, "patients", f"FHIR    {feed.structure:<15}") as bar:
            region.feed_over_fhir(feed, files, structures[feed.structure], app_parts, bar.update)
    for code in sorted(set(structures) - {feed.structure for feed in feeds}):
        if not region.count_lines(files, code):
            continue
        command = [sys.executable, "-m", "hub", "identities", "load", str(files / f"identities-{code}.csv")]
        click.echo(f"Fichier {code}")
        subprocess.run(command, check=True, env=inherited(variables))  # noqa: S603
    return logins


def _serve_options(public_url: str) -> list[str]:
    return ["--port", public_url.rpartition(":")[2], "--workers", "1"]


def _start(folder: Path, variables: dict[str, str], *arguments: str) -> "subprocess.Popen[bytes]":
    with (folder / f"{arguments[0]}.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "hub", *arguments], env=inherited(variables), stdout=log, stderr=log
        )


def _start_insi(folder: Path, variables: dict[str, str], data_dir: Path, port: int) -> "subprocess.Popen[bytes]":
    """Start the stub of INSi about the region's people; a demonstration made before there was one gets them too."""
    people = folder / "insi.csv"
    if not people.exists():
        insi_people.write_people(folder / "region", data_dir / "demonstration" / "insi.csv", people)
    return _start(folder, variables, "insi", "stub", "--people", str(people), "--port", str(port))


def _wait_for_insi(port: int, child: "subprocess.Popen[bytes]", folder: Path) -> None:
    for _ in range(300):
        if child.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    stop(f"Le téléservice INSi de la démonstration n'a pas démarré : voyez {folder}/insi.log.")


def _wait(public_url: str, child: "subprocess.Popen[bytes]", folder: Path) -> None:
    for _ in range(300):
        if child.poll() is not None:
            break
        try:
            if httpx.get(f"{public_url}/health/ready", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    stop(f"Le serveur n'a pas démarré : voyez {folder}/serve.log.")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where to look, and where the hub asks for INS."""

    hub: str
    mailbox: str
    insi: str


def _tell(addresses: Addresses, logins: list[DemoLogin], seconds: float) -> None:
    click.secho(f"\nLa démonstration est prête ({seconds:.0f} s).\n", fg="green", bold=True)
    click.echo(f"  Le hub                    {addresses.hub}")
    click.echo(f"  Courriels, SMS et codes   {addresses.mailbox}")
    click.echo(f"  INSi (joué, INS de test)  {addresses.insi}\n")
    for item in logins:
        click.echo(f"  {item.who}\n      {item.url}\n      {item.login} / {item.password}")
    click.echo("\nLes codes d'authentification s'affichent dans la boîte. Arrêter : Ctrl-C.")
    sys.stdout.flush()


def _until_stopped(children: list["subprocess.Popen[bytes]"]) -> None:
    stopping = []

    def end(number: int, frame: FrameType | None) -> None:
        stopping.append(number)

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    while not stopping:
        if any(child.poll() is not None for child in children):
            stop("Un des processus s'est arrêté : voyez les fichiers .log de la démonstration.")
        time.sleep(0.3)


def _end(children: list["subprocess.Popen[bytes]"]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
