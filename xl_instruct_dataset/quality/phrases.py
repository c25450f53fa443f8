"""The phrases of data/leaks.yaml, by where they count, as patterns."""

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

_ENDS = r".!?…。！？।\n"


@cache
def patterns() -> dict[str, list[re.Pattern[str]]]:
    """The patterns by place (`begin`, `end`, `refusal`, ...), without regard to case."""
    import yaml

    listed = yaml.safe_load((resources.files("xl_instruct_dataset") / "data" / "leaks.yaml").read_text("utf-8"))
    return {
        where: [re.compile(_together(one) if isinstance(one, list) else _one(one), re.IGNORECASE) for one in phrases]
        for where, phrases in listed.items()
    }


def _one(phrase: str) -> str:
    return re.sub(r" *… *", r"[^\\n]{0,60}?", phrase)


def _together(parts: Sequence[str]) -> str:
    """The expression for a sentence that holds all the parts, in any order."""
    looks = "".join(rf"(?=[^{_ENDS}]{{0,160}}?(?:{part}))" for part in parts)
    return rf"(?:\A|[{_ENDS}]){looks}[^{_ENDS}]+"
