"""Language instructions: how a request says in which language its answer should be."""

import hashlib
from functools import cache
from importlib import resources

from xl_alpacaeval_metric import languages

DATA = resources.files("xl_alpacaeval_metric") / "data"


def ask_in(request: str, code: str, *, item: str, seed: int = 0) -> str:
    """The English request with an instruction to answer in language `code`.

    The phrasing depends on the item and the seed alone, so that two languages differ in the
    language's name alone.
    """
    before, after = phrasing(item, seed)
    name = languages.get(code).name
    parts = (before.replace("{language}", name), request, after.replace("{language}", name))
    return "\n\n".join(part for part in parts if part)


def phrasing(item: str, seed: int = 0) -> tuple[str, str]:
    """The texts before and after an item's request; one is empty, one has the slot {language}."""
    phrasings = _phrasings()
    digest = hashlib.sha256(f"{seed}\x00{item}".encode()).digest()
    return phrasings[int.from_bytes(digest[:4]) % len(phrasings)]


@cache
def _phrasings() -> tuple[tuple[str, str], ...]:
    import yaml

    text = (DATA / "language_instructions.yaml").read_text("utf-8")
    return tuple((entry.get("before", ""), entry.get("after", "")) for entry in yaml.safe_load(text))
