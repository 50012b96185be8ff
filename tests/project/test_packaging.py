"""The distribution: `fhir/` beside `fhir.resources`, editable and as a wheel in either order; data and templates."""

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMPORTS = (
    "import fhir.resources.R4B.patient, fhir.mapping.patient, hub.app, identity.linkage; "
    "import fhir.mapping.patient as ours, fhir.resources as theirs; "
    "print(ours.__file__); print(theirs.__file__)"
)


def _run(code: str, path: list[str], folder: Path) -> list[str]:
    """Run code in a fresh interpreter, elsewhere, with exactly these folders before the standard library."""
    program = f"import sys; sys.path[:0] = {path!r}; {code}"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the sources, as a publisher would."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(source)], check=True)
    tracked = subprocess.run(
        ["git", "diff", "--name-only", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in tracked.stdout.split():
        if (ROOT / name).is_file():
            (source / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "-w", str(folder), str(source)], check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """Unpack the wheel as an installer lays it out."""
    folder = wheel.parent / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_the_init_of_fhir_holds_its_docstring_and_the_path_line_only() -> None:
    lines = (ROOT / "fhir" / "__init__.py").read_text(encoding="utf-8").splitlines()

    code = [line for line in lines if line and not line.startswith('"""')]

    assert code == ['__path__ = __import__("pkgutil").extend_path(__path__, __name__)']


def test_both_halves_of_fhir_import_from_an_editable_install(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTS], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    ours, theirs = done.stdout.split()
    assert Path(ours).parents[2] == ROOT
    assert "site-packages" in theirs


@pytest.mark.parametrize("last", ["ours", "theirs"])
def test_both_halves_of_fhir_import_from_a_wheel_installed_in_either_order(
    installed: Path, tmp_path: Path, last: str
) -> None:
    # Both distributions own fhir/__init__.py in one site-packages: the one installed last is the one that is there.
    libraries = Path(sysconfig.get_paths()["purelib"])
    site = tmp_path / "site"
    shutil.copytree(installed, site)
    (site / "fhir" / "resources").symlink_to(libraries / "fhir" / "resources")
    if last == "theirs":
        shutil.copy(libraries / "fhir" / "__init__.py", site / "fhir" / "__init__.py")

    ours, theirs = _run(IMPORTS, [str(site), str(libraries)], tmp_path)

    assert Path(ours).is_relative_to(site)
    assert Path(theirs).is_relative_to(site)


def test_the_wheel_holds_templates_migrations_and_reference_tables(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    def has(ending: str) -> bool:
        return any(name.endswith(ending) for name in names)

    for ending in (
        "hub/web/templates/base.html",
        "hub/web/templates/practice/home.html",
        "hub/web/static/theme.css",
        "hub/migrations/versions/0001_first_schema.py",
        "share/identity-hub/data/cog/communes.csv",
        "share/identity-hub/data/linkage/model-2026-8.json",
        "share/identity-hub/data/demonstration/generate.py",
    ):
        assert has(ending), ending
    assert not any(name.startswith(("tests/", "data/")) for name in names)


def test_the_lock_files_name_no_registry_and_pin_by_hash() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        pins = [line for line in text.splitlines() if "==" in line and not line.startswith((" ", "#"))]
        assert pins
        assert text.count("--hash=sha256:") >= len(pins)
    assert '"resolved"' not in (ROOT / "tests" / "conformance" / "package-lock.json").read_text(encoding="utf-8")
