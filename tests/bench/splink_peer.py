"""Splink 5 on DuckDB on a file of identities, as its documentation recommends for persons: the peer of the bench.

    python -m tests.bench.splink_peer FILE PAIRS.parquet

Writes id_l, id_r and score (match weight) for every candidate pair, with an expert's rule against relatives: unlike
given names are overruled only by an equal matricule or by names swapped. Trained on the file itself, as one would.
"""

import logging
import sys
from pathlib import Path

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

_LETTERS = "trim(regexp_replace(upper(strip_accents({})), '[^A-Z]+', ' ', 'g'))"
_PREPARE = f"""
create table people as
with read as (
  select record_id as unique_id,
    {_LETTERS.format("coalesce(birth_family, used_family)")} as surname,
    {_LETTERS.format("coalesce(used_family, birth_family)")} as used_surname,
    {_LETTERS.format("coalesce(used_given, split_part(given_names, ' ', 1))")} as given,
    {_LETTERS.format("coalesce(given_names, used_given)")} as every_given,
    birth_date as born, case when sex in ('M', 'F') then sex end as sex,
    nullif(birth_place, '99999') as place,
    case when length(ins) = 15
      and (97 - (try_cast(replace(replace(ins[1:13], '2A', '19'), '2B', '18') as bigint) % 97))
      = try_cast(ins[14:15] as int) then ins end as ins,
    postcode, lower(email) as email,
    right(regexp_replace(phone, '[^0-9]', '', 'g'), 9) as phone
  from read_parquet('$FILE'))
select *, list_distinct([surname, used_surname]) as surnames,
  list_distinct(string_split(every_given, ' ')) as givens, substr(born, 1, 4) as year
from read
"""
_RELATIVES = """
copy (
  select unique_id_l as id_l, unique_id_r as id_r,
    case when coalesce(jaro_winkler_similarity(a.given, b.given), 1) < 0.8
      and not coalesce(list_has_any(a.givens, b.givens), false) and not coalesce(a.ins = b.ins, false)
      and not coalesce(a.surname = b.given and a.given = b.surname, false)
    then least(match_weight, -20) else match_weight end as score
  from $PAIRS p join people a on a.unique_id = p.unique_id_l join people b on b.unique_id = p.unique_id_r
) to '$OUT' (format parquet)
"""


def settings() -> SettingsCreator:
    """Return a person model: names by likeness and frequency, date, place, matricule, contacts; eleven blockings."""
    swapped = cll.CustomLevel("surname_l = given_r and given_l = surname_r", "swapped")
    names = [
        cl.CustomComparison(
            output_column_name=name,
            comparison_levels=[
                cll.NullLevel(name),
                cll.ExactMatchLevel(name, term_frequency_adjustments=True),
                cll.ArrayIntersectLevel(every, min_intersection=1),
                cll.JaroWinklerLevel(name, 0.92),
                cll.JaroWinklerLevel(name, 0.88),
                swapped,
                cll.JaroWinklerLevel(name, 0.7),
                cll.ElseLevel(),
            ],
        )
        for name, every in (("surname", "surnames"), ("given", "givens"))
    ]
    others = [
        cl.DateOfBirthComparison("born", input_is_string=True),
        cl.ExactMatch("place").configure(term_frequency_adjustments=True),
        cl.ExactMatch("sex"),
        cl.ExactMatch("ins"),
        cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        cl.ExactMatch("phone"),
        cl.ExactMatch("email"),
    ]
    blocks = [
        ("surname", "born"), ("given", "born"), ("ins",), ("surname", "given", "year"), ("phone", "given"),
        ("surname", "given", "postcode"), ("email", "given"), ("born", "place"), ("born", "postcode"),
        ("used_surname", "born"), ("used_surname", "given", "postcode"),
    ]  # fmt: skip
    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=[*names, *others],
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in blocks],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )


def run(file: Path, out: Path) -> None:
    """Train on the file, score its candidate pairs, write them."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    connection = duckdb.connect()
    connection.execute("set threads=2")
    connection.execute(_PREPARE.replace("$FILE", str(file)))
    linker = Linker(DuckDBAPI(connection=connection).register("people"), settings(), log_level=None)
    training = linker.training
    sure = [block_on("surname", "given", "born"), block_on("ins"), "l.born = r.born and l.email = r.email"]
    training.estimate_probability_two_random_records_match(sure, recall=0.85)
    training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for columns in (("born", "place"), ("surname", "given"), ("ins",)):
        training.estimate_parameters_using_expectation_maximisation(block_on(*columns))
    pairs = linker.inference.predict(threshold_match_weight=-200).physical_name
    connection.execute(_RELATIVES.replace("$PAIRS", pairs).replace("$OUT", str(out)))


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
