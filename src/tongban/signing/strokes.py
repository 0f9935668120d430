"""A handwritten name: strokes from a pad, checked for being a signature at all, and drawn as a picture.

Some people sign in a single stroke, so strokes are never counted: what counts is how much ink there is and how much
of the pad it takes up.
"""

import io
import itertools
import json
import math
import unicodedata
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from PIL import Image, ImageDraw

from tongban.signing.errors import SignatureRefused
from tongban.signing.model import Signature

TEXT_LENGTH_MAX: Final = 200_000
STROKES_MAX: Final = 400
POINTS_MAX: Final = 6_000
INK_MIN: Final = 0.8  # pad widths
BOX_MIN: Final = 0.15  # share of the pad
# A finger that runs over the edge goes on being reported; further out than this no finger gets.
_OUTSIDE_MAX: Final = 2.0

_PICTURE_WIDTH: Final = 900
_PICTURE_HEIGHT_MAX: Final = 1200
_OVERSAMPLING: Final = 3
_INK: Final = 24
_WHITE: Final = 255

_DAMAGED = "签名没有传完整，请全部重写，再签一次"


class Point(NamedTuple):
    """x and y as shares of the pad's width and height, 0 to 1; `ms` on the clock of the pad."""

    x: float
    y: float
    ms: int


@dataclass(frozen=True, slots=True)
class Strokes:
    """`height_ratio` is the pad's height over its width."""

    height_ratio: float
    strokes: tuple[tuple[Point, ...], ...]

    @property
    def ink(self) -> float:
        """Length of all strokes, in pad widths."""
        return sum(
            math.hypot(b.x - a.x, (b.y - a.y) * self.height_ratio)
            for stroke in self.strokes
            for a, b in itertools.pairwise(stroke)
        )

    @property
    def box(self) -> float:
        """Share of the pad inside the smallest upright box round all strokes."""
        points = [point for stroke in self.strokes for point in stroke]
        if not points:
            return 0.0
        width = max(p.x for p in points) - min(p.x for p in points)
        return width * (max(p.y for p in points) - min(p.y for p in points))

    def record(self) -> dict[str, Any]:
        """JSON-able, for the archive."""
        return {"height_ratio": self.height_ratio, "strokes": [[list(point) for point in s] for s in self.strokes]}


def read_strokes(text: str) -> Strokes:
    """The strokes in the pad's JSON: ``{"w": 358, "h": 210, "s": [[[x, y, ms], …], …]}``.

    Raises SignatureRefused when the text is no such thing, too large, or too little to be a name.
    """
    if len(text) > TEXT_LENGTH_MAX:
        raise SignatureRefused("签名的笔画太多了，请全部重写，写一遍名字就好", field="sign")
    try:
        raw = json.loads(text)
        width, height, drawn = float(raw["w"]), float(raw["h"]), raw["s"]
        if not (50 <= width <= 10_000 and 50 <= height <= 10_000 and isinstance(drawn, list)):
            raise ValueError("no pad has this size")
        if len(drawn) > STROKES_MAX or sum(len(stroke) for stroke in drawn) > POINTS_MAX:
            raise SignatureRefused("签名的笔画太多了，请全部重写，写一遍名字就好", field="sign")
        strokes = tuple(tuple(_point(*point) for point in stroke) for stroke in drawn if stroke)
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        raise SignatureRefused(_DAMAGED, field="sign") from None
    read = Strokes(round(height / width, 4), strokes)
    if not strokes:
        raise SignatureRefused("还没有签名，请在框里写下名字", field="sign")
    if read.ink < INK_MIN or read.box < BOX_MIN:
        raise SignatureRefused("名字写得太小了，看不清。请全部重写，把框写满一些", field="sign")
    return read


def choose_strokes(signature: Signature, signer_name: str) -> Strokes | None:
    """The strokes that sign, or None when the typed name does.

    A typed full name stands even where a finger has left a dot on the pad, and a good signature stands even where a
    phone has filled in a name by itself. Raises SignatureRefused when neither will do.
    """
    typed = signature.typed_name
    try:
        if signature.strokes:
            return read_strokes(signature.strokes)
    except SignatureRefused:
        if not is_same_name(typed, signer_name):
            raise
    if not typed:
        raise SignatureRefused("还没有签名。请手写名字，或者打字写下全名", field="sign")
    if not is_same_name(typed, signer_name):
        raise SignatureRefused("打字写的名字和您的姓名不一样，请写全名", field="typed")
    return None


def _point(x: float, y: float, ms: float) -> Point:
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in (x, y, ms)):
        raise ValueError("not a point")
    if not (-_OUTSIDE_MAX <= x <= 1 + _OUTSIDE_MAX and -_OUTSIDE_MAX <= y <= 1 + _OUTSIDE_MAX):
        raise ValueError("not on this pad")
    return Point(round(min(1.0, max(0.0, x)), 4), round(min(1.0, max(0.0, y)), 4), int(ms))


def draw_png(strokes: Strokes) -> bytes:
    """The signature in dark ink on white, 900 pixels wide, as PNG."""
    width = _PICTURE_WIDTH
    height = min(_PICTURE_HEIGHT_MAX, max(60, round(width * strokes.height_ratio)))
    scale = _OVERSAMPLING
    picture = Image.new("L", (width * scale, height * scale), _WHITE)
    pen = ImageDraw.Draw(picture)
    thick = round(width * scale / 85)
    for stroke in strokes.strokes:
        dots = [(point.x * width * scale, point.y * height * scale) for point in stroke]
        if len(dots) > 1:
            pen.line(dots, fill=_INK, width=thick, joint="curve")
        for x, y in (dots[0], dots[-1]):  # round ends, and the dot of a single touch
            pen.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill=_INK)
    buffer = io.BytesIO()
    small = picture.resize((width, height), Image.Resampling.BOX)
    small.save(buffer, "PNG")
    return buffer.getvalue()


def is_same_name(typed: str, name: str) -> bool:
    """Whether somebody who typed `typed` wrote `name`: spaces, width and the kind of middle dot do not matter."""
    return bool(_plain(name)) and _plain(typed) == _plain(name)


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name)
    return "".join("·" if mark in "•‧∙⋅・・.．" else mark for mark in folded if not mark.isspace()).upper()
