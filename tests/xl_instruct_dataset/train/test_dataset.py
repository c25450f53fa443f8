"""Which rows are trained on: pairs, shares, the held-out split, and sets that are mixed in."""

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.foreign_rows import ANSWERED, ASKED, FORMS
from tests.helpers import rows, write_jsonl
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.train.dataset import examples, mixture
from xl_instruct_dataset.train.dataset import select as dataset_select
from xl_instruct_dataset.train.dataset.examples import TrainingSplit
from xl_instruct_dataset.train.settings import resolve


def select(**options: object) -> TrainingSplit:
    return dataset_select.select(resolve(None, {"data": "sample", "pairs": "en-de,en-fi", **options}))


@given(
    st.dictionaries(st.text("abc", min_size=1), st.integers(1, 10_000), min_size=1, max_size=8),
    st.integers(1, 100_000),
    st.sampled_from(["proportional", "uniform", "temperature"]),
)
def test_shares_add_up(available: dict[str, int], total: int, rule: str) -> None:
    found = mixture.shares(available, total, rule, 3.0)
    assert sum(found.values()) == total
    order = sorted(available, key=lambda group: available[group])
    assert all(found[a] <= found[b] + 1 for a, b in pairwise(order))


def test_temperature_lies_between_proportional_and_uniform() -> None:
    available = {"large": 900, "small": 100}
    small = [mixture.shares(available, 1000, rule, 2.0)["small"] for rule in ("proportional", "temperature", "uniform")]
    assert small == [100, 250, 500]


def test_drawing_repeats_only_what_it_must() -> None:
    assert sorted(mixture.draw([1, 2, 3], 3, "seed")) == [1, 2, 3]
    assert sorted(mixture.draw([1, 2, 3], 7, "seed"))[:6] in (
        [1, 1, 1, 2, 2, 3],
        [1, 1, 2, 2, 2, 3],
        [1, 1, 2, 2, 3, 3],
    )
    assert mixture.draw(range(100), 10, "a") == [34, 64, 8, 77, 76, 87, 82, 68, 22, 75]
    assert mixture.draw(range(100), 10, "b") == [92, 9, 70, 69, 22, 97, 99, 73, 82, 91]
    assert mixture.draw([], 0, "seed") == []


def test_a_prompt_is_held_out_in_every_language_or_in_none() -> None:
    found = select(held_out=0.25)
    assert len(found.held_out) == 12
    assert {one.item for one in found.held_out}.isdisjoint(one.item for one in found.train)
    assert {one.group for one in found.held_out} == {"en-de", "en-fi"}
    assert found.taken["en-de"] == examples.GroupCounts(available=24, held_out=6, used=18)
    assert found == select(held_out=0.25)
    assert found.fingerprint != select(held_out=0.25, seed=1).fingerprint


def test_per_language_and_rows_set_the_numbers() -> None:
    found = select(per_language=10, held_out=0)
    assert {group: taken.used for group, taken in found.taken.items()} == {"en-de": 10, "en-fi": 10}
    repeated = select(rows=60, held_out=0)
    assert repeated.taken["en-fi"] == examples.GroupCounts(available=24, held_out=0, used=30, repeated=6)
    short = select(per_language=100)
    assert short.notes == tuple(f"{pair}: has 24 rows, fewer than --per-language 100" for pair in ("en-de", "en-fi"))


def test_a_pair_without_rows_is_said(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "en-de" / "train.jsonl", rows(3))
    write_jsonl(tmp_path / "en-fi" / "train.jsonl", [])
    found = select(data=str(tmp_path))
    assert "en-fi: has no rows" in found.notes


def test_uniform_repeats_the_smaller_pair(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "en-de" / "train.jsonl", rows(30))
    write_jsonl(tmp_path / "en-fi" / "train.jsonl", rows(10))
    found = select(data=str(tmp_path), pairs="all", held_out=0, mixture="uniform")
    assert {group: (taken.used, taken.repeated) for group, taken in found.taken.items()} == {
        "en-de": (20, 0),
        "en-fi": (20, 10),
    }
    assert found.licenses() == {"unknown": 40}


def test_an_example_is_a_prompt_and_a_completion() -> None:
    one = select().train[0]
    assert [turn["role"] for turn in one.prompt] == ["user"]
    assert len(one.completion) > 100
    assert one.license == "apache-2.0"


CHAT = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "One?"},
    {"role": "assistant", "content": "Two."},
    {"role": "user", "content": "Three?"},
    {"role": "assistant", "content": "Four."},
    {"role": "user", "content": "Thanks."},
]


def test_a_general_set_is_mixed_in_by_its_ratio(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "general.jsonl", [{"messages": CHAT}] * 9 + [{"messages": CHAT[:2]}])
    found = select(mix_with=f"{file}:0.125", held_out=0)
    general = [one for one in found.train if one.group == str(file)]
    assert len(general) == 6
    assert [turn["content"] for turn in general[0].prompt] == ["Be kind.", "One?", "Two.", "Three?"]
    assert general[0].completion == "Four."
    left_out = f"{file}: 1 row left out (the first: {file} line 10: no answer to a user)"
    assert found.notes == (left_out,)
    assert found.licenses() == {"apache-2.0": 48, "unknown": 6}
    more = select(mix_with=f"{file}:1", held_out=0)
    assert more.notes == (f"{left_out}, 9 rows, fewer than the 48 asked for",)


def test_columns_of_a_general_set_that_are_not_read_are_named(tmp_path: Path) -> None:
    row = {"messages": CHAT, "prompt_id": "f0e3", "title": "Numbers up to four", "score": 4.5}
    file = write_jsonl(tmp_path / "general.jsonl", [row] * 9)
    found = select(mix_with=f"{file}:0.125", held_out=0)
    assert found.notes == (f"{file}: not read: column prompt_id, title",)


def test_a_ratio_of_less_than_one_row_reads_no_more_than_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_jsonl(tmp_path / "general.jsonl", [{"messages": CHAT}] * 3)
    read: list[int] = []
    whole = dataset_select.Mixed._rows

    def counted(self: dataset_select.Mixed, seed: int) -> Iterator[tuple[str, Mapping[str, object]]]:
        for row in whole(self, seed):
            read.append(1)
            yield row

    monkeypatch.setattr(dataset_select.Mixed, "_rows", counted)
    found = select(mix_with=f"{file}:0.001", held_out=0)
    assert len(read) == 1
    assert found.notes == (f"{file}: no rows, its ratio 0.001 of 48 rows is less than one",)
    assert str(file) not in found.taken


@pytest.mark.parametrize("error", [RuntimeError, ValueError])
def test_why_a_set_of_the_hub_cannot_be_read_is_said(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    def fails(*_: object, **__: object) -> None:
        raise error("Dataset scripts are no longer supported")

    monkeypatch.setattr(datasets, "load_dataset", fails)
    with pytest.raises(UserError, match=r"org/set: .* from the Hub \(Dataset scripts are no longer supported\)"):
        select(mix_with="org/set:1")


def test_pairs_are_named_in_any_case() -> None:
    assert list(select(pairs="EN-DE, en-de,en-FI").taken) == ["en-de", "en-fi"]


@pytest.mark.parametrize("row", FORMS)
def test_general_sets_come_in_many_forms(row: dict[str, object]) -> None:
    found = examples.of_chat(row, "line 1", "set", 1, "mit")
    assert [dict(turn) for turn in found.prompt] == [{"role": "user", "content": ASKED}]
    assert found.completion == ANSWERED


def test_a_system_prompt_in_a_column_is_a_turn_of_the_prompt() -> None:
    row = {"system_prompt": "Be kind.", "question": "One?", "response": "Two."}
    found = examples.of_chat(row, "line 1", "set", 1, "mit")
    assert [turn["content"] for turn in found.prompt] == ["Be kind.", "One?"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"messages": CHAT[:2]}, "no answer to a user"),
        ({"messages": [CHAT[0], CHAT[2]]}, "no answer to a user"),
        ({"messages": []}, "no answer to a user"),
        ({"instruction": "a", "output": " "}, "no answer to a user"),
        (
            {"messages": [*CHAT[:3], {"role": "tool", "content": "4"}]},
            "a turn of 'tool'; needs turns of system, user, assi",
        ),
        (
            {"messages": [*CHAT[:2], {"role": "assistant", "content": None}]},
            "the assistant turn of its chat has no text",
        ),
        ({"text": "a"}, "no instruction with its response"),
        ({"instruction": "a", "response": "b", "output": "c"}, "output and response have different texts"),
    ],
)
def test_a_row_without_an_example_says_why(row: dict[str, object], says: str) -> None:
    with pytest.raises(UserError) as error:
        examples.of_chat(row, "line 1", "set", 1, "mit")
    assert str(error.value).startswith(f"line 1: {says}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": ""}, "no data: give --data FOLDER"),
        ({"data": "./nowhere"}, "./nowhere: no such folder; --data is sample"),
        ({"pairs": "en-sw"}, "sample: has no pair en-sw, it has en-de"),
        ({"pairs": "en-fj"}, "en-fj"),
        ({"pairs": ","}, "--pairs is empty"),
        ({"variant": "best_of_3"}, "sample: has no language pair in variant best_of_3"),
        ({"mix_with": "general.jsonl"}, "--mix-with 'general.jsonl': needs HUB_ID, FOLDER or FILE and a ratio"),
        ({"mix_with": "general.jsonl:0"}, "needs HUB_ID, FOLDER or FILE and a ratio above 0"),
        ({"mix_with": "no/such-set:1"}, "no/such-set: neither a file or folder nor available from the Hub"),
    ],
)
def test_bad_input_is_one_line(options: dict[str, object], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UserError) as error:
        select(**options)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_rows_without_text_are_named(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "data" / "en-de" / "train.jsonl", [{"text": "Hallo"}])
    with pytest.raises(
        UserError, match=r"train\.jsonl line 1: no instruction with its response; needs .* or messages, and has text"
    ):
        select(data=str(tmp_path / "data"), pairs="en-de")
    file = tmp_path / "general.jsonl"
    file.write_text(json.dumps({"text": "Hallo"}) + "\n")
    with pytest.raises(UserError, match=r"general\.jsonl: no row holds a chat with an answer.* line 1: no instruction"):
        select(mix_with=f"{file}:1")
