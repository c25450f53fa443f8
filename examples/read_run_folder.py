"""Read a run folder: its figures, and the answers that lost with their verdicts.

    python examples/read_run_folder.py RUN

RUN is the --output of `xl-alpacaeval eval` or `judge`.
"""

import sys
from pathlib import Path

from xl_alpacaeval_metric.files.jsonl import read_json, read_lines


def lost(run: Path, most: int = 3) -> list[tuple[float, dict[str, object]]]:
    """The samples with the lowest mean preference, lowest first."""
    preferences: dict[tuple[str, str], list[float]] = {}
    for verdict in read_lines(run / "verdicts.jsonl"):
        if verdict["preference"] is not None:
            preferences.setdefault((verdict["id"], verdict["language"]), []).append(verdict["preference"])
    means = {item: sum(found) / len(found) for item, found in preferences.items()}
    samples = {(sample["id"], sample["language"]): sample for sample in read_lines(run / "samples.jsonl")}
    return [(means[item], samples[item]) for item in sorted(means, key=means.__getitem__)[:most]]


def main() -> None:
    run = Path(sys.argv[1])
    results = read_json(run / "results.json")
    print(f"win rate {results['win_rate']}, 95% interval {results['win_rate_ci95']}, {results['n']} items")
    for preference, sample in lost(run):
        print(f"\n{sample['id']} in {sample['language']}: preference {preference:.2f}")
        print(f"  request:   {str(sample['instruction'])[:70]}")
        print(f"  answer:    {str(sample['prediction'])[:70]}")
        print(f"  reference: {str(sample['reference'])[:70]}")


if __name__ == "__main__":
    main()
