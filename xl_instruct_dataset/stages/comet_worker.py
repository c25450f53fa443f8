"""Scores translations with a COMET model, in an environment of its own that has unbabel-comet.

    python comet_worker.py MODEL

It imports nothing of this package. Standard input: a JSON line
`{"pairs": [[source, translation], ...]}` for each request. Standard output: first `{"ready": true}`
or `{"error": KIND, "detail": TEXT}`, then for each request `{"scores": [...]}` or an error. KIND is
`package` (unbabel-comet is not installed), `model` (the weights cannot be loaded) or `scoring`.
"""

from __future__ import annotations  # An environment for COMET may have Python 3.8.

import os
import sys

# Python puts the folder of a script on the path, and this one has modules with names of the
# standard library, such as select.
_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != _HERE]


def main() -> None:
    import json

    # Libraries print to standard output: send that to standard error, and keep a copy for the
    # replies.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)

    def answer(content: dict[str, object]) -> None:
        answers.write(json.dumps(content) + "\n")
        answers.flush()

    def detail(error: BaseException) -> str:
        return " ".join(f"{type(error).__name__}: {error}".split())[:300]

    try:
        import comet
    except Exception as error:
        return answer({"error": "package", "detail": detail(error)})
    try:
        name = sys.argv[1]
        model = comet.load_from_checkpoint(name if os.path.isfile(name) else comet.download_model(name))
    except Exception as error:
        return answer({"error": "model", "detail": detail(error)})
    answer({"ready": True})
    for line in sys.stdin:
        try:
            pairs = [{"src": source, "mt": translation} for source, translation in json.loads(line)["pairs"]]
            scores = model.predict(pairs, batch_size=16, gpus=_gpus(), progress_bar=False)["scores"]
            answer({"scores": [float(score) for score in scores]})
        except Exception as error:
            answer({"error": "scoring", "detail": detail(error)})


def _gpus() -> int:
    import torch

    return 1 if torch.cuda.is_available() else 0


if __name__ == "__main__":
    main()
