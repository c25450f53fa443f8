"""Phrases that tell Bosnian, Croatian and Serbian apart where their words do not.

Serbian writes "mogu da radim" where Croatian has "mogu raditi" and Bosnian both. Croatian and
Bosnian write the future as "radit ću", Serbian as "radiću". Serbian mostly has "sa" where Croatian
has "s"; both are right in all three, so that this alone decides nothing.
"""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.languages.own_model import TOGETHER, VARIETIES
from xl_alpacaeval_metric.languages.own_model.tokens import Tokens

_MODAL = (
    "mog(u|ao|la|lo|li|le)|mož(e|eš|emo|ete)|mora(m|š|mo|te|ju|o|la|lo|li)|treba(ju|o|la|lo|li)?|(ne)?ć(u|e|eš|emo|ete)"
    "|sme(m|š|mo|te|ju)?|smij(em|eš|e|emo|ete)|poč(eo|ela|eli|nem|ne|nemo|nete|nu|nite|inje|inju)"
    "|prest(ao|ala|ali|anem|ane|anu|anite|aje|aju)|nastavi(o|la|li|ti|te)?|pokuša(j|jte|va|vam|vaju|o|la|li|ti)"
    "|usp(eo|ela|eli|eva|io|jela|jeli|ijeva)"
)
_CLAUSE = "je|su|sam|si|smo|ste|će|ću|ćemo|bi|bih|bismo"
_SHORT = f"{_CLAUSE}|biste|li|se|mi|ti|mu|joj|nam|vam|im"
_PHRASES = (
    ((_MODAL, "da", f"(?!({_CLAUSE})$).*"), {"sr-Latn": 1.5, "bs": 0.5}),
    ((_MODAL, _SHORT, "da", f"(?!({_CLAUSE})$).*"), {"sr-Latn": 1.5, "bs": 0.5}),
    (("(?!opet).{2,}[aeiu]t", "ć(u|eš|emo|ete)"), {"hr": 1.5, "bs": 1.5}),
    (("bit", "ć(u|e|eš|emo|ete)"), {"hr": 1.5, "bs": 1.5}),
    (("s",), {"hr": 0.2, "bs": 0.2}),
    (("sa", "(?![sšzž]|mnom|mno$).*"), {"sr-Latn": 0.3, "bs": 0.3}),
)
"""What the words of each phrase match, whole, and what it adds to the log-odds of each language.

A noun may stand before "će" (svet će), but hardly before "ću".
"""


def log_odds(read: Tokens) -> npt.NDArray[np.float32]:
    """What its phrases add to the log-odds of the languages of each text: texts x VARIETIES."""
    kinds = read.vectors.properties((TOGETHER, "phrases"), read.numbers, _kinds).astype(np.int32)
    texts = np.repeat(np.arange(len(read)), read.counts)
    found = np.zeros((len(read), len(VARIETIES)), np.float32)
    bit = 0
    for patterns, odds in _PHRASES:
        starts = np.arange(max(0, len(kinds) - len(patterns) + 1))
        starts = starts[texts[starts] == texts[starts + len(patterns) - 1]]
        for place in range(len(patterns)):
            starts = starts[kinds[starts + place] >> bit & 1 == 1]
            bit += 1
        np.add.at(found, texts[starts], np.array([odds.get(label, 0.0) for label in VARIETIES], np.float32))
    return found


def _kinds(words: Sequence[str]) -> list[float]:
    """Which of all patterns each word matches, as the bits of a number."""
    return [float(sum(1 << bit for bit, match in enumerate(_MATCHES) if match(word))) for word in words]


_MATCHES = [re.compile(pattern).fullmatch for patterns, _ in _PHRASES for pattern in patterns]
