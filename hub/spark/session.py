"""A Spark session that says nothing: where it runs is Spark's own configuration (spark-defaults.conf).

Without one it runs on this machine, on every core.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from subprocess import DEVNULL

from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkRuntimeError
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from hub.config import process_environment
from hub.errors import HubError

PAIRS_AT_ONCE = 50_000
"""Rows handed to Python together: enough for the work of one batch to hide its fixed cost."""

_SETTINGS = {
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(PAIRS_AT_ONCE),
    # The links of the whole region come to the driver, 24 bytes each.
    "spark.driver.maxResultSize": "0",
}
_NEEDED = (
    "Il faut Java 17 ou plus récent, dans JAVA_HOME ou dans PATH ; "
    "sous Debian : apt-get install openjdk-17-jre-headless"
)


class SparkMissing(HubError):
    """Something that Spark needs is not installed."""


@contextmanager
def session() -> Iterator[SparkSession]:
    """Open a session and stop it afterwards; raise `SparkMissing` without a Java that can run it."""
    if not _has_java():
        raise SparkMissing(f"Java est introuvable. {_NEEDED}")
    conf = SparkConf().setAppName("identity-hub").setAll(list(_SETTINGS.items()))
    try:
        # Java's own messages are many lines of English at every start; what goes wrong comes as an exception.
        gateway = launch_gateway(conf, {"stderr": DEVNULL})
    except PySparkRuntimeError as err:
        raise SparkMissing(f"Spark n'a pas démarré. {_NEEDED}") from err
    context = SparkContext(gateway=gateway, conf=conf)
    if context.master.startswith("local"):
        # Otherwise Spark starts the first python3 of the path, which may know nothing of the hub.
        context.pythonExec = sys.executable
    spark = SparkSession(context)
    try:
        yield spark
    finally:
        spark.stop()


def _has_java() -> bool:
    """Look for Java where Spark does."""
    home = process_environment("JAVA_HOME")
    return (Path(home) / "bin" / "java").is_file() if home else which("java") is not None
