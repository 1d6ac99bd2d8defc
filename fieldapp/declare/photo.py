"""Photo: what a picture must be to be kept, and where pictures lie; what is kept is always made anew from its pixels."""

from __future__ import annotations

import hashlib
import io
import warnings
from datetime import datetime

import peewee
from PIL import Image, ImageOps

from fieldapp.config import data_folder
from fieldapp.declare.kinds import kinds
from sync import blobs
from sync.depot import Folder
from sync.scope import Me

FORMATS = ("JPEG", "PNG", "WEBP")
LONGEST = 1600  # pixels of the longer side
LIMIT_KEPT = 300_000  # bytes
LIMIT_PIXELS = 25_000_000  # to be decoded; a JPEG of more is read at a fraction of its size
LIMIT_SENT = 16 * 1024 * 1024  # by a page without a script, straight from a camera
QUALITIES = (85, 75, 65, 55, 45, 35)


def place() -> blobs.Place:
    """Below the data folder: `photos`, and `uploads` for what is on its way in."""
    folder = data_folder()
    return blobs.Place(Folder(folder / "photos"), folder / "uploads", refined)


def keep(db: peewee.Database, me: Me, sent: bytes, now: datetime) -> str:
    """Keep a picture that came whole with a page; its name. Raises Unfit."""
    name = hashlib.sha256(sent).hexdigest()
    blobs.keep(db, kinds(), place(), me, name, sent, now)
    return name


def refined(sent: bytes) -> bytes:
    """A JPEG of at most 1600 pixels and 300 kB with nothing in it but the picture: no position, no camera, no time.

    Raises Unfit for what is no picture, and for one that would need more memory than a picture may.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(sent), formats=FORMATS) as image:
                image.draft("RGB", (LONGEST, LONGEST))
                if image.width * image.height > LIMIT_PIXELS:
                    raise blobs.Unfit("pixels")
                upright = ImageOps.exif_transpose(image)
                upright.thumbnail((LONGEST, LONGEST))
                return _packed(_opaque(upright))
    except blobs.Unfit:
        raise
    except Exception as torn:  # a decoder fed with anything may raise anything
        raise blobs.Unfit("image") from torn


def _opaque(image: Image.Image) -> Image.Image:
    """On white, where the picture has holes."""
    if image.mode in ("RGB", "L"):
        return image.convert("RGB")
    whole = image.convert("RGBA")
    made = Image.new("RGB", whole.size, "white")
    made.paste(whole, mask=whole.getchannel("A"))
    return made


def _packed(image: Image.Image) -> bytes:
    while True:
        for quality in QUALITIES:
            made = io.BytesIO()
            image.save(made, "JPEG", quality=quality, optimize=True, exif=b"", icc_profile=None)
            if made.tell() <= LIMIT_KEPT:
                return made.getvalue()
        image = image.resize((max(1, image.width * 3 // 4), max(1, image.height * 3 // 4)))
