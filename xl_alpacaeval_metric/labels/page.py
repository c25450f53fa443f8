"""The page that people label in: one file that works from a disk, without a network."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.labels import spreadsheet

TEMPLATE = "label_sheet.html"
_DATA, _SCRIPT, _POLICY = "/*DATA*/", "/*SCRIPT*/", "/*POLICY*/"


def html(rows: Sequence[Mapping[str, str]]) -> str:
    """The page with these rows.

    The texts are data in JSON, which the page's script writes as text, never as markup. Nothing
    else can run: the page allows that one script, by its hash, and no connections.
    """
    folder = resources.files("xl_alpacaeval_metric") / "data"
    template = (folder / TEMPLATE).read_text("utf-8")
    script = (folder / "label_sheet.js").read_text("utf-8")
    names = {code: languages.get(code).name for code in dict.fromkeys(row["language"] for row in rows)}
    content = {"rows": list(rows), "languages": names, "item": spreadsheet.ITEM, "drawn": spreadsheet.DRAWN}
    # Escaped, `</script>` in a text ends nothing; ASCII, halves of characters can be written.
    data = json.dumps(content).replace("<", "\\u003c")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:"
    before, _, rest = template.partition(_POLICY)
    middle, _, rest = rest.partition(_DATA)
    end, _, last = rest.partition(_SCRIPT)
    return before + escape(policy) + middle + data + end + script + last
