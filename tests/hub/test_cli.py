"""The command line imports a command only when it runs, and says of it what the command says."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from hub.cli import COMMANDS, GROUPS, load, main

ENTRIES = {(name,): entry for name, entry in COMMANDS.items()} | {
    (group, name): entry for group, (_, entries) in GROUPS.items() for name, entry in entries.items()
}
# What takes seconds to import, and no command line needs before it knows what to do.
HEAVY = {"flask", "sqlalchemy", "fhir", "pyarrow", "cryptography", "tqdm", "hub.config", "hub.app", "hub.commands"}


@pytest.mark.parametrize("path", ENTRIES, ids=" ".join)
def test_the_table_says_what_the_command_says(path: tuple[str, ...]) -> None:
    entry = ENTRIES[path]

    command = load(entry)

    assert command.name == path[-1]
    assert command.get_short_help_str(limit=1000).removesuffix(".") == entry.short_help.removesuffix(".")


@pytest.mark.parametrize("arguments", [("--help",), ("identities", "--help"), ("--version",)], ids=" ".join)
def test_help_imports_no_command(arguments: tuple[str, ...]) -> None:
    script = "import sys; from hub.cli import main; main(sys.argv[1:], standalone_mode=False); print(*sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], check=True, capture_output=True, text=True, encoding="utf-8"
    )

    assert set(done.stdout.splitlines()[-1].split()) & HEAVY == set()


def test_a_command_imports_its_own_module_only() -> None:
    script = "import sys; from hub.cli import Entry, load; load(Entry('terminal', 'stop', '')); print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)

    assert set(done.stdout.split()) & (HEAVY - {"hub.commands"}) == set()


def test_help_lists_every_command_once() -> None:
    listed = main.list_commands(click.Context(main))

    output = CliRunner().invoke(main, ["--help"]).output

    assert listed == sorted({*COMMANDS, *GROUPS})
    for name in listed:
        assert f"\n  {name} " in output


def test_an_unknown_command_is_refused_with_a_sentence() -> None:
    done = CliRunner().invoke(main, ["identities", "nothing"])

    assert done.exit_code == 2
    assert "No such command" in done.output
