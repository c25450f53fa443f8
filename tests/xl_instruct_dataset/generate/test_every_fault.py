"""A translator that commits every fault once in each of eight languages; no good row is lost."""

import re
from pathlib import Path
from typing import Any

from tests.servers import prompts, teacher
from tests.servers.judge import JudgeServer
from tests.xl_instruct_dataset.generate import generating
from tests.xl_instruct_dataset.quality.texts import REFUSALS, REMARKS
from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.files.jsonl import json_line
from xl_instruct_dataset.sources import sample

TARGETS = ("de", "pt", "hu", "lt", "zh", "hi", "fi", "tr")
ENGLISH = (
    "Pack a small bag with water, some bread and a warm jacket for the evening. Ask the neighbours about the old path "
    "along the river, since the maps rarely show it. When you come back, wash the boots at once."
)
KEPT = {
    "formula": "$a^2 + b^2 = c^2$",
    "formula-after-a-digit": "$5x + 3 = 18$",
    "HTML": "<b>!</b> <br/>",
    "entity": "&nbsp;",
    "comment": "<!-- 1 -->",
    "placeholder": "{user_name}",
    "spaced-placeholder": "{{ name }}",
    "directive": "%s",
    "brackets": "[Your Name]",
    "link": "[+](a.md)",
    "table": "\n\n| 1 | 2 |\n|---|---|\n| 3 | 4 |",
}
LANGUAGE = {"wrong language", "mixed languages"}
FAULTS = {
    1: ("a copy of the source", {*LANGUAGE, "copied from the source", "untranslated"}),
    2: ("another English text", LANGUAGE | {"list items", "length ratio"}),
    9: ("a mixed paragraph", LANGUAGE),
    11: ("an untranslated clause", LANGUAGE | {"copied from the source"}),
    12: ("a refusal", {"refusal"}),
    13: ("a remark", {"leaked"}),
    16: ("formula", {"formulas lost"}),
    17: ("HTML", {"HTML lost"}),
    18: ("placeholder", {"placeholders lost"}),
    21: ("paragraphs", {"paragraphs lost"}),
    3: ("formula-after-a-digit", {"formulas lost"}),
    6: ("spaced-placeholder", {"placeholders lost"}),
    8: ("brackets", {"placeholders lost"}),
    10: ("entity", {"HTML lost"}),
    14: ("link", {"links lost"}),
    15: ("directive", {"placeholders lost"}),
    19: ("comment", {"HTML lost"}),
    20: ("table", {"table rows"}),
    22: ("two sentences of a third language", LANGUAGE),
}
"""By the number of a row of the sample: the fault, and the reasons that it may be dropped for."""
GOOD = {23: " ".join(KEPT), 5: "", 24: "formula-after-a-digit brackets"}
"""Rows without a fault, and what their translations keep."""
FLAT = {3, 6, 8, 10, 14, 15, 19, 20, 22, 24}
"""Rows with lists in some languages."""


def with_marks(number: int, text: str) -> str:
    """The text with what a translation must keep, where the row of this number has any."""
    marks = FAULTS[number][0] if number in FAULTS else GOOD[number]
    return " ".join([text, *(mark for name, mark in KEPT.items() if name in marks.split())])


def response(code: str, seed: str) -> str:
    """The sample's response in a language."""
    return next(row.response for row in sample.rows(code) if row.id.rpartition("-")[0] == seed)


def flat(text: str) -> str:
    """The text without its lists and paragraphs, which differ from one language to another."""
    return " ".join(re.sub(r"(?m)^\s*(?:[-*•]|\d+[.)])\s+", "", text).split())


def translator(body: dict[str, Any]) -> str:
    """The sample's texts, with the faults of `FAULTS`."""
    stage, slots = prompts.stage_of(body)
    if stage == "answer":
        number = teacher.number_of(body)
        text = teacher.fluent(body)
        return with_marks(number, flat(text) if number in FLAT else text)
    if stage != "translate":
        return teacher.fluent(body)
    code = next(code for code in TARGETS if languages.get(code).name == slots["language"])
    beginning = flat(slots["text"])[:40]
    seeds = enumerate((one["id"] for one in sample.seeds()), 1)
    number, seed = next((number, seed) for number, seed in seeds if flat(response("en", seed)).startswith(beginning))
    good = response(code, seed)
    good = flat(good) if number in FLAT else good
    kind = FAULTS.get(number, ("",))[0]
    first, rest = good.split("\n", 1) if "\n" in good else (good, "")
    match kind:
        case "a copy of the source":
            return slots["text"]
        case "another English text":
            return f"{ENGLISH} {ENGLISH.replace('boots', 'shoes').replace('water', 'tea')}"
        case "a mixed paragraph":
            return f"{first} {ENGLISH}\n{rest}"
        case "an untranslated clause":
            return f"{first} {' '.join(slots['text'].split()[:12])}. {rest}"
        case "a refusal":
            return REFUSALS[code][0]
        case "a remark":
            return good + "\n\n" + REMARKS[code].rpartition("\n\n")[2]
        case "two sentences of a third language":
            return f"{good} {' '.join(re.split(r'(?<=[.!?]) ', flat(response('ga', seed)))[:2])}"
        case kind if kind in KEPT:
            return good
        case "paragraphs":
            return " ".join(good.split())
    return with_marks(number, good)


def test_every_fault_is_dropped_with_its_reason_and_no_good_row_is_lost(tmp_path: Path) -> None:
    numbers = sorted((*FAULTS, *GOOD))
    seeds, all_seeds = tmp_path / "seeds.jsonl", sample.seeds()
    seeds.write_text("".join(json_line({"text": all_seeds[number - 1]["passage"]}) for number in numbers))
    given = {"seeds": str(seeds), "targets": ",".join(TARGETS), "passages": len(numbers), "judge": "none"}
    with JudgeServer(reply=translator) as server:
        generating.run(generating.settings(server, **given, candidates=1), tmp_path / "out")
    generating.adds_up(tmp_path / "out", list(TARGETS))
    why = {(line["id"], line["language"]): line for line in generating.rejects(tmp_path / "out")}
    wrong = []
    for code in TARGETS:
        kept = {row["id"] for row in generating.rows(tmp_path / "out", f"en-{code}")}
        for place, number in enumerate(numbers):
            found = why.get((f"{place:08d}", code))
            kind, reasons = FAULTS.get(number, ("", set()))
            if (f"{place:08d}-{code}" in kept) != (number in GOOD) or (found and found["reason"] not in reasons):
                wrong.append((code, kind, found and (found["reason"], found["detail"])))
    assert not wrong, "\n".join(map(str, wrong))
