"""Learn a linkage model from files: with their truth, or without any from a model that exists."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

from hub.commands.labelled import Compared, Labelled, compare_file, label
from hub.counting import counted
from hub.errors import Invalid
from identity import adaptation, cutoffs, self_training, training
from identity.adaptation import Adapted
from identity.bulk import scoring
from identity.bulk.blocking import REGION
from identity.cutoffs import Goal, Judged
from identity.evaluation import Truth, true_pairs
from identity.model import Calibration, FrequencyTable, Model, Thresholds, grain
from identity.population import Population, seen_in, write_learned
from identity.training import Patterns, Weights

CAUTION, UNOPPOSED, MARGIN = -2.0, 2.0, 4.0
_OLDEST = 120
# True pairs under which a file teaches little without its truth.
_FEW = 1000
_UNFITTED = Calibration(1.0, 0.0)

Report = Callable[[str, int], None]
"""Called with what is going on and how much of `effort` is done with it."""
# What reading a file and choosing thresholds cost, in rounds of the fit.
_FILE_EFFORT, _THRESHOLD_EFFORT = 40, 20


@dataclass(frozen=True, slots=True)
class Decided:
    """Pairs that officers decided, and what each of them weighs beside a pair of a file."""

    compared: Compared
    truth: Truth
    weight: float


@dataclass(frozen=True, slots=True)
class Base:
    """A model to adapt, and the population that it was learned on."""

    model: Model
    population: Population


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to learn from, and what the thresholds must hold."""

    version: str
    made: str
    """Day, as YYYY-MM-DD."""
    files: Sequence[Path]
    truths: Sequence[Path]
    calibrate_files: Sequence[Path]
    calibrate_truths: Sequence[Path]
    usual_surnames: Sequence[str]
    base: Base | None
    anew: bool
    """Learn every weight without truth: the files are unlike those that the base was learned on."""
    goal: Goal
    link: float | None
    review: float | None
    young: int
    """Years under which somebody is taken to live with relatives, on 31 December of the model's year."""

    @property
    def minor_from(self) -> int:
        """Year of birth from which a person is young."""
        return int(self.made[:4]) - self.young


@dataclass(frozen=True, slots=True)
class Held:
    """What the thresholds hold on one file."""

    name: str
    links: int
    wrong: int
    at_most: float
    """Upper bound of the share of false links."""
    recall: float
    with_review: float
    reviews_per_100: float


@dataclass(frozen=True, slots=True)
class Learned:
    """A model, its text, and what its thresholds hold on each file that they were chosen on."""

    model: Model
    text: str
    held: tuple[Held, ...]
    remarks: tuple[str, ...]


def check(order: Order) -> None:
    """Refuse an order that contradicts itself."""
    if not order.files:
        raise Invalid("Donnez au moins un fichier : --file.")
    if order.truths and len(order.truths) != len(order.files):
        raise Invalid("Donnez une vérité pour chaque fichier (--file F --truth T …), ou aucune.")
    if len(order.calibrate_files) != len(order.calibrate_truths):
        raise Invalid("Chaque --calibrate-file a besoin de son --calibrate-truth.")
    if order.truths and order.base:
        raise Invalid("--base sert à apprendre sans vérité : retirez --base, ou les --truth.")
    if order.anew and order.base is None:
        raise Invalid("--anew sert à apprendre sans vérité : donnez --base, qui devine d'abord, et aucune --truth.")
    if not order.truths and order.base is None:
        raise Invalid("Sans vérité, il faut un modèle à adapter : --base MODELE.")
    every = [path.resolve() for path in (*order.files, *order.calibrate_files)]
    if double := next((path for path in every if every.count(path) > 1), None):
        raise Invalid(
            f"{double.name} est donné deux fois : ce qui juge un modèle ne l'instruit pas, ni rien deux fois."
        )
    if not 0 <= order.young <= _OLDEST:
        raise Invalid(f"--young est un nombre d'années, de 0 à {_OLDEST}.")
    given = [limit for limit in (order.link, order.review) if limit is not None]
    if not all(map(isfinite, given)):
        raise Invalid("--link et --review sont des nombres de bits.")
    if order.link is not None and order.review is not None:
        _check_order(order.link, order.review)


def _check_order(link: float, review: float) -> None:
    if not review < link:
        raise Invalid("Le seuil de revue (--review) doit être sous le seuil de lien (--link).")


def learn(order: Order, decided: Callable[[int], Decided | None], report: Report) -> Learned:
    """Learn a model; raise `Invalid` when the files cannot teach one or no threshold holds the goal.

    `decided` is asked for the officers' pairs, compared with a year from which people are minors.
    """
    check(order)
    # A base is adapted to the pairs of a region, and not to those that only a small file is compared by.
    size = REGION if order.base and not order.anew else None
    files = [_compared(path, order, report, size) for path in order.files]
    officers = decided(order.minor_from)
    names = [file.names for file in files]
    frequencies = training.frequencies(
        names, order.base.model.frequencies if order.base else None, order.usual_surnames
    )
    known = _patterns(officers.compared, frequencies, officers.truth, officers.weight) if officers else None
    labelled = [label(file, path) for file, path in zip(files, order.truths, strict=False)]
    doubts: tuple[str, ...] = ()
    if order.base is None:
        weights, population = _learn_labels(labelled, frequencies, known, report)
    else:
        adapted = _learn_without(order.base, files, frequencies, known, report, anew=order.anew)
        weights, population, doubts = adapted.weights, adapted.population, _doubts(adapted, order)
    model = _assemble(order, weights, frequencies, _how_made(order, files, labelled, officers))
    held_out = [
        (path.name, label(_compared(path, order, report), truth))
        for path, truth in zip(order.calibrate_files, order.calibrate_truths, strict=True)
    ]
    report("Seuils", _THRESHOLD_EFFORT)
    tried = held_out or [(path.name, item) for path, item in zip(order.files, labelled, strict=False)]
    model, held, remarks = _with_thresholds(model, tried, order)
    if tried and not held_out:
        remarks = (
            *remarks,
            "Seuils choisis sur les fichiers appris, faute de --calibrate-file : ils sont flatteurs.",
        )
    return Learned(model, write_learned(model, population), held, (*remarks, *doubts))


def effort(order: Order) -> int:
    """Return how much `learn` reports at most."""
    rounds = training.MOST_ROUNDS if order.truths or order.anew else adaptation.MOST_ROUNDS
    return _FILE_EFFORT * (len(order.files) + len(order.calibrate_files)) + rounds + _THRESHOLD_EFFORT


def _compared(path: Path, order: Order, report: Report, size: int | None = None) -> Compared:
    report(path.name, 0)
    compared = compare_file(path, order.minor_from, size)
    report(path.name, _FILE_EFFORT)
    return compared


def _patterns(
    compared: Compared, frequencies: Mapping[str, FrequencyTable], truth: Truth | None, weight: float = 1.0
) -> Patterns:
    levels = scoring.term_levels(compared.pairs, compared.vocabulary, frequencies)
    pairs = compared.pairs
    # Without truth, pairs are only counted.
    person = truth.person if truth else None
    same = person[pairs.left] == person[pairs.right] if person is not None else pairs.left < 0
    return training.patterns(levels, same, weight)


def _learn_labels(
    labelled: Sequence[Labelled],
    frequencies: Mapping[str, FrequencyTable],
    known: Patterns | None,
    report: Report,
) -> tuple[Weights, Population]:
    parts = [_patterns(item.compared, frequencies, item.truth) for item in labelled]
    data = training.together(parts)
    if not data.same.sum() or not data.other.sum():
        raise Invalid("Ces fichiers n'apprennent rien : il y faut des paires d'une personne et des paires de deux.")
    population = seen_in(data)
    data = training.together([*parts, known]) if known else data
    return training.learn(data, lambda: report("Apprentissage", 1)), population


def _learn_without(
    base: Base,
    files: Sequence[Compared],
    frequencies: Mapping[str, FrequencyTable],
    known: Patterns | None,
    report: Report,
    *,
    anew: bool,
) -> Adapted:
    region = training.together([_patterns(file, frequencies, None) for file in files])
    if anew:
        return self_training.learn_anew(base.model, region, known, lambda: report("Apprentissage", 1))
    return adaptation.adapt(base.model, base.population, region, known, lambda: report("Adaptation", 1))


def _doubts(adapted: Adapted, order: Order) -> tuple[str, ...]:
    """Say what to mind in weights that no truth has checked."""
    doubts = []
    if adapted.matches < _FEW:
        doubts.append(
            f"Ces fichiers n'auraient que {counted(round(adapted.matches), 'paire', 'paires')} d'une même personne : "
            "c'est peu pour en apprendre. Donnez les identités de toute la région."
        )
    if order.anew:
        doubts.append(
            "Poids tirés de suppositions : mesurez ce modèle (hub model evaluate) avant de le proposer. Sur des "
            "fichiers comme ceux dont la base vient, il vaut moins qu'elle."
        )
    return tuple(doubts)


def _assemble(order: Order, weights: Weights, frequencies: Mapping[str, FrequencyTable], how_made: str) -> Model:
    base = order.base.model if order.base else None
    return Model(
        version=order.version,
        made=order.made,
        how_made=how_made,
        minor_from=order.minor_from,
        prior=weights.prior,
        caution=CAUTION,
        unopposed=base.unopposed if base else UNOPPOSED,
        thresholds=base.thresholds if base else Thresholds(0.0, -1.0, MARGIN),
        calibration=base.calibration if base else _UNFITTED,
        levels=weights.levels,
        interactions=weights.interactions,
        frequencies=frequencies,
    )


def _with_thresholds(
    model: Model, tried: Sequence[tuple[str, Labelled]], order: Order
) -> tuple[Model, tuple[Held, ...], tuple[str, ...]]:
    """Choose calibration and thresholds on files whose truth is known; without any, keep those of the base."""
    judged = [(name, _judged(item, model)) for name, item in tried]
    if judged:
        files = [item for _, item in judged]
        link = order.link if order.link is not None else _link(judged, order.goal)
        model = replace(model, calibration=cutoffs.calibrate(files))
        review = order.review
        if review is None:
            review = cutoffs.review_threshold(model.calibration, link, order.goal)
        remarks: tuple[str, ...] = ()
    else:
        link = model.thresholds.link if order.link is None else order.link
        review = model.thresholds.review if order.review is None else order.review
        remarks = ("Seuils et probabilités repris du modèle de départ, faute de --calibrate-file.",)
    _check_order(link, review)
    model = replace(model, thresholds=Thresholds(grain(link), grain(review), model.thresholds.margin))
    return model, tuple(_held(name, item, model.thresholds) for name, item in judged), remarks


def _judged(item: Labelled, model: Model) -> Judged:
    scored = scoring.score(item.compared.pairs, item.compared.vocabulary, model)
    return cutoffs.judge(scored, item.same, len(true_pairs(item.truth.person)[0]))


def _link(judged: Sequence[tuple[str, Judged]], goal: Goal) -> float:
    found = cutoffs.link_threshold([item for _, item in judged], goal)
    if found is not None:
        return found
    worst = [name for name, item in judged if cutoffs.link_threshold([item], goal) is None]
    raise Invalid(
        f"Aucun seuil ne tient 1 lien faux sur {goal.links_per_error} (marge {goal.safety:g}) "
        f"sur {', '.join(worst)}. Visez moins haut (--false-links), ou choisissez vous-même (--link)."
    )


def _held(name: str, item: Judged, thresholds: Thresholds) -> Held:
    link = item.may_link & (item.bits >= thresholds.link)
    review = ~link & (item.bits >= thresholds.review)
    links, wrong = int(link.sum()), int((link & ~item.same).sum())
    every = max(1, item.true_pairs)
    return Held(
        name=name,
        links=links,
        wrong=wrong,
        at_most=cutoffs.interval(wrong, links)[1],
        recall=(links - wrong) / every,
        with_review=(links - wrong + int((review & item.same).sum())) / every,
        reviews_per_100=100 * int(review.sum()) / every,
    )


def _how_made(order: Order, files: Sequence[Compared], labelled: Sequence[Labelled], officers: Decided | None) -> str:
    records = sum(file.records for file in files)
    names = ", ".join(path.name for path in order.files)
    said = [f"Appris sur {records} identités de {counted(len(files), 'fichier', 'fichiers')} ({names})"]
    if labelled:
        said.append(f"avec leur vérité, {sum(int(item.same.sum()) for item in labelled)} paires d'une même personne")
    elif order.base:
        how = "à neuf, sur ce que suppose le" if order.anew else "en adaptant le"
        said.append(f"sans étiquettes, {how} modèle {order.base.model.version}")
    if officers:
        said.append(f"avec {len(officers.compared.pairs.left)} paires décidées par les officiers, de poids "
                    f"{officers.weight:g}")  # fmt: skip
    if order.calibrate_files:
        said.append(f"seuils et probabilités choisis sur {', '.join(path.name for path in order.calibrate_files)}")
    if order.link is not None:
        said.append("seuils imposés")
    elif labelled or order.calibrate_files:
        said.append(f"au plus 1 lien faux sur {order.goal.links_per_error} visé")
    else:
        said.append("seuils et probabilités repris de ce modèle")
    return f"{' ; '.join(said)}."
