"""What the runs of a sweep read, for `prefetch`."""

from pathlib import Path

from xl_alpacaeval_metric.prefetch import needs
from xl_alpacaeval_metric.prefetch.needs import Loaded, Need
from xl_alpacaeval_metric.sweep.file import Sweep


def needs_of(sweep: Sweep) -> list[Need]:
    """Models, judges, benchmarks and references of all runs, each thing once."""
    return needs.needs_of(
        models=[Loaded(one.model, one.backend or "auto", one.model_args) for one in sweep.models],
        judges=[(one.judge, one.args) for one in sweep.judges],
        benchmarks=[
            (one.benchmark, Path(one.benchmark_path) if one.benchmark_path else None) for one in sweep.benchmarks
        ],
        references=[one.reference for one in sweep.benchmarks if one.reference],
    )
