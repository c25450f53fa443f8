"""The address and the key of an OpenAI-compatible endpoint, kept so that the key is never shown."""

import base64
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

from xl_alpacaeval_metric import credentials
from xl_alpacaeval_metric.errors import ModelUnavailable

OPENAI_URL = "https://api.openai.com/v1"
NO_KEY = "none"
"""Sent for an address without a key: local servers need none, or accept any."""
AZURE_HOSTS = (".azure.com", ".azure.us", ".azure.cn", ".azure-api.net")
"""Endings of hosts that take a key in the header `api-key`."""
ACCOUNT_HEADERS = (("OpenAI-Organization", "OPENAI_ORG_ID"), ("OpenAI-Project", "OPENAI_PROJECT_ID"))
"""(header, environment variable that the openai library reads it from)."""


def key_header(host: str, key: str) -> dict[str, str]:
    """The header that a key goes into at a host."""
    if key and host.lower().endswith(AZURE_HOSTS):
        return {"api-key": key}
    return {"Authorization": f"Bearer {key or NO_KEY}"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint. `url` has no user, password, query or fragment, so that it can be shown.

    The other fields must not be shown.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)
    query: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    proxy: str | None = field(repr=False, default=None)
    """Of the environment (HTTPS_PROXY and the like), None where NO_PROXY excludes the host."""

    @classmethod
    def resolve(cls, base_url: str | None, api_key: str | None) -> "Endpoint":
        """The endpoint of the arguments, else of OPENAI_BASE_URL and OPENAI_API_KEY.

        Raises ModelUnavailable in one line.
        """
        address = (base_url or os.environ.get("OPENAI_BASE_URL") or "").strip()
        key = (api_key or os.environ.get("OPENAI_API_KEY") or "").strip()
        if not key and not address:
            raise ModelUnavailable("no API key: set OPENAI_API_KEY, or give the base URL of another server")
        if not (key.isascii() and key.isprintable()):
            raise ModelUnavailable("the API key holds characters that no key has; check OPENAI_API_KEY")
        try:
            parts = urlsplit(address or OPENAI_URL)
            host, port = parts.hostname, parts.port
            (host or "").encode("idna")  # As the connection will encode it.
        except ValueError:
            parts, host, port = urlsplit(""), None, None
        if parts.scheme not in ("http", "https") or not host:
            shown = address.rpartition("@")[2].partition("?")[0]
            raise ModelUnavailable(f"the base URL {shown!r} is not an address such as http://localhost:8000/v1")
        netloc = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
        url = urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", ""))
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        basic = base64.b64encode(f"{user}:{password}".encode()).decode() if user or password else ""
        users = () if password else (user, parts.username)  # Without a password, the user is a token.
        candidates = (
            key,
            password,
            parts.password,
            basic,
            parts.query,
            *users,
            *(value for _, value in parse_qsl(parts.query)),
        )
        # Shorter values are no secrets, and replacing them would garble ordinary text.
        secrets = sorted({value for value in candidates if value and len(value) >= 4}, key=len, reverse=True)
        headers = {"Authorization": f"Basic {basic}"} if basic else key_header(host, key)
        for header, variable in ACCOUNT_HEADERS:
            value = os.environ.get(variable, "").strip()
            if not value.isprintable():
                raise ModelUnavailable(f"{variable} holds characters that no header can have; set it anew or unset it")
            if value:
                headers[header] = value
        return cls(url, headers, parts.query, tuple(secrets), _proxy_for(parts.scheme, host))

    def redact(self, text: str) -> str:
        """The text with every secret replaced by ***."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return credentials.redact(text)

    def redacted_line(self, text: str, longest: int = 200) -> str:
        """The text as one line of at most `longest` characters that can be shown."""
        text = re.sub(r"\s+", " ", self.redact(text)).strip()
        return text if len(text) <= longest else text[: longest - 3] + "..."

    def url_of(self, path: str) -> str:
        """The URL of a path at the endpoint, with the query. It must not be shown."""
        return f"{self.url}/{path}" + (f"?{self.query}" if self.query else "")

    def ssl_context(self) -> ssl.SSLContext | bool:
        """The trusted certificates: the system's (or SSL_CERT_FILE's), certifi's, and those of
        REQUESTS_CA_BUNDLE.

        True, aiohttp's default, for an address that is not https.
        """
        if not self.url.startswith("https:"):
            return True
        import certifi

        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        own = os.environ.get("REQUESTS_CA_BUNDLE", "")
        if own and os.path.exists(own):
            folder = os.path.isdir(own)
            context.load_verify_locations(None if folder else own, own if folder else None)
        return context


def _proxy_for(scheme: str, host: str) -> str | None:
    """The proxy of the environment for requests to a host; raises ModelUnavailable for no address.

    As in curl, an address without a scheme is an HTTP proxy's.
    """
    proxies = getproxies()
    address = proxies.get(scheme) or proxies.get("all") or ""
    if not address or proxy_bypass(host):
        return None
    address = address if "://" in address else f"http://{address}"
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ModelUnavailable(
            f"the proxy variable {scheme.upper()}_PROXY or ALL_PROXY holds no address such as http://host:3128"
        )
    return address
