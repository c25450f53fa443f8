"""Whether a server reads prompts to their end: some cut what does not fit, without a word."""

import logging

from xl_alpacaeval_metric.clients.base import Completion, Reply, Request

CHARACTERS_PER_TOKEN = 10.0
"""More characters per token than any tokenizer makes of text; English has about 4.5."""
SHORT = 4000
"""Prompts of fewer characters are not looked at."""

logger = logging.getLogger(__name__)


class PromptLengths:
    """Compares the prompts with the tokens that a server counts, and warns once."""

    def __init__(self) -> None:
        self._warned = False

    def check(self, request: Request, reply: Reply) -> None:
        """Log a warning where the tokens counted are too few for the prompt."""
        if self._warned or not isinstance(reply, Completion) or reply.cached or not reply.prompt_tokens:
            return
        characters = sum(len(message["content"]) for message in request.messages)
        if characters >= SHORT and characters > CHARACTERS_PER_TOKEN * reply.prompt_tokens:
            self._warned = True
            logger.warning(
                "the judge counted %d tokens in a prompt of %d characters: it may cut prompts that are too long "
                "for it; give its server a longer context",
                reply.prompt_tokens,
                characters,
            )
