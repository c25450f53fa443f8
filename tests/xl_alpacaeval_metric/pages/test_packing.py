import base64
import json
import zlib
from typing import Any

from xl_alpacaeval_metric.pages.packing import PART_CHARACTERS, Parts, packed


def unpacked(content: str) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(content)).decode("utf-8", "surrogatepass"))


def test_every_record_is_in_the_part_that_the_starts_name() -> None:
    written: dict[str, str] = {}
    parts = Parts("a", written.__setitem__)
    texts = [str(n) * (n * 997 % 70_000) for n in range(60)]
    assert [parts.add({"text": text}, len(text)) for text in texts] == list(range(60))
    parts.close()
    assert list(written) == [f"a{k}" for k in range(len(parts.starts))]
    assert len(written) > 4
    found = [unpacked(content) for content in written.values()]
    assert [one["text"] for part in found for one in part] == texts
    for start, part in zip(parts.starts, found, strict=True):
        assert part[0]["text"] == texts[start]
        assert sum(len(one["text"]) for one in part) <= PART_CHARACTERS, "no part is large but by one record"


def test_a_huge_record_has_a_part_of_its_own() -> None:
    written: dict[str, str] = {}
    parts = Parts("a", written.__setitem__)
    for text in ("small", "x" * 1_000_000, "small"):
        parts.add(text, len(text))
    parts.close()
    assert parts.starts == [0, 1, 2]


def test_no_text_ends_the_element_that_holds_it() -> None:
    hostile = "</script><script>alert(1)</script>\u2028\u202e\x00\ud800<!--"
    assert unpacked(packed([hostile])) == [hostile]
    assert not set("<>&\"'\n") & set(packed([hostile]))
