"""`make demo-check`: build the demonstration from nothing and play README's story; ends with `N passed, N failed`."""

import argparse
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.config import inherited
from tests.browser import chromium
from tests.browser.story import Demonstration, Story
from tests.live import ROOT, until

# The pictures that README shows.
PICTURES = frozenset(
    {
        "boite-1280",
        "envoi-patient-1280",
        "envoi-resume-copie-1280",
        "envoi-suivi-1280",
        "patient-activation-320",
        "patient-code-320",
        "patient-document-1280",
        "agence-taches-1280",
        "agence-comparaison-1280",
    }
)


@contextmanager
def running_demo(folder: Path, persons: int) -> Iterator[tuple[str, str]]:
    """Start `hub demo` in a folder; give the addresses of the hub and of the mailbox."""
    log = folder / "demo.log"
    command = [sys.executable, "-m", "hub", "demo", "--dir", str(folder / "demo"), "--persons", str(persons)]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*command, "--port", "8300"], cwd=ROOT, env=inherited({}), stdout=stream, stderr=subprocess.STDOUT
        )
    try:

        def addresses() -> tuple[str, str] | None:
            text = log.read_text(encoding="utf-8", errors="replace")
            if process.poll() is not None:
                raise AssertionError(f"the demonstration stopped:\n{text[-3000:]}")
            if "La démonstration est prête" not in text:
                return None
            lines = {
                line.split("  ")[1].strip(): line.split()[-1] for line in text.splitlines() if "http" in line[:60]
            }
            return lines["Le hub"], lines["Courriels, SMS et codes"]

        yield until(addresses, "the demonstration", 300)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def play(demonstration: Demonstration) -> tuple[int, int]:
    """Play every step; print each; return how many passed and failed. A failed step ends those that need it."""
    passed = failed = 0
    with chromium.running() as browser:
        story = Story(demonstration, browser)
        for words, step in story.steps():
            try:
                step()
            except Exception:
                failed += 1
                print(f"FAILED  {words}")
                traceback.print_exc()
            else:
                passed += 1
                print(f"ok      {words}", flush=True)
    return passed, failed


def main() -> int:
    """Run the check from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=2000)
    parser.add_argument("--screenshots", type=Path, help="take README's pictures there")
    parser.add_argument("--all", action="store_true", help="with --screenshots: every page at both widths")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hub-demo-") as name:
        folder = Path(name)
        with running_demo(folder, options.persons) as (hub, mailbox):
            documents = folder / "demo" / "region" / "documents"
            chosen = None if options.all else PICTURES
            passed, failed = play(Demonstration(hub, mailbox, documents, options.screenshots, chosen))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
