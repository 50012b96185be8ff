"""A region's file as a Spark table: the columns compared, the record's id, and its row in the order of the file.

What makes a file fit to be compared is said by `hub.regional_file`.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as sql
from pyspark.sql.types import StringType, StructField, StructType

from hub import regional_file
from identity.bulk.blocking import ALL_KINDS
from identity.bulk.records import COLUMNS
from identity.widespread import KINDS

Keep = Callable[[DataFrame, str], DataFrame]
"""Writes a table down under a name and reads it again: what follows no longer depends on how it was made."""

_TORN = "_torn"


@dataclass(frozen=True, slots=True)
class Region:
    """The records, how many they are, and the lines of a CSV left out."""

    records: DataFrame
    count: int
    torn: int


def read(spark: SparkSession, path: Path, keep: Keep) -> Region:
    """Read a CSV or Parquet file; raise `Invalid` when it cannot be compared."""
    delimiter = regional_file.check_form(path)
    lines = spark.read.parquet(str(path)) if delimiter is None else _csv_lines(spark, path, delimiter)
    torn = sql.col(_TORN).isNotNull() if delimiter else sql.lit(False)
    numbered = lines.select(
        # Rises with the order of the file, on however many machines: it tells the lower record of a pair.
        sql.monotonically_increasing_id().alias("row"),
        "record_id",
        *(sql.col(name).cast("string").alias(name) for name in COLUMNS),
        torn.alias(_TORN),
    )
    # A file comes in as few pieces as it was written: spread it over all workers.
    every = keep(numbered.repartition("row"), "records")
    records = every.where(~sql.col(_TORN)).drop(_TORN)
    left_out = every.where(_TORN).count() if delimiter else 0
    return Region(records, _check_ids(records, left_out), left_out)


def without(records: DataFrame, bearers: DataFrame) -> DataFrame:
    """Return records without what too many bear; `bearers` are their rows, each with the number of a kind of key."""
    lists = bearers.groupBy("row").agg(sql.collect_set("kind").alias("borne"))
    known = records.join(lists, "row", "left")
    numbers = {trait: ALL_KINDS.index(kind) for kind, trait in KINDS.items()}

    def column(name: str) -> Column:
        if name not in numbers:
            return sql.col(name)
        is_borne = sql.array_contains("borne", sql.lit(numbers[name]).cast("byte"))
        return sql.when(~sql.coalesce(is_borne, sql.lit(False)), sql.col(name)).alias(name)

    return known.select([column(name) for name in records.columns])


def with_records(pairs: DataFrame, records: DataFrame) -> DataFrame:
    """Put both records beside each pair, as `l` and `r`."""
    record = sql.struct("record_id", *COLUMNS)
    left = records.select(sql.col("row").alias("row_l"), record.alias("l"))
    right = records.select(sql.col("row").alias("row_r"), record.alias("r"))
    return pairs.join(left, "row_l").join(right, "row_r")


def _csv_lines(spark: SparkSession, path: Path, delimiter: str) -> DataFrame:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        names = next(csv.reader(stream, delimiter=delimiter))
    schema = StructType([StructField(name, StringType()) for name in [*names, _TORN]])
    return spark.read.csv(
        str(path),
        schema,
        sep=delimiter,
        header=True,
        quote='"',
        escape='"',
        multiLine=True,
        mode="PERMISSIVE",
        columnNameOfCorruptRecord=_TORN,
    )


def _check_ids(records: DataFrame, left_out: int) -> int:
    """Return how many records there are, each with a number of its own."""
    number = sql.col("record_id").cast("string")
    lacks = sql.coalesce(number, sql.lit("")) == ""
    counts = sql.count("*"), sql.count_distinct("record_id"), sql.count_if(lacks)
    [(count, distinct, lacking)] = records.agg(*counts).collect()
    regional_file.check_count(count, left_out)
    if lacking or distinct < count:
        double = records.groupBy("record_id").count().where("count > 1")
        shown = [str(line["record_id"]) for line in double.limit(regional_file.SHOWN).collect()]
        regional_file.check_ids(lacking, double.count(), shown)
    return int(count)
