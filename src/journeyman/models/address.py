"""Addresses of endpoints."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit, urlunsplit

_PATH = "/chat/completions"
_SECRET = re.compile(r"(key|token|secret|sig)=", re.IGNORECASE)


def fault(endpoint: str) -> str | None:
    """What is wrong with an `endpoint` of models.toml, or None. Does not repeat it: it may hold a password."""
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return "is no address; it looks like https://api.openai.com/v1"
    if parts.scheme not in ("http", "https") or not host:
        return "must begin with http:// or https:// and name a host, as in https://api.openai.com/v1"
    if parts.username or parts.password:
        return "has a user or password in it; name a variable for them in headers instead"
    if _SECRET.search(parts.query):
        return "has a key in it; name its variable in key or headers instead"
    return None


def chat_completions(endpoint: str) -> str:
    """Where requests go: `endpoint` with /chat/completions, unless it ends so already. A query is kept."""
    parts = urlsplit(endpoint)
    path = parts.path.rstrip("/")
    return urlunsplit(parts._replace(path=path if path.endswith(_PATH) else path + _PATH, fragment=""))


def is_local(endpoint: str) -> bool:
    """Whether it is on this machine."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_openai(endpoint: str) -> bool:
    """Whether it is OpenAI's own service, or Azure's of it."""
    host = urlsplit(endpoint).hostname or ""
    return host == "api.openai.com" or host.endswith((".api.openai.com", ".openai.azure.com"))
