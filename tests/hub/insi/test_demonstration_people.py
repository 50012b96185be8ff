"""The demonstration's own INSi: whom it knows, and where it answers."""

import csv
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hub import config
from hub.commands import demo
from hub.demonstration.insi_people import write_people
from hub.insi import envelope
from hub.insi.stub import answer_to, read_people
from hub.insi.teleservice import AnswerCode, Query
from identity.traits import BirthDate, Sex
from tests.hub.insi.test_envelope import SENDER
from tests.live import ROOT

SHIPPED = ROOT / "data" / "demonstration" / "insi.csv"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a small region."""
    out = tmp_path_factory.mktemp("region")
    script = ROOT / "data" / "demonstration" / "generate.py"
    subprocess.run([sys.executable, str(script), "--persons", "120", "--out", str(out)], check=True)
    return out


def test_insi_knows_the_people_of_the_region_and_those_shipped_once_each(region: Path, tmp_path: Path) -> None:
    out = tmp_path / "insi.csv"
    # A load leaves such files beside those that it read.
    (region / "identities-hopital.csv.rejets.csv").write_text("ligne;motif\n", encoding="utf-8")

    number = write_people(region, SHIPPED, out)

    people = read_people(out)
    matricules = [person.ins.matricule for person in people]
    shipped = {person.ins.matricule for person in read_people(SHIPPED)}
    assert len(people) == number > len(shipped)
    assert len(set(matricules)) == number
    assert shipped < set(matricules)
    assert not out.with_suffix(".part").exists()


def test_somebody_known_of_a_structure_without_ins_is_found_with_the_traits_of_the_surest(
    region: Path, tmp_path: Path
) -> None:
    out = tmp_path / "insi.csv"
    write_people(region, SHIPPED, out)
    with (region / "identities-tilleuls.csv").open(encoding="utf-8", newline="") as stream:
        line = next(line for line in csv.DictReader(stream) if line["record_id"] == "T-000101")
    query = Query(line["birth_family"], ("JEANNE",), Sex.FEMALE, BirthDate.parse(line["birth_date"]))

    code, person = answer_to(envelope.write_search(query, SENDER), read_people(out))

    assert code is AnswerCode.FOUND
    assert person is not None
    assert person.given_names == ("JEANNE", "MARIE", "LOUISE")
    assert line["ins"] == ""


def test_the_demonstration_points_to_its_own_insi_on_a_free_port(tmp_path: Path) -> None:
    first = demo._settings(tmp_path, 8650)
    port = int(first["HUB_INSI_URL"].removesuffix("/lps").rpartition(":")[2])
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        moved = demo._settings(tmp_path, 8650)
    kept = demo._settings(tmp_path, 8650)

    settings = config.from_mapping(moved)
    assert settings.insi_url == moved["HUB_INSI_URL"] != first["HUB_INSI_URL"]
    assert kept["HUB_INSI_URL"] == moved["HUB_INSI_URL"], "the next start finds it where it was"
    ports = [address.rpartition(":")[2].split("/")[0] for name, address in kept.items() if name.endswith("_URL")
             and address.rpartition(":")[2].split("/")[0].isdigit()]  # fmt: skip
    assert len(set(ports)) == 3, "web, mail and INSi each have their own"
