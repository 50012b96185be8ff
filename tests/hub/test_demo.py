"""Starting the demonstration: one at a time in a folder, and a port for each of its four doors."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import config
from hub.commands import demo
from tests.live import ROOT


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program holds."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.mark.parametrize(
    "names", [("smtp", "page"), ("web", "smtp", "page", "insi"), ()], ids=["mail", "all kept the same", "none kept"]
)
def test_no_port_is_given_twice_even_when_those_kept_are_the_same(taken: int, names: tuple[str, ...]) -> None:
    ports = demo.choose_ports(dict.fromkeys(names, taken), taken)

    assert list(ports) == ["web", "smtp", "page", "insi"]
    assert len({taken, *ports.values()}) == 5


def test_ports_that_were_written_the_same_are_mended_at_the_next_start(taken: int, tmp_path: Path) -> None:
    demo._settings(tmp_path, taken)
    settings = tmp_path / "settings.json"
    kept = json.loads(settings.read_text(encoding="utf-8"))
    kept["ports"] |= {"page": kept["ports"]["smtp"]}
    settings.write_text(json.dumps(kept), encoding="utf-8")

    variables = demo._settings(tmp_path, taken)

    ports = json.loads(settings.read_text(encoding="utf-8"))["ports"]
    assert len(set(ports.values())) == 4
    assert ports["smtp"] == kept["ports"]["smtp"]
    assert variables["HUB_SECRET_KEY"] == kept["variables"]["HUB_SECRET_KEY"]


@pytest.mark.parametrize("options", [(), ("--fresh",)], ids=["again", "fresh"])
def test_a_second_demonstration_of_a_folder_is_refused_and_changes_nothing(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    (tmp_path / "settings.json").write_text("{}", encoding="utf-8")
    command = [sys.executable, "-m", "hub", "demo", "--dir", str(tmp_path), *options]

    with demo.alone(tmp_path):
        before = sorted(tmp_path.iterdir())
        refused = subprocess.run(
            command, env=config.inherited({}), cwd=ROOT, capture_output=True, text=True, check=False
        )

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"Une démonstration tourne déjà dans {tmp_path} : arrêtez-la d'abord")
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "settings.json").read_text(encoding="utf-8") == "{}"
