"""Which of a model's answers to look at: filters, then the worst or the best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import composition
from xl_alpacaeval_metric.runs.opened.records import Opened, OpenedItem

Order = Literal["worst", "best", "as they are"]


@dataclass(frozen=True, slots=True)
class Selection:
    """The answers that pass every filter, in `order`, at most `most` of them.

    `languages` are codes that were asked for, `answered_in` codes, "mixed" or "none"; empty: all.
    The worst have the lowest preference of the judge; those without one come last, in both orders.
    """

    order: Order = "as they are"
    most: int | None = None
    languages: Sequence[str] = ()
    answered_in: Sequence[str] = ()
    ids: Sequence[str] = ()

    def of(self, opened: Opened) -> list[OpenedItem]:
        """The answers selected.

        Raises UserError for an id or a language that the answers do not have, for an order by
        verdicts where there are none, and where nothing passes.
        """
        for option, wanted, known in (
            ("--id", self.ids, {item.comparison.id for item in opened.items}),
            ("--language", self.languages, {item.comparison.language for item in opened.items}),
        ):
            if missing := [name for name in wanted if name not in known]:
                raise UserError(f"{option} {missing[0]}: {opened.name} has none; it has {_some(known)}")
        found = [item for item in opened.items if self._passes(item)]
        if not found:
            there = {str(item.language.get("answered_in")) for item in opened.items if self._asked(item)}
            raise UserError(f"{opened.name}: no answer passes; they are in {_some(there)}")
        if self.order != "as they are":
            opened.with_verdicts()
            sign = 1 if self.order == "worst" else -1
            found.sort(key=lambda item: (item.preference is None, sign * (item.preference or 0.0)))
        return found[: self.most]

    def _asked(self, item: OpenedItem) -> bool:
        return (not self.languages or item.comparison.language in self.languages) and (
            not self.ids or item.comparison.id in self.ids
        )

    def _passes(self, item: OpenedItem) -> bool:
        return self._asked(item) and (not self.answered_in or item.language.get("answered_in") in self.answered_in)


def answered_in_codes(names: Sequence[str]) -> list[str]:
    """Codes of languages that answers may be in, with "mixed" and "none"; raises UserError."""
    special = (composition.MIXED, composition.NONE)
    return [name if name in special else languages.get(name).code for name in names]


def _some(names: set[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:6]) + (f" and {len(shown) - 6} more" if len(shown) > 6 else "")
