"""Who is who in a regional file, on Spark: the same pairs, scores, decisions and persons as on one machine.

Each step is a table that Spark spreads over its machines; Parquet goes in and folders of Parquet come out, in the
order of the file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql

from hub.deduplication import Order, Summary, Unread, check_outputs, read_model
from hub.errors import Invalid
from hub.spark import partitions
from hub.spark.candidates import candidate_pairs
from hub.spark.persons import inside, persons
from hub.spark.records import Keep, read, with_records, without
from hub.spark.session import session
from identity.bulk.blocking import kinds_for
from identity.bulk.engine import Report, Stage
from identity.bulk.records import COLUMNS
from identity.model import write_model

_WRITTEN_WHOLE = "_SUCCESS"


def run(order: Order, report: Report) -> Summary:
    """Compare a file with itself and write what was found; raise `Invalid` before anything is written."""
    check_outputs(order)
    _refuse_other_folders(order)
    model, _ = read_model(order.model)
    with session() as spark, _work_folder(spark, order.pairs) as keep:
        report(Stage.READ, 0, 0)
        region = read(spark, order.file, keep)
        report(Stage.READ, region.count, region.count)
        report(Stage.PREPARE, 0, region.count)
        unreadable = _unreadable(region.records)
        report(Stage.PREPARE, region.count, region.count)
        report(Stage.PAIRS, 0, region.count)
        candidates = candidate_pairs(region.records, region.count, kinds_for(region.count, wide=order.wide), keep)
        count = candidates.pairs.count()
        report(Stage.PAIRS, region.count, region.count)
        report(Stage.COMPARE, 0, count)
        compared = without(region.records, candidates.bearers) if candidates.widespread else region.records
        together = with_records(candidates.pairs, compared)
        scored = keep(together.mapInArrow(partitions.scores(write_model(model)), partitions.SCORES), "scores")
        report(Stage.COMPARE, count, count)
        report(Stage.GROUP, 0, region.count)
        linked = keep(persons(spark, scored, region.records, model), "persons")
        report(Stage.GROUP, region.count, region.count)
        report(Stage.WRITE, 0, count)
        decided = keep(_decide(scored, linked), "decisions")
        _write(_pairs(decided, region.records), order.pairs)
        if order.clusters is not None:
            _write(_clusters(region.records, linked), order.clusters)
        report(Stage.WRITE, count, count)
        counts = {line["decision"]: line["count"] for line in decided.groupBy("decision").count().collect()}
        joined = linked.where("row <> person").count()
    return Summary(
        records=region.count,
        torn=region.torn,
        pairs=count,
        links=counts.get("link", 0),
        reviews=counts.get("review", 0),
        persons=region.count - joined,
        unreadable=unreadable,
        unexamined=candidates.unexamined,
        widespread=candidates.widespread,
    )


def _refuse_other_folders(order: Order) -> None:
    """Refuse to replace a folder, unless an earlier run on Spark wrote it."""
    for path in (order.pairs, order.clusters):
        if path is not None and path.is_dir() and not (path / _WRITTEN_WHOLE).is_file():
            raise Invalid(f"{path} est un dossier que Spark n'a pas écrit : donnez un autre nom.")


@contextmanager
def _work_folder(spark: SparkSession, beside: Path) -> Iterator[Keep]:
    """Keep tables between steps in a folder beside the output, which every machine can reach, and remove it."""
    with TemporaryDirectory(prefix=f".{beside.name}.", dir=beside.parent) as folder:

        def keep(table: DataFrame, name: str) -> DataFrame:
            path = f"{folder}/{name}"
            table.write.parquet(path)
            return spark.read.schema(table.schema).parquet(path)

        yield keep


def _unreadable(records: DataFrame) -> dict[str, Unread]:
    found = records.mapInArrow(partitions.unreadable, partitions.UNREADABLE)
    columns = found.groupBy("column").agg(sql.sum("count").alias("count"), sql.min("row").alias("row"))
    lines = columns.join(records.select("row", "record_id"), "row").select("column", "count", "record_id").collect()
    return {
        name: Unread(count, str(record_id))
        for name, count, record_id in sorted(lines, key=lambda line: COLUMNS.index(line[0]))
    }


def _decide(scored: DataFrame, linked: DataFrame) -> DataFrame:
    """Link the pairs of one person, whatever their own score; review the others that are near."""
    one = inside(scored, linked).select("row_l", "row_r", sql.lit("link").alias("inside"))
    review = sql.when(sql.col("near"), "review")
    return scored.join(one, ["row_l", "row_r"], "left").withColumn("decision", sql.coalesce("inside", review))


def _pairs(decided: DataFrame, records: DataFrame) -> DataFrame:
    left = records.select(sql.col("row").alias("row_l"), sql.col("record_id").alias("id_l"))
    right = records.select(sql.col("row").alias("row_r"), sql.col("record_id").alias("id_r"))
    named = decided.join(left, "row_l").join(right, "row_r").sort("row_l", "row_r")
    return named.select("id_l", "id_r", "score", "probability", "decision")


def _clusters(records: DataFrame, linked: DataFrame) -> DataFrame:
    """A record without a link is a person by itself."""
    persons = records.select(sql.col("row").alias("person"), sql.col("record_id").alias("id"))
    named = linked.join(persons, "person").select("row", "id")
    every = records.select("row", "record_id").join(named, "row", "left").sort("row")
    return every.select("record_id", sql.coalesce("id", "record_id").alias("person"))


def _write(table: DataFrame, path: Path) -> None:
    """Write a folder of Parquet that appears whole or not at all."""
    draft = path.with_name(f".{path.name}.part")
    try:
        table.write.mode("overwrite").parquet(str(draft))
        if path.is_dir():
            rmtree(path)
        path.unlink(missing_ok=True)
        draft.rename(path)
    finally:
        rmtree(draft, ignore_errors=True)
