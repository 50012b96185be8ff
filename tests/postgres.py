"""A private PostgreSQL server for tests: on a free port, as an unprivileged user, gone at the end."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

# The newest PostgreSQL of the machine; `make test` installs one where there is none.
_BINARIES = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/bin"))
_ACCOUNT = "nobody"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `url` lacks the name of a database."""

    folder: Path
    port: int
    durable: bool = False

    @property
    def url(self) -> str:
        """The address of its databases, without the name of one."""
        return f"postgresql+psycopg://hub@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it answers."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=60"
        options += "" if self.durable else " -c fsync=off"
        self._control("-l", str(self.folder / "log"), "-o", options, "-w", "start")

    def stop(self) -> None:
        """Stop at once, as a crash would."""
        self._control("-m", "immediate", "stop")

    def execute(self, statement: str) -> None:
        """Run a statement on the maintenance database."""
        engine = sa.create_engine(f"{self.url}/postgres", isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def _control(self, *arguments: str) -> None:
        _as_server(str(_BINARIES / "pg_ctl"), "-D", str(self.folder / "cluster"), *arguments)


def _as_server(*command: str) -> None:
    """Run a command of PostgreSQL, which refuses to run as root."""
    prefix = ["runuser", "-u", _ACCOUNT, "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, capture_output=True, cwd="/")


@contextmanager
def running(*, durable: bool = False) -> Iterator[Server]:
    """Make and start a server; stop and remove it at the end. One that is not durable is faster."""
    folder = Path(tempfile.mkdtemp(prefix="hub-postgres-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _ACCOUNT)
        _as_server(
            str(_BINARIES / "initdb"), "-D", str(folder / "cluster"), "-U", "hub", "-A", "trust", "-E", "UTF8", "-N"
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        server = Server(folder, port, durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
