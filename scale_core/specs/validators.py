"""The JSON Schema validator for our schemas: draft 2020-12, read strictly where its Python form is lax."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, validators
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from referencing import Registry

from scale_core.expressions import fault_of


def _whole_pattern(_validator: object, pattern: str, instance: object, _schema: object) -> Iterator[ValidationError]:
    """Check ``pattern``; a ``$`` at its end is the end of the text, not the line feed before it as in Python."""
    if not isinstance(instance, str):
        return
    anchored = pattern[:-1] + r"\Z" if pattern.endswith("$") and not pattern.endswith(r"\$") else pattern
    if not re.search(anchored, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _is_integer(_checker: object, instance: object) -> bool:
    """Take 1 and not 1.0: ids and counts go on as integers."""
    return isinstance(instance, int) and not isinstance(instance, bool)


def is_datetime(text: object) -> bool:
    """Tell whether a text is an ISO-8601 date and time with a time zone that can be written in UTC."""
    if not isinstance(text, str):
        return True
    if text[10:11] not in ("T", "t") and text[8:9] not in ("T", "t"):
        return False
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return False
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True


def is_regex(text: object) -> bool:
    """Tell whether a text is a regular expression."""
    return not isinstance(text, str) or fault_of(text) is None


def format_checker() -> FormatChecker:
    """Return a checker of the formats that our schemas use, and of no other."""
    checker = FormatChecker(formats=())
    checker.checks("date-time")(is_datetime)
    checker.checks("regex")(is_regex)
    return checker


SpecValidator: type[Validator] = validators.extend(  # type: ignore[no-untyped-call]  # jsonschema types it not
    Draft202012Validator,
    validators={"pattern": _whole_pattern},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)


def validator_for(schema: Mapping[str, Any], registry: Registry[Any]) -> Validator:
    """Build the validator of one schema whose references lead into ``registry``."""
    return SpecValidator(dict(schema), registry=registry, format_checker=format_checker())
