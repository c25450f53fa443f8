"""Passages stay in the rows where their licence lets them be passed on."""

import pytest

from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.selection import export
from xl_instruct_dataset.sources.licence import may_be_passed_on

OPEN = ("cc0-1.0", "CC-BY-4.0", "cc-by-sa-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "odc-by", "apache-2.0", "mit")
CLOSED = (None, "", "unknown", "other", "cc-by-nd-4.0", "cc-by-nc-nd-4.0", "llama3", "gemma", "all rights reserved")


@pytest.mark.parametrize("licence", OPEN)
def test_open_licences_let_a_text_be_passed_on(licence: str) -> None:
    assert may_be_passed_on(licence)


@pytest.mark.parametrize("licence", CLOSED)
def test_others_do_not(licence: str | None) -> None:
    assert not may_be_passed_on(licence)


def test_what_is_left_out_is_counted_and_said() -> None:
    settings = Settings("seeds.jsonl", ("fi",), "openai/m", ("openai/m",))
    (line,) = export.left_out(settings, 20)
    assert line.startswith("20 rows are without their passage")
    assert "--seed-license" in line
    assert export.left_out(settings, 1)[0].startswith("1 row is without its passage")
    assert export.left_out(settings, 0) == []
