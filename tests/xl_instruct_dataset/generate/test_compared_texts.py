"""Near-duplicates among a job's texts: whoever compares them, the same texts are named."""

import json
import os
import pickle
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servers import teacher
from tests.xl_instruct_dataset.generate import generating, small_job
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.jsonl import json_line
from xl_instruct_dataset.generate import checksums, documents
from xl_instruct_dataset.generate.config.work_folder import CHOSEN
from xl_instruct_dataset.generate.documents import Candidate, Draft, Rejection
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.near_duplicates import earlier_texts, shared_bands, signatures
from xl_instruct_dataset.generate.near_duplicates.earlier_texts import EarlierTexts
from xl_instruct_dataset.generate.near_duplicates.signatures import ANSWERS, Compared
from xl_instruct_dataset.generate.pipeline import compare_phase, executors, local_machine
from xl_instruct_dataset.generate.pipeline.phases import SelectAnswers
from xl_instruct_dataset.generate.selection import answers
from xl_instruct_dataset.quality import minhash
from xl_instruct_dataset.quality.minhash import BANDS
from xl_instruct_dataset.quality.near_duplicates import NearDuplicates
from xl_instruct_dataset.records import Selection
from xl_instruct_dataset.sources import sample

READS = "score"
SHARD = 5


def text(family: int, changed: int) -> str:
    """A hundred words; of one family, those repeat each other whose `changed` differs by up to 3.

    So that one may repeat two that do not repeat each other.
    """
    return " ".join(f"{'new' if place < 2 * changed else 'old'}{family}-{place}" for place in range(100))


def draft(number: int, family: int, changed: int, rejected: bool = False) -> Draft:
    found = Draft(f"{number:08d}", "A passage.", "seeds: 1", "Tell.", text(family, changed))
    found.candidates = {"fi": [Candidate("Ei.", "openai/t"), Candidate(text(family, changed // 2), "openai/t")]}
    # Some have no translation that could be used.
    found.selections = {"fi": Selection("chrf", 2, None if changed == 3 else 1, None)}
    found.rejection = Rejection("score", "bad", "") if rejected else None
    return found


def job(folder: Path, drafts: Sequence[Draft], **given: Any) -> Job:
    """A job whose answers and seeds are in shards of SHARD, those of a shard in no order."""
    found = Job(generating.settings(targets="fi,en", benchmarks="", **given), folder / "out")
    for first in range(0, len(drafts), SHARD):
        lines = []
        for one in drafts[first : first + SHARD]:
            line = documents.new(int(one.id), one.passage, one.seed)
            documents.write(one, line["metadata"])
            lines.append(json_line(line))
        for name in ("seeds", READS):
            shard = found.shard(name, first // SHARD)
            shard.parent.mkdir(parents=True, exist_ok=True)
            shard.write_text("".join(reversed(lines)), encoding="utf-8")
        checksums.write(found.shard(READS, first // SHARD))
    return found


def one_after_another(compared: Compared, name: str, drafts: Sequence[Draft], asked: Sequence[bool]) -> list[object]:
    """What `NearDuplicates` says of each text that is asked about."""
    with NearDuplicates() as seen:
        return [
            seen.seen(one.id, dict(compared.texts(one))[name])
            for one, is_asked in zip(drafts, asked, strict=True)
            if is_asked and name in dict(compared.texts(one))
        ]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 12), *[st.sampled_from([False] * 4 + [True])] * 2),
        min_size=12,
        max_size=40,
    ),
    st.sets(st.integers(0, 7)),
    st.sets(st.integers(0, BANDS - 1)),
)
def test_the_same_texts_are_named_whoever_compares_them(
    drawn: list[tuple[int, int, bool, bool]], signed: set[int], matched: set[int]
) -> None:
    drafts = [draft(number, family, changed, bad) for number, (family, changed, bad, _) in enumerate(drawn)]
    asked = [not left_out for *_, left_out in drawn]  # Other filters leave some out before they are compared.
    with TemporaryDirectory() as folder:
        of_this = job(Path(folder), drafts)
        for compared in (Compared.answers(of_this, READS), Compared.responses(of_this, READS)):
            elsewhere: Compared = pickle.loads(pickle.dumps(compared))
            for shard in signed & set(range(of_this.shards)):
                elsewhere.sign(shard)
            for band in matched:
                shared_bands.keep(elsewhere, band)
            for name in compared.names:
                seen = EarlierTexts(compared, name)
                found = [
                    seen.seen(number, one.id)
                    for number, one in enumerate(drafts)
                    if asked[number] and name in dict(compared.texts(one))
                ]
                assert found == one_after_another(compared, name, drafts, asked)
            earlier_texts.forget(compared)
        assert not (of_this.work / "signatures").exists()


def test_of_many_equal_texts_one_is_remembered(tmp_path: Path) -> None:
    of_this = job(tmp_path, [draft(number, 0, 0) for number in range(200)])
    seen = EarlierTexts(Compared.answers(of_this, READS), ANSWERS)
    assert [seen.seen(number, str(number)) for number in range(200)] == [None, *["0"] * 199]
    assert len(seen._kept) == 1


def test_signatures_are_those_of_the_shard_that_is_there(tmp_path: Path) -> None:
    of_this = job(tmp_path, [draft(number, number, 0) for number in range(10)])
    before = Compared.answers(of_this, READS)
    for band in range(BANDS):
        shared_bands.keep(before, band)
    again = job(tmp_path, [draft(number, number % 5, 0) for number in range(10)])
    seen = EarlierTexts(Compared.answers(again, READS), ANSWERS)
    assert [seen.seen(number, str(number)) for number in range(10)] == [None] * 5 + ["0", "1", "2", "3", "4"]


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    compared = Compared.answers(job(tmp_path, [draft(0, 0, 0)]), READS)
    compared.sign(0)
    (file,) = compared.folder(ANSWERS).iterdir()
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(UserError, match=r"00000-\w+\.npy: damaged .* delete it, and the same command makes it again"):
        compared.signatures(ANSWERS, 0)


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="file"):
        signatures.write(tmp_path / "file", np.zeros(3))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@dataclass(frozen=True)
class KilledOnce:
    """Does a part of a phase; at the third part, its process is killed the first time."""

    do: Callable[[int], None]
    marker: Path

    def __call__(self, part: int) -> None:
        if part == 2 and not self.marker.exists():
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        self.do(part)


@pytest.mark.slow
def test_killed_tasks_go_on_and_the_same_answers_are_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drafts = [draft(number, number % 7, number * number % 11, number % 5 == 4) for number in range(60)]
    alone, shared = (job(tmp_path / name, drafts, passages=100_000, workers=2) for name in ("alone", "shared"))
    answers.select(alone, READS)
    _, match = compare_phase.ahead_of(shared, SelectAnswers(READS))
    (step,) = match.steps(shared)
    step = replace(step, do=KilledOnce(step.do, tmp_path / "killed"))  # type: ignore[type-var, union-attr]
    tasks = local_machine.PoolExecutor([step], workers=2, **executors.common(shared, match))
    assert tasks.tasks == min(BANDS, shared.shards) == 12
    # Both workers sign the shards that are not signed.
    with pytest.raises(UserError, match="a worker was killed by SIGKILL"):
        tasks.run()
    tasks.run()
    assert {path.name[:5] for path in (shared.work / "signatures" / ANSWERS).iterdir()} >= {"00000", "00011", "band-"}
    # Nothing is left to do for the process that decides.
    monkeypatch.setattr(minhash, "signature", None)
    monkeypatch.setattr(shared_bands, "_groups", None)
    answers.select(shared, READS)
    chosen = [[file.read_bytes() for file in one.shard_files(CHOSEN)] for one in (alone, shared)]
    assert chosen[0] == chosen[1]
    assert sum(b"near-duplicate" in file for file in chosen[0]) > 5


def test_a_job_of_many_passages_makes_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passages = [seed["passage"] for seed in sample.seeds()]

    def repeating(body: dict[str, Any]) -> str:
        """As to the first passage, to the third and the seventh."""
        messages = json.dumps(body["messages"])
        for number in (2, 6):
            messages = messages.replace(json.dumps(passages[number])[1:-1], json.dumps(passages[0])[1:-1])
        return teacher.fluent({**body, "messages": json.loads(messages)})

    for name, many in (("few", 100_000), ("many", 8)):
        monkeypatch.setattr(compare_phase, "MANY", many)
        small_job.job(tmp_path / name, repeating, passages=8, shard=4, targets="fi,en")
    assert generating.rejects(tmp_path / "few") == generating.rejects(tmp_path / "many")
    assert [one["id"] for one in generating.rejects(tmp_path / "few") if one["reason"] == "near-duplicate"] == [
        "00000002",
        "00000006",
    ]
    for pair in ("en-fi", "en-en"):
        assert generating.rows(tmp_path / "few", pair) == generating.rows(tmp_path / "many", pair)
