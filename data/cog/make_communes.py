"""Make communes.csv from the npm package @etalab/decoupage-administratif.

Current communes first, then the arrondissements of Paris, Lyon and Marseille and the delegated or
associated communes, which civil status keeps using as places of birth. No history: an abolished
commune that is nobody's delegate is absent, so a code missing here is not thereby wrong.

    npm pack @etalab/decoupage-administratif@6.0.0 && tar xzf etalab-decoupage-administratif-6.0.0.tgz
    python data/cog/make_communes.py package
"""

import argparse
import csv
import json
from pathlib import Path

RANKS = {
    "commune-actuelle": 0,
    "arrondissement-municipal": 1,
    "commune-deleguee": 2,
    "commune-associee": 3,
}


def read_communes(package: Path) -> list[tuple[str, str, str]]:
    """Return (code, name, postcodes) by code; a code held twice keeps its current commune."""
    entries = json.loads((package / "data" / "communes.json").read_text(encoding="utf-8"))
    kept: dict[str, tuple[str, str, str]] = {}
    for entry in sorted(entries, key=lambda entry: (entry["code"], RANKS[entry["type"]])):
        postcodes = " ".join(sorted(entry.get("codesPostaux", [])))
        kept.setdefault(entry["code"], (entry["code"], entry["nom"], postcodes))
    return list(kept.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path, help="unpacked npm package")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("communes.csv"))
    arguments = parser.parse_args()
    with arguments.out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["code", "name", "postcodes"])
        writer.writerows(read_communes(arguments.package))


if __name__ == "__main__":
    main()
