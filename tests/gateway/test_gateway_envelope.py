"""The envelope over real HTTP: whatever is posted, the answer is HTTP 200 and an envelope with a sentence."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from product_kit import World
from tongban.doors.cli.his import PATH, Hospital

SIGN_IN = {"signIn": {"opter_no": "001", "mac": "00", "ip": "127.0.0.1"}}


def test_an_answer_has_every_member_of_the_interface(http: httpx.Client, beijing: Hospital) -> None:
    before = datetime.now(UTC)
    response = http.post(PATH, content=beijing.message("9001", SIGN_IN).body, headers=beijing.headers())
    answer = response.json()
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    assert answer["infcode"] == 0
    assert type(answer["infcode"]) is int
    assert len(answer["inf_refmsgid"]) == 30
    assert answer["inf_refmsgid"].startswith("110000")
    assert answer["err_msg"] == ""
    for member in ("refmsg_time", "respond_time"):
        assert len(answer[member]) == 17
        assert answer[member].startswith(str(before.year))
    assert answer["refmsg_time"] <= answer["respond_time"]
    assert answer["output"]["signinoutb"]["sign_no"]


@pytest.mark.parametrize("path", [PATH, f"{PATH}/9001", "/hsa/hgs/9001", "/hsa/x/y/z/2207"])
def test_every_address_style_is_served_and_only_the_body_counts(
    http: httpx.Client, beijing: Hospital, path: str
) -> None:
    answer = http.post(path, content=beijing.message("9001", SIGN_IN).body, headers=beijing.headers()).json()
    assert answer["infcode"] == 0
    assert "signinoutb" in answer["output"]


@pytest.mark.parametrize("content_type", ["text/plain", "text/plain; charset=utf-8", "application/xml", "", "nonsense"])
def test_the_content_type_does_not_matter(http: httpx.Client, beijing: Hospital, content_type: str) -> None:
    headers = beijing.headers() | {"content-type": content_type}
    assert http.post(PATH, content=beijing.message("9001", SIGN_IN).body, headers=headers).json()["infcode"] == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe\xfd", b"[]", b"null", b"[" * 100_000, b'{"infno": 1', b"x" * 2_000_000, b"{}",
     b'{"infno": {"a": 1}}', b'{"infno": "9001", "msgid": [1]}'],
    ids=range(11),
)  # fmt: skip
@pytest.mark.parametrize("signed", [True, False])
def test_what_is_no_message_is_refused_inside_the_envelope(
    http: httpx.Client, beijing: Hospital, body: bytes, signed: bool
) -> None:
    _assert_refused(http.post(PATH, content=body, headers=beijing.headers() if signed else {}))


def test_a_body_above_the_limit_is_refused_inside_the_envelope(http: httpx.Client, beijing: Hospital) -> None:
    response = http.post(PATH, content=b" " * (9 * 1024 * 1024), headers=beijing.headers())
    assert "8 MB" in _assert_refused(response)


def test_only_post_is_an_envelope(http: httpx.Client) -> None:
    assert http.get(PATH).status_code == 405


def test_an_unknown_transaction_is_named(http: httpx.Client, beijing: Hospital) -> None:
    response = http.post(PATH, content=beijing.message("3201", {"data": {}}).body, headers=beijing.headers())
    assert "3201" in _assert_refused(response)


def test_a_forged_signature_an_unknown_account_and_missing_headers_are_refused(
    http: httpx.Client, beijing: Hospital
) -> None:
    body = beijing.message("9001", SIGN_IN).body
    forged = beijing.headers() | {"x-tif-signature": "0" * 64}
    assert "签名不对" in _assert_refused(http.post(PATH, content=body, headers=forged))
    unknown = beijing.headers() | {"x-tif-paasid": "nobody"}
    assert "没有这个接入账号" in _assert_refused(http.post(PATH, content=body, headers=unknown))
    assert "x-tif-paasid" in _assert_refused(http.post(PATH, content=body))


def test_a_used_nonce_is_refused_and_a_forged_request_does_not_use_it_up(http: httpx.Client, beijing: Hospital) -> None:
    body, headers = beijing.message("9001", SIGN_IN).body, beijing.headers()
    _assert_refused(http.post(PATH, content=body, headers=headers | {"x-tif-signature": "0" * 64}))
    assert http.post(PATH, content=body, headers=headers).json()["infcode"] == 0
    assert "随机数" in _assert_refused(http.post(PATH, content=body, headers=headers))
    assert http.post(PATH, content=body, headers=beijing.headers()).json()["infcode"] == 0


def test_a_nonce_may_come_again_after_the_window(world: World, http: httpx.Client, beijing: Hospital) -> None:
    world.query(
        "insert into gateway.nonce values ($1, 'from-this-morning', now() - interval '3 hours') returning 1",
        beijing.account,
    )
    headers = beijing.headers(nonce="from-this-morning")
    body = beijing.message("9001", SIGN_IN).body
    assert http.post(PATH, content=body, headers=headers).json()["infcode"] == 0
    assert "随机数" in _assert_refused(http.post(PATH, content=body, headers=headers))


@pytest.mark.parametrize(("off", "words"), [(-600, "慢了 10 分"), (900, "快了 1"), (-7_200, "慢了")])
def test_a_skewed_clock_is_told_by_how_much(http: httpx.Client, beijing: Hospital, off: int, words: str) -> None:
    body = beijing.message("9001", SIGN_IN).body
    assert words in _assert_refused(http.post(PATH, content=body, headers=beijing.headers(at=time.time() + off)))


def test_another_hospitals_code_is_refused(http: httpx.Client, beijing: Hospital, taiyuan: Hospital) -> None:
    body = taiyuan.message("9001", SIGN_IN).body
    assert taiyuan.institution_code in _assert_refused(http.post(PATH, content=body, headers=beijing.headers()))


def test_a_switched_off_account_stops(world: World, http: httpx.Client, beijing: Hospital) -> None:
    world.query(
        """insert into gateway.client select 'switched-off', institution_code, secret_enc, false
           from gateway.client where client_account = $1 returning 1""",
        beijing.account,
    )
    off = Hospital("switched-off", beijing.secret, beijing.institution_code, beijing.institution_name, beijing.region)
    response = http.post(PATH, content=off.message("9001", SIGN_IN).body, headers=off.headers())
    assert "停用" in _assert_refused(response)


def test_a_wrong_treatment_region_says_what_to_send(http: httpx.Client, beijing: Hospital) -> None:
    message = json.loads(beijing.message("9001", SIGN_IN).body) | {"mdtrtarea_admvs": "140100"}
    response = http.post(PATH, content=json.dumps(message).encode(), headers=beijing.headers())
    assert "请填 110000" in _assert_refused(response)


def test_a_district_of_the_treatment_region_is_accepted(http: httpx.Client, beijing: Hospital) -> None:
    message = json.loads(beijing.message("9001", SIGN_IN).body) | {"mdtrtarea_admvs": "110101"}
    assert http.post(PATH, content=json.dumps(message).encode(), headers=beijing.headers()).json()["infcode"] == 0


def test_signing_on_and_off(http: httpx.Client, beijing: Hospital) -> None:
    number = beijing.call(http, "9001", SIGN_IN)["signinoutb"]["sign_no"]
    off = beijing.call(http, "9002", {"signOut": {"sign_no": number, "opter_no": "001"}})
    assert off["sign_time"] == off["signoutoutb"]["sign_time"]
    response = http.post(
        PATH, content=beijing.message("9002", {"signOut": {"sign_no": "X"}}).body, headers=beijing.headers()
    )
    assert "9001" in _assert_refused(response)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
_member = st.sampled_from(
    ["infno", "msgid", "mdtrtarea_admvs", "insuplc_admdvs", "fixmedins_code", "input", "Input", "opter", "sign_no"]
)
_node = st.sampled_from(
    ["data", "mdtrtinfo", "diseinfo", "feedetail", "signIn", "signOut", "dscginfo", "psn_no", "mdtrt_id", "setl_id"]
)
_codes = st.sampled_from(
    ["1101", "2001", "2201", "2203", "2204", "2206", "2207", "2208", "2301", "2303", "2304", "2305", "2401", "2402",
     "2601", "5203", "9001", "9002", "2205", "2302"]
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300) | st.dictionaries(_member, _json, max_size=8).map(lambda m: json.dumps(m).encode()))
def test_no_bytes_get_anything_but_an_envelope(http: httpx.Client, beijing: Hospital, body: bytes) -> None:
    _assert_refused(http.post(PATH, content=body, headers=beijing.headers()))


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(code=_codes, nodes=st.dictionaries(_node, _json, max_size=4), inner=st.dictionaries(_node, _json, max_size=6))
def test_no_input_gets_anything_but_an_envelope(
    http: httpx.Client, beijing: Hospital, code: str, nodes: dict[str, Any], inner: dict[str, Any]
) -> None:
    message = beijing.message(code, nodes | {"data": inner})
    response = http.post(PATH, content=message.body, headers=beijing.headers())
    if response.json()["infcode"] != 0:
        assert "事件号" not in _assert_refused(response)


def _assert_refused(response: httpx.Response) -> str:
    """HTTP 200, infcode -1 as a number, and a sentence that a person can read."""
    assert response.status_code == 200
    answer = response.json()
    assert answer["infcode"] == -1
    assert type(answer["infcode"]) is int
    sentence = answer["err_msg"]
    assert isinstance(sentence, str)
    assert 6 <= len(sentence) <= 200
    assert any("一" <= character <= "龥" for character in sentence)
    for leaked in ("Traceback", "asyncpg", "msgspec", "Expected", "Object missing", "tongban."):
        assert leaked not in sentence
    return sentence
