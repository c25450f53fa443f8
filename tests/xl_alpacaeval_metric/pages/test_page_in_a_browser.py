"""The page as a person meets it, in headless Chromium."""

import asyncio
from pathlib import Path

import pytest

from tests.browser import Page, browse
from tests.xl_alpacaeval_metric.pages import made_runs
from xl_alpacaeval_metric.pages import packing, run_page, shown_run

HOSTILE = (
    "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\">",
    "</script><script>document.title = 'run'</script><img src=http://127.0.0.1:9/pixel>",
    "safe \u202egnp.exe\u202c \U000e0041\U000e0042 \x00\x1b[31m",
    "half \ud800 of a character",
    "a\r\nb\u2028c",
    "",
    "y" * 1_000_000 + " the end",
)
"""Answers that a page might take for more than text."""
MODEL = "<img src=x onerror=\"document.title='run'\">"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    given = made_runs.answers(40)
    hostile = [(f"hostile-{k}", "fi", text, None if k == 5 else 0.9) for k, text in enumerate(HOSTILE)]
    runs = [
        made_runs.make(folder / "one", [*given, *hostile], model=MODEL),
        made_runs.make(folder / "two", changed([*given, *hostile[:1]], "011 fi", 0.05), model="plain"),
    ]
    run_page.write(shown_run.read(runs), folder / "page.html")
    return folder / "page.html"


async def count(page: Page) -> str:
    return str(await page.value("document.getElementById('count').textContent"))


async def choose(page: Page, name: str, value: str) -> None:
    before = await page.value("document.body.dataset.ready")
    await page.value(
        f"(() => {{ const one = document.getElementById({name!r}); one.value = {value!r};"
        "one.dispatchEvent(new Event(one.tagName === 'INPUT' ? 'input' : 'change')); })()"
    )
    await page.until(f"document.body.dataset.ready !== {before!r}")


def changed(given: list[made_runs.Answer], answer: str, preference: float) -> list[made_runs.Answer]:
    """The same answers, with another preference on one of them."""
    return [(*one[:3], preference) if f"{one[0]} {one[1]}" == answer else one for one in given]


async def expand(page: Page, identifier: str) -> None:
    """Filter by the id, and open the first answer that is left."""
    await choose(page, "search", identifier)
    await page.value("document.querySelector('#list button[aria-expanded]').click()")
    await page.until("document.querySelector('.detail .facts')")


SHOWN = "document.querySelector('.detail .pair .text')"


def test_answers_are_found_filtered_and_sorted(page_file: Path, tmp_path: Path) -> None:
    async def visit(page: Page) -> None:
        await page.call("Network.enable")
        await page.open(page_file)
        await page.until("document.body.dataset.ready")
        assert await count(page) == "168 answers"
        for name, value, left in [
            ("filter-language", "ar", 80),
            ("filter-answered", "-", 20),
            ("filter-run", "1", 10),
            ("filter-answered", "", 40),
            ("search", "dog 03", 10),
            ("search", "ÄÄ no such words", 0),
            ("search", "reference 007", 1),
        ]:
            await choose(page, name, value)
            assert await count(page) == f"{left} of 168 answers", (name, value)
        await page.value("document.querySelector('button[type=reset]').click()")
        await page.until("document.getElementById('count').textContent === '168 answers'")
        for verdict, left in (("none", 1), ("won", 14 + 12 + 7 + 2)):
            await choose(page, "filter-verdict", verdict)
            if verdict == "none":
                assert await count(page) == f"{left} of 168 answers"
        await choose(page, "filter-verdict", "")
        order = "[...document.querySelectorAll('#list tr.row .c-verdict')].map(one => one.textContent)"
        for direction in ("ascending", "descending"):
            before = await page.value("document.body.dataset.ready")
            await page.value("document.querySelector('th.c-verdict button').click()")
            await page.until(f"document.body.dataset.ready !== {before!r}")
            assert await page.value("document.querySelector('th.c-verdict').ariaSort") == direction
            found = [int(text.split()[1].rstrip("%")) for text in await page.value(order)]
            assert found == sorted(found, reverse=direction == "descending")
            assert len(found) == 50
        await choose(page, "filter-run", "1")
        before = await page.value("document.body.dataset.ready")
        await page.value("document.querySelector('th.c-against button').click()")
        await page.until(f"document.body.dataset.ready !== {before!r}")
        first = "[...document.querySelector('#list tr.row').cells].map(one => one.textContent)"
        assert (await page.value(first))[1] == "011", "what has become worse stands first"
        await choose(page, "filter-run", "")
        await page.value("document.getElementById('next').click()")
        await page.until("document.getElementById('place').textContent.startsWith('51')")
        requests = [
            event["params"]["request"]["url"] for event in page.events if event["method"] == "Network.requestWillBeSent"
        ]
        assert [url.split(":")[0] for url in requests] == ["file"], requests

    browse(tmp_path, visit)


def test_what_was_searched_once_is_not_inflated_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "PART_CHARACTERS", 200)  # More parts than the page keeps inflated.
    run = made_runs.make(tmp_path / "run", made_runs.answers(100))
    run_page.write(shown_run.read([run]), tmp_path / "page.html")

    async def visit(page: Page) -> None:
        await page.open(tmp_path / "page.html")
        await page.until("document.body.dataset.ready")
        await page.value(
            "window.inflated = 0; window.Original = DecompressionStream;"
            "window.DecompressionStream = class extends Original {"
            "constructor(format) { super(format); window.inflated++; } }; 0"
        )
        found = []
        for words in ("no such words", "nor these", "OLD bone ", "luun ÄÄ"):
            await choose(page, "search", words)
            found.append((await count(page), await page.value("window.inflated")))
        (none, first), (again, second), (some, third), (last, fourth) = found
        assert none == again == last == "0 of 200 answers"
        assert some == "50 of 200 answers"
        assert first == second > 200
        assert fourth == third  # Only what was drawn in between was inflated.

    browse(tmp_path, visit)


def test_hostile_answers_are_text(page_file: Path, tmp_path: Path) -> None:
    async def visit(page: Page) -> None:
        await page.call("Network.enable")
        await page.open(page_file)
        await page.until("document.body.dataset.ready")
        title = await page.value("document.title")
        for number, shown in [
            (0, HOSTILE[0]),
            (1, HOSTILE[1]),
            (2, "safe U+202Egnp.exeU+202C U+E0041U+E0042 U+0000U+001B[31m"),
            (3, "half U+D800 of a character"),
            (4, "a\nbU+2028c"),
            (5, "(empty)"),
        ]:
            await expand(page, f"hostile-{number}")
            assert await page.value(f"{SHOWN}.textContent") == shown
        assert await page.value("document.querySelectorAll('main img, main script').length") == 0
        await expand(page, "hostile-6")
        assert len(await page.value(f"{SHOWN}.textContent")) < 21_000
        await page.value(f"{SHOWN}.querySelector('button').click()")
        assert await page.value(f"{SHOWN}.textContent") == HOSTILE[6]
        await choose(page, "search", "")
        await asyncio.sleep(0)
        assert await page.value("document.title") == title == f"2 runs: {MODEL}, plain"
        assert await page.value("document.querySelectorAll('img').length") == 0
        requests = [
            event["params"]["request"]["url"] for event in page.events if event["method"] == "Network.requestWillBeSent"
        ]
        assert [url.split(":")[0] for url in requests] == ["file"], requests

    browse(tmp_path, visit)


def test_texts_have_their_direction_and_keys_open_them(page_file: Path, tmp_path: Path) -> None:
    async def visit(page: Page) -> None:
        await page.open(page_file)
        await page.until("document.body.dataset.ready")
        await choose(page, "filter-language", "ar")
        await choose(page, "search", "004")
        await page.value("document.querySelector('#list button[aria-expanded]').focus()")
        await page.press("Enter")
        await page.until("document.querySelector('.detail .facts')")
        assert await page.value("document.querySelector('#list td button').ariaExpanded") == "true"
        # What is cut off in the list is the end of the text, not its beginning.
        assert await page.value("getComputedStyle(document.querySelector('#list td.c-answer')).direction") == "rtl"
        assert await page.value(f"getComputedStyle({SHOWN}).direction") == "rtl"
        assert await page.value(f"{SHOWN}.lang") == "ar"
        other = "document.querySelector('.detail .other')"
        await page.value(f"{other}.open = true")
        await page.until(f"{other}.querySelector('.text')")
        assert "plain" in await page.value(f"{other}.textContent")
        await page.press("Enter")
        assert await page.value("document.querySelectorAll('.detail').length") == 0

    browse(tmp_path, visit)


def test_charts_have_names_tables_and_colours_for_the_dark(page_file: Path, tmp_path: Path) -> None:
    async def visit(page: Page) -> None:
        await page.open(page_file)
        charts = "[...document.querySelectorAll('.chart')]"
        assert await page.value(f"{charts}.length") >= 5
        assert await page.value(f"{charts}.every(one => one.role === 'img' && one.ariaLabel.length > 40)")
        assert await page.value(f"{charts}.every(one => one.closest('section').querySelector('table tbody tr'))")
        ink = "getComputedStyle(document.querySelector('.chart text[fill=\"#1b2324\"]')).fill"
        found = []
        for scheme in ("light", "dark"):
            await page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            found.append((await page.value(ink), await page.value("getComputedStyle(document.body).backgroundColor")))
        assert found == [("rgb(27, 35, 36)", "rgb(251, 252, 252)"), ("rgb(230, 236, 236)", "rgb(20, 25, 26)")]
        await page.call("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=1, mobile=False)
        assert await page.value("document.documentElement.scrollWidth <= innerWidth"), (
            "the page itself never scrolls sideways"
        )
        shown = f"{charts}.every(one => one.scrollWidth <= one.clientWidth && !one.querySelector('.broad').offsetWidth)"
        assert await page.value(shown), "a chart of its own is drawn for a phone"

    browse(tmp_path, visit)
