"""What an edit of a job type or recipe type changes, as it is known before it is saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scale_core.services.trigger_rule_edits import RuleEffect


@dataclass(frozen=True, slots=True)
class TypeChange:
    """One edit.

    :param values: the columns that get other values.
    :param revision_num: number of the revision that it makes; None: interface or definition mean what they meant.
    :param rule: what becomes of the trigger rule; None: it stays as it is.
    :param rule_label: the rule that there was, for people; empty: there was none.
    """

    values: Mapping[str, Any]
    revision_num: int | None
    rule: RuleEffect | None
    rule_label: str

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not self.values and self.rule is None
