"""What two given names have to do with each other."""

import pytest

from identity.given_names import Relation, canonical_given, related, usual_sex

SAME, VARIANT, DIMINUTIVE = Relation.SAME, Relation.VARIANT, Relation.DIMINUTIVE
ABBREVIATION, TRANSLATION = Relation.ABBREVIATION, Relation.TRANSLATION
DISTINCT, NONE = Relation.DISTINCT, Relation.NONE

PAIRS = [
    ("SOLENE", "SOLENE", SAME),
    ("ABD EL KADER", "ABDELKADER", SAME),
    ("CATHERINE", "KATHERINE", VARIANT),
    ("MATHIEU", "MATTHIEU", VARIANT),
    ("LOIC", "LOICK", VARIANT),
    ("SARA", "SARAH", VARIANT),
    ("YOHANN", "JOHAN", VARIANT),
    ("ELISABETH", "ELIZABETH", VARIANT),
    ("STEPHANE", "STEFANE", VARIANT),
    ("MOHAMED", "MUHAMMAD", VARIANT),
    ("FATIMA", "FATMA", VARIANT),
    ("YOUSSEF", "YUSUF", VARIANT),
    ("KHADIJA", "HADIDJA", VARIANT),
    ("ABDERRAHMANE", "ABDELRAHMAN", VARIANT),
    ("ABDALLAH", "ABDULLAH", VARIANT),
    ("EL HOUSSINE", "HOCINE", VARIANT),
    ("JEANPIERRE", "JEAN PIERRE", VARIANT),
    ("JEAN CRISTOPHE", "JEAN CHRISTOPHE", VARIANT),
    ("YURIY", "IOURI", VARIANT),
    ("OLHA", "OLGA", VARIANT),
    ("DMYTRO", "DMITRI", VARIANT),
    ("HMAD", "AHMED", VARIANT),
    ("LHOUSSAINE", "HOUCINE", VARIANT),
    ("ISA", "ISABELLE", DIMINUTIVE),
    ("FRED", "FREDERIC", DIMINUTIVE),
    ("FRED", "FREDERIQUE", DIMINUTIVE),
    ("KATIA", "CATHERINE", DIMINUTIVE),
    ("KADER", "ABDELKADER", DIMINUTIVE),
    ("MAITE", "MARIE THERESE", DIMINUTIVE),
    ("CATHY", "KATHERINE", DIMINUTIVE),
    ("J", "JEAN", ABBREVIATION),
    ("J P", "JEAN PIERRE", ABBREVIATION),
    ("JP", "JEAN PIERRE", ABBREVIATION),
    ("JEAN P", "J PIERRE", ABBREVIATION),
    ("M CL", "MARIE CLAUDE", ABBREVIATION),
    ("MTH", "MARIE THERESE", ABBREVIATION),
    ("JMARIE", "JEAN MARIE", ABBREVIATION),
    ("FR", "FRANCOISE", ABBREVIATION),
    ("CHR", "CHRISTIAN", ABBREVIATION),
    ("FSE", "FRANCOISE", ABBREVIATION),
    ("XTOPHE", "CHRISTOPHE", ABBREVIATION),
    ("MED", "MOHAMED", ABBREVIATION),
    ("MED ALI", "MOHAMED ALI", ABBREVIATION),
    ("ABDEL", "ABDELKRIM", ABBREVIATION),
    ("LAN", "THI LAN", ABBREVIATION),
    ("OLEKSANDR", "ALEXANDRE", TRANSLATION),
    ("MYKOLA", "NIKOLAI", TRANSLATION),
    ("GIORGI", "GEORGES", TRANSLATION),
    ("KATERYNA", "CATHERINE", TRANSLATION),
    ("GIUSEPPE", "JOSEPH", TRANSLATION),
    ("MICHEL", "MICHELE", DISTINCT),
    ("LEA", "LEO", DISTINCT),
    ("JULIE", "JULIA", DISTINCT),
    ("FATIMA", "FATIHA", DISTINCT),
    ("HASSAN", "HUSSEIN", DISTINCT),
    ("FREDERIC", "FREDERIQUE", DISTINCT),
    ("NOA", "NOAH", DISTINCT),
    ("MAE", "MAHE", DISTINCT),
    ("LUC", "LUCIEN", DISTINCT),
    ("JEAN PAUL", "JEAN LUC", DISTINCT),
    ("MARWA", "MARWAN", DISTINCT),
    ("EDEN", "EREN", DISTINCT),
    ("NOUR", "NOURA", DISTINCT),
    ("ELIAS", "ILIAS", DISTINCT),
    ("MATHIS", "MATIS", VARIANT),
    ("HOCINE", "HOSSINE", VARIANT),
    ("OUARDA", "WARDA", VARIANT),
    ("KARIM", "ABDELKARIM", DIMINUTIVE),
    ("NICOLAS", "MYKOLA", TRANSLATION),
    ("AYMAN", "AYMEN", NONE),
    ("SOULAYMAN", "SULEYMAN", NONE),
    ("KAOUTAR", "KAWTHAR", NONE),
    ("SOLENE", "SOLEMNE", NONE),
    ("SOLENE", "SOLNEE", NONE),
    ("ANNE", "ANNE LISE", NONE),
    ("J", "PAUL", NONE),
    ("MA", "MARIE", NONE),
    ("", "", NONE),
    ("", "JEAN", NONE),
    ("42", "JEAN", NONE),
]


@pytest.mark.parametrize(("a", "b", "expected"), PAIRS)
def test_two_given_names_are_related_both_ways(a: str, b: str, expected: Relation) -> None:
    assert related(a, b) is expected
    assert related(b, a) is expected


@pytest.mark.parametrize(("a", "b"), [(a, b) for a, b, relation in PAIRS if relation in (SAME, VARIANT, DIMINUTIVE)])
def test_variants_and_short_forms_are_filed_together(a: str, b: str) -> None:
    assert canonical_given(a) & canonical_given(b)


@pytest.mark.parametrize(("a", "b"), [("MICHEL", "MICHELE"), ("LEA", "LEO"), ("JULIE", "JULIA"), ("", "JEAN")])
def test_two_names_are_not_filed_together(a: str, b: str) -> None:
    assert not canonical_given(a) & canonical_given(b)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("JEAN", "M"),
        ("MARIE", "F"),
        ("JEAN MARIE", "M"),
        ("MARIE PIERRE", "F"),
        ("LOU ANNE", "F"),
        ("KATHERINE", "F"),
        ("MOUHAMED", "M"),
        ("ABDERRAHMANE", "M"),
        ("ANDRE", "M"),
        ("ANDREE", "F"),
        ("CLAUDE", None),
        ("CLAUDE MARIE", None),
        ("CAMILLE", None),
        ("BAUDRILLARD", None),
        ("", None),
    ],
)
def test_a_name_has_a_usual_sex_when_it_is_clear(name: str, expected: str | None) -> None:
    assert usual_sex(name) == expected
