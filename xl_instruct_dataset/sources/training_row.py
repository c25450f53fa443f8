"""Training rows from rows with foreign column names."""

import math
from collections.abc import Mapping
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.conversations import foreign_columns
from xl_instruct_dataset.records import CRITERIA, Provenance, Selection, TrainingRow

_ALWAYS = frozenset((*CRITERIA, "instruction_language", "response_language", "provenance", "scores", "selection"))
_ORIGIN = ("passage", "source_response")
_ALL = _ALWAYS.union(_ORIGIN)


def row_of(
    found: Mapping[str, Any], where: str, pair: tuple[str, str], identifier: str, provenance: Provenance
) -> TrainingRow:
    """The training row in a row with foreign column names, as `files.foreign_columns` parses them.

    `pair` are its languages; `identifier` and `provenance` are for a row without its own. Nothing
    of a row is left out: raises UserError with what the row has and what it needs, also for a
    conversation of other turns than one of the user and its answer, for instance with a system
    prompt.
    """
    turns = foreign_columns.conversation_of(found, where, columns_of(found))
    roles = [turn.role for turn in turns]
    if roles != ["user", "assistant"]:
        there = ", ".join(roles[:6]) + (", ..." if len(roles) > 6 else "")
        raise UserError(f"{where}: a chat of {there or 'no turns'}; needs one turn of user and one of assistant")
    instruction, response = (turn.text for turn in turns)
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
        **_origin(found, where),
    )
    try:
        f"{row.id}{row.instruction}{row.response}".encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise UserError(f"{where}: holds half a character ({half!r}), which no file can") from None
    return row


def columns_of(found: Mapping[str, Any]) -> frozenset[str]:
    """The columns of a row that are ours, besides its instruction and response."""
    return _ALL if isinstance(found.get("provenance"), dict) else _ALWAYS


def _origin(found: Mapping[str, Any], where: str) -> dict[str, str | None]:
    """The texts that a row of ours was made from; in other rows the names may mean other things."""
    ours = isinstance(found.get("provenance"), dict)
    texts = {name: found.get(name) if ours else None for name in _ORIGIN}
    if not all(value is None or isinstance(value, str) for value in texts.values()):
        raise UserError(f"{where}: needs text as {' and '.join(texts)}")
    return texts


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
    """The selection in the row's column, None for none; UserError for damaged numbers."""
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
    """The provenance in the row's column, or else `default`; UserError for a damaged one."""
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
    """Values by stage, from `[{stage, value}, ...]` as in our files, or from `{stage: value}`."""
    entries = [{"stage": stage, "value": value} for stage, value in found.items()] if isinstance(found, dict) else found
    stages: dict[str, str] = {}
    for entry in entries if isinstance(entries, list) else [] if entries is None else [entries]:
        stage, value = (entry.get("stage"), entry.get("value")) if isinstance(entry, dict) else (None, None)
        if not isinstance(stage, str) or not isinstance(value, str):
            raise UserError(f"{where}: models and prompts of its provenance need text for each stage")
        stages[stage] = value
    return stages
