"""One record at a time or a whole file by columns: the same keys, levels, scores and decisions."""

import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity import blocking, cells
from identity.bulk.blocking import blocking_keys as bulk_keys
from identity.bulk.blocking import candidate_pairs
from identity.bulk.comparison import compare as compare_columns
from identity.bulk.records import COLUMNS, prepare
from identity.bulk.scoring import Scored, term_levels
from identity.bulk.scoring import score as score_columns
from identity.comparable import comparable
from identity.comparison import compare
from identity.decision import NAMELESS, are_strangers, gravest, signs_of, traits_obstacle
from identity.ins import Ins, InsError, InsOid, nir_key, parse_ins
from identity.model import TERMS
from identity.normalise import check_birth_place, clean_email, clean_phone, split_given_names, write_name
from identity.scoring import score
from identity.traits import Address, BirthDate, Sex, TraitError, Traits
from tests.identity.factories import model
from tests.identity.test_linkage_pairs import PAIRS

GENERATOR = Path(__file__).parents[2] / "data" / "demonstration" / "generate.py"
RECORDS = 4000

Line = dict[str, str | None]


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[Line]:
    """Generated records with twice the usual defects, and both sides of the hard pairs."""
    folder = tmp_path_factory.mktemp("records")
    arguments = ["--seed", "11", "--records", str(RECORDS), "--difficulty", "2"]
    files = ["--file", str(folder / "records.parquet"), "--truth", str(folder / "truth.parquet")]
    subprocess.run([sys.executable, str(GENERATOR), *arguments, *files], check=True)
    records: list[Line] = pq.read_table(folder / "records.parquet").to_pylist()
    hard = [{name: row[side + name] or None for name in COLUMNS} for row in PAIRS for side in ("a_", "b_")]
    return records + hard


def read_traits(line: Line) -> Traits | None:
    """Read a line as a load does; None when the load refuses it."""

    def text(column: str) -> str | None:
        return (line.get(column) or "").strip() or None

    def name(column: str, field: str) -> str | None:
        raw = text(column)
        return write_name(raw, field) if raw else None

    try:
        when, place, phone, email = (text(column) for column in ("birth_date", "birth_place", "phone", "email"))
        return Traits(
            birth_name=name("birth_family", "birth_name"),
            used_name=name("used_family", "used_name"),
            given_names=tuple(
                write_name(part, "given_names") for part in split_given_names(text("given_names") or "")
            ),
            used_given_name=name("used_given", "used_given_name"),
            birth_date=BirthDate.parse(cells.date_of(when)).completed() if when else None,
            sex=Sex(text("sex") or "U"),
            birth_place=check_birth_place(cells.place_of(place).upper()) if place else None,
            ins=_ins(text("ins")),
            address=Address(text("address"), cells.code_of(text("postcode") or "", 5) or None, text("city")),
            phone=clean_phone(cells.phone_of(phone)) if phone else None,
            email=clean_email(cells.email_of(email)) if email else None,
        )
    except TraitError:
        return None


def _ins(raw: str | None) -> Ins | None:
    try:
        return parse_ins(raw, InsOid.NIR.value) if raw else None
    except InsError:
        return None


def as_table(lines: Sequence[Line]) -> pa.Table:
    return pa.table({name: pa.array([line.get(name) for line in lines], pa.string()) for name in COLUMNS})


def score_all(lines: Sequence[Line], pairs: Sequence[tuple[int, int]]) -> tuple[Scored, list[dict[str, str]]]:
    """Score pairs of lines by columns; return also the level of every term of each pair."""
    records = prepare(as_table(lines))
    left, right = (np.array(side, np.int32) for side in zip(*pairs, strict=True))
    compared = compare_columns(records, left, right, model().minor_from)
    levels = term_levels(compared, records.names, model().frequencies)
    seen = [{term: TERMS[term][column[row]] for term, column in levels.items()} for row in range(len(pairs))]
    return score_columns(compared, records.names, model()), seen


def differences(lines: Sequence[Line], pairs: Sequence[tuple[int, int]]) -> list[object]:
    """Compare each pair in both ways; return what differs."""
    scored, levels = score_all(lines, pairs)
    found: list[object] = []
    for row, (one, other) in enumerate(pairs):
        first, second = read_traits(lines[one]), read_traits(lines[other])
        if first is None or second is None:
            continue
        pattern = model().seen(
            compare(
                comparable(first),
                comparable(second),
                same_domain=lines[one].get("source") == lines[other].get("source"),
                minor_from=model().minor_from,
            )
        )
        seen = dict(zip(TERMS, pattern, strict=True))
        told = score(pattern, signs_of(pattern), model())
        limits = model().thresholds
        signs = signs_of(pattern)
        link = told.total >= limits.link and traits_obstacle(signs) is None
        is_worth_a_look = gravest((NAMELESS,), signs) is None and not are_strangers(signs)
        is_near = (told.total >= limits.review and is_worth_a_look) or seen["ins"] == "same"
        review = is_near and not link
        online = (seen, told.total, told.probability, link, review)
        bulk = (
            levels[row],
            scored.bits[row],
            pytest.approx(scored.probability[row], abs=1e-12),
            scored.link[row],
            scored.review[row],
        )
        if online != bulk:
            found.append((one, other, online, bulk))
    return found


def test_a_file_has_the_keys_of_its_records(lines: list[Line]) -> None:
    keys: list[set[int]] = [set() for _ in lines]
    for kind in bulk_keys(prepare(as_table(lines))):
        for key, record in zip(kind.values.tolist(), kind.records.tolist(), strict=True):
            keys[record].add(key)

    online = [(read_traits(line), bulk) for line, bulk in zip(lines, keys, strict=True)]

    assert sum(traits is not None for traits, _ in online) > RECORDS * 0.9
    assert [traits for traits, bulk in online if traits and blocking.blocking_keys(traits) != bulk] == []


def test_the_pairs_of_a_file_are_scored_and_decided_as_one_pair_is(lines: list[Line]) -> None:
    candidates = candidate_pairs(prepare(as_table(lines)))
    pairs = list(zip(candidates.left.tolist(), candidates.right.tolist(), strict=True))
    pairs += [(RECORDS + 2 * number, RECORDS + 2 * number + 1) for number in range(len(PAIRS))]

    assert len(pairs) > RECORDS
    assert differences(lines, pairs) == []


NAMES = st.sampled_from(
    [
        "MARTIN", "MARTINS", "DE LA TOUR", "LATOUR", "D'ARTAGNAN", "DARTAGNAN", "LE GOFF", "LEGOFF", "DURAND-MOREL",
        "DURAND", "MOREL", "NGUYEN", "BEN ALI", "BENALI", "X", "INCONNU", "Müller", "MUELLER", "Lefèvre", "LEFEBVRE",
        "LI", "FAURE", "PHAURE", "PHORE", "ÇELIK", "O", "SAINT-EXUPÉRY", "ST EXUPERY",
    ]
)  # fmt: skip
GIVENS = st.sampled_from(
    [
        "JEAN", "JEAN-PAUL", "JEAN PAUL", "J-P", "J", "PAUL", "MARIE", "Marie-Hélène", "M", "MARIE CLAIRE", "CLAIRE",
        "MOHAMED", "MUHAMMAD", "KATIA", "EKATERINA", "BEBE", "FILLE DE CLAIRE", "JUMEAU A", "NON RENSEIGNE",
        "À PRÉCISER", "NE-SOUS-X", "LEA", "LÉA", "LEO", "LENA", "MARIE JEANNE LOUISE ANNE ROSE EVE", "NR",
        "JEAN - PAUL", "JEAN ´PAUL", "J`EAN", "AL AIN", "MME", "Mr Jean-Paul", "MME-MARIE CLAIRE", "SOEUR VEUVE",
        "MR EL MEHDI", "MARTIN", "MARTIN CLAIRE", "LE GUEN", "NULL", "MOREL CLAIRE",
        "CLAIRE FAURE JEAN", "MOREL FAURE",
    ]
)  # fmt: skip
DATES = st.sampled_from(
    [
        "1946-03-14", "1946-03-15", "1946-03-41", "1946-14-03", "1946-04-13", "1964-03-14", "1947-03-14",
        "1976-03-14", "1946", "1946-03", "1946-01-01", "1946-12-31", "2019-05-06", "2019-05-07", "2000-02-29",
        "1900-02-29", "14/03/1946", "14.3.1946", "19460314", "1946-03-14T00:00:00", "1946-03-13T23:00:00Z",
        "00/03/1946", "1946-00-00", "14/14/1946", "14031946",
    ]
)  # fmt: skip
PLACES = st.sampled_from(
    [
        "58194", "69123", "69381", "2A004", "2a004", "20004", "99352", "92352", "92012", "93008", "75012", "92500",
        "99999", "5819", "1053", "01053",
    ]
)  # fmt: skip
INS = st.sampled_from(
    [
        body + nir_key(body)
        for body in (
            "2460358194001",
            "2460358194011",
            "1460358194001",
            "246032A004001",
            "2460392012001",
            "2460399352001",
            "8460358194077",
            "2620358194001",
            "1200358194001",
            "2890158194001",
        )
    ]
    + [sign.join(["2", "46", "03", "58", "194", "001", nir_key("2460358194001")]) for sign in " \t-"]
    + ["246035819400199"]
)
LINES = st.fixed_dictionaries(
    {
        "source": st.sampled_from(["A", "B"]),
        "birth_family": NAMES | st.none(),
        "used_family": NAMES | st.none(),
        "given_names": GIVENS | st.none(),
        "used_given": GIVENS | st.none(),
        "birth_date": DATES | st.none(),
        "sex": st.sampled_from(["M", "F", "U", None]),
        "birth_place": PLACES | st.none(),
        "ins": INS | st.none(),
        "address": st.sampled_from(
            [
                "12 R DES LILAS",
                "12, rue des Lilas",
                "EHPAD des Lilas",
                "12BIS AV FOCH",
                "12 bis avenue Foch",
                "12 av Fosch",
                "Res. Foch, 12 avenue Foch",
                "1200000 rue Foch",
                "1200001 rue Foch",
                "Le Bourg",
                "le bour",
                "R. du 8 mai 1945",
                "rue du 8 mai 1945, 12",
                "N.C.",
                None,
            ]
        ),
        "postcode": st.sampled_from(
            [
                "58000",
                "58000 ",
                "\u00a058000",
                "58200",
                "85000",
                "5B000",
                "58019",
                "1250",
                " 1250",
                "01250",
                "1520",
                "125",
                "99999",
                "",
                "\u00a0",
                None,
            ]
        ),
        "city": st.sampled_from(
            ["NEVERS", "Nevers cedex 2", "nevres", "St Éloi", "SAINT-ELOI\n", "PARIS", "inconnu", " ", None]
        ),
        "phone": st.sampled_from(
            [
                "0612345679",
                "0612345687",
                "0612345697",
                "0912345679",
                "0692123465",
                "+612345687",
                "+33 6 12 34 56 79",
                "0033612345679",
                "0692123456",
                "+262692123456",
                "+2629612345679",
                "+612345679",
                "612345679",
                "6.12.34.56.79",
                "06 12 34 56 79 / 07 12 34 56 78",
                "06 12 34 56 79 (mari)",
                "00612345679",
                "0600000000",
                "0612345678",
                "06 12 34 56 78",
                "(06)12345678",
                "0477000000",
                "+41796000000",
                "?",
                None,
            ]
        ),
        "email": st.sampled_from(
            [
                "jean.morel@a.fr",
                "Jean.Morel@a.fr",
                "mailto:jean.morel@a.fr",
                "MAILTO:Jean.Morel@a.fr",
                "mailto:paul@a.frİ",
                "paul@a.fr",
                "_paul@a.fr",
                "pa\u00a0ul@a.fr",
                "paul@a.frİ",
                "paul@a",
                "inconnu@a.fr",
                "accueil@a.fr",
                "x@x.fr",
                "mail.12@a.fr",
                "marie-helene@b.fr",
                "marie.helene.durand@b.fr",
                "a@b",
                None,
            ]
        ),
    }
)


@settings(deadline=None, max_examples=300)
@given(st.lists(LINES, min_size=2, max_size=5))
def test_any_two_records_are_compared_alike_in_both_ways_and_both_directions(some: list[Line]) -> None:
    pairs = [(one, other) for one in range(len(some)) for other in range(len(some)) if one != other]

    scored, levels = score_all(some, pairs)

    assert differences(some, pairs) == []
    turned = [pairs.index((other, one)) for one, other in pairs]
    assert [levels[row] for row in turned] == levels
    assert np.array_equal(scored.bits[turned], scored.bits)


def test_any_two_places_are_compared_alike_told_or_inside_a_matricule() -> None:
    codes = [
        "69381",
        "69382",
        "69123",
        "38185",
        "20004",
        "2A004",
        "2B033",
        "75012",
        "92012",
        "92050",
        "93008",
        "92500",
    ]
    codes += ["91352", "92352", "99352", "99350", "95350", "96001", "99123", "99155", "97302", "98302", "99999"]
    codes += ["69000", "38990", "2A000", "92000", "97400", "00000", "00123", "99000", "99100", "99990"]
    same: Line = {"source": "A", "birth_family": "MOREL", "given_names": "PAUL", "sex": "M"}
    some: list[Line] = []
    for year in ("1946", "1964", "1990"):
        for code in codes:
            body = f"1{year[2:]}03{code}001"
            some += [
                same | {"birth_date": f"{year}-03-14", "birth_place": told, "ins": ins}
                for told, ins in ((code, None), (None, body + nir_key(body)), ("33063", body + nir_key(body)))
            ]
    pairs = [(one, other) for one in range(len(some)) for other in range(one)]

    _, levels = score_all(some, pairs)

    assert differences(some, pairs) == []
    assert {level["birth_place"] for level in levels} == set(TERMS["birth_place"])


@settings(deadline=None, max_examples=100)
@given(LINES)
def test_a_record_read_in_columns_has_its_keys(line: Line) -> None:
    traits = read_traits(line)

    keys = {key for kind in bulk_keys(prepare(as_table([line]))) for key in kind.values.tolist()}

    assert traits is None or keys == blocking.blocking_keys(traits)


STRANGE = " -'.,_/’`´‐–éèñçœæßİıØ09xXABCDEe()+@\u00a0\u200b\u0301ﬁÀЖ北\t"
"""What is typed by mistake: marks, spaces of other kinds, other scripts, signs that capitals change the length of."""


def damaged(value: str | None, rng: random.Random) -> str | None:
    """Put a sign in, take one out or turn two round, once or several times."""
    signs = list(value or "")
    for _ in range(rng.choice((1, 1, 2, 3))):
        place = rng.randrange(len(signs) + 1)
        cut = signs[place : place + rng.choice((1, 2))]
        strange = rng.choice(STRANGE)
        signs[place : place + len(cut)] = rng.choice(([], cut[::-1], [strange], [strange, *cut]))
    return "".join(signs)


# Each of these seeds found a difference once.
@pytest.mark.parametrize("seed", [3, 7, 12, 17, 69])
def test_lines_with_any_sign_anywhere_are_compared_alike_in_both_ways(lines: list[Line], seed: int) -> None:
    rng = random.Random(seed)
    sound = rng.sample(lines[:RECORDS], 300)
    some: list[Line] = []
    for line in sound:
        other = rng.choice(sound)
        columns = rng.sample(sorted(set(COLUMNS) - {"source", "sex"}), 4)
        broken = line | {column: damaged(line[column], rng) for column in columns[: rng.randrange(1, 4)]}
        # The last one agrees with both in part.
        some += [line, broken, broken | {column: other[column] for column in columns}]
    pairs = [(row + one, row + two) for row in range(0, len(some), 3) for one, two in ((0, 1), (1, 2), (0, 2))]

    assert differences(some, pairs) == []
    for line in some[1::9]:
        traits = read_traits(line)
        keys = {key for kind in bulk_keys(prepare(as_table([line]))) for key in kind.values.tolist()}
        assert traits is None or keys == blocking.blocking_keys(traits)
