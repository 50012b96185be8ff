"""What R4 says of each element (type, cardinality, codes, targets), read from the models of fhir.resources.

The models of R4B name the same elements as R4 for every resource of the hub. They carry the codes of required
bindings and the targets of references without enforcing them: `fhir.shape` does.
"""

import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from fhir.resources.R4B import get_fhir_model_class
from fhir_core.fhirabstractmodel import FHIRAbstractModel
from fhir_core.types import FhirBase, FhirElementOrResourceBase
from pydantic.fields import FieldInfo

Model = type[FHIRAbstractModel]

# Lists that the models cut short with a "+", and required bindings that they forget.
_FULL_CODES: Mapping[tuple[str, str], frozenset[str]] = {
    ("Observation", "status"): frozenset(
        {
            "registered",
            "preliminary",
            "final",
            "amended",
            "corrected",
            "cancelled",
            "entered-in-error",
            "unknown",
        }
    ),
    ("Quantity", "comparator"): frozenset({"<", "<=", ">=", ">"}),
    # These two are not closed lists: the models took the words of a summary for codes.
    ("CapabilityStatement", "format"): frozenset(),
    ("Expression", "language"): frozenset(),
}


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type. `primitive` is its R4 name; a complex element has `model`; else it is a resource."""

    name: str
    primitive: str | None
    model: Model | None
    repeats: bool
    required: bool
    codes: frozenset[str]
    targets: frozenset[str]
    choice: str | None
    choice_required: bool

    @property
    def is_primitive_companion(self) -> bool:
        """Tell whether this is the `_name` twin that carries the id and extensions of a primitive."""
        return self.name.startswith("_")


@lru_cache(maxsize=512)
def resource_model(name: str) -> Model | None:
    """Return the model of an R4 resource, or `None` when no resource has this name."""
    try:
        model: Model = get_fhir_model_class(name)
    except (KeyError, ValueError):
        return None
    is_abstract = name in ("Resource", "DomainResource")
    return model if model.has_resource_base() and model.__name__ == name and not is_abstract else None


@lru_cache(maxsize=1024)
def elements_of(model: Model) -> Mapping[str, Element]:
    """Return the elements of a type by their JSON name."""
    described = (_describe(model, field) for name, field in model.model_fields.items() if name != "fhir_comments")
    return {element.name: element for element in described}


def type_name(model: Model) -> str:
    """Return the R4 name of a type: `HumanName`, `PatientContact`."""
    return model.__name__


def _describe(model: Model, field: FieldInfo) -> Element:
    name = field.alias or ""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    primitive, inner, repeats = _read_annotation(field.annotation)
    choice = extra.get("one_of_many")
    return Element(
        name=name,
        primitive=primitive,
        model=inner,
        repeats=repeats,
        required=field.is_required() or extra.get("element_required") is True,
        codes=_codes(model, name, extra.get("enum_values")),
        targets=_words(extra.get("enum_reference_types")),
        choice=choice if isinstance(choice, str) else None,
        choice_required=extra.get("one_of_many_required") is True,
    )


def _codes(model: Model, name: str, listed: object) -> frozenset[str]:
    full = _FULL_CODES.get((type_name(model), name))
    if full is not None:
        return full
    codes = _words(listed)
    return frozenset() if "+" in codes else codes


def _words(listed: object) -> frozenset[str]:
    return frozenset(str(word) for word in listed) if isinstance(listed, list) else frozenset()


def _read_annotation(annotation: object) -> tuple[str | None, Model | None, bool]:
    """Unfold `Optional[List[Annotated[str, Code()]]]`: the primitive or the model, and whether it repeats."""
    arguments = typing.get_args(annotation)
    if annotation is bool:
        return "boolean", None, False
    if isinstance(annotation, type) and issubclass(annotation, FhirBase):
        is_any_resource = issubclass(annotation, FhirElementOrResourceBase)
        return None, None if is_any_resource else annotation.get_model_klass(), False
    if typing.get_origin(annotation) is list:
        primitive, model, _ = _read_annotation(arguments[0])
        return primitive, model, True
    for constraint in getattr(annotation, "__metadata__", ()):
        primitive_name = getattr(constraint, "__visit_name__", None)
        if isinstance(primitive_name, str):
            return primitive_name, None, False
    if hasattr(annotation, "__metadata__"):
        return "uuid", None, False
    kept = [argument for argument in arguments if argument is not type(None)]
    return _read_annotation(kept[0])
