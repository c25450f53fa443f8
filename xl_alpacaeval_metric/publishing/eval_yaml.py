"""eval.yaml, which makes a dataset a benchmark on the Hub and a task of inspect_ai.

The Hub takes only frameworks of its list, and none of them compares pairs. inspect_ai is one, and
runs the file: `inspect eval hf/ORG/NAME/fi`. Its grader reads the reference as the right answer,
which is not the win rate, and the description says so.
"""

from collections.abc import Sequence

FRAMEWORK = "inspect-ai"
_NOTE = (
    "Run as inspect_ai runs this file, a grader says whether an answer agrees with the reference: that share is not "
    "the win rate of XL-AlpacaEval, in which a judge compares both answers, and must not be reported as such."
)


def eval_yaml(title: str, what: str, codes: Sequence[str], split: str) -> str:
    """The file for a benchmark with a configuration for each language of `codes`.

    A task's id is its language's code. Every row needs a reference: inspect_ai would grade by an
    empty one.
    """
    import yaml

    grading = {
        "field_spec": {"input": "instruction", "target": "reference", "metadata": ["response_language", "subset"]},
        "solvers": [{"name": "generate"}],
        "scorers": [{"name": "model_graded_qa"}],
    }
    content = {
        "name": title,
        "description": f"{what} {_NOTE}",
        "evaluation_framework": FRAMEWORK,
        "tasks": [{"id": code, "config": code, "split": split, **grading} for code in codes],
    }
    dumper = type("Dumper", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})
    return yaml.dump(content, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120)
