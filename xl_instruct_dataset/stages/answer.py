"""Stage 3: the teacher turns the passage into a response to the instruction."""

from xl_alpacaeval_metric import languages, templates
from xl_alpacaeval_metric.clients.base import Message
from xl_instruct_dataset.quality import clean_reply
from xl_instruct_dataset.stages import PACKAGE


def messages(passage: str, instruction: str, language: str) -> tuple[Message, ...]:
    """The prompt that asks for the response to `instruction`, in a language given by its BCP-47 code, out of `passage`.

    Raises UserError for an unknown language.
    """
    values = {
        "language": languages.get(language).name,
        "instruction": instruction,
        "passage": passage,
        "nonce": templates.nonce(instruction, passage),
    }
    return templates.load("answer", PACKAGE).fill(values)


def sha() -> str:
    """The start of the hash of the prompt."""
    return templates.load("answer", PACKAGE).sha


def read(text: str) -> str | None:
    """The response in a reply, without thoughts, markers and a fence around it; None where nothing is left."""
    return clean_reply.bare(text) or None
