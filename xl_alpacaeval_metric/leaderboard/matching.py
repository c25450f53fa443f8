"""Which runs can stand in one ranking, on which items, and against what references."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.leaderboard.entries import WIN_RATE, Entry, ItemTable, Texts
from xl_alpacaeval_metric.runs import finished
from xl_alpacaeval_metric.runs.compare import CORRECT_RATE
from xl_alpacaeval_metric.stats.clusters import Codes

SAME = 0.99
"""Share of equal texts, among the items that two sets of answers share, that makes them one
model's: a rerun of a judge may have cut a text."""


@dataclass(frozen=True, slots=True)
class Matched:
    """Entries that can be ranked together.

    `changed` are the numbers of items whose instruction is another in different runs: they are left
    out. `head_to_heads` is None where all entries have the same references.
    """

    entries: Sequence[Entry]
    prompts: Mapping[int, str]
    changed: frozenset[int]
    head_to_heads: "HeadToHeads | None"


@dataclass(frozen=True, slots=True)
class HeadToHeads:
    """The models that were compared with each other, and each entry's candidate and reference."""

    names: Sequence[str]
    candidate: Sequence[int]
    reference: Sequence[int]


def match(entries: Sequence[Entry], names: Sequence[str], items: ItemTable) -> Matched:
    """Hold the entries' settings and items against each other.

    Raises UserError that names the part in which two runs differ: the judge, its prompt, the order
    of the answers, or references that are neither the same nor other runs' answers.
    """
    judged = [entry for entry in entries if WIN_RATE in entry.figures]
    for entry in judged[1:]:
        first = judged[0]
        finished.refuse(first.setting.name, entry.setting.name, list(finished.differing(first.setting, entry.setting)))
    hashes = {entry.reference for entry in entries}
    if len(hashes) == 1 and "" not in hashes:
        return Matched(entries, _prompts(entries, items), frozenset(), None)
    texts = [entry.read_texts() for entry in entries]
    prompts = {number: prompt for found in texts for number, prompt in found.prompt.items()}
    changed = _changed([found.instruction for found in texts])
    if len(judged) < len(entries) or _one_reference([found.reference for found in texts], changed):
        return Matched(entries, prompts, changed, None)
    return Matched(entries, prompts, changed, _head_to_heads(entries, names, texts, items))


def other_facts(matched: Matched, items: ItemTable) -> tuple[str, str, str] | None:
    """Two runs whose closed questions expect other facts, and in what they differ; None if none."""
    first: dict[int, tuple[Entry, int]] = {}
    for entry in matched.entries:
        expected = entry.read_texts().expected
        for number in entry.figures[CORRECT_RATE].keys() - matched.changed:
            other, facts = first.setdefault(number, (entry, expected[number]))
            if facts != expected[number]:
                return other.name, entry.name, _unlike(other, entry, items)
    return None


def _unlike(one: Entry, other: Entry, items: ItemTable) -> str:
    mine, theirs = one.read_texts().expected, other.read_texts().expected
    shared = [number for number in one.figures[CORRECT_RATE] if number in other.figures[CORRECT_RATE]]
    keys = items.keys
    return finished.in_items("expected", [keys[at] for at in shared if mine[at] != theirs[at]], len(shared))


def _prompts(entries: Sequence[Entry], items: ItemTable) -> dict[int, str]:
    """From the texts of the entry that has the most items; an item without one has its id."""
    largest = max(entries, key=lambda entry: max(map(len, entry.figures.values()), default=0))
    found = {number: identifier for number, (identifier, _) in enumerate(items.keys)}
    return {**found, **largest.read_texts().prompt}


def _changed(instructions: Sequence[Mapping[int, int]]) -> frozenset[int]:
    seen: dict[int, int] = {}
    changed = set()
    for found in instructions:
        changed |= {number for number, value in found.items() if seen.setdefault(number, value) != value}
    return frozenset(changed)


def _one_reference(references: Sequence[Mapping[int, int]], changed: frozenset[int]) -> bool:
    seen: dict[int, int] = {}
    return all(
        seen.setdefault(number, value) == value
        for found in references
        for number, value in found.items()
        if number not in changed
    )


def _head_to_heads(
    entries: Sequence[Entry], names: Sequence[str], texts: Sequence[Texts], items: ItemTable
) -> HeadToHeads:
    answers = [*(found.prediction for found in texts), *(found.reference for found in texts)]
    model = list(range(len(answers)))
    for one in range(len(answers)):
        for other in range(one):
            if model[one] != model[other] and _same(answers[one], answers[other]):
                model = [model[other] if known == model[one] else known for known in model]
    labels: dict[int, str] = {}
    for place, number in enumerate(model):
        if number not in labels:
            labels[number] = names[place] if place < len(entries) else _reference_name(entries[place - len(entries)])
    if len(set(labels.values())) < len(labels):
        labels = {number: f"{name} ({place})" for place, (number, name) in enumerate(labels.items(), 1)}
    places = {number: place for place, number in enumerate(labels)}
    candidate, reference = ([places[model[start + k]] for k in range(len(entries))] for start in (0, len(entries)))
    linked = _linked(len(places), candidate, reference)
    if not linked.all():
        apart = next(k for k in range(len(entries)) if not linked[candidate[k]])
        mine, theirs = texts[0].reference, texts[apart].reference
        shared = [number for number in mine if number in theirs]
        unlike = [number for number in shared if mine[number] != theirs[number]]
        keys = items.keys
        where = finished.in_items("reference", [keys[one] for one in unlike], len(shared)) if unlike else "reference"
        raise UserError(
            f"{entries[0].name} and {entries[apart].name} cannot be ranked together; they differ in {where}, "
            "and no chain of head-to-heads links them"
        )
    return HeadToHeads(list(labels.values()), candidate, reference)


def _same(one: Mapping[int, int], other: Mapping[int, int]) -> bool:
    shared = [number for number in one if number in other]
    if len(shared) * 2 < min(len(one), len(other)) or not shared:
        return False
    return sum(one[number] == other[number] for number in shared) >= SAME * len(shared)


def _linked(models: int, candidate: Sequence[int], reference: Sequence[int]) -> Codes:
    found = np.zeros(models, dtype=np.intp)
    found[candidate[0]] = 1
    for _ in range(models):
        for one, other in zip(candidate, reference, strict=True):
            found[one] = found[other] = max(found[one], found[other])
    return found


def _reference_name(entry: Entry) -> str:
    """The name of the run whose answers an entry's references are; else that of their file."""
    given = entry.setting.settings.get("reference_run")
    return str(given) if given else f"reference of {entry.name}"
