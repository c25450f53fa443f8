"""The page for reviewers: it has every passage, what was made of it, and why it was dropped."""

import base64
import json
import re
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.browser import Page, browse
from tests.servers import teacher
from tests.servers.judge import JudgeServer
from tests.xl_instruct_dataset.generate import generating
from xl_instruct_dataset.generate import page as job_page
from xl_instruct_dataset.generate.config import work_folder


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("job") / "out"
    with JudgeServer(reply=teacher.fluent) as server:
        generating.run(generating.settings(server, passages=8, per_language=8), folder)
    return folder


def packed(file: Path) -> dict[str, Any]:
    """The parts of a page's data by name."""
    found = re.findall(r'<script type="text/plain" id="data-(\w+)">([^<]*)</script>', file.read_text("utf-8"))
    return {name: json.loads(zlib.decompress(base64.b64decode(content))) for name, content in found}


def test_every_passage_is_on_the_page_with_its_outcome(output: Path) -> None:
    data = packed(job_page.file(work_folder.of(output)))
    rows, drafts = data["index"]["rows"], data["d0"]
    assert len(drafts) == len(data["index"]["ids"]) == 8
    kept = Counter(code for code, stage in zip(rows["language"], rows["stage"], strict=True) if not stage)
    for code in ("fi", "zh"):
        published = {row["response"] for row in generating.rows(output, f"en-{code}")}
        assert kept[code] == len(published)
        chosen = [
            draft["candidates"][code][draft["selections"][code]["chosen"]]["text"]
            for draft in drafts
            if draft["selections"][code]["chosen"] is not None
        ]
        assert published <= set(chosen)
    dropped = {(one["stage"], one["language"]) for one in generating.rejects(output)}
    found = {(stage, code) for stage, code in zip(rows["stage"], rows["language"], strict=True) if stage}
    assert found == dropped, "each drop has its line"


def test_a_reviewer_reads_passage_response_and_candidates(output: Path, tmp_path: Path) -> None:
    draft = packed(job_page.file(work_folder.of(output)))["d0"][0]

    async def visit(page: Page) -> None:
        await page.open(job_page.file(work_folder.of(output)))
        await page.until("document.body.dataset.ready")
        assert await page.value("document.getElementById('count').textContent") == "16 passages and languages"
        await page.value("document.querySelector('#list td button').click()")
        await page.until("document.querySelector('.detail .text')")
        texts = await page.value("[...document.querySelectorAll('.detail .text')].map(one => one.textContent)")
        assert texts[:3] == [draft["passage"], draft["instruction"], draft["response"]]
        assert texts[3:] == [one["text"] for one in draft["candidates"]["fi"]]
        assert await page.value("document.querySelectorAll('.detail .chosen').length") == 1

    browse(tmp_path, visit)
