"""Traits that too many bear: which ones, and what stays of an identity without them."""

from identity.blocking import keys_and_kinds, keys_of_contacts
from identity.ins import Ins, InsOid
from identity.traits import Address
from identity.widespread import KINDS, LEFT_OUT, without
from tests.identity.factories import make_traits

FULL = make_traits(
    ins=Ins("255069999999934", InsOid.NIR_TEST),
    line="5 place d'Arsonval",
    postcode="69003",
    city="LYON",
    phone="+33472119900",
    email="region@sante.example",
)


def test_their_keys_are_those_that_identities_are_sought_by() -> None:
    found = dict(keys_of_contacts(FULL))

    assert found == {kind: key for kind, key in keys_and_kinds(FULL) if kind in KINDS}
    assert found.keys() == KINDS.keys()


def test_what_is_left_out_is_missing_and_nothing_else() -> None:
    bare = without(FULL, LEFT_OUT.keys())

    assert bare == make_traits(ins=FULL.ins, postcode="69003", city="LYON")
    assert bare.address == Address(None, "69003", "LYON")
    assert without(FULL, ()) is FULL
    assert without(make_traits(), LEFT_OUT.keys()) == make_traits()
