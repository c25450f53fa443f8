"""The form of address and the variety of a target: asked for, checked, and told of."""

from pathlib import Path
from typing import Any

import pytest

from tests.servers import teacher
from tests.servers.judge import JudgeServer
from tests.xl_instruct_dataset.generate import generating
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.generate import report
from xl_instruct_dataset.generate.config import work_folder
from xl_instruct_dataset.generate.selection import export
from xl_instruct_dataset.stages import translate

INFORMAL = " Du kannst dir das gut merken, wenn du es einmal selbst versuchst."
FORMAL = " Merken können Sie sich das gut, wenn Sie es einmal selbst versuchen."


class Translator:
    """Ends each second translation formally and the others informally; keeps the prompts."""

    def __init__(self) -> None:
        self.systems: set[str] = set()

    def __call__(self, body: dict[str, Any]) -> str:
        messages = body["messages"]
        system, asked, _ = messages[0]["content"].partition("\n\nWhere the text addresses its reader")
        good = teacher.fluent({**body, "messages": [{**messages[0], "content": system}, *messages[1:]]})
        if not asked:
            return good
        self.systems.add(messages[0]["content"])
        return good + (INFORMAL if body.get("seed", 0) // 3 else FORMAL)


def test_what_was_asked_for_is_in_the_prompt_and_the_other_form_is_dropped(tmp_path: Path) -> None:
    translator = Translator()
    with JudgeServer(reply=translator) as server:
        chosen = generating.settings(server, targets="de,fi", passages=3, form_of_address={"de": "formal"})
        generating.run(chosen, tmp_path / "out")
        with pytest.raises(UserError, match="holds a job with form_of_address"):
            generating.run(generating.settings(server, targets="de,fi", passages=3), tmp_path / "out")
    end = (
        "use the formal form of address of German (as German Sie, not du), throughout; keep to it in imperatives, too."
    )
    assert translator.systems
    assert all(system.endswith(end) for system in translator.systems)
    rows = generating.rows(tmp_path / "out", "en-de")
    assert rows
    assert all(row["response"].endswith(FORMAL) for row in rows)
    for pair, form in (("en-de", "formal"), ("en-fi", "")):
        for row in generating.rows(tmp_path / "out", pair):
            prompts = {part["stage"]: part["value"] for part in row["provenance"]["prompts"]}
            assert prompts["translate"] == export.prompt_hash("translate", form)
    work = work_folder.of(tmp_path / "out")
    said = "The translations into German (de) were to address the reader in the formal way"
    assert said in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert said in report.file(work).read_text(encoding="utf-8")
    faults = (work / "translate-1" / "00000.jsonl").read_text(encoding="utf-8")
    assert '"fault":"form of address: ' in faults


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"de": "polite"}, "form_of_address of de is 'polite'; there are formal and informal, as in de=formal"),
        ({"sv": "formal"}, "form_of_address: sv is no translated target; those are de, pt-BR"),
        ({"en": "formal"}, "en is no translated target"),
        ({"xx": "formal"}, "unknown language 'xx'"),
        ({"de": True}, "form_of_address of de is 'True'"),
    ],
)
def test_what_cannot_be_is_told_of(given: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said.replace("(", r"\(")):
        generating.settings(targets="de,pt_br,en", form_of_address=given)


def test_codes_may_be_written_as_those_of_targets() -> None:
    chosen = generating.settings(targets="de,pt_br", form_of_address={"PT_BR": "informal", "deu": "formal"})
    assert chosen.form_of_address == {"pt-BR": "informal", "de": "formal"}


def test_a_variety_is_named_in_the_prompt() -> None:
    system, _ = translate.messages("Text.", "en", "pt-BR")
    assert "Brazilian Portuguese" in system["content"]
    assert translate.prompt_hash() != translate.prompt_hash("formal") != translate.prompt_hash("informal")
