"""Between FHIR resources and the values of `identity`: one module per resource, and per group of its elements."""
