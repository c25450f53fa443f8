"""CometKiwi in a real process of another interpreter, with a stand-in for the package comet."""

import sys
from pathlib import Path

import pytest

from tests.xl_instruct_dataset.stages.comet_package import GOOD, environment
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.stages.cometkiwi import CometKiwi


def test_scores_come_in_the_order_of_the_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment(tmp_path, monkeypatch, GOOD)
    with CometKiwi(sys.executable) as kiwi:
        assert kiwi.scores([("a", "x" * 30), ("b", "ä\n{}" * 5), ("c", "")]) == [0.3, 0.2, 0.0]
        assert kiwi.scores([]) == []
        assert kiwi.scores([("\u2028\ud800", "yy")]) == [0.02]
        with pytest.raises(UserError, match="gave no scores: RuntimeError: too long by far"):
            kiwi.scores([("raise", "x")])
        assert kiwi.scores([("a", "x")]) == [0.01]
        with pytest.raises(UserError, match="no score for each of 1"):
            kiwi.scores([("nan", "x")])


def test_a_process_that_dies_says_its_last_words_and_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment(tmp_path, monkeypatch, GOOD)
    kiwi = CometKiwi(sys.executable)
    with pytest.raises(UserError, match="ended without an answer: CUDA out of memory"):
        kiwi.scores([("die", "x")])
    assert kiwi.scores([("a", "x")]) == [0.01]
    kiwi.close()
    kiwi.close()


@pytest.mark.parametrize("comet", ["raise ImportError('no module torch')", "raise RuntimeError('numpy\\nmismatch')"])
def test_a_missing_package_names_the_command_and_the_licence(
    comet: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment(tmp_path, monkeypatch, comet)
    with pytest.raises(UserError) as caught:
        CometKiwi(sys.executable).start()
    message = str(caught.value)
    for part in ("unbabel-comet does not load", "pip install unbabel-comet", "own", "gated", "CC-BY-NC-SA-4.0"):
        assert part in message
    assert "\n" not in message


def test_missing_weights_name_the_page_and_the_licence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment(tmp_path, monkeypatch, GOOD)
    with pytest.raises(UserError) as caught, CometKiwi(sys.executable, "gated/model"):
        pass
    message = str(caught.value)
    for part in ("https://huggingface.co/gated/model", "gated", "CC-BY-NC-SA-4.0", "hf auth login"):
        assert part in message
    assert "\n" not in message


@pytest.mark.parametrize("python", ["/nowhere/bin/python", "no-such-python", ""])
def test_a_missing_interpreter_is_one_line(python: str) -> None:
    with pytest.raises(UserError, match=r"no Python interpreter .*pip install unbabel-comet"):
        CometKiwi(python).scores([("a", "b")])


def test_a_program_that_is_no_python_is_one_line() -> None:
    with pytest.raises(UserError, match="ended without an answer"):
        CometKiwi("true").start()
