"""A page of many runs: how long it takes to write, to open, and to search, at first and again.

    python perf/page.py --runs 20 --answers 6376

The answers are words in random order, 1,500 characters each, which compress badly. Needs Chromium.
Prints seconds of the browser's clock, and the ratio of a later search to the first.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests import browser
from tests.browser import Page
from xl_alpacaeval_metric.pages import answer_list, document
from xl_alpacaeval_metric.pages.document import Head, RecordList
from xl_alpacaeval_metric.pages.shown_run import Answer
from xl_alpacaeval_metric.records.judgements import Comparison

WORDS = Path(__file__).parents[1] / "xl_alpacaeval_metric" / "data" / "english_words.txt"
LANGUAGES = ("de", "pt", "hu", "lt", "ga", "mt", "zh", "hi")
SEARCHES = ("zebra", "zebr", "no such words", "the", "reference")


class MadeRun:
    """A run of as many answers as there are items, as the page's list reads it."""

    def __init__(self, name: str, items: list[Comparison], rng: random.Random, words: list[str]) -> None:
        self.name, self._items, self._rng, self._words = name, items, rng, words

    def answers(self) -> Iterator[Answer]:
        for item in self._items:
            made = Comparison(
                item.id, item.language, item.instruction, text(self._rng, self._words, 1500), item.reference
            )
            measured = {"preference": self._rng.random(), "fidelity": 100.0, "answered_in": item.language}
            yield Answer(
                made, measured, [{"judge": "j", "order": "candidate_first", "preference": 0.5, "raw": "A"}], None
            )


def text(rng: random.Random, words: list[str], characters: int) -> str:
    """Words in random order, of about so many characters."""
    return " ".join(rng.choices(words, k=characters // 7))


def write(file: Path, n_runs: int, n_answers: int) -> None:
    """Write the page of so many made runs, and print how long it took."""
    rng = random.Random(0)
    words = [word for word in WORDS.read_text("utf-8").split() if word.isalpha()][:20_000]
    items = [
        Comparison(f"x-{n}", LANGUAGES[n % len(LANGUAGES)], text(rng, words, 200), "", text(rng, words, 1500))
        for n in range(n_answers)
    ]
    runs: list[Any] = [MadeRun(f"model-{k}", items, rng, words) for k in range(n_runs)]
    records = RecordList("Answers", "Search", "answers.js", lambda put: answer_list.write(runs, put))
    started = time.process_time()
    document.write(file, Head("Made runs", [], [], ""), [], records)
    print(f"written in {time.process_time() - started:.1f} s of processor time, {file.stat().st_size / 1e6:.0f} MB")


async def visit(page: Page, file: Path) -> None:
    """Open the page and search in it."""
    started = time.monotonic()
    await page.open(file)
    await page.until("document.body.dataset.ready")
    print(f"open after {time.monotonic() - started:.1f} s")
    await page.value(
        "window.find_ = async (words) => { const one = document.getElementById('search'), was = document.body.dataset.ready;"
        "const start = performance.now(); one.value = words; one.dispatchEvent(new Event('input'));"
        "while (document.body.dataset.ready === was) await new Promise((done) => setTimeout(done, 5));"
        "return (performance.now() - start - 250) / 1000; }; 0"  # The page waits 250 ms for more letters.
    )
    first = 0.0
    for words in SEARCHES:
        seconds = float(await page.value(f"find_({words!r})"))
        first = first or seconds
        found = await page.value("document.getElementById('count').textContent")
        print(f"{words!r}: {seconds:.2f} s, {seconds / first:.2f} of the first search; {found}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--answers", type=int, default=6376, help="of each run")
    given = parser.parse_args()
    browser.SECONDS = 600
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        write(file, given.runs, given.answers)
        browser.browse(Path(folder), lambda page: visit(page, file))


if __name__ == "__main__":
    main()
