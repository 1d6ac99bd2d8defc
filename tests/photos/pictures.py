"""Pictures: what cameras make, position and all, for the tests of photos."""

from __future__ import annotations

import io
import random

from PIL import Image

WIDE = (2400, 1800)


def picture(seed: int = 1, size: tuple[int, int] = WIDE, quality: int = 92, format: str = "JPEG") -> bytes:
    """A picture with much detail in it, and in its EXIF where, when and by what it was taken."""
    chance = random.Random(seed)
    small = Image.frombytes(
        "RGB", (size[0] // 8, size[1] // 8), chance.randbytes(size[0] // 8 * (size[1] // 8) * 3)
    )
    image = small.resize(size, Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x010F], exif[0x0132] = "Camera of Li", "2026:11:23 10:42:05"
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 13.0, 49.0), 3: "E", 4: (121.0, 28.0, 25.0)})
    made = io.BytesIO()
    image.save(made, format, quality=quality, exif=exif)
    return made.getvalue()


def bare(content: bytes) -> Image.Image:
    """The picture, which must be a small JPEG that says nothing but itself."""
    assert len(content) <= 300_000
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        assert image.format == "JPEG"
        assert max(image.size) <= 1600
        assert dict(image.getexif()) == {}
        assert not {"exif", "icc_profile", "comment", "photoshop"} & set(image.info)
        return image.copy()
