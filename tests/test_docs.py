"""What the README and docs show: links resolve, commands parse, lines are short, pictures new."""

import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import ROOT
from tests.pages import PROGRAMS, commands_in, lines_of_code, lines_outside_code

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
WIDTH = 100


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def shown(page: Path) -> Iterator[tuple[list[str], bool]]:
    """Every call of our commands on a page, and whether it is whole: in code, not in a sentence."""
    text = page.read_text("utf-8")
    for line in lines_of_code(text):
        for call in commands_in(line):
            yield call, True
    prose = "\n".join(line for _, line in lines_outside_code(text))
    for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose):
        for call in commands_in(" ".join(code.split())):
            yield call, False


@cache
def group(program: str) -> Any:
    import typer

    return typer.main.get_command(import_module(PROGRAMS[program]).app)


def complaint(words: list[str], whole: bool = True) -> str | None:
    """What is wrong with a call, or None.

    Its command and options must exist; if it is `whole`, the command's own parser must take it.
    """
    program, *rest = words
    top = {name for parameter in group(program).params for name in (*parameter.opts, *parameter.secondary_opts)}
    if not rest or rest[0] in top or rest[0] == "COMMAND":
        return None
    command = group(program).commands.get(rest[0])
    if command is None:
        return f"{program} has no command {rest[0]!r}"
    options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
    for word in rest[1:]:
        if word.startswith("--") and word.partition("=")[0] not in options:
            return f"{program} {rest[0]} has no option {word}"
    if whole and "..." not in rest:
        try:
            command.make_context(program, list(rest[1:]))
        except Exception as error:  # The parser's own: a missing argument, a value of another type.
            return f"{program} {' '.join(rest)}: {error}"
    return None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_shown_exists_with_its_options(page: Path) -> None:
    assert [said for words, whole in shown(page) if (said := complaint(words, whole))] == []


LM_EVAL = {"--include_path", "--metadata", "--log_samples", "--cache_requests", "--predict_only", "--gen_kwargs"}
OTHERS = re.compile(r"perf/|hf |lm_eval |vllm |python |accelerate |.* --version$")
"""Calls of other programs."""


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_option_in_a_sentence_is_one_of_our_commands(page: Path) -> None:
    known = {
        name
        for program in PROGRAMS
        for command in group(program).commands.values()
        for one in command.params
        for name in (*one.opts, *one.secondary_opts)
    }
    prose = "\n".join(line for _, line in lines_outside_code(page.read_text("utf-8")))
    codes = [code for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose) if not OTHERS.match(code)]
    options = set(re.findall(r"(?<!\S)--[a-z][\w-]*", " ".join(codes)))
    assert options - known - LM_EVAL - {"--help"} == set()


def test_commands_are_found_and_wrong_ones_noticed() -> None:
    assert sum(1 for page in PAGES for _ in shown(page)) > 80
    (call,) = commands_in("export X=1 && xl-alpacaeval judge a.jsonl --judg openai/x --output runs/a  # a remark")
    assert complaint(call) == "xl-alpacaeval judge has no option --judg"
    assert complaint(["xl-instruct", "rank"]) == "xl-instruct has no command 'rank'"
    assert complaint(["xl-alpacaeval", "eval", "M", "--limit", "few"]) is not None
    assert complaint(["xl-alpacaeval", "eval", "--judge", "none"]) is not None
    assert complaint(["xl-alpacaeval", "eval", "M", "--judge"]) is not None
    assert complaint(["xl-alpacaeval", "eval", "M", "--limit", "2", "--both-orders", "--no-chat-template"]) is None
    assert [*commands_in("lm_eval --include_path $(xl-alpacaeval tasks) --data xl-instruct")] == [
        ["xl-alpacaeval", "tasks"]
    ]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_lead_to_files_of_the_repository(page: Path) -> None:
    text = "\n".join(line for _, line in lines_outside_code(page.read_text("utf-8")))
    broken = [
        target
        for target in re.findall(r"\]\(([^)\s]+)\)", text)
        if not re.match(r"[a-z]+:|#", target) and not (page.parent / target.partition("#")[0]).is_file()
    ]
    assert broken == []


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page's headings, as the site's builder makes them."""
    found = set()
    for _, line in lines_outside_code(page.read_text("utf-8")):
        if heading := re.match(r"#+ +(.*)", line):
            words = unicodedata.normalize("NFKD", heading[1]).encode("ascii", "ignore").decode()
            found.add(re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", words).strip().lower()))
    return frozenset(found)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_into_a_page_lead_to_one_of_its_headings(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)\s#:]*\.md)?#([^)\s]+)\)", page.read_text("utf-8")):
        other = (page.parent / target).resolve() if target else page
        if other.stem in PROGRAMS:  # Its headings are the commands, which docs/commands.py writes.
            continue
        assert anchor in anchors(other), f"{name_of(page)}: {target}#{anchor}"


def test_the_readme_has_no_relative_link_but_its_picture() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    links = [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if not target.startswith("https://")]
    assert links == ["docs/images/fidelity.svg"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_prose_is_within_a_hundred_columns(page: Path) -> None:
    wide = [
        (number, len(line))
        for number, line in lines_outside_code(page.read_text("utf-8"))
        if len(line) > WIDTH and not line.lstrip().startswith(("|", "<")) and "://" not in line
    ]
    assert wide == []


def test_pages_that_include_a_file_name_one_that_is_there() -> None:
    for page in PAGES:
        for file, _, section in re.findall(r'^--8<-- "([^":]+)(:([\w-]+))?"$', page.read_text("utf-8"), re.MULTILINE):
            assert (ROOT / file).is_file(), f"{name_of(page)} includes {file}"
            assert not section or f"[start:{section}]" in (ROOT / file).read_text("utf-8")


def test_the_judge_prompt_is_shown_from_its_file() -> None:
    assert '--8<-- "xl_alpacaeval_metric/prompts/judge.txt"' in (DOCS / "understand" / "judge.md").read_text("utf-8")


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(DOCS / "images"))
    yield import_module("draw")
    sys.modules.pop("draw", None)


def test_pictures_are_what_the_script_draws(draw: Any) -> None:
    for file, content in draw.pictures().items():
        assert (DOCS / "images" / file).read_text("utf-8") == content, f"run python docs/images/draw.py: {file}"


def test_the_picture_of_the_readme_has_the_figures_of_the_run(draw: Any) -> None:
    assert len(draw.figures()) == 12
    assert draw.figures()[-1] == ("all", 59.5, 91.2)


def test_the_trips_name_modules_that_exist(draw: Any) -> None:
    packages = (ROOT, ROOT / "xl_alpacaeval_metric", ROOT / "xl_instruct_dataset")
    for name, (_, steps) in draw.TRIPS.items():
        for module in (module for step in steps for module in step.where):
            assert any((package / f"{module}.py").is_file() for package in packages), f"{name}: {module}"
