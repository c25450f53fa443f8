"""Stage 3: the teacher turns the passage into a response to the instruction."""

from xl_alpacaeval_metric import languages, templates
from xl_alpacaeval_metric.clients.base import Message
from xl_instruct_dataset.quality import clean_reply
from xl_instruct_dataset.stages import PACKAGE


def messages(passage: str, instruction: str, language: str) -> tuple[Message, ...]:
    """The prompt that asks for a response to `instruction` from what `passage` says.

    `language` is the BCP-47 code of the response's language. Raises UserError for an unknown
    language.
    """
    values = {
        "language": languages.get(language).name,
        "instruction": instruction,
        "passage": passage,
        "nonce": templates.nonce(instruction, passage),
    }
    return templates.load("answer", PACKAGE).fill(values)


def read(text: str) -> str | None:
    """The response in a reply, without thoughts, markers and an enclosing fence; None if empty."""
    return clean_reply.bare(text) or None
