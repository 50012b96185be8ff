"""The bulk engine on Spark: what one machine finds, and nothing else; a sentence when Java is not there.

Spark runs in a process of its own, which takes its Java along when it ends.
"""

import csv
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from hub import deduplication, regional_file
from hub.commands.dedupe import lines
from hub.config import inherited
from hub.deduplication import Order
from hub.regional_file import COLUMNS
from identity.widespread import MOST_BEARERS

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = ROOT / "data" / "demonstration" / "generate.py"
# A short run: two workers, a Java that compiles little, few pieces. None of it is seen in the results.
OPTIONS = (
    "--master local[2] --driver-java-options '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Djava.io.tmpdir={tmp}' "
    "--conf spark.local.dir={tmp} --conf spark.sql.shuffle.partitions=3 --conf spark.sql.codegen.wholeStage=false "
    "--conf spark.sql.adaptive.enabled=false --conf spark.sql.files.maxPartitionBytes=300000 pyspark-shell"
)
READ = """
import sys
from pathlib import Path
from hub.spark.records import read
from hub.spark.session import session

def keep(table, name):
    table.write.parquet(sys.argv[2])
    return spark.read.parquet(sys.argv[2])

with session() as spark:
    region = read(spark, Path(sys.argv[1]), keep)
    print(region.count, region.torn)
"""
WITHOUT_SPARK = "import sys; sys.modules['pyspark'] = None; from hub.cli import main; main(sys.argv[1:])"
Line = dict[str, str]


def _line(number: str, /, **values: str) -> Line:
    return dict.fromkeys(COLUMNS, "") | {"record_id": number} | values


def _too_many_alike() -> list[Line]:
    """Return three blocks over the limit: one that a refinement splits, one that two do, one that nothing does."""
    names = {"birth_family": "DUPONT", "given_names": "MARIE", "sex": "F", "birth_place": "59350"}
    found = [
        _line(f"A{rank}", **names, birth_date=f"19{40 + rank % 40}-05-{1 + rank % 9:02d}") for rank in range(100)
    ]
    names = {"birth_family": "MARTIN", "given_names": "JEAN", "sex": "M", "birth_place": "75056"}
    found += [_line(f"B{rank}", **names, birth_date="1950-01-02", postcode=f"7500{rank % 9}") for rank in range(100)]
    same = {"birth_date": "1950-01-01", "phone": "0612345687", "postcode": "13001"}
    found += [_line(f"C{rank}", birth_family="ROCHE", given_names="PAUL", sex="M", **same) for rank in range(100)]
    return found


def _large_file(folder: Path) -> Path:
    """Write 20,000 generated records with the blocks scattered among them."""
    generated = folder / "generated.parquet"
    arguments = ["--records", "20000", "--difficulty", "2", "--seed", "4", "--file", generated]
    subprocess.run([sys.executable, GENERATOR, *arguments, "--truth", folder / "truth.parquet"], check=True)
    every = pq.read_table(generated).to_pylist()
    for rank, line in enumerate(_too_many_alike()):
        every.insert((rank * 7919) % len(every), line)
    for line in every[37::500]:
        line["phone"] = "12"
    # What a reception writes for whoever gives none.
    for line in [line for line in every if line["sex"] == "F" and line["record_id"][0] != "A"][: MOST_BEARERS + 20]:
        line |= {"phone": "0472119900", "email": "region@sante.example"}
        line |= {"address": "5 place d'Arsonval", "postcode": "69003"}
    path = folder / "region.parquet"
    pq.write_table(pa.Table.from_pylist(every), path, row_group_size=6000)
    return path


def _on_one_machine(file: Path, folder: Path) -> tuple[deduplication.Summary, list[pa.Table]]:
    pairs, persons = folder / "local-pairs.parquet", folder / "local-persons.parquet"
    summary = deduplication.run(Order(file, pairs, persons, None, "local"), lambda *_: None)
    return summary, [pq.read_table(pairs), pq.read_table(persons)]


def _spark(folder: Path, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    own = folder / "spark"
    own.mkdir(exist_ok=True)
    variables = {"PYSPARK_SUBMIT_ARGS": OPTIONS.format(tmp=own), "TMPDIR": str(own)} | environment
    return subprocess.run(
        [sys.executable, *arguments], env=inherited(variables), cwd=ROOT, capture_output=True, text=True, check=False
    )


def _on_spark(file: Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    outputs = ("--out", folder / "pairs", "--clusters", folder / "persons")
    command = ("-m", "hub", "identities", "dedupe", file, "--engine", "spark", *outputs)
    return _spark(folder, *command, **environment)


def _tables(folder: Path) -> list[pa.Table]:
    return [pq.read_table(folder / "pairs"), pq.read_table(folder / "persons")]


def test_spark_finds_the_pairs_scores_decisions_and_persons_of_one_machine(tmp_path: Path) -> None:
    file = _large_file(tmp_path)
    summary, expected = _on_one_machine(file, tmp_path)

    result = _on_spark(file, tmp_path)

    assert result.returncode == 0, result.stderr
    assert [found.equals(wanted) for found, wanted in zip(_tables(tmp_path), expected, strict=True)] == [True, True]
    assert summary.unexamined, "a block must stay too large"
    assert summary.unreadable["phone"].values > 40
    assert summary.widespread.keys() == {"phone", "email", "home-sex"}
    # All that is told but the time it took.
    assert result.stdout.splitlines()[:-1] == lines(summary, 1)[:-1]
    assert "warn" not in result.stderr.lower()
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")], "no draft stays"
    assert not list((tmp_path / "spark").iterdir()), "Spark leaves nothing behind"


def test_spark_reads_a_csv_as_one_machine_does(tmp_path: Path) -> None:
    file = tmp_path / "region.csv"
    traits = {"birth_family": "LEFÈVRE", "given_names": "ZOÉ", "birth_date": "1950-04-05", "sex": "F"}
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, delimiter=";")
        writer.writeheader()
        writer.writerow(_line("007", **traits, address='1 rue "Neuve", bâtiment B; 2e', postcode="59000"))
        stream.write("torn;line\r\n")
        writer.writerow(_line("7", **traits, address='1 rue "Neuve", bâtiment B; 2e', postcode="59000"))
        writer.writerow(_line("8", **traits | {"given_names": "ZOE", "birth_date": "1950-05-04"}))
    expected = regional_file.read(file)

    result = _spark(tmp_path, "-c", READ, file, tmp_path / "records")

    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["3", "1"]
    assert expected.torn == 1
    found = pq.read_table(tmp_path / "records").filter(~pc.field("_torn")).sort_by("row")
    assert found["record_id"].to_pylist() == expected.record_ids.to_pylist()
    for name in expected.table.column_names:
        wanted = expected.table[name].cast(pa.string()).to_pylist()
        # A cell without anything is missing on Spark and blank here: the same for a comparison.
        assert [value or "" for value in found[name].to_pylist()] == wanted


def test_spark_replaces_a_folder_that_it_wrote_and_no_other(tmp_path: Path) -> None:
    file, pairs, other = (tmp_path / name for name in ("region.parquet", "pairs", "other"))
    pq.write_table(pa.Table.from_pylist([_line("1"), _line("2")]), file)
    for folder, name in ((pairs, "_SUCCESS"), (pairs, "yesterday.parquet"), (other, "kept.txt")):
        folder.mkdir(exist_ok=True)
        (folder / name).touch()

    command = ("-m", "hub", "identities", "dedupe", file, "--engine", "spark", "--out")
    refused, result = _spark(tmp_path, *command, other), _spark(tmp_path, *command, pairs)

    assert refused.returncode == 1
    assert f"{other} est un dossier que Spark n'a pas écrit : donnez un autre nom." in refused.stderr
    assert result.returncode == 0, result.stderr
    assert [path.name for path in other.iterdir()] == ["kept.txt"]
    assert (pairs / "_SUCCESS").is_file()
    assert not (pairs / "yesterday.parquet").exists()


def test_without_pyspark_the_command_says_what_to_install(tmp_path: Path) -> None:
    file = tmp_path / "region.parquet"
    pq.write_table(pa.Table.from_pylist([_line("1")]), file)
    command = ("identities", "dedupe", file, "--engine", "spark", "--out", tmp_path / "pairs")

    result = _spark(tmp_path, "-c", WITHOUT_SPARK, *command)

    assert result.returncode == 2
    assert result.stderr.strip() == 'Spark n\'est pas installé : pip install "identity-hub[spark]"'


@pytest.mark.parametrize("java_home", ["", "/nowhere"], ids=["no JAVA_HOME", "wrong JAVA_HOME"])
def test_without_java_the_command_says_what_to_install(tmp_path: Path, java_home: str) -> None:
    file = tmp_path / "region.parquet"
    pq.write_table(pa.Table.from_pylist([_line("1")]), file)

    result = _on_spark(file, tmp_path, JAVA_HOME=java_home, PATH="")

    assert result.returncode == 2
    assert result.stderr.strip() == (
        "Java est introuvable. Il faut Java 17 ou plus récent, dans JAVA_HOME ou dans PATH ; "
        "sous Debian : apt-get install default-jre-headless"
    )
    assert not (tmp_path / "pairs").exists()


def test_a_java_that_cannot_run_spark_is_told(tmp_path: Path) -> None:
    file = tmp_path / "region.parquet"
    pq.write_table(pa.Table.from_pylist([_line("1")]), file)
    java = tmp_path / "java" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
    java.chmod(0o755)

    result = _on_spark(file, tmp_path, JAVA_HOME=str(java.parents[1]))

    assert result.returncode == 2
    assert result.stderr.startswith("Spark n'a pas démarré. Il faut Java 17 ou plus récent")
