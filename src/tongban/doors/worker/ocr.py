"""The one module that knows the reader of print, an optional extra of half a gigabyte: never in a web process."""

import logging
import threading
from functools import cache
from importlib.util import find_spec
from typing import Any

from tongban.materials import Line

# The reader is not made for two pictures at once.
_one_at_a_time = threading.Lock()


@cache
def is_installed() -> bool:
    """Whether `requirements-ocr.lock` was installed here."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def read_lines(picture: bytes) -> list[Line]:
    """The lines of print in a picture, from the top; takes seconds of this processor."""
    with _one_at_a_time:
        read = _reader()(picture)
    if read.txts is None:
        return []
    return [Line(str(text), float(confidence)) for text, confidence in zip(read.txts, read.scores, strict=True)]


@cache
def _reader() -> Any:
    from rapidocr import RapidOCR

    # It would log every picture's size and model paths.
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    return RapidOCR(params={"Global.log_level": "error"})
