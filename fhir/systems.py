"""Canonical URLs of the FR Core profiles and extensions, code systems and identifier systems.

FR Core 2.1, 2.2 and main branch, NOS (ANS), LOINC, IHE PIXm and PDQm. Names only: no rule lives here.
"""

FR_CORE = "https://hl7.fr/ig/fhir/core"
_FR_DEFINITION = f"{FR_CORE}/StructureDefinition"
_FR_CODES = f"{FR_CORE}/CodeSystem"
_HL7_DEFINITION = "http://hl7.org/fhir/StructureDefinition"
_OLD_DEFINITION = "http://interopsante.org/fhir/StructureDefinition"
_NOS = "https://mos.esante.gouv.fr/NOS"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_HUB = "https://identity-hub.example/fhir"


def oid_urn(oid: str) -> str:
    """Write an OID as the URI that FHIR wants in `system`."""
    return oid if oid.startswith("urn:oid:") else f"urn:oid:{oid}"


def bare_oid(system: str) -> str | None:
    """Return the OID of a `urn:oid:` system, or `None` for any other URI."""
    return system.removeprefix("urn:oid:") if system.startswith("urn:oid:") else None


def _spellings(url: str, *others: str) -> frozenset[str]:
    """Return an URL with its `http`/`https` twin and the older addresses of the same definition."""
    twin = (
        url.replace("https://", "http://", 1) if url.startswith("https://") else url.replace("http://", "https://", 1)
    )
    return frozenset({url, twin, *others})


PATIENT_PROFILE = f"{_FR_DEFINITION}/fr-core-patient"
PATIENT_INS_PROFILE = f"{_FR_DEFINITION}/fr-core-patient-ins"
PIXM_PATIENT_PROFILE = "https://profiles.ihe.net/ITI/PIXm/StructureDefinition/IHE.PIXm.Patient"
PDQM_PATIENT_PROFILE = "https://profiles.ihe.net/ITI/PDQm/StructureDefinition/IHE.PDQm.Patient"

IDENTITY_RELIABILITY = f"{_FR_DEFINITION}/fr-core-identity-reliability"
BIRTH_LIST_GIVEN_NAME = f"{_FR_DEFINITION}/fr-core-patient-birth-list-given-name"
INSEE_CODE = f"{_FR_DEFINITION}/fr-core-address-insee-code"
LUNAR_DATE = f"{_FR_DEFINITION}/fr-core-lunar-date"
BIRTH_PLACE = f"{_HL7_DEFINITION}/patient-birthPlace"

IDENTITY_RELIABILITY_URLS = _spellings(IDENTITY_RELIABILITY, f"{_OLD_DEFINITION}/FrPatientIdentReliability")
BIRTH_LIST_GIVEN_NAME_URLS = _spellings(BIRTH_LIST_GIVEN_NAME, f"{_OLD_DEFINITION}/FrPatientBirthListGivenName")
INSEE_CODE_URLS = _spellings(INSEE_CODE, f"{_OLD_DEFINITION}/FrAddressInseeCode")
LUNAR_DATE_URLS = _spellings(LUNAR_DATE, f"{_OLD_DEFINITION}/FrPatientLunarDate")
BIRTH_PLACE_URLS = _spellings(BIRTH_PLACE)
PATIENT_INS_PROFILE_URLS = _spellings(PATIENT_INS_PROFILE)

IDENTITY_STATUS_V2 = f"{_FR_CODES}/fr-core-cs-v2-0445"
IDENTITY_STATUS_MAIN = f"{_FR_CODES}/fr-core-cs-identity-status"
IDENTITY_COMMENT = f"{_FR_CODES}/fr-core-cs-identity-status-comment"
FR_IDENTIFIER_TYPE = f"{_FR_CODES}/fr-core-cs-v2-0203"
METHOD_COLLECTION = f"{_FR_CODES}/fr-core-cs-method-collection"
VALIDATION_MODE = f"{_FR_CODES}/fr-core-cs-mode-validation-identity"
IDENTITY_STATUS_MAIN_URLS = _spellings(IDENTITY_STATUS_MAIN)

IDENTIFIER_TYPE = f"{_TERMINOLOGY}/v2-0203"
COG_COMMUNE = f"{_NOS}/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"
COG_COMMUNE_OLD = f"{_NOS}/TRE_R13-Commune/FHIR/TRE-R13-Commune"
COG_COUNTRY = f"{_NOS}/TRE_R20-Pays/FHIR/TRE-R20-Pays"
COG_URLS = _spellings(COG_COMMUNE) | _spellings(COG_COMMUNE_OLD) | _spellings(COG_COUNTRY)

LOINC = "http://loinc.org"
NOS_LOINC = f"{_NOS}/TRE_A04-Loinc/FHIR/TRE-A04-Loinc"
NOS_DOCUMENT_CLASS = f"{_NOS}/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument"
NOS_CONFIDENTIALITY = f"{_NOS}/TRE_A08-HL7Confidentiality/FHIR/TRE-A08-HL7Confidentiality"
NOS_VISIBILITY = f"{_NOS}/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument"
NOS_ACTIVITY_SECTOR = f"{_NOS}/TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite"
NOS_PRACTICE_SETTING = f"{_NOS}/TRE_A01-CadreExercice/FHIR/TRE-A01-CadreExercice"
NOS_FORMAT = f"{_NOS}/TRE_A11-IheFormatCode/FHIR/TRE-A11-IheFormatCode"
CONFIDENTIALITY = f"{_TERMINOLOGY}/v3-Confidentiality"

RPPS = "https://rpps.esante.gouv.fr"
FINESS = "https://finess.esante.gouv.fr"
ID_NAT_PS = "urn:oid:1.2.250.1.71.4.2.1"
ID_NAT_STRUCT = "urn:oid:1.2.250.1.71.4.2.2"

NSS_OIDS = frozenset({"1.2.250.1.213.1.4.13", "1.2.250.1.213.1.4.14"})
INS_C_OID = "1.2.250.1.213.1.4.2"
NDP_OID = "1.2.250.1.176.1.2"

RESTFUL_SECURITY_SERVICE = f"{_TERMINOLOGY}/restful-security-service"
SMART_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"

# Text keys of the hub (`ins-key`, `trait-missing`…), in `OperationOutcome.issue.details.coding`.
HUB_TEXT_KEY = f"{_HUB}/CodeSystem/text-key"

# A `link.other.reference` relative to the hub itself is kept as an identifier of this system.
HUB_RESOURCE_ID = "urn:hub:resource-id"
