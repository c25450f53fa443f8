"""`xl-instruct build` in this process."""

import sys
from collections.abc import Iterator

from tests.helpers import GERMAN
from xl_alpacaeval_metric.cli import exit_codes
from xl_instruct_dataset.cli import app
from xl_instruct_dataset.records import TrainingRow
from xl_instruct_dataset.sources import sample


def command(*arguments: object) -> int:
    """The command in this process; its exit code."""
    sys.argv[1:] = [str(argument) for argument in arguments]
    return exit_codes.run(app, "xl-instruct")


def numbered(number: int) -> Iterator[TrainingRow]:
    one = next(sample.rows("de"))
    for place in range(number):
        yield TrainingRow(f"row-{place}", f"Question {place}?", GERMAN, "en", "de", one.provenance)
