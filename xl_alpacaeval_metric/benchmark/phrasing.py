"""Language instructions: how a request says in which language its answer should be."""

import hashlib
from functools import cache
from importlib import resources

from xl_alpacaeval_metric import languages

DATA = resources.files("xl_alpacaeval_metric") / "data"

_COLONS = (":", "：")


def ask_in(request: str, code: str, *, item: str, seed: int = 0, request_language: str = "en") -> str:
    """The request with an English instruction to answer in language `code`.

    The phrasing depends on the item and the seed alone, so that two languages differ in the
    language's name alone. A request in `code` already comes back as it is: its own language needs
    no instruction.
    """
    wanted = languages.get(code)
    if wanted.code == languages.get(request_language).code:
        return request
    # What follows a colon belongs to the request, so the instruction goes before it.
    before, after = phrasing(item, seed, only_before=request.rstrip().endswith(_COLONS))
    parts = (before.replace("{language}", wanted.name), request, after.replace("{language}", wanted.name))
    return "\n\n".join(part for part in parts if part)


def phrasing(item: str, seed: int = 0, *, only_before: bool = False) -> tuple[str, str]:
    """The texts before and after an item's request; one is empty, one has the slot {language}.

    `only_before` chooses among those that stand before the request.
    """
    phrasings = [one for one in _phrasings() if one[0] or not only_before]
    digest = hashlib.sha256(f"{seed}\x00{item}".encode()).digest()
    return phrasings[int.from_bytes(digest[:4]) % len(phrasings)]


@cache
def _phrasings() -> tuple[tuple[str, str], ...]:
    import yaml

    text = (DATA / "language_instructions.yaml").read_text("utf-8")
    return tuple((entry.get("before", ""), entry.get("after", "")) for entry in yaml.safe_load(text))
