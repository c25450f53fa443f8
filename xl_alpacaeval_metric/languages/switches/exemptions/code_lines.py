"""Lines of code outside fences: they are in no language.

A line is code where it has the signs of code (a call, braces, an operator, a query, an import, a
shell command) and, outside strings and comments, no two words in a row but for keywords. Lines that
may be code (an assignment, a comment, what is indented) are where they stand beside such lines.
"""

import re
from collections.abc import Iterator, Sequence

from xl_alpacaeval_metric.languages import content
from xl_alpacaeval_metric.languages.content import Place

_LONGEST = 300
"""Characters of a line of code."""
_STRING = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`")
_COMMENT = re.compile(r"(?:^|(?<=[\s;{}),]))(?://|#(?!include|define|if|endif)|--\s|/\*|\*/).*$")
_KEYWORDS = re.compile(
    r"\b(?:abstract|and|as|assert|async|auto|await|bool|boolean|break|case|catch|char|class|const|continue|def|default"
    r"|delete|do|double|echo|elif|else|end|enum|except|export|extends|final|finally|float|fn|for|foreach|from|func"
    r"|function|global|if|implements|import|in|int|interface|is|lambda|let|long|match|mut|namespace|new|not|of|or|package"
    r"|pass|print|private|protected|pub|public|raise|return|short|signed|static|std|string|String|struct|switch|then"
    r"|throw|throws|try|type|unsigned|use|using|val|var|vector|virtual|void|when|while|with|yield)\b"
)
_TWO_WORDS = re.compile(r"[^\W\d_]{2,} +[^\W\d_]{2,}")
_SIGNS = re.compile(
    r"\w\(|[{}]|[=!<>+*/%-]=|->|=>|::|[)\]\"];$|=.*;$|\w\[[^\]]*\] *=|^[\])]+[;,]?$|^\"\" *: *\S"
    r"|\]; (?:then|do)$"
)
_ENDS = re.compile(r"^(?:[-*•]|\d+[.)])? *[^\W\d_][\w-]*;$")
"""An item of a list in prose, which ends like a statement."""
_ARGUMENTS = r"(?: [\w./:@=~^*$\"'-]+)*"
_TOOLS = (
    *("apt ", "apt-get ", "brew ", "cargo ", "conda ", "docker ", "dnf ", "git ", "kubectl ", "npm ", "npx ", "pip "),
    *("pip3 ", "systemctl ", "yarn ", "yum "),
)
_ORDERS = (
    "add|apply|build|checkout|clone|commit|create|exec|get|init|install|log|pull|push|rebase|run|start|status|stop"
    "|update|upgrade"
)
"""What a tool is told to do."""
_TOOL = rf"(?:sudo )?(?:{'|'.join(_TOOLS)})(?:{_ORDERS})\b"
_IN_PROSE = re.compile(rf"(?<![\w-]){_TOOL}(?: [\w./:@=~^*$'-]*[-./:@=~^*$'][\w./:@=~^*$'-]*)*")
"""A command inside a sentence, with arguments that are no words."""
_ERROR = re.compile(r"[A-Z]\w{2,40}(?:Error|Exception): (?:(?![.,;!?])[ -~]){1,60}")
"""What an error says, in a sentence."""
_STATEMENT = re.compile(
    r"#(?:include|define|ifn?def|endif|!/).*|import [{*].*|import [\w.]+(?: as \w+)?(?:, [\w.]+)*;?"
    r"|from [\w.]+ import (?:\(|\*|\w+(?: as \w+)?(?:, *\w+(?: as \w+)?)*)"
    r"|(?:using|package|use) [\w.:\\]+;|<\?php.*"
    r"|SELECT\b(?=.*[a-z*]).*|(?:INSERT INTO|CREATE (?:TABLE|INDEX|VIEW)|DELETE FROM|ALTER TABLE|DROP TABLE) .*"
    r"|FROM [\w./-]+:[\w.-]+(?: AS \w+)?|WORKDIR /\S*"
    r"|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S* .{0,40}\b(?:CRITICAL|DEBUG|ERROR|FATAL|INFO|TRACE|WARN(?:ING)?)\b.*"
    r"|(?:\w+\.){0,5}[A-Z]\w*(?:Error|Exception)(?:: .*)?|Traceback \(most recent call last\):"
    r"|(?:[$]|>>>|PS>) ?(?:sudo )?[a-z][\w.-]*(?: .*)?"
    rf"|{_TOOL}{_ARGUMENTS}"
    r"|(?:bash|cat|cd|chmod|chown|cp|curl|export|ls|mkdir|mv|node|python3?|rm|source|ssh|tar|wget)"
    rf"{_ARGUMENTS} (?:-{{1,2}}\w|[\w~]*[./~=][\w./~*$])\S*{_ARGUMENTS}"
)
"""Imports and the like, queries, lines of a log, errors, and shell commands, whose words are not
keywords alone."""
_PERHAPS = re.compile(
    r"[\w.\[\]]+ *[-+*/]?= *\S.*|(?:else|try|finally|do|begin) *[:{]|(?:end|fi|done|pass|break|continue);?"
    r"|echo\b.*|exit \d+|[a-z]+ -{1,2}[a-z].*"
    r"|(?:ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|RUN|USER|VOLUME|WORKDIR)\b(?!.*(?:[^\W\d_]{2,} ){3}).*"
    r"|(?:return|raise|yield)\b.*|[\w\"'-]+ *: *\S.*[,;]|(?:for|while|if|elif|with|class|def|except) .*:|cd \S+"
    r"|(?:FROM|WHERE|(?:LEFT |RIGHT |INNER )?JOIN|ORDER BY|GROUP BY|HAVING|VALUES|SET|LIMIT|ON|AND|OR|UNION)\b.*"
)
_UNSPACED = re.compile("[\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]{8}")
_INDENTED = re.compile(r"(?: {2,}|\t)[^\s*+•\d-].*")
_MAY_BE_CODE = re.compile(r":(?<=\d:)\d\d:\d|=|\{|\}|\$|\((?<=\w\()|;$(?<=[\w)\]\"'];)|SELECT", re.MULTILINE)
"""Each choice begins with one character, for which Python looks fast."""
_MAY_BE_COMMAND = (re.compile(r" (?<=[a-z] )(?:install|clone) "), re.compile(r"\n(?:import|from|cd|mkdir) "))
"""In a text after the end of a line, which Python finds faster than the beginning of one."""
_MAY_BE_TOOL = re.compile(rf" (?<=[{''.join(sorted({tool[-2] for tool in _TOOLS}))}] )(?:{_ORDERS})")
"""The space between a tool's last letter and an order, for a quick look."""


def find(text: str) -> Iterator[Place]:
    """Where the lines of code of a text begin and end, in order."""
    if not _MAY_BE_CODE.search(text) and not _may_be_command(f"\n{text}"):
        return
    lines, start = [], 0
    for line in text.split("\n"):
        if line.strip():
            lines.append((start, line))
        start += len(line) + 1
    no_prose = [len(line) <= _LONGEST and not _has_prose(line) for _, line in lines]
    surely = [one and is_code(line) for one, (_, line) in zip(no_prose, lines, strict=True)]
    perhaps = [
        sure or (one and _may_be_code(line)) for sure, one, (_, line) in zip(surely, no_prose, lines, strict=True)
    ]
    for first, last in runs(perhaps):
        if any(surely[first:last]):
            yield from ((start, start + len(line)) for start, line in lines[first:last])


def find_commands(text: str) -> Iterator[Place]:
    """Where commands, and messages of errors, inside sentences begin and end."""
    if _MAY_BE_TOOL.search(text):
        yield from (command.span() for command in _IN_PROSE.finditer(text))
    if "Error: " in text or "Exception: " in text:
        yield from (error.span() for error in _ERROR.finditer(text))


def _may_be_command(text: str) -> bool:
    return any(command.search(text) for command in _MAY_BE_COMMAND)


def _has_prose(line: str) -> bool:
    """Whether a line has a string, or other words, whose language can be told, as in JSON."""
    strings = _STRING.findall(line)
    if '"' in _STRING.sub("", line):
        strings.append(line.rpartition('"')[2])  # One that goes on in the next line, or is cut.
    return _UNSPACED.search(line) is not None or any(content.is_long(string, "") for string in strings)


def is_code(line: str) -> bool:
    """Whether a line is code by itself."""
    line = " ".join(line.split())
    if _STATEMENT.fullmatch(line):
        return True
    bare = _COMMENT.sub("", _STRING.sub('""', line)).rstrip()
    if not _SIGNS.search(bare) or _ENDS.fullmatch(bare):
        return False
    return not _TWO_WORDS.search(_KEYWORDS.sub("0", bare))


def _may_be_code(line: str) -> bool:
    """Whether a line is code if those beside it are."""
    stripped = line.strip()
    return bool(_COMMENT.match(stripped) or _PERHAPS.fullmatch(stripped) or _INDENTED.fullmatch(line))


def runs(some: Sequence[object]) -> Iterator[tuple[int, int]]:
    """First and after last of the items that follow one another and are true."""
    start = 0
    for at, one in enumerate((*some, False)):
        if not one:
            if at > start:
                yield start, at
            start = at + 1
