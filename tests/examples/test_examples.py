"""Every example runs, offline, and prints what it promises."""

import json
from pathlib import Path

import pytest

from tests.commands import run_python
from tests.helpers import ROOT, comparison
from tests.servers.judge import JudgeServer
from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.languages.fidelity import texts_fidelity
from xl_alpacaeval_metric.runs.evaluate import judge_pairs

EXAMPLES = ROOT / "examples"


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A run of six items in two languages; the judge prefers what is shown first."""
    items = [comparison(number, language) for number in (1, 2, 3) for language in ("de", "fi")]
    judge = Judge(ScriptedClient(lambda _: {"A": -0.1, "B": -2.4}))
    judge_pairs(items, judge, tmp_path / "run", lambda *_: None)
    return tmp_path / "run"


def run_example(name: str, *arguments: object, **environment: str) -> str:
    result = run_python(EXAMPLES / name, *arguments, cwd=None, **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_own_language() -> None:
    printed = run_example("own_language.py")
    assert "Kiswahili" in printed
    assert "50% of 2 answers are in Swahili" in printed


def test_own_benchmark(tmp_path: Path) -> None:
    file = tmp_path / "places.jsonl"
    assert "100 rows" in run_example("own_benchmark.py", file)
    found = benchmark.load(str(file)).rows
    assert len(found) == 100
    assert {row.response_language for row in found if row.reference} == {"de", "fi"}
    languages = {(text, row.response_language) for row in found if (text := row.reference)}
    wrong = [text for text, code in languages if is_in_another_language(text, code)]
    assert not wrong, wrong


def is_in_another_language(text: str, code: str) -> bool:
    """Whether the identifier says that a text is in another language."""
    (found,) = texts_fidelity([text], [code])
    return found.line_pass is False


def test_read_run_folder(run_folder: Path) -> None:
    printed = run_example("read_run_folder.py", run_folder)
    assert printed.startswith("win rate ")
    assert printed.count("preference 0.") == 3


@pytest.mark.slow
def test_judge_from_python(smollm2: Path) -> None:
    printed = run_example("judge_from_python.py", f"hf/{smollm2}")
    assert printed.startswith("de: ")
    assert "50% of the answers in the language asked for" in printed
    assert "|order:both|" in printed


def test_own_criteria() -> None:
    levels = json.dumps({"courtesy": 5, "next_step": 2})
    with JudgeServer(reply=lambda body: levels if "courtesy" in json.dumps(body) else None) as server:
        printed = run_example("own_criteria.py", "openai/any", OPENAI_BASE_URL=server.url)
    assert "courtesy: 5.0 of 5 (1 rated, 0 missing)" in printed
    assert "next_step: 2.0 of 5 (1 rated, 0 missing)" in printed


def test_the_notebook(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    monkeypatch.setenv("RUN", str(run_folder))
    notebook = json.loads((EXAMPLES / "look_at_a_run.ipynb").read_text("utf-8"))
    names: dict[str, object] = {}
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
            assert cell["outputs"] == [], "outputs are not committed"
    assert names["languages"] == ["de", "fi"]


def test_every_example_is_named_in_the_readme() -> None:
    readme = (EXAMPLES / "README.md").read_text("utf-8")
    files = [file.name for file in EXAMPLES.iterdir() if file.suffix in (".py", ".yaml", ".ipynb")]
    assert len(files) >= 6
    assert not [name for name in files if f"`{name}`" not in readme]
