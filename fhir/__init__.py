"""The FHIR boundary: JSON in, frozen values out, and back. Shares its name with the fhir.resources package."""

__path__ = __import__("pkgutil").extend_path(__path__, __name__)
