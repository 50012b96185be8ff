"""Accuracy and speed of `hub identities dedupe` against Splink, on files made for the run with fresh seeds.

    python -m tests.bench.matching --records 100000 --seeds 3 --speed 1000000

Both run as whole processes, one after the other, on the same file: the ratio of their times travels, the times belong
to the machine. Accuracy is measured against the generator's truth (data/README.md), at two difficulties.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
GENERATOR = ROOT / "data" / "demonstration" / "generate.py"
PRECISIONS = (0.999, 0.9999)
_HUB = Path(sys.executable).with_name("hub")
_LOOK = 0.02


@dataclass(frozen=True, slots=True)
class Run:
    """What one process cost."""

    seconds: float
    mebibytes: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How good a scored list of candidate pairs is."""

    blocking_recall: float
    best_f1: float
    recalls: tuple[float, ...]
    """Recall at each of `PRECISIONS`."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """What the decisions of the shipped model are worth."""

    links: int
    wrong: int
    recall: float
    with_review: float
    reviews: float
    """Reviews for 100 true pairs."""
    mixed: float
    """Persons that hold several people, for 100,000."""
    clustered: float
    """True pairs whose two records are in one person."""


def generate(folder: Path, seed: int, records: int, difficulty: float) -> tuple[Path, Path]:
    """Make a labelled file; return it and its truth."""
    file, truth = folder / f"{seed}.parquet", folder / f"{seed}-truth.parquet"
    order = ["--seed", seed, "--records", records, "--difficulty", difficulty, "--file", file, "--truth", truth]
    subprocess.run([sys.executable, GENERATOR, *map(str, order)], check=True)
    return file, truth


def run(*command: object) -> Run:
    """Run a process to its end; return wall clock and peak memory."""
    began = time.perf_counter()
    with subprocess.Popen([*map(str, command)], cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    took = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return Run(
        took, usage.ru_maxrss / (1 if sys.platform == "darwin" else 1024) / (2**20 if sys.platform == "darwin" else 1)
    )


def peak_with_copies(*command: object) -> float:
    """Run a process to its end; return the peak of what it and its copies hold, shared memory counted once, in MiB.

    Only where the system tells it (Linux); looked at so often that the run takes longer.
    """
    peak = 0
    with subprocess.Popen([*map(str, command)], cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(_proportional, _family(process.pid))))
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return peak / 1024


def _family(process: int) -> Iterator[int]:
    """Yield a process and those that it started."""
    yield process
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            for child in path.read_text().split():
                yield from _family(int(child))


def _proportional(process: int) -> int:
    """Return the KiB that a process holds, what others hold too divided among them."""
    with suppress(OSError):
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return 0


def hub(*order: object) -> Run:
    """Run a command of the hub."""
    return run(_HUB, *order)


def dedupe(file: Path, out: Path, clusters: Path, *options: object) -> Run:
    """Tell who is who in a file; what an earlier run wrote there goes."""
    for written in (out, clusters):
        written.unlink(missing_ok=True)
    return hub(*_order(file, out, clusters), *options)


def _order(file: Path, out: Path, clusters: Path) -> tuple[object, ...]:
    return "identities", "dedupe", file, "--out", out, "--clusters", clusters


def splink(file: Path, out: Path) -> Run:
    """Run the peer on a file."""
    return run(sys.executable, "-m", "tests.bench.splink_peer", file, out)


def people(truth: Path) -> tuple[NDArray[np.int64], int]:
    """Return the person of each record number and how many pairs of records are of one person."""
    table = pq.ParquetFile(truth).read(columns=["record_id", "person_id"])
    ids = table["record_id"].to_numpy().astype(np.int64)
    _, numbers = np.unique(table["person_id"].to_numpy(), return_inverse=True)
    person = np.full(int(ids.max()) + 1, -1, np.int64)
    person[ids] = numbers
    sizes = np.bincount(numbers).astype(np.int64)
    return person, int((sizes * (sizes - 1) // 2).sum())


def accuracy(pairs: Path, person: NDArray[np.int64], true: int) -> Accuracy:
    """Measure the ranking of the candidate pairs; equal scores stand or fall together."""
    table = pq.ParquetFile(pairs).read(columns=["id_l", "id_r", "score"])
    same = person[table["id_l"].to_numpy().astype(np.int64)] == person[table["id_r"].to_numpy().astype(np.int64)]
    score = table["score"].to_numpy()
    order = np.argsort(-score, kind="stable")
    score, same = score[order], same[order]
    last = np.r_[score[1:] != score[:-1], True]
    right = np.cumsum(same)[last]
    called = np.arange(1, len(score) + 1)[last]
    precision, recall = right / called, right / true
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    recalls = tuple(float(recall[precision >= wanted].max(initial=0)) for wanted in PRECISIONS)
    return Accuracy(float(same.sum() / true), float(f1.max()), recalls)


def shipped(pairs: Path, clusters: Path, person: NDArray[np.int64], true: int) -> Shipped:
    """Measure the decisions and the persons that the command wrote."""
    table = pq.ParquetFile(pairs).read(columns=["id_l", "id_r", "decision"])
    same = person[table["id_l"].to_numpy().astype(np.int64)] == person[table["id_r"].to_numpy().astype(np.int64)]
    decision = np.asarray(table["decision"].fill_null("").to_pylist())
    link, review = decision == "link", decision == "review"
    groups = pq.ParquetFile(clusters).read(columns=["record_id", "person"])
    truth = person[groups["record_id"].to_numpy().astype(np.int64)]
    _, group = np.unique(groups["person"].to_numpy(), return_inverse=True)
    both, counts = np.unique(np.stack([group, truth], 1), axis=0, return_counts=True)
    counts = counts.astype(np.int64)
    mixed = int((np.bincount(both[:, 0]) > 1).sum())
    return Shipped(
        links=int(link.sum()),
        wrong=int((link & ~same).sum()),
        recall=float((link & same).sum() / true),
        with_review=float(((link | review) & same).sum() / true),
        reviews=float(100 * review.sum() / true),
        mixed=1e5 * mixed / (int(group.max()) + 1),
        clustered=float((counts * (counts - 1) // 2).sum() / true),
    )


def measure_accuracy(records: int, seeds: int, folder: Path) -> list[str]:
    """Return the lines of the accuracy tables: the mean over files of fresh seeds, ordinary and hard."""
    lines = [
        f"Accuracy, mean of {seeds} files of {records:,} records with fresh seeds; hard files have 2.2 times the "
        "mistakes.",
        "",
        "| file | who | blocking recall | best F1 | recall at 0.999 | recall at 0.9999 |",
        "|---|---|---|---|---|---|",
    ]
    decisions = [
        "",
        "| file | wrong links | their recall | links and reviews | reviews per 100 true pairs | mixed persons per "
        "100,000 | pair recall of persons |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, difficulty in (("ordinary", 1.0), ("hard", 2.2)):
        ours, peers, outcomes = [], [], []
        for _ in range(seeds):
            file, truth = generate(folder, SystemRandom().randrange(10**6, 10**9), records, difficulty)
            person, true = people(truth)
            pairs, clusters, peer = folder / "pairs.parquet", folder / "clusters.parquet", folder / "peer.parquet"
            dedupe(file, pairs, clusters)
            ours.append(accuracy(pairs, person, true))
            outcomes.append(shipped(pairs, clusters, person, true))
            splink(file, peer)
            peers.append(accuracy(peer, person, true))
            for path in (file, truth, pairs, clusters, peer):
                path.unlink()
        lines += [accuracy_line(name, "hub", ours), accuracy_line(name, "Splink 5", peers)]
        decisions.append(_decision_line(name, outcomes))
    return [*lines, *decisions]


def accuracy_line(name: str, who: str, found: list[Accuracy]) -> str:
    figures = np.mean([(item.blocking_recall, item.best_f1, *item.recalls) for item in found], axis=0)
    return f"| {name} | {who} | " + " | ".join(f"{figure:.4f}" for figure in figures) + " |"


def _decision_line(name: str, found: list[Shipped]) -> str:
    links, wrong = sum(item.links for item in found), sum(item.wrong for item in found)
    rows = [(item.recall, item.with_review, item.reviews, item.mixed, item.clustered) for item in found]
    recall, with_review, reviews, mixed, clustered = np.mean(rows, axis=0)
    once = f"{wrong} of {links:,} (1 in {links // wrong:,})" if wrong else f"0 of {links:,}"
    return f"| {name} | {once} | {recall:.4f} | {with_review:.4f} | {reviews:.2f} | {mixed:.1f} | {clustered:.4f} |"


def measure_speed(sizes: list[int], folder: Path) -> list[str]:
    """Return the lines of the speed table: whole processes, imports and training included."""
    lines = [
        "Speed, whole processes (start, imports and Splink's training included), the best of two runs of each in "
        "turn, on one file of fresh seed; memory of the process alone, and with its copies in a run of its own:",
        "",
        "| records | hub s | Splink s | ratio | hub MiB | with copies | Splink MiB |",
        "|---|---|---|---|---|---|---|",
    ]
    for records in sizes:
        file, _ = generate(folder, SystemRandom().randrange(10**6, 10**9), records, 1.0)
        pairs, clusters = folder / "pairs.parquet", folder / "clusters.parquet"
        turns = [(splink(file, folder / "peer.parquet"), dedupe(file, pairs, clusters)) for _ in range(2)]
        peer, best = (min(runs, key=lambda cost: cost.seconds) for runs in zip(*turns, strict=True))
        together = peak_with_copies(_HUB, *_order(file, pairs, clusters))
        lines.append(
            f"| {records:,} | {best.seconds:.2f} | {peer.seconds:.2f} | {best.seconds / peer.seconds:.3f} "
            f"| {best.mebibytes:.0f} | {together:.0f} | {peer.mebibytes:.0f} |"
        )
        file.unlink()
    return lines


def measure(records: int, seeds: int, sizes: list[int]) -> list[str]:
    """Return the whole section for docs/benchmarks.md."""
    with tempfile.TemporaryDirectory(prefix="bench-matching-") as name:
        folder = Path(name)
        return [*measure_accuracy(records, seeds, folder), "", *measure_speed(sizes, folder)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--speed", type=int, nargs="*", default=[100_000, 1_000_000])
    arguments = parser.parse_args()
    print("\n".join(measure(arguments.records, arguments.seeds, arguments.speed)))


if __name__ == "__main__":
    main()
