import pytest

from identity.ins import InsError, InsOid, nir_key, parse_ins

KEYS = [
    ("2790351215189", "89"),
    ("1741201006122", "67"),
    ("2550149588157", "23"),
    ("185052A004123", "56"),
    ("288052B033045", "64"),
    ("1900799352001", "72"),
]


@pytest.mark.parametrize(("body", "key"), KEYS, ids=[body for body, _ in KEYS])
def test_the_key_of_a_nir_follows_insee_even_in_corsica(body: str, key: str) -> None:
    assert nir_key(body) == key


@pytest.mark.parametrize(("body", "key"), KEYS, ids=[body for body, _ in KEYS])
def test_a_matricule_with_its_key_and_oid_is_read(body: str, key: str) -> None:
    ins = parse_ins(f"{body} {key}", "urn:oid:1.2.250.1.213.1.4.10")

    assert (ins.matricule, ins.oid) == (body + key, InsOid.NIR_TEST)


@pytest.mark.parametrize(
    ("matricule", "oid", "code"),
    [
        ("279035121518988", "1.2.250.1.213.1.4.8", "ins-key"),
        ("27903512151898", "1.2.250.1.213.1.4.8", "ins-format"),
        ("579035121518989", "1.2.250.1.213.1.4.8", "ins-format"),
        ("279035121518989", None, "ins-oid"),
        ("279035121518989", "1.2.3", "ins-oid"),
    ],
    ids=["wrong key", "too short", "wrong first digit", "no OID", "unknown OID"],
)
def test_a_malformed_ins_is_refused_without_being_quoted(matricule: str, oid: str | None, code: str) -> None:
    with pytest.raises(InsError) as caught:
        parse_ins(matricule, oid)

    assert caught.value.code == code
    assert matricule not in str(caught.value)
