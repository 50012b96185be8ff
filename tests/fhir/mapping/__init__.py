"""Tests of fhir.mapping."""
