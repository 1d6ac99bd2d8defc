"""Limits: how often an address may try passwords, and how often a person's phones may ask."""

from flask import g
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(key_func=get_remote_address, storage_uri="memory://", headers_enabled=True)

# A first pull of 20,000 records is a dozen exchanges, a month's work waiting a few dozen.  # P21
EXCHANGES = "240 per minute"


def person() -> str:
    """Whose exchanges are counted together: a community may well share one address."""
    return f"person:{g.me.id}" if g.get("me") else get_remote_address()
