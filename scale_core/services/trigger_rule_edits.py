"""Checks and changes of the trigger rules of job types and recipe types, inside a transaction (reference: Triggers)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy.orm import Session

from scale_core.db.base import Document
from scale_core.db.models import TriggerRule
from scale_core.domain.facts import DeclaredInput
from scale_core.domain.triggers import rule_problems, rule_warnings
from scale_core.interfaces.trigger import RuleNeeds, TriggerType
from scale_core.services.context import Context
from scale_core.services.facts import workspace_by_name
from scale_core.services.findings import Findings
from scale_core.services.records import change, differing
from scale_generated.defaults import NEW_TRIGGER_RULE
from scale_generated.specs.clock_trigger import NAME as CLOCK_SPEC


@dataclass(frozen=True, slots=True)
class RuleTarget:
    """What a rule starts: a job type or recipe type.

    :param name: its name.
    :param inputs: what it declares.
    :param has_outputs: whether it produces files.
    """

    name: str
    inputs: Sequence[DeclaredInput]
    has_outputs: bool


class RuleEffect(Enum):
    """What a change of a type does to the rule that starts it."""

    ADDED = "is added"
    EDITED = "is changed"
    REPLACED = "is replaced by one of another type"
    REMOVED = "is removed"


class RuleEditor:
    """Checks and saves the rules of job types and recipe types."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def check(
        self, session: Session, findings: Findings, rule: Mapping[str, Any], target: RuleTarget | None, at: str
    ) -> Document | None:
        """Check a rule.

        :param target: what the rule is to start; None: it has problems of its own, so that only the rule is checked.
        :param at: JSON pointer of the rule.
        :return: the rule with its configuration in the latest version; None: it has problems.
        """
        kind = self._context.registry.trigger_types.get(rule["type"])
        if kind is None:
            installed = ", ".join(self._context.registry.trigger_types) or "none"
            findings.problem(f"{at}/type", f"No trigger of type {rule['type']!r} is installed; there is: {installed}.")
            return None
        configuration = self.checked_configuration(
            findings, kind, rule.get("name"), rule["configuration"], f"{at}/configuration"
        )
        if configuration is None:
            return None
        if target is not None:
            self._check_target(session, findings, kind.needs(configuration), target, f"{at}/configuration")
        return {**rule, "configuration": configuration}

    def check_saved(self, session: Session, findings: Findings, rule: TriggerRule, target: RuleTarget, at: str) -> None:
        """Check that a rule that exists can start its target as that is to become.

        :param at: JSON pointer of what changes the target.
        """
        kind = self._context.registry.trigger_types.get(rule.type)
        if kind is not None:
            self._check_target(session, findings, kind.needs(rule.configuration), target, at)

    @staticmethod
    def effect(rule: Mapping[str, Any] | None, existing: TriggerRule | None) -> RuleEffect | None:
        """What :meth:`save` does with these; None: nothing."""
        if existing is None:
            return None if rule is None else RuleEffect.ADDED
        if rule is None:
            return RuleEffect.REMOVED
        if rule["type"] != existing.type:
            return RuleEffect.REPLACED
        return RuleEffect.EDITED if differing(existing, _edited(rule)) else None

    def save(
        self, session: Session, rule: Mapping[str, Any] | None, existing: TriggerRule | None, target_name: str
    ) -> TriggerRule | None:
        """Save a checked rule; the existing one is edited where it is of the same type, else archived.

        Title and description that are left out stay as they are; a rule without a name gets that of its target.

        :param rule: None removes the existing rule.
        :param target_name: name of the type that the rule starts.
        """
        now = self._context.now()
        effect = self.effect(rule, existing)
        if existing is not None and effect in (RuleEffect.REPLACED, RuleEffect.REMOVED):
            change(existing, {"is_active": False, "archived": now}, now)
            existing = None
        if rule is None:
            return None
        if existing is not None:
            change(existing, _edited(rule), now)
            return existing
        values = {**NEW_TRIGGER_RULE, "name": f"{target_name}-rule", **_given(rule)}
        saved = TriggerRule(**values, created=now, last_modified=now)
        session.add(saved)
        return saved

    def checked_configuration(
        self, findings: Findings, kind: TriggerType, name: str | None, configuration: Mapping[str, Any], at: str
    ) -> Document | None:
        """Check the configuration of a rule.

        :param name: the rule's name, which a clock rule has from the processor that it runs.
        :param at: JSON pointer of the configuration.
        :return: the configuration in the latest version; None: it has problems.
        """
        checked: Document | None = dict(configuration)
        if kind.configuration_spec is not None:
            checked = findings.document(self._context.specs, kind.configuration_spec, configuration, at)
        elif kind.configuration_schema is not None and not findings.against(
            kind.configuration_schema, configuration, at
        ):
            checked = None
        if checked is None:
            return None
        before = len(findings.problems)
        for pointer, detail in kind.problems(checked):
            findings.problem(at + pointer, detail)
        if kind.configuration_spec == CLOCK_SPEC and "parameters" in checked:
            checked["parameters"] = self._parameters(findings, name, checked["parameters"], f"{at}/parameters")
        return None if len(findings.problems) > before else checked

    def _parameters(
        self, findings: Findings, name: str | None, parameters: Mapping[str, Any], at: str
    ) -> Mapping[str, Any]:
        """Check what a clock processor is told: the parameters in the latest version."""
        processor = self._context.registry.clock_processors.get(name or "")
        spec = None if processor is None else processor.parameters_spec
        if spec is not None:
            return findings.document(self._context.specs, spec, parameters, at) or parameters
        if parameters:
            runs = "runs no clock processor" if processor is None else f"runs {processor.name!r}, which takes none"
            findings.problem(at, f"The rule {runs}: leave the parameters out.")
        return parameters

    def _check_target(
        self, session: Session, findings: Findings, needs: RuleNeeds, target: RuleTarget, at: str
    ) -> None:
        workspace = None if needs.workspace_name is None else workspace_by_name(session, needs.workspace_name)
        findings.add(
            rule_problems(needs, target.inputs, workspace, has_outputs=target.has_outputs, at=at),
            rule_warnings(needs, target.inputs),
        )


def rule_label(rule: TriggerRule | None) -> str:
    """A rule, for people; empty: there is none."""
    return "" if rule is None else f"{rule.name!r} ({rule.type}{'' if rule.is_active else ', paused'})"


def _given(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a rule that say something: an empty name says none."""
    return {field: value for field, value in rule.items() if field != "name" or value}


def _edited(rule: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule that exists becomes by this one."""
    return {"is_active": NEW_TRIGGER_RULE["is_active"], **_given(rule)}
