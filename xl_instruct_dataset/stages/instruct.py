"""Stage 2: a teacher writes an instruction that a passage answers."""

import json
import re

from xl_alpacaeval_metric import languages, templates
from xl_alpacaeval_metric.clients.base import Message
from xl_alpacaeval_metric.languages import words
from xl_instruct_dataset.quality import clean_reply
from xl_instruct_dataset.stages import PACKAGE

MAX_WORDS = 120
"""A longer reply retells the passage. In scripts without spaces two characters count as a word."""
MAX_PARAGRAPHS = 3

# What models write before an instruction, in the languages of the benchmarks.
_LABELS = (
    "instruction|request|question|prompt|task|user|query|user request|user question|output|"
    "anweisung|anfrage|frage|aufgabe|consigne|requête|demande|pergunta|instrução|pedido|solicitação|utasítás|kérés|kérdés|"
    "instrukcija|prašymas|klausimas|treoir|iarratas|ceist|istruzzjoni|talba|mistoqsija|指令|请求|要求|问题|निर्देश|अनुरोध|प्रश्न|सवाल|"
    "ohje|pyyntö|kysymys|talimat|istek|soru"
)
_LABEL = re.compile(rf"\A[#>*_\s]*(?:{_LABELS})\s*+\d*+\s*+[*_]*+\s*+[:：]\s*+[*_]*+\s*+", re.IGNORECASE)
_ANNOUNCED = re.compile(
    r"\A(?:(?:sure|certainly|of course|okay|ok|absolutely)\b[^\n:]{0,40}[!,.:]?\s*)?"
    r"(?:here(?:'s|’s| is| are)\b|below is\b|the following is\b)[^\n:]{0,80}"
    r"\b(?:instruction|request|question|prompt|task|query)s?\b[^\n:]{0,80}:\s*",
    re.IGNORECASE,
)
_KEYS = ("instruction", "request", "question", "prompt", "task")
_FENCED = re.compile(r"\A```(?:json)?\s*(\{.*\})\s*```\Z", re.DOTALL | re.IGNORECASE)
# A refusal to write an instruction, or a reply of one word. An instruction may begin with "I'm
# sorry" or "I can't", too, so the object of the refusal is part of the pattern. What models say
# about themselves is in data/leaks.yaml, which is checked for every text.
_REFUSED = re.compile(
    r"\A\W*(?:(?:i['’]?m|i am) (?:really |very )?sorry,?\W+(?:but\s+)?|sorry,?\W+(?:but\s+)?|unfortunately,?\s+)?"
    r"(?:i\s+(?:can(?:['’]?t|not)|am\s+(?:not\s+able|unable)\s+to|won['’]?t)\s+(?:"
    r"(?:assist|help)(?:\s+you)?\s+with\s+(?:that|this|your)\b|comply\b|do\s+(?:that|this)\b"
    r"|(?:fulfil|fulfill|provide|create|write|generate|answer)\s+(?:that|this|an?|the|any)\s+(?:instruction|request|question|prompt|content|response)"
    r"|(?:assist|help|comply|do\s+that)\W*\Z)"
    r"|i(?:['’]m|\s+am)\s+not\s+sure\W*\Z"
    r"|(?:yes|no|sure|okay|ok|done|none|certainly|n/a)\W*\Z)",
    re.IGNORECASE,
)
_QUOTES = [
    pair.split()
    for pair in [
        '" "',
        "“ ”",
        "„ “",
        "„ ”",
        "” ”",
        "« »",
        "» «",
        "‘ ’",
        "' '",
        "「 」",
        "『 』",
        "` `",
        "** **",
        "__ __",
    ]
]
# References to the passage, which the reader of the instruction does not see. Languages other than
# English have only the commonest forms: a teacher mostly repeats the words of its prompt.
_THE_TEXT = re.compile(
    r"\b(?:the|this|that)\s+(?:(?:above|following|given|provided|attached|preceding)\s+)?(?:passage|excerpt)\b"
    r"|\b(?:the|this)\s+(?:above|given|provided|preceding)\s+(?:text|article|paragraph|document|information|context)\b"
    r"|\b(?:text|article|paragraph|document|information)\s+(?:above|given|provided)\b"
    # "the following text:" is fine if the text follows the colon.
    r"|\bthe\s+following\s+(?:text|article|paragraph|document|story|information)\b(?![^:]{0,80}:\s*\S)"
    r"|\b(?:main|key|central)\s+(?:points?|ideas?|topic|theme|message|argument|purpose)s?\s+of\s+(?:the|this)\s+"
    r"(?:text|article|paragraph|document|author)(?=\s*(?:[.?!,;]|\Z|and\b))"
    r"|\bdoes\s+(?:the|this)\s+(?:text|article|paragraph|document)\s+(?:say|state|mention|describe|explain|claim|argue|discuss)"
    r"|\b(?:according to|based on|mentioned in|described in|discussed in|stated in|as per|from|in)\s+(?:the|this)\s+"
    r"(?:text|article|paragraph|author)\b"
    r"|\bthe\s+author(?:'s|’s)?\s+(?:of\s+(?:the|this)|says?|states?|argues?|mentions?|describes?|point|view|opinion)\b"
    r"|\b(?:im|laut|aus)\s+(?:dem\s+)?(?:obigen\s+|folgenden\s+|gegebenen\s+)?(?:textabschnitt|text oben|obigen text|abschnitt oben)\b"
    r"|\b(?:le texte|l['’]extrait|le passage)\s+ci-dessus\b|\bo texto acima\b|\bel texto anterior\b|\bfenti szöveg"
    r"|\byllä oleva\w* teksti|\byukarıdaki (?:metin|metn|parça)|\baukščiau (?:esan\w+|pateikt\w+) tekst|\bit-test ta['’] hawn fuq"
    r"|\ban téacs thuas\b|(?:上述|以上|上面的?|上文)(?:的)?(?:文本|文章|段落|短文|内容)"
    r"|(?:ऊपर|उपर्युक्त|उपरोक्त)[^।\n]{0,20}(?:पाठ|अनुच्छेद|गद्यांश)",
    re.IGNORECASE,
)
_CHATTER = re.compile(
    r"^[^\w\n]*(?:note|explanation|rationale|reasoning|this (?:request|instruction|question)|i (?:chose|wrote|made)|let me know|"
    r"answer|response)\b[^\n]*[:.!]",
    re.IGNORECASE | re.MULTILINE,
)


KINDS = (
    "an explanation of how or why something is so",
    "advice for somebody in a given situation",
    "a plan",
    "a comparison of two or more things",
    "a list, each entry with a reason or a detail",
    "a short story or a scene",
    "a message, a letter or an email to somebody",
    "a summary of what is known about something",
    "the steps of a method",
    "reasons for and against something",
)
"""Kinds of requests. A teacher that sees one passage at a time cannot vary them by itself."""


def kind_of(passage: str) -> str:
    """The kind of request that a passage is to be answered by: one of KINDS, by the text's hash."""
    return KINDS[int.from_bytes(templates.digest(passage)[:4]) % len(KINDS)]


def messages(passage: str, language: str) -> tuple[Message, ...]:
    """The prompt that asks for one instruction, of the kind `kind_of`, that `passage` answers.

    `language` is the BCP-47 code of the instruction's language. Raises UserError for an unknown
    language.
    """
    values = {
        "language": languages.get(language).name,
        "kind": kind_of(passage),
        "passage": passage,
        "nonce": templates.nonce(passage),
    }
    return templates.load("instruct", PACKAGE).fill(values)


def read(text: str) -> str | None:
    """The instruction in a reply, without labels and quotation marks around it.

    None for an empty reply, one longer than MAX_WORDS or MAX_PARAGRAPHS, a refusal, one with
    remarks of the teacher or a marker of the prompt, and one that refers to the passage.
    """
    found = _in_json(clean_reply.bare(text))
    while True:
        before = found
        found = _LABEL.sub("", _ANNOUNCED.sub("", found)).strip()
        for opening, closing in _QUOTES:
            found = _unquoted(found, opening, closing)
        if found == before:
            break
    if not found or not any(character.isalpha() for character in found) or clean_reply.MARKER.search(found):
        return None
    paragraphs = [part for part in re.split(r"\n\s*\n", found) if part.strip()]
    if words.count(found) > MAX_WORDS or len(paragraphs) > MAX_PARAGRAPHS:
        return None
    if _THE_TEXT.search(found) or _REFUSED.match(found) or any(_CHATTER.search(part) for part in paragraphs[1:]):
        return None
    return found


def _in_json(text: str) -> str:
    """The only text in a JSON object, which some models write unasked; empty for other JSON."""
    whole = _FENCED.match(text)
    inner = whole[1] if whole else text
    if not (inner.startswith("{") and inner.endswith("}")):
        return text
    try:
        found = json.loads(inner)
    except (ValueError, RecursionError):
        return text
    values = list(found.values()) if len(found) == 1 else [found[key] for key in _KEYS if key in found]
    return values[0] if len(values) == 1 and isinstance(values[0], str) else ""


def _unquoted(text: str, opening: str, closing: str) -> str:
    """The text without the quotation marks around it; `"A" and "B"` has none around it."""
    if len(text) <= len(opening) + len(closing) or not (text.startswith(opening) and text.endswith(closing)):
        return text
    inner = text[len(opening) : -len(closing)]
    places = [place for mark in (opening, closing) if (place := inner.find(mark)) >= 0]
    if places:
        # Marks inside are pairs of their own only if an opening one comes first; where both marks
        # are the same character, an opening one follows a space.
        first = min(places)
        opens = inner.startswith(opening, first) if opening != closing else inner[:first][-1:].isspace()
        even = inner.count(opening) == inner.count(closing) if opening != closing else inner.count(opening) % 2 == 0
        if not (opens and even):
            return text
    return inner.strip()
