"""The x-tif-* signature: the published check vector, forged and missing headers, clocks that are off."""

from datetime import UTC, datetime

import pytest

from tongban.doors.gateway.errors import ClockSkewed, SignatureRefused
from tongban.doors.gateway.signature import SignedHeaders, check_clock, check_signature, sign, signed_headers

NOW = datetime.fromtimestamp(1_700_000_000, UTC)
HEADERS = {
    "x-tif-paasid": "demo",
    "x-tif-timestamp": "1700000000",
    "x-tif-nonce": "abc123",
    "x-tif-signature": "1110f10f76885fff4039393e372856dfc423c0260e72395dc2fd27040f1d8c58",
}


def test_the_published_check_vector_holds() -> None:
    assert sign("1700000000", "demo-secret", "abc123") == HEADERS["x-tif-signature"]
    check_signature(signed_headers(HEADERS), "demo-secret")


@pytest.mark.parametrize("changed", ["timestamp", "nonce", "secret", "signature"])
def test_a_signature_over_anything_else_is_refused(changed: str) -> None:
    headers, secret = dict(HEADERS), "demo-secret"
    if changed == "secret":
        secret = "another"
    else:
        headers[f"x-tif-{changed}"] = headers[f"x-tif-{changed}"][:-1] + "1"
    with pytest.raises(SignatureRefused, match="签名不对"):
        check_signature(signed_headers(headers), secret)


def test_upper_case_hex_is_the_same_signature() -> None:
    check_signature(signed_headers(HEADERS | {"x-tif-signature": HEADERS["x-tif-signature"].upper()}), "demo-secret")


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_a_missing_header_is_named(name: str) -> None:
    with pytest.raises(SignatureRefused, match=name):
        signed_headers({key: value for key, value in HEADERS.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [("timestamp", "1700000000000"), ("timestamp", "now"), ("nonce", "x" * 37), ("nonce", "a b"), ("signature", "zz")],
)
def test_a_malformed_header_is_named(name: str, value: str) -> None:
    with pytest.raises(SignatureRefused, match=f"x-tif-{name}"):
        signed_headers(HEADERS | {f"x-tif-{name}": value})


@pytest.mark.parametrize("off", [-300, -1, 0, 1, 300])
def test_five_minutes_either_way_are_accepted(off: int) -> None:
    check_clock(_at(off), NOW)


@pytest.mark.parametrize(
    ("off", "words"),
    [(301, "快了 5 分 1 秒"), (-3661, "慢了 1 小时 1 分"), (-172_800, "慢了 2 天"), (420, "快了 7 分")],
)
def test_a_skewed_clock_is_told_by_how_much(off: int, words: str) -> None:
    with pytest.raises(ClockSkewed, match=words):
        check_clock(_at(off), NOW)


def _at(off: int) -> SignedHeaders:
    return SignedHeaders("demo", str(1_700_000_000 + off), "n", "0" * 64)
