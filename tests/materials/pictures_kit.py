"""Pictures to send, good ones and others."""

import io
from typing import Any

from PIL import Image, ImageDraw


def photo(text: str = "材料", size: tuple[int, int] = (640, 480), kind: str = "JPEG", **options: Any) -> bytes:
    """A picture whose content follows from `text`; a portrait of two colours, so that turning shows."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, size[0] // 2, size[1] // 2), fill=(30, 90, 200))
    for at, byte in enumerate(text.encode()):
        draw.rectangle((8 * (at % 60) + 8, size[1] - 40, 8 * (at % 60) + 14, size[1] - 10), fill=(byte, 60, 90))
    return encoded(image, kind, **options)


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image
