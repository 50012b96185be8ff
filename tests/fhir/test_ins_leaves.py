"""An INS is written in FHIR exactly when it may leave the hub, whatever was stored."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from fhir.mapping.patient import DomainIdentifier, PatientView, render_patient
from identity import survivorship
from identity.status import BARRED, Attribute, IdentityStatus
from tests.identity.factories import make_ins, make_record, make_traits

MATRICULES = [make_ins("2840569381993"), make_ins("185052A004994"), None]
records = st.builds(
    lambda ins, status, attributes: make_record(make_traits(ins=ins), status=status, attributes=attributes),
    st.sampled_from(MATRICULES),
    st.sampled_from(IdentityStatus),
    st.frozensets(st.sampled_from(Attribute)),
)


@given(records)
def test_a_patient_carries_an_ins_when_qualified_and_neither_doubtful_nor_fictitious(record: object) -> None:
    view = PatientView(
        resource_id="1",
        version=1,
        last_updated=datetime(2026, 11, 23, tzinfo=UTC),
        domain=DomainIdentifier("urn:oid:1.2.250.1.999.2.1", "IPP-1"),
        regional_id=None,
        traits=record.traits,  # type: ignore[attr-defined]
        status=record.status,  # type: ignore[attr-defined]
        attributes=record.attributes,  # type: ignore[attr-defined]
        active=True,
        replaced_by=None,
    )

    written = json.dumps(render_patient(view))

    ins = view.traits.ins
    may_leave = view.status is IdentityStatus.QUALIFIED and not view.attributes & BARRED
    assert ins is None or (ins.matricule in written) == may_leave


@given(st.lists(records, min_size=1, max_size=4))
def test_a_person_shows_an_ins_that_one_sound_source_qualified_and_no_other_contradicts(group: list[object]) -> None:
    shown = survivorship.publishable_ins(group)  # type: ignore[arg-type]

    sound = {
        record.traits.ins  # type: ignore[attr-defined]
        for record in group
        if record.status is IdentityStatus.QUALIFIED and not record.attributes & BARRED  # type: ignore[attr-defined]
    } - {None}
    assert shown == (next(iter(sound)) if len(sound) == 1 else None)
