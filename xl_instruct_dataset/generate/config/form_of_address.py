"""The form of address of each target, as a setting."""

from collections.abc import Collection, Mapping

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.quality import address


def checked(given: Mapping[str, object], targets: Collection[str]) -> dict[str, str]:
    """The forms by canonical code of the target.

    Raises UserError for a form that is none, and for a language that is no target, or there twice.
    """
    found: dict[str, str] = {}
    for code, form in given.items():
        if form not in address.FORMS:
            raise UserError(
                f"form_of_address of {code} is {str(form)[:40]!r}; there are {' and '.join(address.FORMS)}, as in de=formal"
            )
        target = languages.get(code).code
        if target not in targets:
            raise UserError(
                f"form_of_address: {target} is no translated target; those are {', '.join(targets) or 'none'}"
            )
        if target in found:
            raise UserError(f"form_of_address: {target} is given twice; give it once")
        found[target] = str(form)
    return found


def lines(forms: Mapping[str, str]) -> list[str]:
    """A line about each form that was asked for, for the card and the report."""
    return [
        f"The translations into {languages.get(target).name} ({target}) were to address the reader in the {form} way; "
        + (
            "those that do so in the other way alone were dropped."
            if address.known(target)
            else "whether they do was not checked."
        )
        for target, form in forms.items()
    ]
