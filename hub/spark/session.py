"""A Spark session that says nothing: where it runs is Spark's own configuration (spark-defaults.conf).

Without one it runs on this machine, on every core.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import DEVNULL

from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkRuntimeError
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from hub.spark.missing import JAVA_NEEDED, SparkMissing, check

PAIRS_AT_ONCE = 50_000
"""Rows handed to Python together: enough for the work of one batch to hide its fixed cost."""

_SETTINGS = {
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(PAIRS_AT_ONCE),
    # The links of the whole region come to the driver, 16 bytes each.
    "spark.driver.maxResultSize": "0",
}


@contextmanager
def session() -> Iterator[SparkSession]:
    """Open a session and stop it afterwards; raise `SparkMissing` without a Java that can run it."""
    check()
    conf = SparkConf().setAppName("identity-hub").setAll(list(_SETTINGS.items()))
    try:
        # Java's own messages are many lines of English at every start; what goes wrong comes as an exception.
        gateway = launch_gateway(conf, {"stderr": DEVNULL})  # type: ignore[no-untyped-call]  # untyped in pyspark
    except PySparkRuntimeError as err:
        raise SparkMissing(f"Spark n'a pas démarré. {JAVA_NEEDED}") from err
    context = SparkContext(gateway=gateway, conf=conf)
    if (context.master or "").startswith("local"):
        # Otherwise Spark starts the first python3 of the path, which may know nothing of the hub.
        context.pythonExec = sys.executable
    spark = SparkSession(context)
    try:
        yield spark
    finally:
        spark.stop()
