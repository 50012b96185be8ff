"""What Spark needs and may lack here: its Python package and a Java. Light to import: nothing of Spark is."""

from importlib.util import find_spec
from pathlib import Path
from shutil import which

from hub.config import process_environment
from hub.errors import HubError

JAVA_NEEDED = (
    "Il faut Java 17 ou plus récent, dans JAVA_HOME ou dans PATH ; sous Debian : apt-get install default-jre-headless"
)


class SparkMissing(HubError):
    """Something that Spark needs is not installed."""


def check() -> None:
    """Raise `SparkMissing`, with what to install, when Spark cannot start here."""
    # Spark hands Arrow tables over only where pandas is.
    if find_spec("pyspark") is None or find_spec("pandas") is None:
        raise SparkMissing('Spark n\'est pas installé : pip install "identity-hub[spark]"')
    if not _has_java():
        raise SparkMissing(f"Java est introuvable. {JAVA_NEEDED}")


def _has_java() -> bool:
    """Look for Java where Spark does."""
    home = process_environment("JAVA_HOME")
    return (Path(home) / "bin" / "java").is_file() if home else which("java") is not None
