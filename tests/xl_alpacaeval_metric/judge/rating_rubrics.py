"""The default rubric and one of another file, for the tests of criteria."""

import json
from pathlib import Path

import yaml

from xl_alpacaeval_metric.clients.base import Request
from xl_alpacaeval_metric.judge import rubric_file

DEFAULT = rubric_file.load()
NAMES = ("precision", "informativeness", "naturalness", "objectivity")
LEVELS = {"precision": 4, "informativeness": 3, "naturalness": 5, "objectivity": 1}
TASTE = {
    "criteria": [
        {"name": "taste", "definition": "How it tastes.", "levels": {n: f"tastes like {n}" for n in range(1, 6)}}
    ]
}


def reply(**changes: object) -> str:
    return json.dumps(LEVELS | changes)


def written(folder: Path, content: object) -> Path:
    file = folder / "own.yaml"
    # By way of JSON, so that a value that occurs twice is written twice and not as an alias.
    text = content if isinstance(content, str) else yaml.safe_dump(json.loads(json.dumps(content)))
    file.write_text(text, encoding="utf-8")
    return file


def shown(request: Request) -> str:
    return request.messages[-1]["content"]
