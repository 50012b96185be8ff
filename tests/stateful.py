"""Play long sequences of operations on persons, and concurrent ones, on both databases; tell how it went.

    python -m tests.stateful --steps 2500

The last line says how many tests passed and failed, and how many operations were played.
"""

import argparse
import sys

import pytest

TESTS = (
    "tests/hub/registry/test_operations_stateful.py",
    "tests/hub/registry/test_operations_at_once.py",
    "tests/hub/registry/test_operations_killed.py",
)


class Tally:
    """What pytest reported."""

    def __init__(self) -> None:
        self.passed = self.failed = self.steps = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test that ended, or failed on the way."""
        self.failed += report.failed
        if report.when == "call":
            self.passed += report.passed
            self.steps += sum(int(value) for name, value in report.user_properties if name == "steps")


def main() -> int:
    """Run the tests and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2500, help="operations on each engine")
    steps = parser.parse_args().steps
    tally = Tally()
    status = pytest.main(["-q", "--no-header", f"--stateful-steps={steps}", *TESTS], plugins=[tally])
    print(f"{tally.steps} operations played; {tally.passed} passed, {tally.failed} failed")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
