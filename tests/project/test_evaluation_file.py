"""The evaluation file: its columns, same arguments same bytes, every label there, and every label true."""

import csv
import hashlib
import re
import subprocess
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hub.registry.load import COLUMNS
from identity.ins import InsError, nir_key

SCRIPT = Path(__file__).resolve().parents[2] / "data" / "demonstration" / "generate.py"
Line = dict[str, str]


def words(text: str) -> set[str]:
    return set(text.split())


# The labels of each part of a record.
NAMES = words(
    """newborn_no_name newborn_mother_name divorced_name used_as_birth double_barrelled nee_in_name used_missing
    used_given_only compound_first compound_joint nickname abbrev transliteration second_given second_only
    given_reordered given_hyphenated given_typo given_ocr given_phon given_truncated particle hyphen surname_half
    surname_typo surname_ocr surname_phon truncated used_typo civility names_merged swap_names name_placeholder
    birth_family_missing accent_broken"""
)
DATES = words(
    """dob_convention swap_dm day_typo month_typo year_off1 year_off10 year_century year_digits dob_placeholder
    dob_missing"""
)
PLACES = {"place_missing", "place_residence", "place_old", "place_neighbour", "place_postcode", "place_typo"}
NUMBERS = {"ins_missing", "nir_typo", "nir_parent", "nir_twin", "nir_spouse", "nir_nia"}
NEWBORNS = {"newborn_no_name", "newborn_mother_name"}
CONTACTS = words(
    """moved new_phone household_phone shared_contact phone_typo phone_placeholder phone_missing email_typo
    practice_email email_missing street_abbrev street_typo city_form address_missing"""
)
PERSONS = words(
    """twin triplet twin_close_names close_siblings father_son mother_daughter grandparent remarried_family homonym
    homonym_street presumed_birth same_source"""
)


def run(*arguments: str) -> str:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout


def read(path: Path) -> list[Line]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))
    return [
        {name: "" if value is None else str(value) for name, value in row.items()}
        for row in pq.read_table(path).to_pylist()
    ]


def fold(text: str) -> str:
    """Write a name in plain capitals: sources differ in case and accents, which is no defect."""
    opened = text.replace("Œ", "OE").replace("œ", "oe").replace("Ł", "L").replace("ł", "l").replace("ı", "i")
    return "".join(
        letter for letter in unicodedata.normalize("NFKD", opened) if not unicodedata.combining(letter)
    ).upper()


def letters(text: str) -> str:
    return re.sub(r"[^A-Z]", "", fold(text))


@dataclass(frozen=True)
class Sample:
    """Records with their labels and the persons they are of."""

    records: list[tuple[Line, set[str], Line]]
    people: dict[str, Line]

    def only(self, label: str, among: set[str]) -> list[tuple[Line, Line]]:
        """Return the records with this label and no other of a family of labels, with their persons."""
        return [(row, person) for row, labels, person in self.records if labels & (among | {label}) == {label}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("evaluation")
    files = ("--file", str(out / "f.parquet"), "--truth", str(out / "t.parquet"), "--people", str(out / "p.parquet"))
    run("--seed", "11", "--records", "40000", "--difficulty", "2", *files)
    return out


@pytest.fixture(scope="module")
def sample(folder: Path) -> Sample:
    people = {person["person_id"]: person for person in read(folder / "p.parquet")}
    records = [
        (row, set(truth["case"].split(",")) - {""}, people[truth["person_id"]])
        for row, truth in zip(read(folder / "f.parquet"), read(folder / "t.parquet"), strict=True)
    ]
    return Sample(records, people)


def test_the_file_has_the_columns_that_the_hub_loads_and_as_many_records_as_asked(folder: Path) -> None:
    table, truth = pq.read_table(folder / "f.parquet"), pq.read_table(folder / "t.parquet")

    assert tuple(table.column_names) == COLUMNS
    assert truth.column_names == ["record_id", "person_id", "household_id", "case"]
    assert table.num_rows == truth.num_rows == 40_000
    assert table["record_id"].to_pylist() == truth["record_id"].to_pylist()
    assert len(set(table["record_id"].to_pylist())) == 40_000


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_same_arguments_give_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    written = []
    for name in ("first", "second"):
        files = [tmp_path / f"{name}-{part}.{suffix}" for part in ("file", "truth")]
        run("--seed", "3", "--records", "600", "--file", str(files[0]), "--truth", str(files[1]))
        written.append([hashlib.sha256(file.read_bytes()).hexdigest() for file in files])

    assert written[0] == written[1]


def test_csv_and_parquet_say_the_same_and_another_seed_something_else(tmp_path: Path) -> None:
    for seed, suffix in (("3", "csv"), ("3", "parquet"), ("4", "csv")):
        files = [str(tmp_path / f"{part}{seed}.{suffix}") for part in ("file", "truth")]
        run("--seed", seed, "--records", "600", "--file", files[0], "--truth", files[1])

    assert read(tmp_path / "file3.csv") == read(tmp_path / "file3.parquet")
    assert read(tmp_path / "truth3.csv") == read(tmp_path / "truth3.parquet")
    assert read(tmp_path / "file3.csv") != read(tmp_path / "file4.csv")


def test_every_label_occurs_and_no_other(sample: Sample) -> None:
    seen = Counter(label for _, labels, _ in sample.records for label in labels)

    assert set(seen) == set(run("--list-cases").split())
    assert set(seen) == NAMES | DATES | PLACES | NUMBERS | CONTACTS | PERSONS | {"sex_flip", "sex_unknown"}


def test_persons_have_one_to_six_records_and_about_two_thirds_of_a_pair_per_record(sample: Sample) -> None:
    sizes = Counter(person["person_id"] for _, _, person in sample.records)

    pairs = sum(size * (size - 1) // 2 for size in sizes.values())
    assert max(sizes.values()) == 6
    assert 0.5 < pairs / len(sample.records) < 0.8


def test_a_record_called_same_source_has_another_one_there(sample: Sample) -> None:
    there = Counter((person["person_id"], row["source"]) for row, _, person in sample.records)

    doubles = [
        (person["person_id"], row["source"]) for row, labels, person in sample.records if "same_source" in labels
    ]
    assert doubles
    assert [double for double in doubles if there[double] != 2] == []


def born(line: Line) -> date:
    return date.fromisoformat(line["birth_date"])


def months(line: Line) -> int:
    return born(line).year * 12 + born(line).month


def first(line: Line) -> str:
    return fold(line["given_names"]).partition(" ")[0]


def rest(line: Line) -> str:
    return fold(line["given_names"]).partition(" ")[2]


def same_day(row: Line, person: Line, years: set[int]) -> bool:
    return row["birth_date"][5:] == person["birth_date"][5:] and born(row).year - born(person).year in years


def bad_key(row: Line, person: Line) -> bool:
    try:
        return nir_key(row["ins"][:13]) != row["ins"][13:]
    except InsError:
        return True


Check = Callable[[Line, Line], bool]
CHECKS: dict[str, tuple[set[str], Check]] = {
    "swap_names": (
        NAMES,
        lambda row, person: (
            fold(row["given_names"]) == fold(person["birth_family"])
            and fold(row["birth_family"]) in (first(person), fold(person["given_names"]))
        ),
    ),
    "names_merged": (
        NAMES,
        lambda row, person: fold(row["birth_family"]) == f"{fold(person['birth_family'])} {first(person)}",
    ),
    "used_as_birth": (NAMES, lambda row, person: fold(row["birth_family"]) == fold(person["used_family"])),
    "double_barrelled": (
        NAMES,
        lambda row, person: (
            sorted(letters(row["birth_family"])) == sorted(letters(person["birth_family"] + person["used_family"]))
        ),
    ),
    "nee_in_name": (
        NAMES,
        lambda row, person: (
            fold(person["birth_family"]) in fold(row["birth_family"])
            and fold(person["used_family"]) in fold(row["birth_family"])
        ),
    ),
    "divorced_name": (NAMES, lambda row, person: fold(row["used_family"]) == fold(person["former_used_family"])),
    "used_missing": (NAMES, lambda row, person: not row["used_family"] and bool(person["used_family"])),
    "birth_family_missing": (NAMES, lambda row, person: not row["birth_family"] and bool(row["used_family"])),
    "civility": (NAMES, lambda row, person: fold(row["birth_family"]).endswith(" " + fold(person["birth_family"]))),
    "truncated": (
        NAMES,
        lambda row, person: (
            fold(person["birth_family"]).startswith(fold(row["birth_family"]))
            and fold(row["birth_family"] + row["used_family"]) != fold(person["birth_family"] + person["used_family"])
        ),
    ),
    "hyphen": (
        NAMES,
        lambda row, person: (
            letters(row["birth_family"]) == letters(person["birth_family"])
            and fold(row["birth_family"]) != fold(person["birth_family"])
        ),
    ),
    "particle": (NAMES, lambda row, person: fold(row["birth_family"]) != fold(person["birth_family"])),
    "surname_half": (
        NAMES,
        lambda row, person: fold(row["birth_family"]) in re.split("[- ]", fold(person["birth_family"])),
    ),
    "surname_typo": (NAMES, lambda row, person: fold(row["birth_family"]) != fold(person["birth_family"])),
    "surname_ocr": (NAMES, lambda row, person: fold(row["birth_family"]) != fold(person["birth_family"])),
    "surname_phon": (NAMES, lambda row, person: fold(row["birth_family"]) != fold(person["birth_family"])),
    "given_typo": (NAMES, lambda row, person: first(row) != first(person) and rest(row) == rest(person)),
    "given_phon": (NAMES, lambda row, person: first(row) != first(person) and rest(row) == rest(person)),
    "nickname": (NAMES, lambda row, person: first(row) != first(person) and rest(row) == rest(person)),
    "second_given": (NAMES, lambda row, person: fold(row["given_names"]) == first(person) and bool(rest(person))),
    "second_only": (NAMES, lambda row, person: fold(row["given_names"]) == rest(person)),
    "given_reordered": (
        NAMES,
        lambda row, person: (
            sorted(row["given_names"].upper().split()) != []
            and fold(row["given_names"]) == f"{rest(person)} {first(person)}"
        ),
    ),
    "used_given_only": (NAMES, lambda row, person: fold(row["given_names"]) == fold(person["used_given"])),
    "compound_first": (NAMES, lambda row, person: first(row) in first(person).split("-")),
    "compound_joint": (
        NAMES,
        lambda row, person: (
            letters(row["given_names"]) == letters(person["given_names"])
            and fold(row["given_names"]) != fold(person["given_names"])
        ),
    ),
    "given_truncated": (NAMES, lambda row, person: fold(person["given_names"]).startswith(fold(row["given_names"]))),
    "swap_dm": (
        DATES,
        lambda row, person: (
            (born(row).year, born(row).day, born(row).month)
            == (born(person).year, born(person).month, born(person).day)
        ),
    ),
    "day_typo": (DATES, lambda row, person: months(row) == months(person) and born(row) != born(person)),
    "month_typo": (
        DATES,
        lambda row, person: (
            (born(row).year, born(row).day) == (born(person).year, born(person).day) and born(row) != born(person)
        ),
    ),
    "year_off1": (DATES, lambda row, person: same_day(row, person, {-1, 1})),
    "year_off10": (DATES, lambda row, person: same_day(row, person, {-10, 10})),
    "year_century": (DATES, lambda row, person: same_day(row, person, {-100, 100})),
    "year_digits": (DATES, lambda row, person: same_day(row, person, set(range(-99, 100)) - {0})),
    "dob_convention": (DATES, lambda row, person: row["birth_date"] != person["birth_date"]),
    "dob_missing": (DATES, lambda row, person: not row["birth_date"]),
    "sex_flip": (set(), lambda row, person: {row["sex"], person["sex"]} == {"M", "F"}),
    "sex_unknown": (set(), lambda row, person: row["sex"] in ("", "U")),
    "place_missing": (PLACES, lambda row, person: row["birth_place"] in ("", "99999")),
    "place_residence": (PLACES, lambda row, person: row["birth_place"] != person["birth_place"]),
    "place_old": (PLACES, lambda row, person: row["birth_place"] != person["birth_place"]),
    "place_neighbour": (PLACES, lambda row, person: row["birth_place"][:2] == person["birth_place"][:2]),
    "place_postcode": (PLACES, lambda row, person: row["birth_place"] != person["birth_place"]),
    "ins_missing": (NUMBERS, lambda row, person: not row["ins"] and bool(person["ins"])),
    "nir_typo": (NUMBERS, bad_key),
    "nir_nia": (NUMBERS, lambda row, person: row["ins"][0] in "78" and not bad_key(row, person)),
    "phone_missing": (CONTACTS, lambda row, person: not row["phone"]),
    "email_missing": (CONTACTS, lambda row, person: not row["email"]),
    "address_missing": (CONTACTS, lambda row, person: not row["address"] + row["postcode"] + row["city"]),
    "practice_email": (CONTACTS, lambda row, person: row["email"].startswith("secretariat@")),
}


@pytest.mark.parametrize("label", CHECKS)
def test_a_label_is_true(sample: Sample, label: str) -> None:
    family, holds = CHECKS[label]

    found = sample.only(label, family)

    assert found
    assert [(row, person) for row, person in found if not holds(row, person)] == []


def test_what_no_label_tells_is_right(sample: Sample) -> None:
    for row, labels, person in sample.records:
        if not labels & NAMES:
            assert fold(row["birth_family"]) == fold(person["birth_family"])
            assert fold(row["given_names"]) == fold(person["given_names"])
            assert fold(row["used_family"]) in (fold(person["used_family"]), fold(person["birth_family"]))
        if not labels & DATES:
            assert row["birth_date"] == person["birth_date"]
        if not labels & PLACES:
            assert row["birth_place"] == person["birth_place"]
        if not labels & (NUMBERS | NEWBORNS):
            assert row["ins"] == person["ins"]
        if not labels & {"sex_flip", "sex_unknown"}:
            assert row["sex"] == person["sex"]


@pytest.mark.parametrize("label", ["nir_parent", "nir_twin", "nir_spouse"])
def test_a_borrowed_matricule_is_that_of_somebody_else(sample: Sample, label: str) -> None:
    owners = {person["ins"]: person for person in sample.people.values() if person["ins"]}

    lent = [(row["ins"], person) for row, person in sample.only(label, NUMBERS)]

    assert lent
    for ins, person in lent:
        # A lender that no structure knows is not among the persons of the file.
        owner = owners.get(ins)
        assert ins != person["ins"]
        assert owner is None or owner["person_id"] != person["person_id"]


def test_a_matricule_is_that_of_one_person_and_agrees_with_the_traits(sample: Sample) -> None:
    numbers = [person for person in sample.people.values() if person["ins"]]

    assert len({person["ins"] for person in numbers}) == len(numbers)
    for person in numbers:
        ins = person["ins"]
        assert nir_key(ins[:13]) == ins[13:]
        assert ins[0] == {"M": "1", "F": "2"}[person["sex"]]
        assert ins[1:5] == person["birth_date"][2:4] + person["birth_date"][5:7]
        assert ins[5:10] == person["birth_place"]


def test_the_truth_is_consistent(folder: Path, sample: Sample) -> None:
    households = defaultdict(set)
    for truth in read(folder / "t.parquet"):
        households[truth["person_id"]].add(truth["household_id"])

    assert {person: {line["household_id"]} for person, line in sample.people.items()} == households
    for _, labels, person in sample.records:
        assert labels & PERSONS - {"same_source"} == set(person["cases"].split(",")) - {""}


def test_homonyms_and_twins_are_what_they_are_called(sample: Sample) -> None:
    same = Counter((first(p), fold(p["birth_family"]), p["birth_date"]) for p in sample.people.values())
    births = Counter((p["household_id"], p["birth_date"], p["birth_place"]) for p in sample.people.values())
    homonyms = [p for p in sample.people.values() if "homonym" in p["cases"].split(",")]
    twins = [p for p in sample.people.values() if "twin" in p["cases"].split(",")]

    assert len(homonyms) > 3
    assert sum(same[first(p), fold(p["birth_family"]), p["birth_date"]] > 1 for p in homonyms) > 0.8 * len(homonyms)
    assert len(twins) > 50
    assert sum(births[p["household_id"], p["birth_date"], p["birth_place"]] > 1 for p in twins) > 0.95 * len(twins)


def test_names_have_a_long_tail(sample: Sample) -> None:
    families = Counter(fold(person["birth_family"]) for person in sample.people.values())
    given = Counter(first(person) for person in sample.people.values())

    assert len(families) > 6000
    assert len(given) > 1500
    assert 0.001 < families.most_common(1)[0][1] / len(sample.people) < 0.02
    assert 0.005 < given.most_common(1)[0][1] / len(sample.people) < 0.04


def test_difficulty_zero_leaves_no_defect(tmp_path: Path) -> None:
    files = [tmp_path / "f.csv", tmp_path / "t.csv"]
    run("--records", "2000", "--difficulty", "0", "--file", str(files[0]), "--truth", str(files[1]))

    labels = {label for truth in read(files[1]) for label in truth["case"].split(",") if label}
    assert labels <= (PERSONS - {"same_source"}) | {"shared_contact"}


def test_defects_of_one_source_are_alike(sample: Sample) -> None:
    without: dict[str, list[bool]] = defaultdict(list)
    for row, labels, _ in sample.records:
        without[row["source"]].append("place_missing" in labels)
    shares = [sum(missing) / len(missing) for missing in without.values() if len(missing) >= 50]

    assert min(shares) < 0.1
    assert max(shares) > 0.5
