"""Which licences let a text be passed on with the rows that were made from it."""

import re

_OPEN = re.compile(
    r"cc0(-\d.*)?|cc-by(-nc)?(-sa)?(-\d.*)?|pddl(-\d.*)?|odc-by(-\d.*)?|odbl(-\d.*)?|cdla-(permissive|sharing)-.*"
    r"|apache-2\.0|mit|bsd-.*|unlicense|public[- ]domain|gfdl(-\d.*)?"
)


def may_be_passed_on(licence: str | None) -> bool:
    """Whether a licence, by its identifier on the Hub, lets others have the text itself.

    Licences without derivatives, unknown ones and names of the publisher's own do not.
    """
    return bool(licence and _OPEN.fullmatch(licence.strip().lower().replace("_", "-")))
