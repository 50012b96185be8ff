"""Tests: fhir."""
