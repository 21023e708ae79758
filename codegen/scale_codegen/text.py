"""Names and prose, turned into Python."""

import keyword
import re
import textwrap
from typing import Final

_WORDS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_NOT_IN_NAMES: Final = re.compile(r"[^0-9A-Za-z_]+")
_DOC_WIDTH: Final = 110


def snake(name: str) -> str:
    """``JobExecution`` -> ``job_execution``."""
    return re.sub(r"_(?=[0-9])", "", "_".join(word.lower() for word in _WORDS.findall(name)))


def camel(name: str) -> str:
    """``job-interface`` -> ``JobInterface``; what is camel case already stays."""
    return "".join(part[:1].upper() + part[1:] for part in _NOT_IN_NAMES.sub("_", name).split("_"))


def identifier(name: str) -> str:
    """``name`` as a Python name: other characters become ``_``, a keyword gets one appended, a digit one in front."""
    plain = _NOT_IN_NAMES.sub("_", name)
    if not plain or plain[0].isdecimal():
        plain = f"_{plain}"
    return f"{plain}_" if keyword.iskeyword(plain) else plain


def member(value: str) -> str:
    """The name of an enum's member with the given value: ``results-manifest`` -> ``RESULTS_MANIFEST``."""
    plain = _NOT_IN_NAMES.sub("_", value).upper() or "EMPTY"
    return f"V{plain}" if plain[0].isdecimal() else plain


def docstring(text: str, indent: int = 4) -> str:
    """A wrapped docstring, in its quotes, for a block that is indented by ``indent`` spaces."""
    prose = " ".join(text.split()).replace("\\", "\\\\").replace('"""', "'''").rstrip('"')
    lines = textwrap.wrap(prose, _DOC_WIDTH - indent, break_long_words=False, break_on_hyphens=False) or [""]
    if len(lines) > 1:
        lines.append("")
    margin = " " * indent
    return '"""' + f"\n{margin}".join(lines) + '"""'
