"""What the keys of the index find, and whom they bring besides, on generated files of two difficulties."""

import subprocess
import sys
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from identity.bulk.blocking import blocking_keys
from identity.bulk.records import prepare
from tests.identity.test_bulk_equals_online import GENERATOR

RECORDS = 3000

Pairs = set[tuple[int, int]]


def _pairs_of(groups: dict[object, list[int]]) -> Pairs:
    return {pair for group in groups.values() for pair in combinations(sorted(set(group)), 2)}


def _measured(folder: Path, difficulty: str) -> tuple[Pairs, dict[str, Pairs]]:
    """Return the true pairs of a generated file, and the pairs that share a key of each kind."""
    file, truth = folder / "records.parquet", folder / "truth.parquet"
    order = ["--seed", "31", "--records", str(RECORDS), "--difficulty", difficulty]
    command = [sys.executable, str(GENERATOR), *order, "--file", str(file), "--truth", str(truth)]
    subprocess.run(command, check=True)
    table = pq.read_table(file)
    told = pq.read_table(truth).to_pydict()
    whose = dict(zip(told["record_id"], told["person_id"], strict=True))
    persons: dict[object, list[int]] = defaultdict(list)
    for row, record_id in enumerate(table["record_id"].to_pylist()):
        persons[whose[record_id]].append(row)
    kinds = {}
    for keys in blocking_keys(prepare(table)):
        holders: dict[object, list[int]] = defaultdict(list)
        for key, row in zip(keys.values.tolist(), keys.records.tolist(), strict=True):
            holders[key].append(row)
        kinds[keys.kind] = _pairs_of(holders)
    return _pairs_of(persons), kinds


@pytest.mark.parametrize(("difficulty", "least"), [("1", 0.995), ("2.2", 0.97)])
def test_the_keys_find_nearly_every_true_pair_and_few_strangers(
    tmp_path: Path, difficulty: str, least: float
) -> None:
    true, kinds = _measured(tmp_path, difficulty)
    found = set().union(*kinds.values())

    assert len(true & found) >= least * len(true)
    assert len(found - true) < 3 * RECORDS


def test_every_kind_of_key_finds_somebody_whom_no_other_finds(tmp_path: Path) -> None:
    true, kinds = _measured(tmp_path, "2.2")
    alone = {
        kind: pairs & true - set().union(*(others for other, others in kinds.items() if other != kind))
        for kind, pairs in kinds.items()
    }

    assert [kind for kind, pairs in alone.items() if not pairs and kind not in ("ins", "email")] == []
