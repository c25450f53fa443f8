"""One request and its answer in every form that the parser of foreign columns knows."""

from typing import Any

ASKED, ANSWERED = "Say what one and two make, and write the sum as a word.\n\n1 and 2", "Drei, wenn man richtig zählt."
_FIRST, _SECOND = ASKED.split("\n\n")
_USER, _ASSISTANT = {"role": "user", "content": ASKED}, {"role": "assistant", "content": ANSWERED}

FORMS: list[dict[str, Any]] = [
    {"instruction": ASKED, "response": ANSWERED},
    {"prompt": ASKED, "completion": ANSWERED},
    {"query": ASKED, "answer": ANSWERED},
    {"question": ASKED, "output": ANSWERED},
    {"input": ASKED, "target": ANSWERED},
    {"inputs": ASKED, "targets": ANSWERED},
    {"instruction": _FIRST, "input": _SECOND, "output": ANSWERED},
    {"prompt": _FIRST, "input": _SECOND, "response": ANSWERED},
    {"instruction": ASKED, "input": "", "output": ANSWERED},
    {"instruction": "", "input": ASKED, "output": ANSWERED},
    {"instruction": ASKED, "input": None, "output": ANSWERED, "system": "", "history": []},
    {"instruction": None, "prompt": ASKED, "response": ANSWERED},
    {"messages": [_USER, _ASSISTANT]},
    {"conversation": [_USER, _ASSISTANT], "system": None},
    {"conversations": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": ANSWERED}]},
    {"prompt": [_USER], "completion": [_ASSISTANT]},
    {"prompt": [_USER], "completion": ANSWERED},
    {"prompt": ASKED, "messages": [_USER, _ASSISTANT]},
    {"prompt": ASKED, "completion": ANSWERED, "messages": [_ASSISTANT]},
    {"instruction": ASKED, "response": ANSWERED, "messages": [_USER, _ASSISTANT]},
    {"instruction": ASKED, "response": ANSWERED, "messages": []},
]
