"""Texts and names that are passed on."""

from pathlib import Path

import pytest

from xl_alpacaeval_metric.machine import shareable


@pytest.mark.parametrize(
    ("line", "passed_on"),
    [
        ("no model file:///home/alice/tiny", "no model file://tiny"),
        ("vllm//home/alice/judge+hf/org/judge", "vllm/judge+hf/org/judge"),
        (r"C:\Users\alice\tiny", "tiny"),
        ("__home__alice__tiny", "tiny"),
        ("https://host/v1/models and/or a ratio of 1/2", "https://host/v1/models and/or a ratio of 1/2"),
    ],
)
def test_a_path_is_its_last_part(line: str, passed_on: str) -> None:
    assert shareable.text(line) == passed_on


@pytest.mark.parametrize(
    ("paths", "ends"),
    [
        (["a/one", "a/two"], ["one", "two"]),
        (["a/run", "b/run", "b/other"], ["a/run", "b/run", "other"]),
        (["out/__home__alice__tiny", "out/__home__alice__big"], ["tiny", "big"]),
        (["a/__home__alice__tiny", "b/__home__alice__tiny"], ["a/tiny", "b/tiny"]),
        (["out/__home__alice__a__tiny", "out/__home__alice__b__tiny"], ["a/tiny", "b/tiny"]),
        (["out/org__tiny", "more/org__tiny"], ["out/org__tiny", "more/org__tiny"]),
    ],
)
def test_paths_are_told_apart_by_no_more_than_it_takes(tmp_path: Path, paths: list[str], ends: list[str]) -> None:
    assert shareable.places([tmp_path / path for path in paths]) == ends
