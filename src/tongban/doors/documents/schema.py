"""JSON Schemas of documents, made from the same shapes and annotations that read and write them."""

from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import date
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from tongban.doors.documents.forms import RULE, Form
from tongban.doors.documents.labels import Label
from tongban.doors.documents.shape import (
    PLACE_LENGTH,
    TEXT_LENGTH_MAX,
    Field,
    Kind,
    Shape,
    label_of,
    without_null,
    words_in,
)
from tongban.kernel.vocabulary import Word

Schema = dict[str, Any]
_PREFIX = "#/components/schemas/"


class Schemas:
    """The schemas of a description, each record under its own name."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def ref(self, name: str) -> Schema:
        return {"$ref": _PREFIX + name}

    def add(self, name: str, schema: Schema) -> Schema:
        self.components[name] = schema
        return self.ref(name)

    # -- what comes in ----------------------------------------------------------------------------------------------

    def of_form(self, form: Form, name: str) -> Schema:
        """The schema of everything a form takes; the shapes become components of their own."""
        if "" in form.shapes:
            return self.add(name, _of_shape(form.shapes[""]))
        for rule, shape in form.shapes.items():
            self.add(shape.made.__name__, _of_shape(shape, rule))
        refs = {rule: self.ref(shape.made.__name__) for rule, shape in form.shapes.items()}
        return self.add(name, self.one_of(refs))

    def one_of(self, by_rule: Mapping[str, Schema]) -> Schema:
        """One of several, told apart by their `rule`."""
        mapping = {rule: ref["$ref"] for rule, ref in by_rule.items()}
        return {"oneOf": list(by_rule.values()), "discriminator": {"propertyName": RULE, "mapping": mapping}}

    # -- what goes out ----------------------------------------------------------------------------------------------

    def of_record(self, made: type[Any], *, name: str = "", **changed: Schema) -> Schema:
        """The schema of a record; `changed` are fields whose annotation does not say enough."""
        name = name or made.__name__
        if name not in self.components:
            hints = get_type_hints(made)
            self.components[name] = {}
            properties = {field: changed.get(field) or self.of(hint, field) for field, hint in hints.items()}
            self.components[name] = {
                "type": "object",
                "properties": properties,
                "required": [field for field in properties if not field.startswith(_OPTIONAL)],
                "additionalProperties": False,
            }
        return self.ref(name)

    def of(self, hint: Any, name: str) -> Schema:
        """The schema of one field of a record. Raises TypeError for an annotation that no document holds."""
        plain, may_be_null = without_null(hint)
        schema = self._plain(plain, name)
        if may_be_null:
            schema = {"anyOf": [schema, {"type": "null"}]}
        return described(schema, label_of(name))

    def _plain(self, hint: Any, name: str) -> Schema:
        if words := words_in(hint):
            return of_words(words)
        origin = get_origin(hint)
        if origin in (tuple, list, set, frozenset):
            return {"type": "array", "items": self._plain(get_args(hint)[0], name)}
        if origin in (dict, Mapping) or (isinstance(origin, type) and issubclass(origin, Mapping)):
            return {"type": "object", "additionalProperties": self._plain(get_args(hint)[1], name)}
        if origin in (Union, UnionType):
            return {"anyOf": [self._plain(each, name) for each in get_args(hint)]}
        for kind, schema in _SCALARS:
            if hint is kind:
                return dict(schema)
        if is_dataclass(hint) or hasattr(hint, "_fields") or hasattr(hint, "__struct_fields__"):
            return self.of_record(hint)
        raise TypeError(f"{name}: no schema for {hint}")


_OPTIONAL = "steps"
_SCALARS: tuple[tuple[type[Any], Schema], ...] = (
    (bool, {"type": "boolean"}),
    (int, {"type": "integer"}),
    (str, {"type": "string"}),
    (date, {"type": "string", "format": "date"}),
)


def described(schema: Schema, label: Label) -> Schema:
    """With its Chinese label in front of whatever is said already."""
    told = label.zh + (f"。{label.note}" if label.note else "")
    more = schema.get("description")
    return schema | {"description": f"{told}。{more}" if more else told}


def of_words(words: Mapping[str, Word]) -> Schema:
    """An enumeration whose description says each word in Chinese; `x-enum-labels` says the same to programs."""
    labels = {text: word.zh for text, word in words.items()}
    told = "；".join(f"`{text}` {zh}" for text, zh in labels.items())
    return {"type": "string", "enum": list(labels), "description": told, "x-enum-labels": labels}


def of_field(field: Field) -> Schema:
    """The schema of one field that comes in."""
    schema = _incoming(field)
    if field.may_be_null:
        schema = {"anyOf": [schema, {"type": "null"}]}
    if not field.is_required and field.default is not None:
        schema["default"] = field.default
    return described(schema, field.label)


def _of_shape(shape: Shape, rule: str = "") -> Schema:
    properties = {field.name: of_field(field) for field in shape.fields}
    required = [field.name for field in shape.fields if field.is_required]
    if rule:
        properties = {RULE: described({"type": "string", "const": rule}, label_of(RULE))} | properties
        required = [RULE, *required]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _incoming(field: Field) -> Schema:
    match field.kind:
        case Kind.AMOUNT | Kind.COUNT | Kind.RATE:
            return {"type": "integer", "minimum": 0, "maximum": field.maximum}
        case Kind.FLAG:
            return {"type": "boolean"}
        case Kind.DAY:
            return {"type": "string", "format": "date"}
        case Kind.WORD:
            return of_words(field.words)
        case Kind.PLACE:
            return {"type": "string", "pattern": rf"^([0-9]{{{PLACE_LENGTH}}})?$"}
        case Kind.POOL:
            return {"type": "string", "pattern": rf"^[0-9]{{{PLACE_LENGTH}}}$"}
        case Kind.TEXT:
            return {"type": "string", "maxLength": TEXT_LENGTH_MAX}
