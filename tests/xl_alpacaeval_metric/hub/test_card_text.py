"""The bodies of Hub cards, and what goes into their tables."""

import pytest

from xl_alpacaeval_metric.hub import card_text
from xl_alpacaeval_metric.templates import TemplateError

VALUES = {name: f"<{name}>" for name in ("title", "name", "example", "table", "origin", "limits", "bibtex", "version")}


def test_a_body_has_every_value_and_no_slot() -> None:
    text = card_text.body("dataset", VALUES)
    assert text.startswith("# <title>\n")
    for value in VALUES.values():
        assert value in text


def test_values_that_look_like_slots_stay_text() -> None:
    text = card_text.body("dataset", {**VALUES, "origin": "a {limits} b"})
    assert "a {limits} b" in text


@pytest.mark.parametrize("values", [{}, {**VALUES, "other": "x"}])
def test_values_and_slots_match(values: dict[str, str]) -> None:
    with pytest.raises(TemplateError):
        card_text.body("dataset", values)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Finnish", "Finnish"),
        ("a|b", "a\\|b"),
        ("two\nlines  here", "two lines here"),
        ("[x](y) <b> *c*", "\\[x\\](y) \\<b\\> \\*c\\*"),
        ("a\x1b[2J\u202eb", "a\\[2Jb"),
    ],
)
def test_a_cell_is_one_line_without_markup(text: str, shown: str) -> None:
    assert card_text.cell(text) == shown


def test_names_of_others_stay_in_their_code() -> None:
    assert card_text.code("a`b|c\n# d") == "`a'b\\|c # d`"
    assert card_text.quoted('a", trust=True)\n```') == "a-, trust=True)-"
    assert card_text.shell_path("a; rm `b`") == """'./a; rm '"'"'b'"'"''"""
    assert card_text.shell_path("tuned") == "./tuned"


def test_a_body_has_no_control_characters() -> None:
    assert "\x1b" not in card_text.body("dataset", {**VALUES, "limits": "a\x1b[31m"})
