"""What the hub says of itself: the CapabilityStatement and the SMART configuration.

R4 CapabilityStatement, SMART App Launch 2 (backend services). Only what exists is declared.
"""

from collections.abc import Sequence
from datetime import date, datetime

from fhir import systems
from fhir.search import SUPPORTED_PARAMETERS

_PARAMETER_TYPES = {
    "_id": "token",
    "identifier": "token",
    "family": "string",
    "given": "string",
    "name": "string",
    "birthdate": "date",
    "gender": "token",
    "active": "token",
    "telecom": "token",
    "address-postalcode": "string",
    "address-city": "string",
}
_INTERACTIONS = ("create", "read", "update", "search-type")


def render_capability(
    base_url: str, token_url: str, software_version: str, date: date | datetime | str
) -> dict[str, object]:
    """Write the CapabilityStatement of the FHIR API at `base_url`, released at `date`."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date if isinstance(date, str) else _date_time(date),
        "kind": "instance",
        "software": {"name": "identity-hub", "version": software_version},
        "implementation": {"description": "Répertoire régional d'identités de patients", "url": base_url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [{"mode": "server", "security": _security(token_url), "resource": [_patient()]}],
    }


def _date_time(moment: date | datetime) -> str:
    text = moment.isoformat()
    return text.replace("+00:00", "Z")


def _security(token_url: str) -> dict[str, object]:
    return {
        "extension": [
            {"url": systems.SMART_OAUTH_URIS, "extension": [{"url": "token", "valueUri": token_url}]},
        ],
        "cors": False,
        "service": [
            {"coding": [{"system": systems.RESTFUL_SECURITY_SERVICE, "code": "SMART-on-FHIR"}]},
        ],
        "description": "Jeton OAuth 2 obtenu par SMART Backend Services (private_key_jwt).",
    }


def _patient() -> dict[str, object]:
    return {
        "type": "Patient",
        "supportedProfile": [
            systems.PATIENT_PROFILE,
            systems.PATIENT_INS_PROFILE,
            systems.PIXM_PATIENT_PROFILE,
            systems.PDQM_PATIENT_PROFILE,
        ],
        "interaction": [{"code": code} for code in _INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": False,
        "updateCreate": False,
        "conditionalCreate": False,
        "conditionalRead": "not-supported",
        "conditionalUpdate": True,
        "conditionalDelete": "not-supported",
        "searchParam": [{"name": name, "type": _PARAMETER_TYPES[name]} for name in SUPPORTED_PARAMETERS],
    }


def render_smart_configuration(token_endpoint: str, scopes: Sequence[str]) -> dict[str, object]:
    """Write `.well-known/smart-configuration` for back-end clients."""
    return {
        "token_endpoint": token_endpoint,
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "grant_types_supported": ["client_credentials"],
        "scopes_supported": list(scopes),
        "capabilities": ["client-confidential-asymmetric", "permission-v2", "permission-v1"],
    }
