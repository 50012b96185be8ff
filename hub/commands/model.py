"""Learn, show, compare and evaluate linkage models: files in, a file or a report out. Needs no database.

Only `train --officers` opens the database, to read what officers decided.
"""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import click
import numpy as np

from hub import outputs
from hub.commands import model_report, model_training
from hub.commands.labelled import compare_file, label
from hub.commands.model_report import TRAIT_NAMES, Source, percent
from hub.commands.model_training import Base, Decided, Order
from hub.commands.shared import application, told
from hub.commands.terminal import progress, stop
from hub.counting import counted, decimal, noun
from hub.deduplication import read_model
from hub.errors import Invalid
from hub.linkage.models import digest_of
from identity.bulk import clusters, scoring
from identity.cutoffs import Goal
from identity.evaluation import Figures
from identity.evaluation import evaluate as measure
from identity.model import Model, ModelError, parse_model
from identity.model_comparison import (
    DECISIONS,
    DecisionChange,
    LevelChange,
    decision_changes,
    decisions,
    interactions,
    level_changes,
    weight_changes,
    weights,
)
from identity.normalise import match_key
from identity.population import parse_population

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, path_type=Path)
_WORDS = {"new": "séparées", "review": "à revoir", "link": "liées"}
_MOST_SHOWN = 15


@click.command("train")
@click.option(
    "--file", "files", type=_FILE, multiple=True, required=True, help="Identities to learn from; repeatable."
)
@click.option("--truth", "truths", type=_FILE, multiple=True, help="The truth of each --file, in the same order.")
@click.option("--calibrate-file", "calibrate_files", type=_FILE, multiple=True, help="Held-out file; repeatable.")
@click.option("--calibrate-truth", "calibrate_truths", type=_FILE, multiple=True, help="Its truth.")
@click.option("--base", type=_FILE, help="Without truth: the model to adapt to these files.")
@click.option("--officers", is_flag=True, help="Learn from the pairs that officers decided in the database too.")
@click.option(
    "--officers-weight", default=5.0, show_default=True, help="What such a pair weighs beside one of a file."
)
@click.option("--anew", is_flag=True, help="Without truth: learn all weights on what --base guesses of these files.")
@click.option("--surnames", type=_FILE, help="CSV with a column `name`: family names that are known, however rare.")
@click.option("--version", required=True, help="Name of the new model.")
@click.option("--made", help="Its day, AAAA-MM-JJ; today by default.")
@click.option("--false-links", default=20_000, show_default=True, help="At most one false link in so many.")
@click.option("--safety", default=1.5, show_default=True, help="Margin over that rate, for files nobody has seen.")
@click.option(
    "--review-from", default=0.25, show_default=True, help="Probability from which officers look at a pair."
)
@click.option("--link", type=float, help="Link threshold in bits, instead of a chosen one.")
@click.option("--review", type=float, help="Review threshold in bits, instead of a chosen one.")
@click.option(
    "--young", default=25, show_default=True, help="Years under which people are taken to live with relatives."
)
@click.option("--out", type=_OUT, required=True, help="Where the model is written.")
@click.option("--force", is_flag=True, help="Replace that file when it exists.")
@told
def train(
    files: tuple[Path, ...],
    truths: tuple[Path, ...],
    calibrate_files: tuple[Path, ...],
    calibrate_truths: tuple[Path, ...],
    base: Path | None,
    anew: bool,
    officers: bool,
    officers_weight: float,
    surnames: Path | None,
    version: str,
    made: str | None,
    false_links: int,
    safety: float,
    review_from: float,
    link: float | None,
    review: float | None,
    young: int,
    out: Path,
    force: bool,
) -> None:
    """Learn a model from files with their truth, or adapt one without.

    Without truth, a --base that fits the region moves a little towards it; --anew is for files of another world, of
    which the base supposes too much.

    The files are those of `hub identities load`; a truth is a CSV or Parquet with record_id and person_id. Thresholds
    are chosen on the held-out files. The same files, options and day give the same bytes.
    """
    _check_output(out, [*files, *truths, *calibrate_files, *calibrate_truths, base, surnames], force)
    if false_links < 1 or not 1 <= safety < math.inf or not 0 < review_from < 1 or not 0 < officers_weight < math.inf:
        stop(
            "--false-links et --safety sont au moins 1, --officers-weight au-dessus de 0, --review-from entre 0 et 1."
        )
    order = Order(
        version=_version(version),
        made=_day(made),
        files=files,
        truths=truths,
        calibrate_files=calibrate_files,
        calibrate_truths=calibrate_truths,
        usual_surnames=_names(surnames),
        base=_base(base),
        anew=anew,
        goal=Goal(false_links, safety, review_from),
        link=link,
        review=review,
        young=young,
    )
    model_training.check(order)
    decided = _officers(officers_weight) if officers else lambda minor_from: None
    with progress(model_training.effort(order), "tours", "Modèle") as bar:

        def report(what: str, done: int) -> None:
            bar.set_description_str(what, refresh=False)
            bar.update(done)

        learned = model_training.learn(order, decided, report)
    parse_model(learned.text)
    outputs.write_text(out, learned.text)
    model = learned.model
    click.echo(f"Modèle {model.version} écrit : {out}")
    click.echo(f"Seuils : lien {_bits(model.thresholds.link)}, revue {_bits(model.thresholds.review)} (bits).")
    for held in learned.held:
        wrong = counted(held.wrong, "lien faux", "liens faux")
        reviews = f"{decimal(held.reviews_per_100, 1)} {noun(held.reviews_per_100, 'revue', 'revues')}"
        click.echo(
            f"  {held.name} : {wrong} sur {held.links} (au plus 1 sur {1 / held.at_most:.0f} avec "
            f"95 % de confiance), rappel {percent(held.recall)}, avec revue {percent(held.with_review)}, "
            f"{reviews} pour 100 vraies paires"
        )
    for remark in learned.remarks:
        click.echo(remark)


def _officers(weight: float) -> Callable[[int], Decided | None]:
    def read(minor_from: int) -> Decided | None:
        from hub.commands.officers import decided_pairs

        with application():
            return decided_pairs(minor_from, weight)

    return read


def _check_output(out: Path, inputs: Sequence[Path | None], force: bool) -> None:
    outputs.check(out, [path for path in inputs if path is not None])
    if out.exists() and not force:
        stop(f"{out} existe déjà : choisissez un autre nom, ou --force.")


def _version(text: str) -> str:
    version = text.strip()
    if not version or len(version) > 40 or not version.isprintable():
        stop("La version est un nom de 1 à 40 caractères.")
    return version


def _day(text: str | None) -> str:
    if text is None:
        return date.today().isoformat()  # noqa: DTZ011 - the operator's own day
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        stop("--made est un jour, écrit AAAA-MM-JJ.")


def _names(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise Invalid(f"{path.name} : la liste des noms doit être un CSV en UTF-8.") from err
    header = lines[0].split(",") if lines else []
    if "name" not in header:
        raise Invalid(f"{path.name} : il manque la colonne name.", "name")
    column = header.index("name")
    keys = (match_key(line.split(",")[column]) for line in lines[1:] if line.count(",") >= column)
    return tuple(key for key in keys if key)


def _base(path: Path | None) -> Base | None:
    if path is None:
        return None
    model, text = read_model(path)
    try:
        population = parse_population(text)
    except ModelError as err:
        raise Invalid(f"Le modèle {path.name} est refusé : {err}") from err
    if population is None:
        raise Invalid(
            f"Le modèle {path.name} ne dit pas sur quelles paires il a été appris : il ne peut pas être adapté. "
            "Réapprenez-le avec hub model train et des vérités."
        )
    return Base(model, population)


@click.command("show")
@click.argument("model", type=_FILE, required=False)
@told
def show(model: Path | None) -> None:
    """Show what a model weighs, in words, and how it was made.

    Without MODEL, the one that came with the hub (HUB_LINKAGE_MODEL).
    """
    found, text = read_model(model)
    click.secho(f"Modèle {found.version}, fait le {found.made}", bold=True)
    click.echo(found.how_made)
    click.echo(f"Empreinte SHA-256 : {digest_of(text)}")
    limits, offset = found.thresholds, found.calibration.offset
    line = f"{decimal(found.calibration.slope, 4)} {'−' if offset < 0 else '+'} {decimal(abs(offset), 4)}"
    click.echo(
        f"Lien à partir de {_bits(limits.link)} {noun(limits.link, 'bit', 'bits')}, "
        f"revue à partir de {_bits(limits.review)}, avance de {_bits(limits.margin)} sur la personne suivante."
    )
    click.echo(
        f"Probabilité = 1 / (1 + 2^−(score × {line})). "
        f"Départ {_bits(found.prior)} ; une règle qui interdit retire {_bits(-found.caution)}, "
        f"aucune en ajoute {_bits(found.unopposed)}."
    )
    click.echo(f"Enfant ou jeune adulte : né en {found.minor_from} ou après. {_rare(found)}")
    for trait, levels in weights(found).items():
        click.secho(f"\n{TRAIT_NAMES[trait]}", bold=True)
        for weight in levels:
            click.echo(f"  {_bits(weight.bits):>8}  {weight.text}")
    click.secho("\nCe que deux traits pèsent en plus, pris ensemble (les plus forts)", bold=True)
    for weight in interactions(found, _MOST_SHOWN):
        click.echo(f"  {_bits(weight.bits):>8}  {weight.text.removeprefix('Pris ensemble : ')}")


def _rare(model: Model) -> str:
    counts = {name: len(table.values) for name, table in model.frequencies.items()}
    surnames, given = counted(counts["surname"], "nom", "noms"), counted(counts["given"], "prénom", "prénoms")
    return f"{surnames} et {given} ne sont pas rares."


def _bits(number: float) -> str:
    return f"{number:+.2f}".replace("-", "−").replace(".", ",")


@click.command("compare")
@click.argument("before", type=_FILE)
@click.argument("after", type=_FILE)
@click.option("--file", type=_FILE, help="Identities to try both models on.")
@click.option("--truth", type=_FILE, help="The truth about them, for figures side by side.")
@click.option("--json", "as_json", is_flag=True, help="Write everything as JSON.")
@told
def compare(before: Path, after: Path, file: Path | None, truth: Path | None, as_json: bool) -> None:
    """Tell what changes when AFTER takes the place of BEFORE.

    What they weigh; with --file, what they decide too.
    """
    if truth and not file:
        stop("--truth dit qui est qui dans un fichier : donnez-le aussi, avec --file.")
    models = [read_model(path)[0] for path in (before, after)]
    heavier = weight_changes(models[0], models[1], _MOST_SHOWN)
    trial = _try_both(models, file, truth) if file else None
    if as_json:
        content: dict[str, object] = {
            "before": models[0].version,
            "after": models[1].version,
            "thresholds": [asdict(model.thresholds) for model in models],
            "weights": [asdict(item) for item in heavier],
        }
        if trial:
            content |= {
                "pairs": trial.pairs,
                "changed": trial.changed,
                "decisions": [asdict(item) for item in trial.moves],
                "levels": [asdict(item) for item in trial.stand_out],
                "figures": [
                    json.loads(model_report.as_json(model, "", one, Source(trial.file, "")))["figures"]
                    for model, one in zip(models, trial.figures, strict=False)
                ],
            }
        click.echo(json.dumps(content, ensure_ascii=False, indent=1))
        return
    click.secho(f"{models[0].version} → {models[1].version}", bold=True)
    if trial:
        _tell_decisions(trial)
    former, limits = (model.thresholds for model in models)
    if limits == former:
        click.echo("Les seuils sont les mêmes.")
    else:
        click.echo(
            f"Lien à partir de {_bits(former.link)} → {_bits(limits.link)}, "
            f"revue {_bits(former.review)} → {_bits(limits.review)}, "
            f"avance {_bits(former.margin)} → {_bits(limits.margin)}."
        )
    if heavier:
        click.secho("\nPoids qui diffèrent le plus", bold=True)
        for weight in heavier:
            click.echo(f"  {_bits(weight.before):>8} → {_bits(weight.after):>8}  {weight.text}")
    else:
        click.echo("Chaque niveau de chaque trait pèse autant.")
    if trial:
        for model, one in zip(models, trial.figures, strict=False):
            click.secho(f"\n{model.version}", bold=True)
            for line in model_report.summary(one):
                click.echo(f"  {line}")
    else:
        click.echo("\nCe qu'ils décident se voit sur un fichier d'identités : --file.")


@dataclass(frozen=True, slots=True)
class _Trial:
    """What two models decide on one file: how many decisions change and which; figures if its truth is known."""

    file: str
    pairs: int
    changed: int
    moves: tuple[DecisionChange, ...]
    stand_out: tuple[LevelChange, ...]
    figures: Sequence[Figures]


def _try_both(models: Sequence[Model], file: Path, truth: Path | None) -> _Trial:
    before, after = models
    compared = [compare_file(file, before.minor_from)]
    compared.append(compared[0] if after.minor_from == before.minor_from else compare_file(file, after.minor_from))
    scored = [scoring.score(item.pairs, item.vocabulary, model) for item, model in zip(compared, models, strict=True)]
    labelled = [label(item, truth) for item in compared] if truth else []
    changed = decisions(scored[0]) != decisions(scored[1])
    levels = [
        scoring.term_levels(item.pairs, item.vocabulary, model.frequencies)
        for item, model in zip(compared, models, strict=True)
    ]
    figures = [
        measure(one, clusters.group(one, item.records, model.thresholds.margin), level, known.truth)
        for one, item, model, level, known in zip(scored, compared, models, levels, labelled, strict=False)
    ]
    return _Trial(
        file.name,
        len(changed),
        int(changed.sum()),
        decision_changes(scored[0], scored[1], labelled[0].same if labelled else None),
        level_changes(changed, levels[1], _MOST_SHOWN),
        figures,
    )


def _tell_decisions(trial: _Trial) -> None:
    moved = counted(trial.changed, "décision change", "décisions changent")
    click.echo(f"{moved}, sur {counted(trial.pairs, 'paire comparée', 'paires comparées')}.")
    for first in DECISIONS:
        for item in trial.moves:
            if item.before == first and item.after != first:
                known = "" if item.same is None else f", dont {item.same} d'une même personne"
                click.echo(f"  {_WORDS[item.before]} → {_WORDS[item.after]} : {item.pairs}{known}")
    if trial.stand_out:
        click.secho("\nOù les décisions changent plus qu'ailleurs", bold=True)
        for change in trial.stand_out:
            click.echo(f"  {change.changed:>7} sur {change.pairs:<8} {TRAIT_NAMES[change.trait]} : {change.text}")
        click.echo()


@click.command("evaluate")
@click.argument("model", type=_FILE, required=False)
@click.option("--file", type=_FILE, required=True, help="Identities.")
@click.option("--truth", type=_FILE, required=True, help="The truth about them: record_id, person_id and labels.")
@click.option("--out", type=_OUT, help="Where the report is written (HTML, one file).")
@click.option("--json", "as_json", is_flag=True, help="Write the figures as JSON on standard output.")
@click.option("--force", is_flag=True, help="Replace the report when it exists.")
@told
def evaluate(model: Path | None, file: Path, truth: Path, out: Path | None, as_json: bool, force: bool) -> None:
    """Measure a model on a file whose truth is known, and write a report.

    Without MODEL, the one that came with the hub (HUB_LINKAGE_MODEL).

    The report shows no trait of anybody: errors are told by cause and by how traits compare.
    """
    if out is not None:
        _check_output(out, [model, file, truth], force)
    found, text = read_model(model)
    with progress(4, "étapes", "Évaluation") as bar:
        compared = compare_file(file, found.minor_from)
        bar.update(1)
        labelled = label(compared, truth)
        if len(np.unique(labelled.truth.person)) == compared.records:
            raise Invalid(f"{truth.name} : aucune personne n'y a deux identités, il n'y a rien à mesurer.")
        bar.update(1)
        scored = scoring.score(compared.pairs, compared.vocabulary, found)
        persons = clusters.group(scored, compared.records, found.thresholds.margin)
        bar.update(1)
        levels = scoring.term_levels(compared.pairs, compared.vocabulary, found.frequencies)
        figures = measure(scored, persons, levels, labelled.truth)
        bar.update(1)
    digest = digest_of(text)
    with file.open("rb") as stream:
        source = Source(file.name, hashlib.file_digest(stream, "sha256").hexdigest())
    if out is not None:
        outputs.write_text(out, model_report.render(found, digest, figures, source))
    if as_json:
        click.echo(model_report.as_json(found, digest, figures, source), nl=False)
        return
    for line in model_report.summary(figures):
        click.echo(line)
    if out is not None:
        click.echo(f"Rapport : {out}")
