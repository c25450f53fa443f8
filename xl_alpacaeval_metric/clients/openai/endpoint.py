"""Where an OpenAI-compatible endpoint is and with what key, kept apart so that the key is never shown."""

import base64
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from xl_alpacaeval_metric.errors import ModelUnavailable

OPENAI_URL = "https://api.openai.com/v1"
NO_KEY = "none"
"""Sent where the user gave an address and no key: local servers want none, and some want just anything."""
ACCOUNT = (("OpenAI-Organization", "OPENAI_ORG_ID"), ("OpenAI-Project", "OPENAI_PROJECT_ID"))
"""Header -> the variable that the openai library reads it from."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`url` has neither user, password, query nor fragment: it can be shown. The other fields cannot."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    query: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def resolve(cls, base_url: str | None, api_key: str | None) -> "Endpoint":
        """What the caller gave, else OPENAI_BASE_URL and OPENAI_API_KEY; raises ModelUnavailable in one line."""
        address = (base_url or os.environ.get("OPENAI_BASE_URL") or "").strip()
        key = (api_key or os.environ.get("OPENAI_API_KEY") or "").strip()
        if not key and not address:
            raise ModelUnavailable("no API key: set OPENAI_API_KEY, or give the base URL of another server")
        if not (key.isascii() and key.isprintable()):
            raise ModelUnavailable("the API key holds characters that no key has; check OPENAI_API_KEY")
        try:
            parts = urlsplit(address or OPENAI_URL)
            host, port = parts.hostname, parts.port
            (host or "").encode("idna")  # What the connection will do with it.
        except ValueError:
            parts, host, port = urlsplit(""), None, None
        if parts.scheme not in ("http", "https") or not host:
            shown = address.rpartition("@")[2].partition("?")[0]
            raise ModelUnavailable(f"the base URL {shown!r} is not an address such as http://localhost:8000/v1")
        place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
        url = urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", ""))
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        basic = base64.b64encode(f"{user}:{password}".encode()).decode() if user or password else ""
        names = () if password else (user, parts.username)  # alone, it is a token
        raw = (
            key,
            password,
            parts.password,
            basic,
            parts.query,
            *names,
            *(value for _, value in parse_qsl(parts.query)),
        )
        # Shorter values are no secrets, and hiding them would blot out innocent text.
        secrets = sorted({secret for secret in raw if secret and len(secret) >= 4}, key=len, reverse=True)
        headers = {"Authorization": f"Basic {basic}" if basic else f"Bearer {key or NO_KEY}"}
        for header, variable in ACCOUNT:
            value = os.environ.get(variable, "").strip()
            if not value.isprintable():
                raise ModelUnavailable(f"{variable} holds characters that no header can have; set it anew or unset it")
            if value:
                headers[header] = value
        return cls(url, headers, parts.query, tuple(secrets))

    def hide(self, text: str) -> str:
        """The text without any secret in it."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text

    def line(self, text: str, longest: int = 200) -> str:
        """The text as one line that can be shown."""
        text = re.sub(r"\s+", " ", self.hide(text)).strip()
        return text if len(text) <= longest else text[: longest - 3] + "..."

    def address(self, path: str) -> str:
        """The URL of something at the endpoint, with the query that it needs. Not to be shown."""
        return f"{self.url}/{path}" + (f"?{self.query}" if self.query else "")

    def trusted(self) -> ssl.SSLContext | bool:
        """Whose certificates count: the system's (and SSL_CERT_FILE), and certifi's where the system has none."""
        if not self.url.startswith("https:"):
            return True
        import certifi

        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        return context
