"""Rows as others name their columns, in ours."""

from collections.abc import Mapping
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.records import CRITERIA, Provenance, Selection, TrainingRow

INSTRUCTION = ("instruction", "prompt", "query", "question", "input")
RESPONSE = ("response", "output", "answer", "completion", "target")
CHAT = ("messages", "conversations", "conversation")
_ROLES = {"human": "user", "gpt": "assistant"}


def row_of(
    found: Mapping[str, Any], where: str, pair: tuple[str, str], identifier: str, provenance: Provenance
) -> TrainingRow:
    """The row under our columns: from an instruction and a response under any of their usual names, or from a chat.

    Raises UserError that says what the row holds instead.
    """
    instruction, response = _text(found, INSTRUCTION), _text(found, RESPONSE)
    for name in CHAT:
        if (instruction is None or response is None) and isinstance(found.get(name), list):
            instruction, response = _turns(found[name])
    if instruction is None or response is None:
        raise UserError(
            f"{where}: no instruction with its response; needs {' or '.join(INSTRUCTION[:2])} and "
            f"{' or '.join(RESPONSE[:2])}, or messages, and has {', '.join(map(str, found)) or 'nothing'}"
        )
    if not instruction.strip() or not response.strip():
        raise UserError(f"{where}: the {'response' if instruction.strip() else 'instruction'} is empty")
    own = found.get("id")
    return TrainingRow(
        id=str(own) if isinstance(own, str | int) and str(own).strip() else identifier,
        instruction=instruction,
        response=response,
        instruction_language=pair[0],
        response_language=pair[1],
        provenance=_provenance(found.get("provenance"), provenance),
        scores=_scores(found, where),
        selection=_selection(found.get("selection")),
    )


def _text(found: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = found.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, list) and value:  # TRL's prompt and completion: lists of turns.
            turns = _turns(value)
            return next((turn for turn in turns if turn is not None), None)
    return None


def _turns(chat: list[Any]) -> tuple[str | None, str | None]:
    """What the user says first, and what is answered."""
    said: dict[str, str] = {}
    for turn in chat:
        if not isinstance(turn, dict):
            return None, None
        role = str(turn.get("role") or turn.get("from"))
        content = turn.get("content", turn.get("value"))
        if isinstance(content, str):
            said.setdefault(_ROLES.get(role, role), content)
    return said.get("user"), said.get("assistant")


def _scores(found: Mapping[str, Any], where: str) -> dict[str, float] | None:
    given = found.get("scores")
    source = given if isinstance(given, dict) else found
    scores: dict[str, float] = {}
    for name in CRITERIA:
        value = source.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 5:
            raise UserError(f"{where}: {name} is {str(value)[:40]!r}; a score is a number from 1 to 5")
        scores[name] = float(value)
    return scores or None


def _selection(found: Any) -> Selection | None:
    if not isinstance(found, dict) or not isinstance(found.get("method"), str):
        return None
    return Selection(found["method"], found.get("candidates"), found.get("chosen"), found.get("scores"))


def _provenance(found: Any, default: Provenance) -> Provenance:
    """The row's own, where it is one of ours, else that of the source."""
    if not isinstance(found, dict) or not isinstance(found.get("dataset"), str):
        return default
    stages = {
        name: {stage["stage"]: stage["value"] for stage in found.get(name) or ()} for name in ("models", "prompts")
    }
    return Provenance(
        dataset=found["dataset"],
        license=str(found.get("license") or default.license),
        seed_source=found.get("seed_source"),
        seed_license=found.get("seed_license"),
        models=stages["models"],
        prompts=stages["prompts"],
        non_commercial=bool(found.get("non_commercial")),
    )
