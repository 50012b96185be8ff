"""Persons out of the links of a region: the numbers of linked records come to the driver, and nothing else of them.

Connected components are SciPy's: GraphFrames is a jar outside the Python index. Records that a contradiction tears
apart are few; they come whole, and `identity.bulk.clusters` groups them as on one machine.
"""

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hub.spark.partitions import score_batch
from hub.spark.records import with_records
from identity.bulk.clusters import group
from identity.bulk.text import Longs
from identity.model import Model


def persons(spark: SparkSession, scored: DataFrame, records: DataFrame, model: Model) -> DataFrame:
    """Return the person of every linked record (`row`, `person`: the lowest of its rows)."""
    links = scored.where("link").select("row_l", "row_r").toArrow()
    rows, person = _components(links["row_l"].to_numpy(), links["row_r"].to_numpy())
    linked = _table(spark, rows, person)
    together = inside(scored, linked)
    torn = together.where("contradicts").select("person").distinct()
    pairs = together.join(torn, "person").select("row_l", "row_r")
    table = with_records(pairs, records).toArrow().combine_chunks()
    if not len(table):
        return linked
    # Grouping needs every pair of the torn persons: those that link and those that contradict.
    again, found = score_batch(table.to_batches()[0], model)
    person[np.searchsorted(rows, again)] = again[group(found, len(again), model.thresholds.margin).person]
    return _table(spark, rows, person)


def inside(scored: DataFrame, linked: DataFrame) -> DataFrame:
    """Keep the pairs whose two records are of one person, with that person."""
    left = linked.select(sql.col("row").alias("row_l"), "person")
    right = linked.select(sql.col("row").alias("row_r"), "person")
    return scored.join(left, "row_l").join(right, ["row_r", "person"])


def _components(left: Longs, right: Longs) -> tuple[Longs, Longs]:
    """Return the linked rows, and the lowest row that each is connected with."""
    rows = np.unique(np.concatenate([left, right]))
    if not len(rows):
        return rows, rows
    edges = (np.searchsorted(rows, left), np.searchsorted(rows, right))
    graph = coo_array((np.ones(len(left), np.bool_), edges), shape=(len(rows), len(rows)))
    _, labels = connected_components(graph, directed=False)
    _, lowest = np.unique(labels, return_index=True)
    return rows, rows[lowest[labels]]


def _table(spark: SparkSession, rows: Longs, person: Longs) -> DataFrame:
    return spark.createDataFrame(pa.table({"row": rows, "person": person}))
