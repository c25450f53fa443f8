"""What counts as a secret: names of settings, and values, that are never written or shown."""

import os
import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

from xl_alpacaeval_metric.errors import UserError

_WORDS = frozenset(
    [
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "pw",
        "secret",
        "secrets",
        "credential",
        "credentials",
        "auth",
        "authorization",
        "bearer",
        "cookie",
        "sig",
        "key",
        "keys",
        "apikey",
        "apikeys",
        "accesskey",
        "secretkey",
    ]
)
"""A name with one of these words holds a secret, `key` and `auth` only as its last word."""
_LAST_ONLY = frozenset(["key", "keys", "auth", "sig"])
_TOKENS = frozenset(
    [
        "hf",
        "hub",
        "huggingface",
        "auth",
        "access",
        "api",
        "bearer",
        "refresh",
        "session",
        "security",
        "secret",
        "private",
        "user",
        "personal",
        "oauth",
        "jwt",
        "sas",
        "id",
        "github",
        "gitlab",
        "openai",
        "service",
        "client",
        "account",
    ]
)
"""`token` after one of these words is a secret; in others it is a token of text (`eos_token`)."""
_HARMLESS_QUERY = frozenset({"api-version", "version", "model", "deployment"})
_SHORTEST = 8
"""Characters; a shorter value is not searched for, since replacing it would garble other text."""
_URL = re.compile(r"[a-z][a-z0-9+.-]{0,30}://[^\s'\"<>,;]+", re.IGNORECASE)
_PATTERNS = (
    # With a digit or a sign, which words after "basic" do not have.
    re.compile(r"(\b(?:Bearer|Basic)\s+)(?=\S{0,200}[\d=_-])[A-Za-z0-9._~+/=-]{4,}", re.IGNORECASE),
    re.compile(r"(['\"]?\b(?:proxy-)?authorization['\"]?\s?[:=]\s?['\"]?)[^\s'\",}]+", re.IGNORECASE),
    re.compile(r"(['\"]?\b(?:x-)?(?:api|subscription)[-_]?key['\"]?\s?[:=]\s?['\"]?)[^\s'\",}&]+", re.IGNORECASE),
    re.compile(r"\b()(?:sk-|hf_|gsk_|ghp_|github_pat_|xai-|AIza)[A-Za-z0-9_-]{16,}"),
)
"""Credentials in a text of any origin; the first group is kept."""


def is_secret_name(name: str) -> bool:
    """Whether a setting of this name holds a secret: `api_key`, `OPENAI_API_KEY`, `hfToken`."""
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]
    if not words:
        return False
    if words[-1] == "token":
        return len(words) == 1 or words[-2] in _TOKENS
    if words[-1].endswith(("apikey", "password")):
        return True
    return words[-1] in _WORDS or any(word in _WORDS - _LAST_ONLY for word in words)


def holds_secret(value: object) -> bool:
    """Whether a value, or a part of it, is a secret.

    That is an address with a user or a query, a secret of the environment, a text that has the form
    of a key, and anything under a secret's name in a mapping.
    """
    if isinstance(value, Mapping):
        return any(is_secret_name(str(key)) or holds_secret(part) for key, part in value.items())
    if isinstance(value, list | tuple | set):
        return any(map(holds_secret, value))
    text = str(value)
    return redact(text) != text or any(_is_private(url[0]) for url in _URL.finditer(text))


def refuse(settings: Mapping[str, object], what: str) -> None:
    """Raise UserError where a setting holds a secret; `what` is the option, as `--model-args`."""
    for key, value in settings.items():
        if is_secret_name(key) or holds_secret(value):
            raise UserError(
                f"{what} {key} holds a secret, and settings are written into files; "
                "set OPENAI_API_KEY, OPENAI_BASE_URL or HF_TOKEN in the environment instead"
            )


def public_argument(argument: str) -> str:
    """A `key=value` with *** for the value where it is a secret."""
    key, equals, value = argument.partition("=")
    return f"{key}=***" if equals and (is_secret_name(key) or holds_secret(value)) else argument


def redact(text: str) -> str:
    """The text with *** for keys, passwords in addresses, and secrets of the environment."""
    for secret in _of_environment():
        text = text.replace(secret, "***")
    for pattern in _PATTERNS:
        text = pattern.sub(r"\1***", text)
    return _URL.sub(lambda found: _public(found[0]), text)


def _of_environment() -> Iterator[str]:
    """The values of variables such as OPENAI_API_KEY, as they are and the longest first."""
    values = {value.strip() for name, value in os.environ.items() if is_secret_name(name)}
    yield from sorted((value for value in values if len(value) >= _SHORTEST and value[0] != "/"), key=len, reverse=True)


def _public(url: str) -> str:
    """The address with *** for its user, and for the secrets in its query."""
    scheme, _, rest = url.partition("://")
    authority, slash, tail = rest.partition("/")
    if "@" in authority:
        authority = "***@" + authority.rpartition("@")[2]
    before, mark, query = (authority + slash + tail).partition("?")
    if mark:
        query = "&".join(
            f"{part.partition('=')[0]}=***" if is_secret_name(part.partition("=")[0]) else part
            for part in query.split("&")
        )
    return f"{scheme}://{before}{mark}{query}"


def _is_private(url: str) -> bool:
    """Whether the address has a user, or a query that may hold a key."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "@" in url or "?" in url
    names = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    return "@" in parts.netloc or bool(names - _HARMLESS_QUERY)
