"""Every trait that an officer reads of has its words: none is left blank, none is told by its code."""

import re
from dataclasses import fields

from flask import Flask

from hub.web import agency_words
from identity.model import TERMS
from identity.traits import Traits
from tests.functional.agency_pages import new_officer
from tests.hub.registry.people import doubtful_pair


def test_every_trait_of_an_identity_and_every_term_of_a_score_has_words() -> None:
    assert {field.name for field in fields(Traits)} <= agency_words.TRAITS.keys()
    assert TERMS.keys() <= agency_words.SCORED_TRAITS.keys()


def test_the_values_that_a_merge_keeps_are_named(app: Flask) -> None:
    pair = doubtful_pair(app)

    page = new_officer(app).get(f"/agence/taches/{pair.task.id}").text

    headers = re.findall(r'<th scope="row" role="rowheader">([^<]*)</th>', page)
    assert {"Nom de naissance", "Prénoms de naissance"} <= set(headers)
    assert "" not in headers
