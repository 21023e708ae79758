"""YAML as JSON sees it: string keys that occur once, and scalars of JSON's types only.

YAML 1.1, which PyYAML speaks, reads ``2015-01-01`` as a date, ``12:30`` as a number and ``NO`` as false; documents that
are served as JSON mean strings.
"""

import re
from collections.abc import Hashable
from typing import Any, Final

import yaml

from scale_codegen.errors import BadDocuments

_SCALARS: Final = (
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("tag:yaml.org,2002:int", r"-?(?:0|[1-9][0-9]*)", list("-0123456789")),
    (
        "tag:yaml.org,2002:float",
        r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)",
        list("-0123456789"),
    ),
    ("tag:yaml.org,2002:merge", r"<<", ["<"]),
)


class _Loader(yaml.CSafeLoader):
    """PyYAML's fast loader with JSON's scalars and unique keys."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - declared so by PyYAML, filled below

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key has to be a string", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} occurs twice in one mapping", key.start_mark
                )
            seen.add(key.value)
            if key.tag != "tag:yaml.org,2002:merge":
                key.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep=deep)


for _tag, _pattern, _first in _SCALARS:
    _Loader.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})$"), _first)


def parse_yaml(where: str, text: str) -> Any:
    """The document in ``text``; ``where`` names its file.

    :raises BadDocuments: not YAML, or a key twice in one mapping; the message has the line.
    """
    try:
        # A subclass of the safe loader: it constructs JSON's types only.
        return yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.MarkedYAMLError as exc:
        line = f"line {exc.problem_mark.line + 1}: " if exc.problem_mark else ""
        raise BadDocuments.at(where, f"{line}{exc.problem}") from exc
    except yaml.YAMLError as exc:
        raise BadDocuments.at(where, f"is not YAML: {exc}") from exc
