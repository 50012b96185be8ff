"""Synthetic Patients for the tests: every matricule is made here, with the test OID."""

import json
from datetime import UTC, date, datetime

from fhir import systems
from fhir.mapping.values import DomainIdentifier, PatientView
from identity.ins import Ins, InsOid, nir_key
from identity.status import IdentityStatus
from identity.traits import Address, BirthDate, Sex, Traits

ACCEPTED = frozenset({InsOid.NIR_TEST})
DOMAIN = "urn:oid:1.2.250.1.999.1.1"


def make_matricule(body: str = "1741201006122") -> str:
    return body + nir_key(body)


def make_ins_identifier(**changes):
    identifier = {
        "use": "official",
        "type": {"coding": [{"system": systems.FR_IDENTIFIER_TYPE, "code": "INS-NIR-TEST"}]},
        "system": "urn:oid:1.2.250.1.213.1.4.10",
        "value": make_matricule(),
    }
    return {name: value for name, value in {**identifier, **changes}.items() if value is not None}


def make_ipp(value="IPP-0007"):
    coding = {"system": systems.IDENTIFIER_TYPE, "code": "PI"}
    return {"use": "usual", "type": {"coding": [coding]}, "system": DOMAIN, "value": value}


def make_reliability(code, *, system=systems.IDENTITY_STATUS_V2, url=systems.IDENTITY_RELIABILITY, comments=()):
    parts = [{"url": "identityStatus", "valueCoding": {"system": system, "code": code}}]
    for comment in comments:
        concept = {"coding": [{"system": systems.IDENTITY_COMMENT, "code": comment}]}
        parts.append({"url": "comment", "valueCodeableConcept": concept})
    return {"url": url, "extension": parts}


def make_birth_place(code="01006", system=systems.COG_COMMUNE):
    insee = {"url": systems.INSEE_CODE, "valueCoding": {"system": system, "code": code}}
    return {"url": systems.BIRTH_PLACE, "valueAddress": {"extension": [insee]}}


def make_official_name(family="D'AMBERT-ROY", given=("LOUIS-MARIE",), listed="LOUIS-MARIE PAUL"):
    name = {"use": "official", "family": family, "given": list(given)}
    if listed:
        name["extension"] = [{"url": systems.BIRTH_LIST_GIVEN_NAME, "valueString": listed}]
    return name


def make_patient(**changes):
    """A provisional identity, complete; a change to None takes the element away."""
    patient = {
        "resourceType": "Patient",
        "extension": [make_reliability("PROV"), make_birth_place()],
        "identifier": [make_ipp()],
        "active": True,
        "name": [make_official_name()],
        "gender": "male",
        "birthDate": "1974-12-25",
    }
    return {name: value for name, value in {**patient, **changes}.items() if value is not None}


def make_qualified(**changes):
    qualified = {
        "extension": [make_reliability("VALI"), make_birth_place()],
        "identifier": [make_ins_identifier(), make_ipp()],
    }
    return make_patient(**{**qualified, **changes})


def body_of(patient):
    return json.dumps(patient).encode()


def make_traits(**changes):
    known = {
        "birth_name": "D'AMBERT-ROY",
        "given_names": ("LOUIS-MARIE", "PAUL"),
        "birth_date": BirthDate(1974, 12, 25),
        "sex": Sex.MALE,
        "birth_place": "01006",
        "ins": Ins(make_matricule(), InsOid.NIR_TEST),
    }
    return Traits(**{**known, **changes})


def make_view(**changes):
    known = {
        "resource_id": "ex-qual",
        "version": 3,
        "last_updated": datetime(2026, 2, 3, 9, 30, tzinfo=UTC),
        "domain": DomainIdentifier(DOMAIN, "IPP-0007"),
        "regional_id": None,
        "traits": make_traits(),
        "status": IdentityStatus.QUALIFIED,
        "attributes": frozenset(),
        "active": True,
        "replaced_by": None,
    }
    return PatientView(**{**known, **changes})


def make_full_traits(**changes):
    full = {
        "used_name": "AMBERT",
        "used_given_name": "LOUIS",
        "address": Address("3 RUE DES LILAS", "01300", "BELLEY"),
        "phone": "+33612345687",
        "email": "louis.ambert@exemple.fr",
        "death_date": date(2026, 1, 2),
    }
    return make_traits(**{**full, **changes})
