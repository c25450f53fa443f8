"""Answers on the terminal: request, both answers, verdicts, language and lengths."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from xl_alpacaeval_metric.languages import composition
from xl_alpacaeval_metric.records.judgements import Verdict
from xl_alpacaeval_metric.report import cells
from xl_alpacaeval_metric.runs.opened.records import OpenedItem
from xl_alpacaeval_metric.terminal import counted


def show_answers(items: Iterable[OpenedItem], console: Console, most_characters: int) -> None:
    """Print each item; of a longer text the first `most_characters`, 0 for all."""
    for item in items:
        one = item.comparison
        console.print(Text(f"{one.id}, {cells.language(one.language)}", style="bold"))
        for line in _facts(item):
            _print(line, console)
        for name, text in (("request", one.instruction), ("answer", one.prediction), ("reference", one.reference)):
            if text or name == "answer":
                console.print(Text(name, style="bold dim"))
                _print(_cut(text, most_characters) or "(empty)", console)
        if item.verdicts:
            console.print(Text("verdicts", style="bold dim"))
        for verdict in item.verdicts:
            _print(_verdict(verdict), console)
        console.print()


def _print(text: str, console: Console) -> None:
    console.print(Padding(Text(text), (0, 0, 0, 2)))


def _facts(item: OpenedItem) -> Iterator[str]:
    one = item.comparison
    if item.preference is not None:
        yield f"preference {item.preference:.2f} (1: the answer is better, 0: the reference)"
    elif item.verdicts:
        yield "no preference: the verdict is missing"
    if item.scores:
        yield ", ".join(f"{name} {level:g}" for name, level in item.scores.items())
    answered = item.language.get("answered_in")
    parts = [f"answered in {_language(str(answered))}"] if answered else []
    fidelity = item.language.get("fidelity")
    if isinstance(fidelity, int | float):
        parts.append(f"{fidelity:.0f}% in the language asked for")
    parts.append(
        f"{counted(len(one.prediction), 'character')}" + (f" against {len(one.reference)}" if one.reference else "")
    )
    if item.cut:
        parts.append("cut off")
    if item.withheld:
        parts.append(item.withheld)
    if one.thought:
        tokens = f" of {counted(one.thinking_tokens, 'token')}" if one.thinking_tokens is not None else ""
        parts.append(f"after a thought{tokens}" + (" that never ended" if one.unfinished else ""))
    yield ", ".join(parts)


def _language(code: str) -> str:
    if code in (composition.MIXED, composition.NONE):
        return {composition.MIXED: "several languages", composition.NONE: "no language identified"}[code]
    return cells.language(code)


def _verdict(verdict: Verdict) -> str:
    order = "answer first" if verdict.order == "candidate_first" else "reference first"
    value = "missing" if verdict.preference is None else f"{verdict.preference:.2f}"
    why = " ".join(part for part in (verdict.reason or "", repr(verdict.raw)[:200] if verdict.raw else "") if part)
    judge = f"{verdict.judge}, " if verdict.judge else ""
    return f"{judge}{order}: {value}" + (f" ({why})" if why else "")


def _cut(text: str, most: int) -> str:
    if not most or len(text) <= most:
        return text
    return f"{text[:most]} [... {counted(len(text) - most, 'character', form=',')} more: --characters 0]"
