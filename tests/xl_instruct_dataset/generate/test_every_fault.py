"""A translator that commits every fault once in each of eight languages; no good row is lost."""

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
KEPT = {"formula": "$a^2 + b^2 = c^2$", "HTML": "<b>!</b> <br/>", "placeholder": "{user_name}"}
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
}
"""By the number of a row of the sample whose translations have no fault in their form: the fault,
and the reasons that it may be dropped for."""
GOOD = {23: "formula HTML placeholder", 5: ""}
"""Rows without a fault, and what their translations keep."""


def with_marks(number: int, text: str) -> str:
    """The text with what a translation must keep, where the row of this number has any."""
    marks = FAULTS[number][0] if number in FAULTS else GOOD[number]
    return " ".join([text, *(mark for name, mark in KEPT.items() if name in marks.split())])


def translator(body: dict[str, Any]) -> str:
    """The sample's texts, with the faults of `FAULTS`."""
    stage, slots = prompts.stage_of(body)
    number = teacher.number_of(body)
    if stage == "answer":
        return with_marks(number, teacher.fluent(body))
    if stage != "translate":
        return teacher.fluent(body)
    code = next(code for code in TARGETS if languages.get(code).name == slots["language"])
    seed = sample.seeds()[number - 1]["id"]
    good = next(row.response for row in sample.rows(code) if row.id.rpartition("-")[0] == seed)
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
        case "formula" | "HTML" | "placeholder":
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
