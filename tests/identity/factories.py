"""Invented identities with defaults, so that a test shows only what matters."""

from functools import cache
from pathlib import Path

from identity.ins import Ins, InsOid, nir_key
from identity.linkage import Candidate, Decision, IdentityRecord, decide
from identity.model import Model, parse_model
from identity.status import Attribute, IdentityStatus
from identity.traits import Address, BirthDate, Sex, Traits

MODEL_FILE = Path(__file__).parents[2] / "data" / "linkage" / "model-2026-8.json"


@cache
def model() -> Model:
    return parse_model(MODEL_FILE.read_text(encoding="utf-8"))


def make_ins(body: str, oid: InsOid = InsOid.NIR_TEST) -> Ins:
    return Ins(body + nir_key(body), oid)


def make_traits(
    birth_name: str | None = "BAUDRILLARD",
    given: str = "SOLENE MARTHE",
    born: str | None = "1984-05-17",
    sex: Sex = Sex.FEMALE,
    *,
    used_name: str | None = None,
    used_given: str | None = None,
    place: str | None = "69381",
    ins: Ins | None = None,
    line: str | None = None,
    postcode: str | None = None,
    city: str | None = None,
    phone: str | None = None,
    email: str | None = None,
) -> Traits:
    return Traits(
        birth_name=birth_name,
        used_name=used_name,
        given_names=tuple(given.split()),
        used_given_name=used_given,
        birth_date=BirthDate.parse(born) if born else None,
        sex=sex,
        birth_place=place,
        ins=ins,
        address=Address(line, postcode, city) if line or postcode or city else None,
        phone=phone,
        email=email,
    )


def make_record(
    traits: Traits | None = None,
    domain: str = "LGC-A",
    record_id: str = "a",
    status: IdentityStatus = IdentityStatus.PROVISIONAL,
    attributes: frozenset[Attribute] = frozenset(),
) -> IdentityRecord:
    return IdentityRecord(
        record_id=record_id, domain=domain, traits=traits or make_traits(), status=status, attributes=attributes
    )


def decide_pair(incoming: Traits, known: Traits) -> Decision:
    """Decide on one incoming identity against one known person of another domain."""
    person = Candidate(person_id="p1", records=(make_record(known, "LGC-B", "b"),))
    return decide(make_record(incoming), [person], model())
