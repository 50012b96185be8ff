"""Candidate pairs as joins on the blocking keys, with the limits of `identity.bulk.blocking`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as sql

from hub.spark import partitions
from hub.spark.records import Keep
from identity.blocking import KINDS
from identity.bulk.blocking import ALL_KINDS, MOST_REFINED, NEIGHBOURS, most_together
from identity.widespread import KINDS as WIDESPREAD
from identity.widespread import MOST_BEARERS

_KEY = ["kind", "value"]
_WIDESPREAD = [ALL_KINDS.index(kind) for kind in WIDESPREAD]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of rows, the lower first, each once; and how many pairs were left out, by kind of key."""

    pairs: DataFrame
    unexamined: dict[str, int]
    bearers: DataFrame
    """Rows that share a key of a kind of `identity.widespread` with too many, each with the kind's number."""
    widespread: dict[str, int]
    """How many rows these are, by kind."""


def candidate_pairs(records: DataFrame, size: int, kinds: Sequence[str], keep: Keep) -> Candidates:
    """Pair the records, so many, that share a key of one of these kinds.

    A key held by too many is refined, then cut to neighbours and told.
    """
    blocks = keep(_blocks(records.mapInArrow(partitions.keys(kinds), partitions.ENTRIES)), "blocks")
    borne = blocks.where(sql.col("kind").isin(_WIDESPREAD) & (sql.col("size") > MOST_BEARERS))
    bearers = keep(borne.select("row", "kind"), "bearers")
    counts = bearers.groupBy("kind").count().sort("kind").collect()
    widespread = {ALL_KINDS[line["kind"]]: line["count"] for line in counts}
    if widespread:
        # What tells nobody from another brings nobody together.
        blocks = blocks.where(~sql.col("kind").isin(_WIDESPREAD) | (sql.col("size") <= MOST_BEARERS))
    pairs = [_within(blocks, 0, size)]
    unexamined: dict[str, int] = {}
    for depth in range(MOST_REFINED):
        large = _larger(blocks, depth, size)
        if large.isEmpty():
            break
        blocks = keep(_blocks(_refined(large, records)), f"blocks-{depth}")
        pairs.append(_within(blocks, depth + 1, size))
    else:
        large = _larger(blocks, MOST_REFINED, size).where(f"kind < {len(KINDS)}")
        unexamined = _count_pairs(large)
        pairs.append(_neighbours(large))
    found = keep(reduce(DataFrame.unionAll, pairs).distinct(), "pairs")
    return Candidates(found, unexamined, bearers, widespread)


def _blocks(entries: DataFrame) -> DataFrame:
    """Keep the entries whose key comes more than once, with how often it comes.

    A record that holds a key twice counts twice, as on one machine.
    """
    return entries.withColumn("size", sql.count("*").over(Window.partitionBy(_KEY))).where("size > 1")


def _larger(blocks: DataFrame, depth: int, size: int) -> DataFrame:
    """Keep the blocks that are too large for how often they were refined, in a file of so many records."""
    return blocks.where(f"size > {most_together(depth, size)}")


def _within(blocks: DataFrame, depth: int, size: int) -> DataFrame:
    small = blocks.where(f"size <= {most_together(depth, size)}")
    left = small.select(*_KEY, sql.col("row").alias("row_l"))
    right = small.select(*_KEY, sql.col("row").alias("row_r"))
    return left.join(right, _KEY).where(sql.col("row_l") < sql.col("row_r")).select("row_l", "row_r")


def _refined(large: DataFrame, records: DataFrame) -> DataFrame:
    held = records.join(large.select("row").distinct(), "row", "left_semi")
    parts = held.mapInArrow(partitions.parts, partitions.PARTS)
    return large.select(*_KEY, "part", "row").join(parts, "row").mapInArrow(partitions.refined, partitions.ENTRIES)


def _count_pairs(large: DataFrame) -> dict[str, int]:
    sizes = large.select(*_KEY, "size").distinct()
    missed = sizes.groupBy("kind").agg(sql.sum(sql.expr("size * (size - 1) div 2")).alias("pairs"))
    return {ALL_KINDS[line["kind"]]: line["pairs"] for line in missed.sort("kind").collect()}


def _neighbours(large: DataFrame) -> DataFrame:
    order = Window.partitionBy(_KEY).orderBy("row")
    following = sql.array(*(sql.lead("row", distance).over(order) for distance in range(1, NEIGHBOURS)))
    runs = large.select(sql.col("row").alias("row_l"), following.alias("following"))
    pairs = runs.select("row_l", sql.explode("following").alias("row_r"))
    return pairs.where(sql.col("row_l") < sql.col("row_r"))
