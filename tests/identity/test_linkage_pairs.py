"""French pairs with the decision an identity-vigilance officer expects of the machine."""

import pytest

from identity.decision import Outcome
from identity.traits import Sex, Traits
from tests.identity.factories import decide_pair, make_ins, make_traits

LINK, NEW, REVIEW = Outcome.LINK, Outcome.NEW, Outcome.REVIEW
OURS, TWIN, PARENT = make_ins("2840569381001"), make_ins("2840569381002"), make_ins("2550269381017")
HOME = {"line": "12 RUE NEUVE", "postcode": "69001"}
M = Sex.MALE
t = make_traits

PAIRS: list[tuple[str, Traits, Traits, Outcome]] = [
    ("the same person", t(), t(), LINK),
    ("case and accents", t("Baudrillard", "Solène"), t("BAUDRILLARD", "SOLENE"), LINK),
    ("second given name left out", t(given="SOLENE"), t(), LINK),
    ("compound given name with a space", t(given="ANNE-MARIE"), t(given="ANNE MARIE"), LINK),
    ("first half of a compound given name", t(given="ANNE", **HOME), t(given="ANNE-LISE", **HOME), LINK),
    ("second given name used daily", t(given="MARTHE", **HOME), t(**HOME), LINK),
    ("abbreviated compound given name", t(given="A-M", **HOME), t(given="ANNE-MARIE", **HOME), LINK),
    ("surname with and without its particle", t("DE LA TRIBOUILLE"), t("TRIBOUILLE"), LINK),
    ("surname joined", t("LE QUELLEC"), t("LEQUELLEC"), LINK),
    ("apostrophe left out", t("D'ESTREVILLE"), t("D ESTREVILLE"), LINK),
    ("married name given as birth name", t("VERDIER", used_name="VERDIER"), t(used_name="VERDIER"), LINK),
    ("married name beside birth name", t(used_name="VERDIER"), t(), LINK),
    ("double-barrelled used name", t(used_name="BAUDRILLARD-VERDIER"), t(), LINK),
    ("birth name missing on one side", t(None, used_name="BAUDRILLARD", **HOME), t(**HOME), LINK),
    ("slip in the surname", t("BAUDRILARD"), t(), LINK),
    ("letters swapped in the surname", t("BUADRILLARD"), t(), LINK),
    ("surname by ear", t("LEFEVRE-BAUDRIN"), t("LEFEBVRE-BAUDRIN"), LINK),
    ("slip in the given name", t(given="SOLNEE"), t(), LINK),
    ("given name by ear", t(given="MATHIEU", sex=M), t(given="MATTHIEU", sex=M), LINK),
    ("names swapped", t("SOLENE", "BAUDRILLARD"), t(), LINK),
    ("day and month swapped", t(born="1984-07-05", **HOME), t(born="1984-05-07", **HOME), LINK),
    ("slip in the day", t(born="1984-05-18", **HOME), t(**HOME), LINK),
    ("slip in the year", t(born="1985-05-17", **HOME), t(**HOME), LINK),
    ("moved house", t(line="3 RUE A", postcode="38000"), t(**HOME), LINK),
    ("birth place unknown, same phone", t(place="99999", phone="0612345678"), t(phone="06 12 34 56 78"), LINK),
    ("birth place confirmed by the matricule", t(place=None, ins=OURS), t(), LINK),
    ("same INS, new married surname", t("VERDIER", ins=OURS), t(ins=OURS), LINK),
    ("sex typed wrong, all else equal", t(sex=M, **HOME), t(**HOME), LINK),
    ("common names but same INS", t("MARTIN", "MARIE", ins=OURS), t("MARTIN", "MARIE", ins=OURS), LINK),
    ("twins", t(given="LUCIE", **HOME), t(given="MARION", **HOME), REVIEW),
    ("twins with one matricule typed for both", t(given="LUCIE", ins=OURS), t(given="MARION", ins=OURS), REVIEW),
    ("twins with two matricules", t(given="LUCIE", ins=OURS), t(given="MARION", ins=TWIN), NEW),
    ("twins one letter apart", t(given="LEA", **HOME), t(given="LEO", sex=M, **HOME), REVIEW),
    ("twins of usual names one letter apart", t(given="JULIE", **HOME), t(given="JULIA", **HOME), REVIEW),
    ("twin brother and sister by ear", t(given="MICHELE", **HOME), t(given="MICHEL", sex=M, **HOME), REVIEW),
    ("twins with compound given names", t(given="JEAN-PAUL", **HOME), t(given="JEAN-LUC", **HOME), REVIEW),
    ("homonyms of one birth day", t("MARTIN", "MARIE", place=None), t("MARTIN", "MARIE", place=None), REVIEW),
    ("rare homonyms with nothing else", t(given="SOLENE", place=None), t(given="SOLENE", place=None), REVIEW),
    ("homonyms born in two places", t("MARTIN", "MARIE"), t("MARTIN", "MARIE", place="33063"), REVIEW),
    ("same traits but two matricules", t(ins=OURS, **HOME), t(ins=TWIN, **HOME), REVIEW),
    ("birth date missing", t(born=None, **HOME), t(**HOME), REVIEW),
    ("only a year of birth", t(born="1984", place=None), t(place=None), REVIEW),
    ("fictitious date", t("MARTIN", "MARIE", "1984-01-01"), t("MARTIN", "MARIE", "1984-01-01"), REVIEW),
    ("surname and birth date both slipped", t("BAUDRILARD", born="1984-05-18", **HOME), t(**HOME), REVIEW),
    ("diminutive", t(given="ISA", **HOME), t(given="ISABELLE", **HOME), REVIEW),
    (
        "father and son of one name, home and birth town",
        t(given="JEAN", sex=M, **HOME),
        t(given="JEAN", born="1955-02-03", sex=M, **HOME),
        REVIEW,
    ),
    (
        "father and son of one name, born in two towns",
        t(given="JEAN", sex=M, **HOME),
        t(given="JEAN", born="1955-02-03", sex=M, place="38185", **HOME),
        NEW,
    ),
    (
        "child with the matricule of its parent",
        t(given="ANNA", ins=PARENT, **HOME),
        t(given="CLAUDE", born="1955-02-03", ins=PARENT, **HOME),
        NEW,
    ),
    ("mother and daughter of one rare name", t(**HOME), t(born="1955-02-03", place="38185", **HOME), NEW),
    ("spouses", t("VERDIER", "LUC", "1982-01-30", M, **HOME), t(used_name="VERDIER", **HOME), NEW),
    ("brother and sister", t(given="LUCIE", born="1986-09-02", **HOME), t(**HOME), NEW),
    ("born the same day in one town", t("VERDIER", "LUCIE"), t(), NEW),
    ("placeholders on both sides", t("SANS NOM", "INCONNU"), t("SANS NOM", "INCONNU"), NEW),
    ("strangers", t("VERDIER", "LUCIE", "1961-11-02", place="33063"), t(), NEW),
]


@pytest.mark.parametrize(("one", "other", "expected"), [p[1:] for p in PAIRS], ids=[p[0] for p in PAIRS])
def test_a_pair_is_decided_as_an_officer_expects(one: Traits, other: Traits, expected: Outcome) -> None:
    assert decide_pair(one, other).outcome is expected
    assert decide_pair(other, one).outcome is expected
