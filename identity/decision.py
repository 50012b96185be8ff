"""What forbids an automatic link, whatever the score.

RNIV 1 and 3RIV (doubles, collisions, homonyms, twins; fictitious and doubtful identities EXI SI 09, EXI ID 26). A
wrong merge may kill, a missed one is mended by an officer: every doubt here sends to review, never to a link. A rule
on traits is data, read in the same way for one pair and for the pairs of a region (`identity.bulk.scoring`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from identity.agreement import or_less
from identity.model import TERMS, Pattern
from identity.records import IdentityRecord
from identity.status import Attribute, IdentityStatus


class Outcome(StrEnum):
    """What becomes of an incoming identity."""

    LINK = "link"
    NEW = "new"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a code for programs and a French sentence for the officer."""

    code: str
    text: str


Levels = Mapping[str, frozenset[str]]
_SIGNS = {(trait, level): 1 << rank for rank, (trait, level) in enumerate((t, v) for t in TERMS for v in TERMS[t])}
SIGNS_BY_TERM = tuple({level: _SIGNS[trait, level] for level in levels} for trait, levels in TERMS.items())
"""One bit for each level of each term, in the order of `TERMS`."""
_INS, _BIRTH_DATE = (list(TERMS).index(trait) for trait in ("ins", "birth_date"))


def signs_of(pattern: Pattern) -> int:
    """Return one bit for the level of each term: what rules are read on."""
    signs = 0
    for bits, level in zip(SIGNS_BY_TERM, pattern, strict=True):
        signs |= bits[level]
    return signs


def _against(levels: Levels) -> int:
    """Return the signs of all other levels of these traits: one of them is enough not to be at these levels."""
    return sum(_SIGNS[trait, level] for trait in levels for level in TERMS[trait] if level not in levels[trait])


@dataclass(frozen=True, slots=True)
class Rule:
    """A reason that holds when every trait of `when` is at one of its levels, unless one of `unless` wholly holds."""

    reason: Reason
    when: Levels
    unless: tuple[Levels, ...] = field(default=())
    against: int = field(init=False, repr=False, compare=False)
    """The signs of which one is enough for the rule not to hold."""
    exceptions: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """The signs that keep each exception from holding."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "against", _against(self.when))
        object.__setattr__(self, "exceptions", tuple(map(_against, self.unless)))


def gravest(rules: Iterable[Rule], signs: int) -> Reason | None:
    """Return the reason of the first rule that holds for two records that show these signs; None when none does."""
    for rule in rules:
        if not signs & rule.against and all(signs & exception for exception in rule.exceptions):
            return rule.reason
    return None


def _at(trait: str, *levels: str) -> frozenset[str]:
    unknown = set(levels) - set(TERMS[trait])
    if unknown:
        raise ValueError(f"{trait} has no level {unknown}")
    return frozenset(levels)


def _levels(**traits: str) -> Levels:
    """Read levels separated by spaces, by trait."""
    return {trait: _at(trait, *levels.split()) for trait, levels in traits.items()}


FICTITIOUS = Reason("fictitious", "Une identité fictive n'est jamais rapprochée.")
DOUBTFUL = Reason("doubtful", "Une identité douteuse n'est rapprochée que par un agent.")
HOMONYM = Reason("homonym", "Une identité signalée homonyme n'est rapprochée que par un agent.")
INS_CONFLICT = Reason(
    "ins-conflict", "Deux identités qualifiées portent des matricules INS différents : ce sont deux personnes."
)
INS_DIFFERENT = Reason("ins-different", "Les matricules INS diffèrent.")
TWINS = Reason("twins", "Même nom et même date de naissance, prénoms différents : jumeaux possibles.")
OTHER_PERSON = Reason("other-person", "Prénoms et dates de naissance différents.")
GIVEN_DIFFERENT = Reason("given-different", "Les prénoms ne concordent pas assez.")
PLACE_DIFFERENT = Reason("birth-place-different", "Les lieux de naissance diffèrent : homonymes possibles.")
OTHERS_DIFFER = Reason("others-differ", "Les prénoms suivants se contredisent : homonymes possibles.")
SEX_GIVEN = Reason("sex-given", "Les sexes diffèrent et les prénoms ne sont pas identiques.")
DATE_DIFFERENT = Reason(
    "birth-date-different", "Les dates de naissance diffèrent : parent, enfant ou homonyme possible."
)
SURNAME_DIFFERENT = Reason("surname-different", "Les noms diffèrent.")
DEATH_CONFLICT = Reason("death-conflict", "Les dates de décès diffèrent.")
WEAK_EVIDENCE = Reason("weak-evidence", "Il manque un nom, un prénom ou une date de naissance pour conclure seul.")
NO_CORROBORATION = Reason("no-corroboration", "Nom, prénom et date seuls : rien d'autre ne les confirme.")
COMMON_NAMES = Reason("common-names", "Noms courants, et rien que le lieu de naissance pour les confirmer.")
SLIPPED_DATE = Reason(
    "slipped-date", "La date de naissance diffère un peu, et rien que le lieu de naissance ne confirme."
)
FICTITIOUS_DATE = Reason("fictitious-date", "La date de naissance est fictive ou incomplète : elle prouve peu.")
SHARED_INS = Reason("shared-ins", "Le même matricule INS est porté par une autre personne.")
MARGIN = Reason("margin", "Deux personnes connues sont presque aussi proches.")
MANY_DIFFERENCES = Reason("many-differences", "Des traits stricts sont seulement approchants.")
STRICT_DIFFER = Reason("strict-differ", "Deux traits stricts se contredisent : deux personnes proches, peut-être.")
OTHER_DAY = Reason(
    "other-day", "Le jour ou le mois de naissance diffère, le téléphone aussi : deux homonymes, peut-être."
)
NOT_WORTH_A_LOOK = Reason("strangers", "Deux traits stricts diffèrent tout à fait : un foyer commun n'y change rien.")
LACKS_OF_EVIDENCE = frozenset(
    {WEAK_EVIDENCE, NO_CORROBORATION, COMMON_NAMES, SLIPPED_DATE, FICTITIOUS_DATE, MANY_DIFFERENCES}
)

_OTHER_GIVEN = "different rival overlap"
_OTHER_TOWN = "department different"
_OTHER_HOME = f"near postcode {_OTHER_TOWN}"
# The next number of an operator is often one's husband's: a slip of a telephone shows nothing that two people share.
_OTHER_PHONE = "near different"
_NO_PHONE = f"{_OTHER_PHONE} missing"
_OTHER_PLACE = "department against_ins different"
_OTHER_DATE = "different same_year year"
_NEAR_DATE = "swapped day_slip day month_slip month year_slip"
_UNSURE_DATE = f"{_NEAR_DATE} exact_fictitious presumed"
_OTHER_SURNAME = "used overlap married different"
_SLIPPED_NAME = "typo truncated overlap similar"
_FARTHER_NAME = "compound truncated overlap similar"
_NEAR_SURNAME = f"phonetic {_SLIPPED_NAME}"
_NEAR_GIVEN = "phonetic typo initial short similar"
_FARTHER_GIVEN = "listed compound typo initial short similar"
_SAME_INS = _levels(ins="same")
_CONTACT = (_levels(phone="same"), _levels(email="own named same"), _levels(address="same"))
_OWN_CONTACT = (_levels(phone="same"), _levels(email="own named"))
_OWN_EMAIL = _levels(email="own named")
_NAMED_BY_MAIL = _levels(given="listed", email="own named", address="same")
_NO_CONTACT = _levels(
    address=f"{_OTHER_HOME} missing",
    phone=_NO_PHONE,
    email="crossed different missing",
)
# Nothing confirms two records but the given name of one, with which the mail of the other opens.
_ONLY_BY_MAIL = _levels(
    other_given="shared differ missing",
    birth_place=f"city missing {_OTHER_PLACE}",
    address=f"{_OTHER_HOME} missing",
    phone=_NO_PHONE,
    email="crossed",
)
_OUT_OF_REACH = _levels(phone=_NO_PHONE, email="different missing")
_FICTITIOUS = "exact_fictitious presumed"
_SAME_HOME = _levels(given="exact", surname="exact", address="same", phone="same")
# Of one commune and one home; of one country, whole hostels are.
_ONE_ROOF = _levels(given="exact", surname="exact", address="same", birth_place="same in_ins")
_FEW_BEAR = _levels(surname_rarity="rare uncommon")
_OWN_HOME = ({**_SAME_HOME, **_FEW_BEAR}, {**_ONE_ROOF, **_FEW_BEAR})
_NAMED = _levels(given="exact", birth_date="exact", ins="same")
# A matricule tells the year and the month of birth; it may be typed for a son of one name, who was born elsewhere.
_NAMED_BY_INS = _levels(given="exact", ins="same", sex="same", birth_place="same")
# In one home, nobody else has this given name and this day of birth.
_AT_HOME = _levels(given="exact", birth_date="exact", address="same")
_ADULT_AT_HOME = _levels(given="exact", birth_date="exact", address="same", age="adult", sex="same missing")
# In a tower or a prison somebody else has both: the birth says more.
_BORN_ALIKE = (_levels(birth_place="same in_ins"), _levels(other_given="same"))
_COMMON = "usual common"
# Under one roof, of one given name, born in one commune: slips in the name and in the day.
_SLIPS_AT_HOME = _levels(
    surname="phonetic typo", given="exact", sex="same", birth_place="same in_ins", address="same"
)
# A date completed by rule, of whom all else is told alike.
_SAME_LINE = _levels(surname="exact particle", given="exact", birth_place="same in_ins", phone="same")
# The five strict traits (RNIV 1), and names of which the largest maternity has two on one day in 5,000.
_STRICT = _levels(
    surname="exact particle",
    given="exact",
    birth_date="exact",
    sex="same",
    birth_place="same in_ins",
    surname_rarity="usual",
    given_rarity="usual common",
)
# A given name and a day or a month, each with a slip, of a grown-up whom a contact confirms. Another year may be a
# sister's: AISSATA and AISSATOU. Of children, officers look at any two slips.
_TWO_SLIPS = _levels(
    surname="exact particle",
    given="phonetic typo",
    birth_date="swapped day_slip day month_slip month",
    sex="same missing",
    age="adult",
)
_ADULT_SLIPS = tuple({**_TWO_SLIPS, **contact} for contact in _CONTACT)
# Two surnames that few bear and one sign tells apart, under one given name that few bear either: a slip.
_RARE_SLIP = _levels(
    surname="typo", given="exact", birth_date="exact", surname_rarity="rare", given_rarity="rare uncommon"
)

# Husband and wife, sisters-in-law: of one given name, and two of the strict traits tell them apart.
STRICT_RULES: tuple[Rule, ...] = (
    Rule(STRICT_DIFFER, _levels(sex="different", surname=_OTHER_SURNAME, birth_date=_UNSURE_DATE), (_SAME_INS,)),
    Rule(STRICT_DIFFER, _levels(surname="overlap", birth_date=_UNSURE_DATE), (_SAME_INS, _OWN_EMAIL)),
    Rule(STRICT_DIFFER, _levels(surname="overlap", birth_place="different"), (_SAME_INS, _OWN_EMAIL)),
)

# YVES CADIOU born on the 3rd and YVES CADIOU born on the 14th of one month in Brest, each with a telephone: a mistake
# is as likely, but the company of a record with the day of one and the home of the other must not make them one.
OTHER_DAY_RULE = Rule(OTHER_DAY, _levels(birth_date="day month", corroboration="place", phone=_OTHER_PHONE))

TRAIT_RULES: tuple[Rule, ...] = (
    Rule(INS_DIFFERENT, _levels(ins="different")),
    Rule(OTHER_PERSON, _levels(given=_OTHER_GIVEN, birth_date=_OTHER_DATE)),
    Rule(GIVEN_DIFFERENT, _levels(given=_OTHER_GIVEN, surname="different married")),
    # Whatever the matricule: one card is read for both twins, JULIE and JULIA.
    Rule(TWINS, _levels(given=_OTHER_GIVEN)),
    # A child of whom one home writes to its own mail, by a name that both lists hold, is no twin.
    Rule(TWINS, _levels(given="listed similar short", age="minor"), (_SAME_INS, _NAMED_BY_MAIL)),
    Rule(TWINS, _levels(given="initial"), (_SAME_INS,)),
    # HUGO ISABELLE and UGO ISABELLE: what a family repeats after the first name does not make one child of two.
    # Nor does one matricule, which is typed for both; nor does it for PAUL and PAULE.
    Rule(TWINS, _levels(given="phonetic typo", other_given="shared", age="minor")),
    Rule(SEX_GIVEN, _levels(sex="different", given="phonetic initial short similar")),
    Rule(SEX_GIVEN, _levels(sex="different", given="typo listed"), (_SAME_INS,)),
    # LYVIO, and LYVIA in the column of family names: a boy and his twin sister.
    Rule(SEX_GIVEN, _levels(sex="different", given="swapped", age="minor")),
    Rule(DATE_DIFFERENT, _levels(birth_date=_OTHER_DATE), (_SAME_INS,)),
    Rule(
        SURNAME_DIFFERENT,
        _levels(surname="different"),
        (_NAMED, *({**_ADULT_AT_HOME, **more} for more in (*_OWN_CONTACT, *_BORN_ALIKE))),
    ),
    Rule(
        SURNAME_DIFFERENT,
        _levels(surname="married"),
        (_NAMED, *_OWN_CONTACT, *({**_AT_HOME, **more} for more in _BORN_ALIKE)),
    ),
    Rule(PLACE_DIFFERENT, _levels(birth_place="different"), (_SAME_INS, *_CONTACT)),
    Rule(OTHERS_DIFFER, _levels(other_given="differ")),
    *STRICT_RULES,
    OTHER_DAY_RULE,
    Rule(
        MANY_DIFFERENCES,
        _levels(surname=_NEAR_SURNAME, birth_date=_NEAR_DATE),
        (_SAME_INS, *_OWN_CONTACT, _SLIPS_AT_HOME),
    ),
    # Residents and sisters-in-law share a telephone: where no place of birth is told, two near traits are no proof.
    Rule(
        MANY_DIFFERENCES,
        _levels(surname="used phonetic typo", birth_date=_NEAR_DATE, birth_place="missing"),
        (_SAME_INS, _OWN_EMAIL),
    ),
    # One roof is not one person for D'ARGENLIEU and D'ARGENTRE, born ten days apart.
    Rule(MANY_DIFFERENCES, _levels(surname=_FARTHER_NAME, birth_date=_NEAR_DATE), (_SAME_INS, _OWN_EMAIL)),
    Rule(MANY_DIFFERENCES, _levels(given=_NEAR_GIVEN, birth_date=_NEAR_DATE), (_SAME_INS, _OWN_EMAIL, *_ADULT_SLIPS)),
    Rule(MANY_DIFFERENCES, _levels(surname=_NEAR_SURNAME, given=_NEAR_GIVEN, corroboration="place")),
    # The mail of UEKI opens with ZEKI: that is his own name, and that of every homonym of his.
    Rule(MANY_DIFFERENCES, {**_ONLY_BY_MAIL, **_levels(given=_NEAR_GIVEN)}, (_SAME_INS,)),
    Rule(MANY_DIFFERENCES, {**_ONLY_BY_MAIL, **_levels(given="swapped", birth_date=_UNSURE_DATE)}, (_SAME_INS,)),
    # HAMEL and HAMELIN, SAINT-JEAN and SAINT-LOUIS, CARTIER and CHARTIER are names: one maternity confirms nothing.
    Rule(MANY_DIFFERENCES, _levels(surname=_SLIPPED_NAME, corroboration="place", address=_OTHER_TOWN), (_RARE_SLIP,)),
    Rule(MANY_DIFFERENCES, _levels(surname=_SLIPPED_NAME, corroboration="place", phone=_OTHER_PHONE), (_RARE_SLIP,)),
    # SINGH and SINGH GILL are two families of one country.
    Rule(MANY_DIFFERENCES, _levels(surname="compound", corroboration="place", birth_place="country")),
    Rule(MANY_DIFFERENCES, _levels(sex="different", birth_date=_UNSURE_DATE), (_SAME_INS, _OWN_EMAIL)),
    Rule(MANY_DIFFERENCES, _levels(sex="different", birth_place=_OTHER_PLACE), (_SAME_INS,)),
    Rule(MANY_DIFFERENCES, _levels(birth_place="different", birth_date=_UNSURE_DATE), (_SAME_INS, _OWN_EMAIL)),
    Rule(MANY_DIFFERENCES, _levels(birth_place=_OTHER_PLACE, birth_date=_NEAR_DATE), (_SAME_INS, _OWN_EMAIL)),
    Rule(MANY_DIFFERENCES, _levels(surname="married different", birth_date=_UNSURE_DATE), (_SAME_INS, _OWN_EMAIL)),
    Rule(MANY_DIFFERENCES, _levels(surname="married different", birth_place="different"), (_SAME_INS, _OWN_EMAIL)),
    Rule(MANY_DIFFERENCES, _levels(surname="married", given=_NEAR_GIVEN), (_SAME_INS, _OWN_EMAIL)),
    Rule(MANY_DIFFERENCES, _levels(surname="used", birth_date=_NEAR_DATE, sex="missing"), (_SAME_INS, _OWN_EMAIL)),
    # Unknown patients of a hospital, secret births: given names alone, under one address.
    Rule(WEAK_EVIDENCE, _levels(surname="missing"), (_NAMED,)),
    Rule(WEAK_EVIDENCE, _levels(given="missing")),
    Rule(WEAK_EVIDENCE, _levels(birth_date="missing"), (_NAMED_BY_INS,)),
    Rule(FICTITIOUS_DATE, _levels(birth_date="presumed"), (_SAME_INS, _OWN_EMAIL, *_OWN_HOME, _SAME_LINE)),
    Rule(
        FICTITIOUS_DATE,
        _levels(birth_date="exact_fictitious", surname_rarity=_COMMON),
        (_SAME_INS, _OWN_EMAIL, _SAME_HOME, _ONE_ROOF),
    ),
    Rule(FICTITIOUS_DATE, _levels(birth_date="exact_fictitious", corroboration="place")),
    Rule(FICTITIOUS_DATE, _levels(birth_date="exact_fictitious", surname="swapped"), (_SAME_INS, _OWN_EMAIL)),
    # Of whole families no day is known: all are born on 1 January, and only given names tell brothers apart.
    # One mail serves them all: that of ALI is no sign that ALI AKBAR is he.
    Rule(FICTITIOUS_DATE, _levels(birth_date=_FICTITIOUS, given=_FARTHER_GIVEN), (_SAME_INS,)),
    Rule(FICTITIOUS_DATE, _levels(birth_date=_FICTITIOUS, other_given="shared"), (_SAME_INS, _OWN_EMAIL)),
    # In a home for those who come from one country, ALI MOHAMMADI is as common as JEAN MARTIN.
    Rule(
        FICTITIOUS_DATE,
        _levels(
            birth_date=_FICTITIOUS,
            birth_place="country missing",
            phone=_OTHER_PHONE,
            other_given="shared differ missing",
        ),
        (_SAME_INS, _OWN_EMAIL),
    ),
    # Brothers of one home, all born on 1 January: of MOHAMMAD, the first of several names, years tell two.
    Rule(
        FICTITIOUS_DATE,
        _levels(birth_date="presumed", birth_place="country", other_given="shared differ missing"),
        (_SAME_INS, _OWN_EMAIL),
    ),
    # AHMADI and AHMADZAI are two families.
    Rule(
        FICTITIOUS_DATE,
        _levels(birth_date=_FICTITIOUS, birth_place="country", phone=_NO_PHONE, surname=_SLIPPED_NAME),
        (_SAME_INS, _OWN_EMAIL),
    ),
    Rule(NO_CORROBORATION, _levels(corroboration="none")),
    # Families stay where they come from: in Brest, two YVES CADIOU of one month are as likely as a slip of the day.
    Rule(SLIPPED_DATE, _levels(corroboration="place", birth_date=_NEAR_DATE)),
    # In a hostel, two GURPREET SINGH of one month, each with a telephone, are as likely as a slip of the day.
    Rule(
        SLIPPED_DATE,
        _levels(
            birth_date=_NEAR_DATE,
            birth_place="country",
            phone=_OTHER_PHONE,
            email="crossed different missing",
            other_given="shared differ missing",
            ins="near different_incoherent missing",
        ),
    ),
    # Nor do the given names of a country, which its families share, confirm a date.
    Rule(SLIPPED_DATE, {**_NO_CONTACT, **_levels(birth_date=_NEAR_DATE, birth_place="country")}, (_SAME_INS,)),
    Rule(COMMON_NAMES, _levels(corroboration="place", surname_rarity=_COMMON, given_rarity=_COMMON), (_STRICT,)),
    # Where many were born in one country, names that are not rare here are common among them.
    Rule(
        COMMON_NAMES,
        _levels(corroboration="place", birth_place="country", surname_rarity=_COMMON, given_rarity="uncommon"),
    ),
    Rule(
        COMMON_NAMES,
        _levels(corroboration="place", birth_place="country", surname_rarity="uncommon", given_rarity="common"),
    ),
    Rule(
        COMMON_NAMES, _levels(corroboration="place", surname_rarity=_COMMON, given="listed compound phonetic short")
    ),
    Rule(COMMON_NAMES, _levels(corroboration="place", surname_rarity="rivals")),
    Rule(COMMON_NAMES, _levels(corroboration="place", surname="swapped", given_rarity="rivals")),
)
"""What the traits of two records forbid, the gravest first."""


PARTING: tuple[Rule, ...] = (
    Rule(INS_DIFFERENT, _levels(ins="different")),
    Rule(TWINS, _levels(given="rival overlap", age="minor"), (_SAME_INS,)),
    Rule(TWINS, {**_NO_CONTACT, **_levels(given="rival overlap")}, (_SAME_INS,)),
    # JEAN-PIERRE and JEAN-PAUL under one roof: a record of JEAN does not make them one.
    Rule(TWINS, _levels(given="overlap"), (_SAME_INS, _OWN_EMAIL)),
    Rule(TWINS, _levels(given="different", phone=_OTHER_PHONE, address=_OTHER_HOME), (_SAME_INS,)),
    Rule(TWINS, _levels(given="different", phone=_OTHER_PHONE, other_given="shared differ"), (_SAME_INS,)),
    Rule(OTHERS_DIFFER, _levels(other_given="differ", age="minor"), (_SAME_INS,)),
    Rule(OTHERS_DIFFER, _levels(other_given="differ"), (_SAME_INS, _OWN_EMAIL)),
    *STRICT_RULES,
    OTHER_DAY_RULE,
)
"""What no likeness outweighs, nor the company of other records: two matricules are two persons, a record of MARIE
does not make one of MARIE CLAIRE and MARIE ANNE, nor a poor one of sisters-in-law."""

NAMELESS = Rule(WEAK_EVIDENCE, _levels(surname="missing", given="missing"), (_SAME_INS,))
"""Two records of which nothing but a date or a contact is known are not worth an officer's time."""


_NO_DOUBT = LACKS_OF_EVIDENCE - {NO_CORROBORATION} | {STRICT_DIFFER, OTHER_DAY}
CAUTIONS: tuple[Rule, ...] = tuple(rule for rule in TRAIT_RULES if rule.reason not in _NO_DOUBT)
"""Rules that make a pair less likely to be one person, besides forbidding a link."""

OPPOSED: tuple[Rule, ...] = tuple(
    replace(rule, when={trait: or_less(trait, levels) for trait, levels in rule.when.items()}) for rule in TRAIT_RULES
)
"""The rules on traits, read where more agreement would bring a pair under them too: what a pair gains by being under
none of these (`identity.model.Model.unopposed`), agreeing more never takes away."""


STRANGERS: tuple[Rule, ...] = (
    # The matricule of one who came from abroad contradicts the day that was written before it was known.
    Rule(
        NOT_WORTH_A_LOOK,
        _levels(surname="different married", birth_date=_OTHER_DATE),
        (_SAME_INS, _levels(ins="same_incoherent", given="exact", sex="same missing")),
    ),
    Rule(NOT_WORTH_A_LOOK, _levels(given=_OTHER_GIVEN, birth_date=_OTHER_DATE), (_SAME_INS,)),
    Rule(
        NOT_WORTH_A_LOOK,
        _levels(surname="different married", given=_OTHER_GIVEN, birth_date=_UNSURE_DATE),
        (_SAME_INS,),
    ),
    # Half a centre for refugees was born on 1 January of one of ten years.
    Rule(
        NOT_WORTH_A_LOOK,
        {**_OUT_OF_REACH, **_levels(surname="different married", birth_date=_FICTITIOUS)},
        (_SAME_INS, _levels(other_given="same", address="same")),
    ),
    Rule(NOT_WORTH_A_LOOK, {**_OUT_OF_REACH, **_levels(given=_OTHER_GIVEN, birth_date=_FICTITIOUS)}, (_SAME_INS,)),
)
"""Two residents of a home, under its telephone and its mail, who have a name or a day in common: no reason to ask an
officer."""


def caution(signs: int) -> Reason | None:
    """Return the gravest rule that lowers the score of a pair, given every term's level; None when none does."""
    return gravest(CAUTIONS, signs)


def is_unopposed(signs: int) -> bool:
    """Tell, given every term's level, that no rule on traits forbids to link, nor would if anything agreed more."""
    return gravest(OPPOSED, signs) is None


def are_strangers(signs: int) -> bool:
    """Tell, given every term's level, whether two records share no more than a home may."""
    return gravest(STRANGERS, signs) is not None


def traits_obstacle(signs: int) -> Reason | None:
    """Return the gravest rule on traits that forbids to link, given every term's level; None when none holds."""
    return gravest(TRAIT_RULES, signs)


def is_contradicted(rule: Reason | None) -> bool:
    """Tell, of an identity that changes, a rule that speaks against it, and does not only miss evidence for it."""
    return rule is MANY_DIFFERENCES or (rule is not None and rule not in LACKS_OF_EVIDENCE)


def veto(a: IdentityRecord, b: IdentityRecord, pattern: Pattern, obstacle: Reason | None) -> Reason | None:
    """Say why two records may not be linked automatically; None when nothing forbids it.

    `pattern` is every term's level and `obstacle` what they forbid (`traits_obstacle`). Rules of standing
    (attributes, INS) come before rules on traits, the gravest first.
    """
    standing = _standing_veto(a, b, pattern[_INS])
    if standing is not None:
        return standing
    if obstacle in (TWINS, GIVEN_DIFFERENT) and _is_certified(a, b, pattern):
        obstacle = _but_for_given(signs_of(pattern))
    if obstacle is not None:
        return obstacle
    first, second = a.traits.death_date, b.traits.death_date
    return DEATH_CONFLICT if first is not None and second is not None and first != second else None


def _standing_veto(a: IdentityRecord, b: IdentityRecord, ins: str) -> Reason | None:
    attributes = a.attributes | b.attributes
    if attributes and Attribute.FICTITIOUS in attributes:
        return FICTITIOUS
    if ins in ("near", "different", "different_incoherent") and _both_qualified(a, b):
        return INS_CONFLICT
    if not attributes:
        return None
    if Attribute.DOUBTFUL in attributes:
        return DOUBTFUL
    return HOMONYM if Attribute.HOMONYM in attributes else None


def _both_qualified(a: IdentityRecord, b: IdentityRecord) -> bool:
    return a.status is IdentityStatus.QUALIFIED and b.status is IdentityStatus.QUALIFIED


def share_ins(pattern: Pattern) -> bool:
    """Tell whether two records compared so bear one coherent matricule."""
    return pattern[_INS] == "same"


def _is_certified(a: IdentityRecord, b: IdentityRecord, pattern: Pattern) -> bool:
    """Tell whether INSi vouches for the given names: two qualified identities under one INS."""
    return _both_qualified(a, b) and share_ins(pattern) and pattern[_BIRTH_DATE] == "exact"


def _but_for_given(signs: int) -> Reason | None:
    return gravest((rule for rule in TRAIT_RULES if rule.reason not in (TWINS, GIVEN_DIFFERENT)), signs)
