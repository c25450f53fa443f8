"""Near-duplicates: the first text is kept and named, in bounded memory."""

import gc
import resource
import tracemalloc

import pytest

from tests.xl_instruct_dataset import bundled
from tests.xl_instruct_dataset.quality.texts import CHINESE, ENGLISH, FINNISH, GERMAN, HINDI
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.quality import band_index, minhash
from xl_instruct_dataset.quality.near_duplicates import NearDuplicates


def changed(text: str, every: int) -> str:
    return " ".join(f"x{place}" if place % every == 0 else word for place, word in enumerate(text.split()))


def test_near_duplicates_name_the_first_text() -> None:
    words = " ".join(f"word{n}" for n in range(200))
    with NearDuplicates() as seen:
        assert seen.seen("a", words) is None
        assert seen.seen("b", words) == "a"
        assert seen.seen("c", words.upper() + "!!") == "a"
        assert seen.seen("d", changed(words, 150)) == "a"
        assert seen.seen("e", changed(words, 10)) is None
        assert seen.seen("f", changed(words, 10)) == "e"
        assert seen.seen("a", words) is None


@pytest.mark.parametrize("text", [FINNISH, GERMAN, CHINESE, HINDI, ENGLISH, "Yes.", "好"])
def test_all_scripts_and_short_texts(text: str) -> None:
    with NearDuplicates() as seen:
        assert seen.seen("other", "Something else altogether, and rather longer than that.") is None
        assert seen.seen("one", text) is None
        assert seen.seen("two", f" {text}\n") == "one"


def test_texts_without_words_repeat_nothing() -> None:
    with NearDuplicates() as seen:
        assert [seen.seen(str(n), text) for n, text in enumerate(("", "", "...", "..."))] == [None] * 4


def test_no_bundled_text_repeats_another_and_two_passes_agree() -> None:
    texts = [text for _, text in bundled.texts()]
    answers = []
    for _ in range(2):
        with NearDuplicates() as seen:
            answers.append([seen.seen(f"{n}", text) for n, text in enumerate(texts + texts)])
    assert answers[0] == answers[1]
    # `seen` names the earlier text by its id: in the second half each text finds itself, in the
    # first none finds anything.
    assert answers[0] == [None] * len(texts) + [str(n) for n in range(len(texts))]


def test_a_signature_that_was_prepared_is_that_of_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minhash, "KEPT", 2)
    texts = [f"{ENGLISH} {number} {FINNISH * number}" for number in range(3)] + ["..."]
    signatures = minhash.SignatureCache()
    for text in texts:
        signatures.prepare(text)
    assert list(signatures._signatures) == texts[2:]
    for text in [*texts, *texts]:
        taken, plain = signatures.take(text), minhash.signature(text)
        assert taken is plain is None or (taken == plain).all()  # type: ignore[union-attr]
    assert not signatures._signatures


@pytest.mark.parametrize("recent", [1, 1000])
def test_a_full_disk_is_one_line_that_says_what_to_set(recent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of the index is written, or SQLite writes pages to make room for one it reads."""
    monkeypatch.setattr(band_index, "RECENT", recent)
    _, hard = before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with NearDuplicates() as seen:
        if recent > 1:
            seen._store.execute("PRAGMA cache_size = 1")
            for number in range(300):
                seen.seen(str(number), f"{number} {number + 1} {number + 2}")
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))  # Of any file that this process writes.
        try:
            with pytest.raises(UserError, match="set TMPDIR to a folder with room"):
                seen.seen("a", ENGLISH if recent == 1 else "3 4 5")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_memory_does_not_grow_with_the_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(band_index, "RECENT", 100)

    def text(number: int) -> str:
        return " ".join(f"{number}-{place}" for place in range(30))

    with NearDuplicates() as seen:
        for number in range(200):
            seen.seen(str(number), text(number))
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for number in range(200, 2200):
            assert seen.seen(str(number), text(number)) is None
        gc.collect()
        after = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert after - before < 100_000
        assert seen.seen("again", text(7)) == "7"
