"""README says what is: every setting with its default, every command, every make target, every picture."""

import re
import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hub import config
from hub.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("line", config.describe(None), ids=lambda line: line.variable)
def test_every_setting_is_in_the_table_with_its_default(line: config.SettingLine) -> None:
    row = f"| `{line.variable}` | {line.default or '–'} | {line.doc} |"

    assert row in README


def test_the_table_names_no_setting_that_does_not_exist() -> None:
    known = {line.variable for line in config.describe(None)}

    assert set(re.findall(r"^\| `(HUB_[A-Z0-9_]+)`", README, re.MULTILINE)) == known


def _commands(group: click.Group, prefix: str) -> list[str]:
    names = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            names += _commands(command, f"{prefix} {name}")
        else:
            names.append(f"{prefix} {name}")
    return names


@pytest.mark.parametrize("command", _commands(main, "hub"))
def test_every_command_is_documented_and_helps(command: str) -> None:
    done = CliRunner().invoke(main, [*command.split()[1:], "--help"])

    assert f"\n| `{command}` | " in README
    assert done.exit_code == 0
    assert "Usage:" in done.output


def test_every_make_target_is_documented() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for target in re.findall(r"^([a-z][a-z-]*):.*## ", makefile, re.MULTILINE):
        assert f"`make {target}`" in README


def test_every_picture_and_file_named_exists() -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_no_tracked_file_names_a_machine_path_or_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    forbidden = re.compile(r"(?<![A-Za-z0-9_.])/(?:work|root|home)/[a-z]|--index[-]url [a-z]|https?:\S*/simpl[e]\b")
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".lock", ".json", ".sh", ".html", ".js", ".css") or not path.suffix:
            if path == Path(__file__) or not path.is_file():
                continue
            assert not forbidden.search(path.read_text(encoding="utf-8")), name
