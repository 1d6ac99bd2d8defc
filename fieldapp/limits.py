"""Limits: how often an address may ask, so that passwords cannot be guessed by trying."""

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(key_func=get_remote_address, storage_uri="memory://", headers_enabled=True)
