"""The command line: `hub`."""

import click

from hub import __version__
from hub.commands import backup, database, demo, documents, identities, people, serving


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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


for command in (
    database.init_db,
    database.show_config,
    serving.serve,
    serving.worker,
    demo.demo,
    people.organization_group,
    people.professional_group,
    people.user_group,
    people.client_group,
    identities.identities_group,
    documents.documents_group,
    database.keys_group,
    database.audit_group,
    backup.backup,
    backup.restore,
):
    main.add_command(command)
