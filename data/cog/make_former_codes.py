"""Make former-codes.csv and identity/_former_codes.py from the npm package @etalab/decoupage-administratif.

A commune of today bears the list of the codes that its territory had since 1943 (`anciensCodes`). Each becomes one
row: `renumbered` when the commune itself changed codes (Seine and Seine-et-Oise in 1968, Corsica in 1976, suburbs
of Lyon in 1967), `merged` when it became a part of another one. A chain of both is possible: 78182 was renumbered
91182, which merged into 91228. The package gives no dates, so neither do we.

    npm pack @etalab/decoupage-administratif@6.0.0 && tar xzf etalab-decoupage-administratif-6.0.0.tgz
    python data/cog/make_former_codes.py package
"""

import argparse
import csv
import json
import textwrap
from collections import Counter, defaultdict
from pathlib import Path

MODULE = '''"""Former codes of French communes, as « code of today:former,former ». Do not edit.

INSEE COG 2026 through @etalab/decoupage-administratif 6.0.0, Licence Ouverte 2.0; written by
data/cog/make_former_codes.py, which says what the two kinds are. Read by `identity.places`.
"""

RENUMBERED = """
{renumbered}
"""

MERGED = """
{merged}
"""
'''


def department(code: str) -> str:
    return code[:3] if code.startswith("97") else code[:2]


def read_former(package: Path) -> dict[str, str]:
    """Return the commune of today by former code; where two sources disagree, the present chief commune wins."""
    entries = json.loads((package / "data" / "communes.json").read_text(encoding="utf-8"))
    former = {old: entry["code"] for entry in entries for old in entry.get("anciensCodes", ())}
    parts = [entry for entry in entries if "chefLieu" in entry]
    former |= {entry["code"]: entry["chefLieu"] for entry in parts if entry["chefLieu"] != entry["code"]}
    present = {entry["code"] for entry in entries if entry["type"] == "commune-actuelle"}
    return {old: new for old, new in former.items() if old not in present}


def make_rows(former: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return (former, current, kind) rows."""
    parts = Counter(former.values())
    rows = []
    for old, new in former.items():
        # From one department to the other a commune usually kept its last three digits.
        renumbered = department(new) + old[len(department(new)) :]
        if department(old) == department(new):
            rows.append((old, new, "merged"))
        elif renumbered == new or former.get(renumbered) == new:
            rows.append((old, renumbered, "renumbered"))
        elif parts[new] == 1:
            rows.append((old, new, "renumbered"))
        else:
            rows.append((old, new, "merged"))
    return sorted(rows)


def fold(rows: list[tuple[str, str, str]], kind: str) -> str:
    """Write the rows of one kind as lines of « current:former,former », at most fifteen former codes at a time."""
    groups = defaultdict(list)
    for old, new, what in rows:
        if what == kind:
            groups[new].append(old)
    words = [
        f"{new}:{','.join(olds[start : start + 15])}"
        for new, olds in sorted(groups.items())
        for start in range(0, len(olds), 15)
    ]
    return textwrap.fill(" ".join(words), width=117, break_long_words=False, break_on_hyphens=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path, help="unpacked npm package")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("former-codes.csv"))
    parser.add_argument("--module", type=Path, default=Path(__file__).parents[2] / "identity" / "_former_codes.py")
    arguments = parser.parse_args()
    rows = make_rows(read_former(arguments.package))
    with arguments.out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["former", "current", "kind"])
        writer.writerows(rows)
    text = MODULE.format(renumbered=fold(rows, "renumbered"), merged=fold(rows, "merged"))
    arguments.module.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
