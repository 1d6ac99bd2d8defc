"""Encode: values as compact JSON text, the form in which they travel and are kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def _encoder(sort_keys: bool) -> Callable[[Any], str]:
    """A compact encoder that is made once: making it anew for each value costs more than the value."""
    made = json.JSONEncoder(
        ensure_ascii=False, separators=(",", ":"), allow_nan=False, sort_keys=sort_keys, check_circular=False
    )
    in_c = getattr(json.encoder, "c_make_encoder", None)
    if in_c is None:
        return made.encode
    encode = in_c(None, made.default, json.encoder.encode_basestring, None, ":", ",", sort_keys, False, False)
    return lambda value: "".join(encode(value, 0))


dumps = _encoder(sort_keys=False)
dumps_sorted = _encoder(sort_keys=True)


def dumps_ascii(value: Any) -> str:
    """JSON in ASCII: halves of surrogate pairs stay as escapes."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)
