"""The command line: `hub`.

Each command is imported only when it runs: `hub --help` and a command that needs no application start at once.
The table says where a command lives and what `--help` prints of it; a test compares it with the commands.
"""

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

import click

from hub import __version__


@dataclass(frozen=True, slots=True)
class Entry:
    """A command not imported yet: its module in hub.commands, its name there, its short help."""

    module: str
    attribute: str
    short_help: str


class LazyGroup(click.Group):
    """A group that imports a command when it runs and lists it from its entry."""

    def __init__(self, name: str | None = None, *, entries: Mapping[str, Entry], **options: object) -> None:
        super().__init__(name, **options)  # type: ignore[arg-type]  # click's own options, passed through
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, imported or not."""
        return sorted([*self.commands, *self.entries])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now if it was not yet."""
        if cmd_name in self.entries:
            return load(self.entries[cmd_name])
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        known = {name: command.get_short_help_str(limit=200) for name, command in self.commands.items()}
        known |= {name: entry.short_help for name, entry in self.entries.items()}
        with formatter.section("Commands"):
            formatter.write_dl([(name, known[name]) for name in self.list_commands(ctx)])


def load(entry: Entry) -> click.Command:
    """Import the command of an entry; what is imported stays, and is never looked through for garbage."""
    gc.disable()
    try:
        command: click.Command = getattr(import_module(f"hub.commands.{entry.module}"), entry.attribute)
    finally:
        gc.freeze()
        gc.enable()
    return command


COMMANDS = {
    "backup": Entry(
        "backup", "backup", "Save database and documents to FILE, encrypted, from one moment of the database."
    ),
    "config": Entry(
        "database", "show_config", "Show every setting, its effective value (secrets masked) and what it does."
    ),
    "demo": Entry(
        "demo",
        "demo",
        "Build a region of invented people, start web, worker, mailbox and its own INSi, and say where to look.",
    ),
    "init-db": Entry("database", "init_db", "Prepare the database, or bring it to this version."),
    "restore": Entry(
        "backup", "restore", "Bring FILE back into an empty installation: SQLite or PostgreSQL, local folder or S3."
    ),
    "serve": Entry("serving", "serve", "Serve the web application (Granian)."),
    "worker": Entry("serving", "worker", "Do the jobs that follow requests: e-mails, SMS, deliveries."),
}
GROUPS = {
    "audit": (
        "The audit trail.",
        {
            "verify": Entry(
                "database",
                "verify_audit",
                "Read the whole trail and check that nothing was changed, removed or inserted.",
            )
        },
    ),
    "client": (
        "Practice software (FHIR) and applications that patients log in to (OIDC).",
        {
            "login": Entry(
                "people",
                "register_login",
                "Register an application that patients log in to (public client, PKCE S256) and print its client id.",
            ),
            "register": Entry(
                "people",
                "register_client",
                "Register practice software (SMART Backend Services) and print its client id.",
            ),
            "revoke": Entry("people", "revoke_client", "Take the access of practice software away at once."),
        },
    ),
    "deaths": (
        "Deaths told by the official file and by structures.",
        {
            "check": Entry(
                "deaths",
                "check_deaths",
                "Look at every person of whom a death is told, and ask officers about what contradicts it.",
            ),
            "load": Entry("deaths", "load_deaths", "Load the deaths FILE of INSEE: fixed-width text or CSV."),
        },
    ),
    "documents": (
        "The document store.",
        {
            "sweep": Entry(
                "documents",
                "sweep",
                "Delete stored bytes that no document names: what interrupted deposits left.",
            )
        },
    ),
    "identities": (
        "The identity index.",
        {
            "dedupe": Entry(
                "dedupe", "dedupe", "Find the doubles of a CSV or Parquet FILE of identities, or of the index."
            ),
            "check": Entry(
                "vigilance",
                "check_identities",
                "Look at every person for identities of two people, and at every INS for a second person.",
            ),
            "load": Entry("identities", "load_identities", "Load a CSV or Parquet FILE of identities."),
            "reindex": Entry(
                "identities", "reindex_identities", "File every identity again under the keys of this version."
            ),
            "replay": Entry(
                "vigilance",
                "replay_decisions",
                "Take a DECISION of the matching again, or the last ones, on what each was taken on, and compare.",
            ),
        },
    ),
    "insi": (
        "The INSi teleservice.",
        {
            "stub": Entry(
                "insi", "stub", "Play the INSi teleservice about invented people, for tests and demonstrations."
            ),
            "verify": Entry(
                "insi", "verify", "Have INSi confirm INS again: those of a CSV FILE, of one structure, or all."
            ),
        },
    ),
    "keys": (
        "Encryption keys.",
        {
            "rotate": Entry(
                "database", "rotate_keys", "Wrap every stored key under the first key of HUB_ENCRYPTION_KEYS."
            )
        },
    ),
    "model": (
        "Linkage models: learn, measure, put in force with two officers, go back.",
        {
            "approve": Entry("model_activation", "approve", "Put a proposed model in force, as a second officer."),
            "compare": Entry("model", "compare", "Tell what changes when AFTER takes the place of BEFORE."),
            "evaluate": Entry(
                "model", "evaluate", "Measure a model on a file whose truth is known, and write a report."
            ),
            "dry-run": Entry(
                "model_activation",
                "dry_run",
                "Decide again a sample of the index with a proposed model; keep nothing.",
            ),
            "list": Entry("model_activation", "list_models", "List the models proposed, in force and taken back."),
            "propose": Entry("model_activation", "propose", "Propose a model to the other officers."),
            "refuse": Entry("model_activation", "refuse", "Turn down a proposed model, or withdraw one's own."),
            "rollback": Entry("model_activation", "rollback", "Take the model in force back, at once."),
            "show": Entry("model", "show", "Show what a model weighs, in words, and how it was made."),
            "train": Entry("model", "train", "Learn a model from files with their truth, or adapt one without."),
        },
    ),
    "organization": (
        "Structures: practices, hospitals, laboratories, pharmacies.",
        {
            "add": Entry("people", "add_organization", "Register a structure."),
            "trust": Entry(
                "people",
                "trust_organization",
                "Say how far the identities of a structure are trusted, from 0 to 9.",
            ),
        },
    ),
    "professional": (
        "Health professionals of the directory.",
        {"add": Entry("people", "add_professional", "Register a professional by RPPS.")},
    ),
    "quality": (
        "The quality of identities: figures of each day, monthly letters.",
        {
            "letters": Entry(
                "quality",
                "write_letters",
                "Write the letters of a month: each structure's figures beside the region's, and what to do first.",
            ),
            "snapshot": Entry(
                "quality", "snapshot", "Measure every indicator now and keep the numbers as this day's."
            ),
        },
    ),
    "user": (
        "Staff who log in: practices and agency.",
        {
            "add": Entry(
                "people", "add_user", "Register a member of staff and show the authenticator's QR code, once."
            )
        },
    ),
}


@click.group(
    cls=LazyGroup,
    entries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="hub")
def main() -> None:
    """Regional identity hub: patient index, portal accounts, document routing.

    \b
    First steps
      hub config                     what is set, and what is missing
      hub init-db                    prepare the database
      hub organization add …         register a structure
      hub user add …                 let somebody in
      hub identities load FILE       load a structure's patients
      hub serve  and  hub worker     run

    Settings are read from HUB_* variables: see `hub config` and the README.
    """


for _name, (_help, _entries) in GROUPS.items():
    main.add_command(LazyGroup(_name, help=_help, entries=_entries))
