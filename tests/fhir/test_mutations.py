"""Whatever stands in the place of an element, a feed is read or refused: nothing else is raised."""

import contextlib
import copy

import pytest

from fhir.mapping.patient import parse_patient
from fhir.outcome import FhirError
from tests.fhir.patients import ACCEPTED, body_of, make_qualified

JUNK = [None, "", [], {}, -1, True, "x", [None], [[]], [{}], "0000-01-01", "#", "Patient/", "2016-12-31T23:59:60Z"]
RICH = make_qualified(
    meta={"profile": ["https://x.example"]},
    contained=[{"resourceType": "Organization", "id": "o", "name": "CH"}],
    managingOrganization={"reference": "#o"},
    telecom=[{"system": "phone", "value": "0612345687"}],
    address=[{"use": "home", "city": "BELLEY"}],
    link=[{"other": {"reference": "Patient/1"}, "type": "seealso"}],
    contact=[{"name": {"text": "Contact"}}],
    photo=[{"contentType": "image/png", "data": "AAAA"}],
    deceasedDateTime="2020-01-01T00:00:00Z",
)


def paths_in(tree, path=()):
    members = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, below in members:
        yield (*path, step)
        yield from paths_in(below, (*path, step))


@pytest.mark.parametrize("path", list(paths_in(RICH)), ids=lambda path: ".".join(map(str, path)))
def test_junk_in_place_of_an_element_is_never_a_crash(path):
    for junk in JUNK:
        patient = copy.deepcopy(RICH)
        parent = patient
        for step in path[:-1]:
            parent = parent[step]
        parent[path[-1]] = junk

        with contextlib.suppress(FhirError):
            assert parse_patient(body_of(patient), ACCEPTED).identifiers
