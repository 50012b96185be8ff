"""Two lines of address in one postcode: one place or two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.streets import is_shared, same_street, street_key

ONE_PLACE = [
    ("12 R. du Gal Leclerc", "12, rue du Général Leclerc"),
    ("RES LES PINS 12 RUE DES LILAS", "12 rue des Lilas"),
    ("12 rue des Lilas, Bât B, apt 3", "12 RUE DES LILAS"),
    ("12 rue des lilas", "12 rue des lila"),
    ("12 bis rue Pasteur", "12B rue Pasteur"),
    ("12 bis rue Pasteur", "12 rue Pasteur"),
    ("12 rue V. Hugo", "12 rue Victor Hugo"),
    ("33 rue du 8 mai 1945", "33 r du 8 mai"),
    ("lieu-dit le moulin", "LD LE MOULIN"),
    ("012 rue Pasteur", "12 rue Pasteur"),
    ("4 place de la Rép.", "4 PL DE LA REPUBLIQUE"),
    ("7 bvd Mal Foch", "7 boulevard Maréchal Foch"),
]
TWO_PLACES = [
    ("12 rue des lilas", "14 rue des lilas"),
    ("12 rue des lilas", "12 allée des lilas"),
    ("12 rue des lilas", "rue des lilas"),
    ("12 bis rue Pasteur", "12 ter rue Pasteur"),
    ("12 rue A", "12 rue B"),
    ("3 rue des lilas", "3 rue des lys"),
    ("33 rue du 8 mai 1945", "33 rue du 11 novembre 1918"),
    ("Le Bourg Neuf", "Le Moulin"),
    ("Résidence du Parc", "Résidence du Parc Fleuri"),
    ("12 rue", "12 rue Pasteur"),
]
FOR_MANY = [
    "EHPAD Les Glycines, 127 rue Pasteur",
    "Résidence sociale, 8 r. Challemel",
    "Foyer Adoma",
    "Hôpital local, 2 rue de l'Hôpital",
    "Maison de retraite St Joseph",
    "CCAS, 2 place de la Mairie",
    "Aire des gens du voyage",
    "SDF",
]
FOR_ANYBODY = [
    "12 rue de l'Hôpital",
    "3 r. du Foyer",
    "5 place de la Caserne",
    "12 chemin de la Maison de Retraite",
    "1 rue de l'Ancien Hospice",
    "RES LES LILAS 3 rue Neuve",
    "Chufort",
]
NO_PLACE = [
    "Adresse inconnue",
    "N.C.",
    "ND",
    "non renseignée",
    "A PRECISER",
    "X",
    "Le Bourg",
    "Rue",
    "0",
    "néant",
    "...",
    "Quartier Cavani",
    "village de Kani",
    "R. de Siam",
    "cité des Roses",
    "BP 12",
    "boîte postale 4",
    "RN 7",
    "rue du 8 Mai 1945",
    "Pl. du 11 novembre",
    "av de la 2e D.B.",
    "rue du 1er mai",
    "boulevard du 22ème BCA",
]
HOMES = [
    "12 rue de Siam",
    "Kermeur",
    "lieu-dit Kermeur",
    "résidence les Lilas",
    "cité des Roses bât. 3",
    "hameau de Lay",
    "33 rue du 8 mai 1945",
    "rue du 8 mai 1945, 33",
    "rue Pasteur 12",
    "rue du 19 mars 1962 n° 4",
]
LINES = st.lists(
    st.sampled_from("0 3 12 12B BIS R RUE AV AVENUE RES PARC FOCH FOCHE FO MAL MARECHAL DE LA".split()),  # noqa: SIM905
    min_size=1,
    max_size=6,
).map(" ".join)


@pytest.mark.parametrize(("one", "other"), ONE_PLACE)
def test_one_place_is_known_however_it_is_written(one: str, other: str) -> None:
    assert same_street(street_key(one) or "", street_key(other) or "")


@pytest.mark.parametrize(("one", "other"), TWO_PLACES)
def test_a_number_a_kind_of_way_or_a_name_tells_two_places(one: str, other: str) -> None:
    assert not same_street(street_key(one) or "", street_key(other) or "")


@pytest.mark.parametrize(("line", "expected"), [(x, True) for x in FOR_MANY] + [(x, False) for x in FOR_ANYBODY])
def test_a_home_for_many_is_told_from_a_street_that_is_called_after_one(line: str, expected: bool) -> None:
    assert is_shared(street_key(line) or "") is expected


@pytest.mark.parametrize("line", NO_PLACE)
def test_a_line_that_is_not_known_or_is_a_whole_village_tells_no_place(line: str) -> None:
    assert street_key(line) is None


@pytest.mark.parametrize("line", HOMES)
def test_a_house_a_hamlet_or_a_residence_is_a_place(line: str) -> None:
    assert street_key(line) is not None


@given(LINES, LINES)
def test_the_order_of_two_lines_does_not_matter(one: str, other: str) -> None:
    first, second = street_key(one) or "", street_key(other) or ""

    assert same_street(first, second) == same_street(second, first)
    assert same_street(first, first)


@pytest.mark.parametrize("line", ["...", "", "12" * 5000, "RUE " * 5000, "é" * 4000])
def test_any_line_is_read(line: str) -> None:
    key = street_key(line)

    if key is not None:
        assert same_street(key, key)
        assert not same_street(f"1 {key}", f"2 {key}")
