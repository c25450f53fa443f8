"""Drafts in datatrove's metadata: plain JSON, and the same when they are read again."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.generate import documents
from xl_instruct_dataset.generate.documents import Candidate, Draft, Rejection, Usage, UsageKey
from xl_instruct_dataset.quality.translation_faults import Fault
from xl_instruct_dataset.records import Selection

CODES = st.sampled_from(["fi", "zh", "ga"])
WORD = st.text("abc", min_size=1)
FAULTS = st.builds(Fault, WORD, st.text("abc: "))
USAGE = st.builds(Usage, *[st.integers(0, 9)] * 3)
SELECTIONS = st.builds(
    Selection,
    WORD,
    st.integers(0, 3),
    st.none() | st.integers(0, 3),
    st.none() | st.lists(st.none() | st.floats(0, 1)),
)
DRAFTS = st.builds(
    Draft,
    id=WORD,
    passage=st.text(),
    seed=st.text(),
    instruction=st.text(),
    response=st.text(),
    scores=st.none() | st.dictionaries(WORD, st.floats(1, 5)),
    rejection=st.none() | st.builds(Rejection, WORD, WORD, st.text(), st.text()),
    candidates=st.dictionaries(CODES, st.lists(st.builds(Candidate, st.text(), WORD, st.none() | FAULTS))),
    selections=st.dictionaries(CODES, SELECTIONS),
    usage=st.dictionaries(st.builds(UsageKey, WORD, st.just("") | CODES), USAGE),
)


@settings(deadline=None)
@given(DRAFTS)
def test_a_draft_is_the_same_when_it_is_read_again(draft: Draft) -> None:
    metadata: dict[str, Any] = {"id": draft.id, "passage": draft.passage, "seed": draft.seed, "done": [True]}
    documents.write(draft, metadata)
    stored = json.loads(json.dumps(metadata))
    assert stored == metadata, "it is plain JSON"
    assert documents.read(stored) == draft
    assert stored["done"] == [True]


def test_what_is_known_keeps_its_place() -> None:
    """The order of keys is part of a shard's hash."""
    line = documents.new(7, "A passage.", "sample-08")
    metadata = line["metadata"]
    draft = documents.read(metadata)
    draft.instruction, draft.response = "Tell me.", "A response."
    draft.usage = {UsageKey("answer"): Usage(1, 2, 3)}
    documents.write(draft, metadata)
    metadata["done"] = [True]
    draft.rejection = Rejection("choose", "near-duplicate", "A response.", "of 00000001")
    draft.usage[UsageKey("translate", "fi")] = Usage(1, 0, 0)
    documents.write(draft, metadata)
    assert list(metadata) == ["id", "passage", "seed", "instruction", "response", "usage", "done", "rejected"]
    assert list(metadata["usage"]) == ["answer", "translate fi"]
    assert (line["id"], metadata["id"]) == ("00000007", "00000007")


def test_the_selected_candidate() -> None:
    draft = Draft("0", "A passage.", "s")
    draft.candidates = {"fi": [Candidate("yksi", "a", Fault("repetition", "twice")), Candidate("kaksi", "b")]}
    assert draft.selected("fi") is None
    draft.selections = {"fi": Selection("only", 2, 1, None), "zh": Selection("only", 2, None, None)}
    assert draft.selected("fi") == Candidate("kaksi", "b")
    assert draft.selected("zh") is None


@pytest.mark.parametrize(
    "changed",
    [
        {"passage": None},
        {"candidates": {"fi": [{"text": "yksi"}]}},
        {"candidates": 3},
        {"usage": {"answer": {"calls": 1}}},
        {"chosen": {"fi": 2}},
    ],
)
def test_another_form_is_refused_in_one_line(changed: dict[str, Any]) -> None:
    metadata = {"id": "00000003", "passage": "A passage.", "seed": "s", **changed}
    known = {key: value for key, value in metadata.items() if value is not None}
    with pytest.raises(UserError, match=r"^document 00000003: not in the form of this version") as error:
        documents.read(known)
    assert "\n" not in str(error.value)
