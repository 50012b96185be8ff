"""Everything over HTTP: the FHIR API, OAuth and OIDC, and the pages of practices, agency and patients."""
