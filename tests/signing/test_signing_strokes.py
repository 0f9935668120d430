"""A name has to be a name: enough ink, enough of the pad, drawn as sent."""

import io
import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tongban.signing.errors import SignatureRefused
from tongban.signing.model import Signature
from tongban.signing.strokes import (
    BOX_MIN,
    INK_MIN,
    POINTS_MAX,
    TEXT_LENGTH_MAX,
    choose_strokes,
    draw_png,
    is_same_name,
    read_strokes,
)

PAD = {"w": 300, "h": 200}


def pad_json(*strokes: list[tuple[float, float]], **size: float) -> str:
    timed = [[[x, y, 10 * n] for n, (x, y) in enumerate(stroke)] for stroke in strokes]
    return json.dumps({**PAD, **size, "s": timed})


ZIGZAG = [(0.1, 0.2), (0.5, 0.8), (0.9, 0.2), (0.5, 0.5)]


def test_a_name_in_one_stroke_is_a_name() -> None:
    strokes = read_strokes(pad_json(ZIGZAG))
    assert strokes.height_ratio == pytest.approx(0.6667)
    assert strokes.ink == pytest.approx(
        sum(((b[0] - a[0]) ** 2 + ((b[1] - a[1]) * 0.6667) ** 2) ** 0.5 for a, b in pairwise(ZIGZAG))
    )
    assert strokes.box == pytest.approx(0.8 * 0.6)


def test_too_little_ink_is_refused_and_just_enough_is_not() -> None:
    # A square pad; a flat stroke of known length and a box that is large enough by a second, short one.
    tall = [(0.1, 0.1), (0.1, 0.6)]
    long_enough = INK_MIN - 0.5
    read_strokes(pad_json(tall, [(0.1, 0.6), (0.1 + long_enough + 0.001, 0.6)], w=300, h=300))
    with pytest.raises(SignatureRefused, match="太小"):
        read_strokes(pad_json(tall, [(0.1, 0.6), (0.1 + long_enough - 0.01, 0.6)], w=300, h=300))


def test_a_line_across_the_pad_is_no_name() -> None:
    with pytest.raises(SignatureRefused, match="太小"):
        read_strokes(pad_json([(0.0, 0.5), (1.0, 0.5), (0.0, 0.5)]))


def test_the_box_must_take_up_its_share_of_the_pad() -> None:
    side = BOX_MIN**0.5

    def square(edge: float) -> str:
        a, b = 0.1, 0.1 + edge
        return pad_json([(a, a), (b, a), (b, b), (a, b), (a, a)], w=300, h=300)

    read_strokes(square(side + 0.01))
    with pytest.raises(SignatureRefused, match="太小"):
        read_strokes(square(side - 0.01))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        '{"w": 300, "h": 200}',
        '{"w": "x", "h": 200, "s": []}',
        '{"w": 0, "h": 200, "s": []}',
        '{"w": 1e999, "h": 200, "s": []}',
        '{"w": 300, "h": 200, "s": [[[0.1, 0.1]]]}',
        '{"w": 300, "h": 200, "s": [[[0.1, 0.1, 1, 1]]]}',
        '{"w": 300, "h": 200, "s": [[["a", 0.1, 1]]]}',
        '{"w": 300, "h": 200, "s": [[[NaN, 0.1, 1]]]}',
        '{"w": 300, "h": 200, "s": [[[true, 0.1, 1]]]}',
        '{"w": 300, "h": 200, "s": [[[50, 0.1, 1]]]}',
        '{"w": 300, "h": 200, "s": 5}',
        '{"w": 300, "h": 200, "s": [5]}',
        '{"w": 300, "h": 200, "s": []}',
        "[" * 100_000,
    ],
)
def test_what_is_no_drawing_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(SignatureRefused) as refused:
        read_strokes(text)
    assert refused.value.field == "sign"
    assert "签" in refused.value.sentence


def test_a_drawing_without_end_is_refused() -> None:
    with pytest.raises(SignatureRefused, match="太多"):
        read_strokes(pad_json([(0.1, 0.1)] * (POINTS_MAX + 1)))
    with pytest.raises(SignatureRefused, match="太多"):
        read_strokes(" " * (TEXT_LENGTH_MAX + 1))


def test_a_finger_over_the_edge_is_drawn_to_the_edge() -> None:
    strokes = read_strokes(pad_json([(-0.3, 0.1), (1.4, 0.9), (0.2, 1.2)]))
    assert all(0 <= p.x <= 1 and 0 <= p.y <= 1 for stroke in strokes.strokes for p in stroke)


def test_the_picture_shows_the_strokes_where_they_were_made() -> None:
    picture = Image.open(io.BytesIO(draw_png(read_strokes(pad_json(ZIGZAG))))).convert("L")
    assert picture.width == 900
    assert picture.height == 600
    assert picture.getpixel((450, 480)) < 100  # type: ignore[operator] # a point of the zigzag
    assert picture.getpixel((20, 20)) == 255
    assert picture.getpixel((450, 590)) == 255


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.tuples(st.floats(-3, 4), st.floats(-3, 4), st.integers(0, 10**9)), max_size=6), max_size=6))
def test_any_drawing_is_either_refused_or_drawn(strokes: list[list[tuple[float, float, int]]]) -> None:
    try:
        read = read_strokes(json.dumps({**PAD, "s": strokes}))
    except SignatureRefused:
        return
    assert read.ink >= INK_MIN
    assert read.box >= BOX_MIN
    assert draw_png(read).startswith(b"\x89PNG")


@pytest.mark.parametrize("typed", ["王秀兰", " 王 秀兰 ", "王秀兰\u3000"])
def test_a_typed_name_may_have_spaces(typed: str) -> None:
    assert is_same_name(typed, "王秀兰")


def test_every_middle_dot_is_the_same_dot() -> None:
    for dot in "·•・．":
        assert is_same_name(f"买买提{dot}艾力", "买买提·艾力")


@pytest.mark.parametrize("typed", ["", "王秀", "王秀兰兰", "李秀兰"])
def test_another_name_is_another_name(typed: str) -> None:
    assert not is_same_name(typed, "王秀兰")


def test_a_dot_on_the_pad_does_not_spoil_a_typed_name() -> None:
    dot = pad_json([(0.5, 0.5)])
    assert choose_strokes(Signature(b"", strokes=dot, typed_name="王秀兰"), "王秀兰") is None
    with pytest.raises(SignatureRefused, match="太小"):
        choose_strokes(Signature(b"", strokes=dot, typed_name="别人"), "王秀兰")


def test_a_good_signature_stands_whatever_the_phone_filled_in() -> None:
    assert choose_strokes(Signature(b"", strokes=pad_json(ZIGZAG), typed_name="别人"), "王秀兰") is not None
