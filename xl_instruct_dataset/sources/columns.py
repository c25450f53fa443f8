"""Rows as others name their columns, in ours."""

import math
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

    An `input` beside the instruction, as Alpaca has it, is its second paragraph. Raises UserError that says what the row
    holds instead, also for chats of other turns than one of the user and its answer: nothing is left out of a row.
    """
    instruction, response = _text(found, INSTRUCTION, "user", where), _text(found, RESPONSE, "assistant", where)
    extra = found.get("input")
    if isinstance(found.get("instruction"), str) and isinstance(extra, str) and extra.strip():
        instruction = f"{instruction}\n\n{extra}"
    for name in CHAT:
        if (instruction is None or response is None) and isinstance(found.get(name), list):
            said = _turns(found[name], where, ("user", "assistant"))
            instruction, response = said["user"], said["assistant"]
    if instruction is None or response is None:
        raise UserError(
            f"{where}: no instruction with its response; needs {' or '.join(INSTRUCTION[:2])} and "
            f"{' or '.join(RESPONSE[:2])}, or messages, and has {', '.join(map(str, found)) or 'nothing'}"
        )
    if not instruction.strip() or not response.strip():
        raise UserError(f"{where}: the {'response' if instruction.strip() else 'instruction'} is empty")
    own = found.get("id")
    row = TrainingRow(
        id=str(own) if isinstance(own, str | int) and str(own).strip() else identifier,
        instruction=instruction,
        response=response,
        instruction_language=pair[0],
        response_language=pair[1],
        provenance=_provenance(found.get("provenance"), provenance, where),
        scores=_scores(found, where),
        selection=_selection(found.get("selection"), where),
    )
    try:
        f"{row.id}{row.instruction}{row.response}".encode()
    except UnicodeEncodeError as error:
        raise UserError(f"{where}: holds half a character ({error.object[error.start]!r}), which no file can") from None
    return row


def _text(found: Mapping[str, Any], names: tuple[str, ...], role: str, where: str) -> str | None:
    for name in names:
        value = found.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, list) and value:  # TRL's prompt and completion: lists of turns.
            return _turns(value, where, (role,))[role]
    return None


def _turns(chat: list[Any], where: str, roles: tuple[str, ...]) -> dict[str, str]:
    """What each of these roles says in a chat in which they have one turn each, in this order, and nobody else any."""
    said = []
    for turn in chat:
        if not isinstance(turn, dict):
            raise UserError(f"{where}: a turn of its chat is no object with role and content")
        role = str(turn.get("role") or turn.get("from"))
        content = turn.get("content", turn.get("value"))
        if not isinstance(content, str):
            raise UserError(f"{where}: the {role} turn of its chat has no text")
        said.append((_ROLES.get(role, role), content))
    if tuple(role for role, _ in said) != roles:
        there = ", ".join(role for role, _ in said[:6]) + (", ..." if len(said) > 6 else "")
        raise UserError(f"{where}: a chat of {there or 'no turns'}; needs one turn of {' and one of '.join(roles)}")
    return dict(said)


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


def _selection(found: Any, where: str) -> Selection | None:
    """The row's own, where it is one of ours; raises UserError where its numbers are none."""
    if not isinstance(found, dict) or not isinstance(found.get("method"), str):
        return None
    candidates, chosen, scores = found.get("candidates"), found.get("chosen"), found.get("scores")
    counts = all(value is None or (type(value) is int and 0 <= value < 2**31) for value in (candidates, chosen))
    if not counts or not (
        scores is None or (isinstance(scores, list) and all(value is None or _is_number(value) for value in scores))
    ):
        raise UserError(f"{where}: selection needs whole numbers candidates and chosen, and a list of numbers scores")
    return Selection(found["method"], candidates, chosen, scores)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _provenance(found: Any, default: Provenance, where: str) -> Provenance:
    """The row's own, where it is one of ours, else that of the source; raises UserError where it is damaged."""
    if not isinstance(found, dict) or not isinstance(found.get("dataset"), str):
        return default
    texts = {name: found.get(name) for name in ("license", "seed_source", "seed_license")}
    if not all(value is None or isinstance(value, str) for value in texts.values()):
        raise UserError(f"{where}: provenance needs text as {', '.join(texts)}")
    return Provenance(
        dataset=found["dataset"],
        license=texts["license"] or default.license,
        seed_source=texts["seed_source"],
        seed_license=texts["seed_license"],
        models=_stages(found.get("models"), where),
        prompts=_stages(found.get("prompts"), where),
        non_commercial=bool(found.get("non_commercial")),
    )


def _stages(found: Any, where: str) -> dict[str, str]:
    """`[{stage, value}, ...]`, as the files have it, or `{stage: value}`."""
    entries = [{"stage": stage, "value": value} for stage, value in found.items()] if isinstance(found, dict) else found
    stages: dict[str, str] = {}
    for entry in entries if isinstance(entries, list) else [] if entries is None else [entries]:
        stage, value = (entry.get("stage"), entry.get("value")) if isinstance(entry, dict) else (None, None)
        if not isinstance(stage, str) or not isinstance(value, str):
            raise UserError(f"{where}: models and prompts of its provenance need text for each stage")
        stages[stage] = value
    return stages
