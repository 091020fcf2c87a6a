"""A plan as text and back, with everything in it, secrets too: for a run that somebody may have to take up again.

The text is for sealing only. Objects that a plan shares (most values of targets that are alike) are written once. The
types of the plan's fields say how to read it; what does not fit is refused.
"""

from __future__ import annotations

import base64
import collections.abc
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from runner.plan import Plan

CODEC_FORMAT = 1


def encode_plan(plan: Plan) -> str:
    """The plan as JSON: a table of objects, the plan last."""
    writer = _Writer()
    writer.write(plan)
    return json.dumps({"format": CODEC_FORMAT, "objects": writer.objects}, separators=(",", ":"))


def decode_plan(text: str) -> Plan:
    """Raises ValueError for what `encode_plan` of this version of Treadle did not write."""
    try:
        document = json.loads(text)
        if document["format"] != CODEC_FORMAT:
            raise ValueError(f"format {document['format']!r} is not known")
        reader = _Reader(document["objects"])
        plan = reader.read(Plan, len(document["objects"]) - 1)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"not a plan as this version writes it: {error!r}") from error
    assert isinstance(plan, Plan), "the reader makes what it is asked for"
    return plan


class _Writer:
    """Writes objects into a table, each once."""

    def __init__(self) -> None:
        self.objects: list[list[Any]] = []
        self._places: dict[int, int] = {}
        self._kept: list[object] = []  # an id belongs to an object as long as that lives

    def write(self, value: Any) -> Any:
        if is_dataclass(value) and not isinstance(value, type):
            return self._object(value)
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        if isinstance(value, Mapping):
            return {key: self.write(one) for key, one in value.items()}
        if isinstance(value, tuple | frozenset):
            return [self.write(one) for one in value]
        return value

    def _object(self, value: Any) -> int:
        place = self._places.get(id(value))
        if place is None:
            content = [self.write(getattr(value, field.name)) for field in fields(value)]
            place = self._places[id(value)] = len(self.objects)
            self.objects.append(content)
            self._kept.append(value)
        return place


class _Reader:
    """Reads objects of a table, each once."""

    def __init__(self, objects: list[list[Any]]) -> None:
        self._objects = objects
        self._made: dict[int, Any] = {}

    def read(self, kind: Any, value: Any) -> Any:
        origin, arguments = get_origin(kind), get_args(kind)
        if origin in (Union, UnionType):
            wanted = [one for one in arguments if one is not NoneType]
            return None if value is None else self.read(wanted[0], value)
        if origin is tuple:
            if arguments[-1] is Ellipsis:
                return tuple(self.read(arguments[0], one) for one in value)
            return tuple(self.read(one, part) for one, part in zip(arguments, value, strict=True))
        if origin is frozenset:
            return frozenset(value)
        if origin in (dict, Mapping, collections.abc.Mapping):
            return {key: self.read(arguments[1], one) for key, one in value.items()}
        if is_dataclass(kind):
            return self._object(kind, value)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return kind(value)
        return base64.b64decode(value) if kind is bytes else value

    def _object(self, kind: Any, place: int) -> Any:
        if place not in self._made:
            kinds = _kinds(kind)
            values = [self.read(one, part) for one, part in zip(kinds, self._objects[place], strict=True)]
            self._made[place] = kind(*values)
        return self._made[place]


@cache
def _kinds(kind: type) -> list[Any]:
    """The types of a class's fields, in order."""
    hints = get_type_hints(kind)
    return [hints[field.name] for field in fields(kind)]
