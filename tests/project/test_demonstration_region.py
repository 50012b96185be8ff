"""The generator of the demonstration region: same seed, same bytes; right INS; nobody real."""

import csv
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from pypdf import PdfReader

DATA = Path(__file__).resolve().parents[2] / "data"
FICTIONAL = re.compile(r"0(19900|26191|35301|46571|53649|63998)\d{4}")
COLUMNS = (
    "record_id source birth_family used_family given_names used_given birth_date sex birth_place ins ins_oid "
    "address postcode city phone email status death_date"
)
Rows = list[dict[str, str]]


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, str(DATA / "demonstration" / script), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout


def generate(out: Path, seed: int, persons: int, *more: str) -> Path:
    run("generate.py", "--seed", str(seed), "--persons", str(persons), "--out", str(out), *more)
    return out


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("region"), 2026, 2000)


@pytest.fixture(scope="module")
def identities(region: Path) -> Rows:
    return [row for path in sorted(region.glob("identities-*.csv")) for row in read(path)]


@pytest.fixture(scope="module")
def truth(region: Path) -> Rows:
    return read(region / "truth.csv")


@pytest.fixture(scope="module")
def places() -> set[str]:
    return {row["code"] for name in ("communes", "countries") for row in read(DATA / "cog" / f"{name}.csv")}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = generate(tmp_path / "first", 7, 300)
    second = generate(tmp_path / "second", 7, 300)

    assert digests(first) == digests(second)


def test_another_seed_gives_other_identities_and_the_same_structures(tmp_path: Path) -> None:
    first = digests(generate(tmp_path / "first", 7, 300))
    second = digests(generate(tmp_path / "second", 8, 300))

    assert first["identities-hopital.csv"] != second["identities-hopital.csv"]
    assert first["structures.json"] == second["structures.json"]
    assert first["story.json"] == second["story.json"]


def test_difficulty_zero_leaves_no_defect(tmp_path: Path) -> None:
    clean = generate(tmp_path, 7, 300, "--difficulty", "0")

    cases = {
        case for row in read(clean / "truth.csv") if row["person_id"][0] == "P" for case in row["cases"].split("|")
    }
    assert cases <= {"", "twin", "father_son", "shared_contact"}


def test_every_kind_of_defect_is_there(truth: Rows) -> None:
    labels = run("generate.py", "--list-cases", "region").split()

    seen = Counter(case for row in truth for case in row["cases"].split("|") if case)
    assert set(seen) == set(labels)


def test_the_region_has_its_persons_and_about_one_and_a_half_records_each(truth: Rows) -> None:
    persons = {row["person_id"] for row in truth}

    assert len(persons) == 2000
    assert 1.45 < len(truth) / len(persons) < 1.75


def test_identities_and_truth_hold_the_same_records_once(region: Path, identities: Rows, truth: Rows) -> None:
    structures = json.loads((region / "structures.json").read_text(encoding="utf-8"))

    told = [(row["structure"], row["record_id"]) for row in truth]
    written = [(row["source"], row["record_id"]) for row in identities]
    assert len(written) == len(set(written))
    assert sorted(told) == sorted(written)
    assert {row["source"] for row in identities} == {structure["code"] for structure in structures}
    assert list(identities[0]) == COLUMNS.split()


def expected_key(thirteen: str) -> int:
    digits = thirteen.replace("A", "0").replace("B", "0")
    shift = 1_000_000 * thirteen.count("A") + 2_000_000 * thirteen.count("B")
    return 97 - (int(digits) - shift) % 97


def test_an_ins_has_its_key_and_agrees_with_the_traits(identities: Rows) -> None:
    qualified = [row for row in identities if row["status"] == "QUAL"]

    assert len(qualified) > 500
    for row in qualified:
        ins = row["ins"]
        assert len(ins) == 15
        assert int(ins[13:]) == expected_key(ins[:13])
        assert ins[0] == {"M": "1", "F": "2"}[row["sex"]]
        assert ins[1:5] == row["birth_date"][2:4] + row["birth_date"][5:7]
        assert ins[5:10] == row["birth_place"]
        assert row["ins_oid"] == "1.2.250.1.213.1.4.10"


def test_only_qualified_identities_carry_an_ins(identities: Rows) -> None:
    assert {row["status"] for row in identities} == {"PROV", "VALI", "QUAL"}
    assert [row for row in identities if (row["status"] == "QUAL") != bool(row["ins"] and row["ins_oid"])] == []


def test_an_ins_belongs_to_one_person(identities: Rows, truth: Rows) -> None:
    person = {(row["structure"], row["record_id"]): row["person_id"] for row in truth}
    owners = defaultdict(set)

    for row in identities:
        if row["ins"]:
            owners[row["ins"]].add(person[row["source"], row["record_id"]])

    assert [ins for ins, persons in owners.items() if len(persons) > 1] == []


def test_every_place_of_birth_is_in_the_cog_tables(identities: Rows, places: set[str]) -> None:
    unknown = {row["birth_place"] for row in identities} - places

    assert unknown == {"", "99999"}


def test_phones_and_mailboxes_reach_nobody(identities: Rows) -> None:
    phones = {re.sub(r"[ .]", "", row["phone"]).replace("+33", "0") for row in identities if row["phone"]}

    assert [phone for phone in phones if not FICTIONAL.fullmatch(phone)] == []
    mailboxes = {row["email"] for row in identities if row["email"]}
    assert [mail for mail in mailboxes if not re.fullmatch(r"[a-z0-9.-]+@example\.(org|net)", mail)] == []


def test_dates_are_real_and_before_the_extract(identities: Rows) -> None:
    assert all(re.fullmatch(r"(19|20)\d\d-[01]\d-[0-3]\d", row["birth_date"]) for row in identities)
    assert max(row["birth_date"] for row in identities) <= "2026-11-01"
    assert [row for row in identities if row["death_date"] and row["death_date"] > "2026-11-01"] == []
    assert {row["sex"] for row in identities} == {"M", "F", "U", ""}


def test_structures_professionals_and_pharmacies_are_complete(region: Path) -> None:
    structures, people, pharmacies = (
        json.loads((region / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("structures", "professionals", "pharmacies")
    )
    professions = {row["code"] for row in read(DATA / "reference" / "professions.csv")}

    assert Counter(structure["feed"] for structure in structures) == {"fhir": 2, "file": 4}
    assert len({structure["oid"] for structure in structures}) == 6
    assert (len(people), len(pharmacies)) == (25, 8)
    assert {person["profession"] for person in people} <= professions
    assert {person["structure"] for person in people} == {structure["code"] for structure in structures} | {None}
    assert all(re.fullmatch(r"999\d{8}", person["rpps"]) for person in people)
    finess = [place["finess"] for place in structures + pharmacies]
    assert all(re.fullmatch(r"99\d{7}", number) for number in finess)
    assert len(finess) == len(set(finess))
    boxes = [place["mssante"] for place in structures + people + pharmacies]
    assert all(box.endswith(".mssante.example") and box.isascii() for box in boxes)
    assert len(boxes) == len(set(boxes))


def test_the_story_is_in_the_identity_files(region: Path, identities: Rows) -> None:
    story = json.loads((region / "story.json").read_text(encoding="utf-8"))
    written = {(row["source"], row["record_id"]): row for row in identities}

    assert list(story) == ["jeanne", "compare", "twins", "father_son"]
    for chapter in story.values():
        for person in chapter["persons"]:
            assert int(person["ins"][13:]) == expected_key(person["ins"][:13])
            for record in person["records"]:
                assert written[record["structure"], record["record_id"]]["status"] == record["status"]
    jeanne = story["jeanne"]["persons"][0]
    assert (jeanne["birth_family"], jeanne["used_family"], jeanne["birth_date"]) == ("DURAND", "MOREL", "1946-03-14")
    assert len({record["structure"] for record in jeanne["records"]}) == 2


def test_the_phones_of_the_story_belong_to_nobody_else(region: Path, identities: Rows, truth: Rows) -> None:
    person = {(row["structure"], row["record_id"]): row["person_id"] for row in truth}

    owners = {
        person[row["source"], row["record_id"]][0]
        for row in identities
        if re.search(r"99 ?\d\d$", row["phone"]) and re.sub(r"\D", "", row["phone"])[-4:-2] == "99"
    }

    assert owners == {"S"}


def test_sample_documents_are_the_same_each_time_and_name_the_patient(tmp_path: Path) -> None:
    run("documents.py", "--out", str(tmp_path / "first"))
    run("documents.py", "--out", str(tmp_path / "second"))

    assert digests(tmp_path / "first") == digests(tmp_path / "second")
    assert len(digests(tmp_path / "first")) == 4
    for path in (tmp_path / "first").iterdir():
        assert "Jeanne MOREL née DURAND" in PdfReader(path).pages[0].extract_text()
    report = PdfReader(tmp_path / "first" / "compte-rendu-consultation.pdf")
    assert "Copie patient : jeanne.morel@example.org 06 39 98 99 01" in report.pages[0].extract_text()
