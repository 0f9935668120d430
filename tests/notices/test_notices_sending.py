"""On the way out: quiet at night, patient with providers, never twice once taken, and nothing private in the text."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from notices_kit import LI, NOW, PHONE, Answering, add_person, provider, tell
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, Db, Pool
from tongban.notices import (
    TRIES_MAX,
    Channel,
    HttpSms,
    Messenger,
    Never,
    NoticeKind,
    NotNow,
    ProviderReceipt,
    QuietHours,
    Recorded,
    Sender,
    Wechat,
    WechatTemplate,
    allow_wechat,
    bind_wechat,
    deliver,
    messengers_for,
    resume_deliveries,
    sms_text,
    stop_wechat,
    wechat_of,
    wechat_text,
)
from tongban.settings import Messages, Settings, SettingsWrong

DAY = QuietHours(22, 7)


def sender(pool: Pool, vault: Vault, messenger: Messenger | None, channel: Channel = Channel.SMS) -> Sender:
    return Sender(pool, vault, {channel: messenger} if messenger else {}, DAY, "https://tongban.example")


async def state(db: Db, channel: Channel = Channel.SMS) -> Any:
    return await db.fetchrow("select * from notices.delivery where person_id = $1 and channel = $2", LI, channel.value)


async def go(pool: Pool, vault: Vault, messenger: Messenger | None, now: datetime = NOW) -> datetime | None:
    async with pool.acquire() as db:
        notice_no = await db.fetchval("select max(notice_no) from notices.notice where person_id = $1", LI)
    return await deliver(
        sender(pool, vault, messenger), person_id=LI, notice_no=notice_no, channel=Channel.SMS, now=now
    )


async def test_taken_by_the_provider_it_is_never_sent_again(db: Db, pool: Pool, vault: Vault) -> None:
    await tell(db)
    messenger = Answering([ProviderReceipt("p-1")])
    assert await go(pool, vault, messenger) is None
    for days in range(3):
        assert await go(pool, vault, messenger, NOW + timedelta(days=days)) is None
    assert len(messenger.sent) == 1
    to, _, ref, link = messenger.sent[0]
    assert (to, link) == (PHONE, "https://tongban.example/filing/records/B1")
    row = await state(db)
    assert (row["state"], row["provider_id"], str(row["ref"]), row["attempts"]) == ("sent", "p-1", ref, 1)


async def test_a_busy_provider_is_asked_again_later_with_the_same_ref(db: Db, pool: Pool, vault: Vault) -> None:
    await tell(db)
    messenger = Answering([NotNow("平台正忙（503）"), NotNow("平台正忙（503）"), ProviderReceipt("p-3")])
    now, waits = NOW, []
    while (again := await go(pool, vault, messenger, now)) is not None:
        # Before the time has come nobody sends.
        assert await go(pool, vault, messenger, again - timedelta(seconds=1)) == again
        waits.append(again - now)
        now = again
    assert waits == [timedelta(minutes=1), timedelta(minutes=5)]
    assert len({ref for _, _, ref, _ in messenger.sent}) == 1
    assert (await state(db))["state"] == "sent"


async def test_after_the_last_try_it_is_given_up(db: Db, pool: Pool, vault: Vault) -> None:
    await tell(db)
    messenger, now, tries = Answering([NotNow("连不上平台")]), NOW, 1
    while (again := await go(pool, vault, messenger, now)) is not None:
        tries += 1
        # Night falls in between.
        now = max(again, DAY.over_at(again) or again)
    assert tries >= TRIES_MAX == len(messenger.sent)
    row = await state(db)
    assert (row["state"], row["last_failure"], row["provider_id"]) == ("failed", "连不上平台", "")


async def test_a_refusal_for_good_is_not_repeated(db: Db, pool: Pool, vault: Vault) -> None:
    await tell(db)
    messenger = Answering([Never("平台不收（400）")])
    assert await go(pool, vault, messenger) is None
    assert await go(pool, vault, messenger, NOW + timedelta(days=1)) is None
    assert len(messenger.sent) == 1


async def test_two_workers_at_once_send_once(db: Db, pool: Pool, vault: Vault) -> None:
    await tell(db)

    class Slow(Answering):
        async def send(self, to: str, text: str, ref: str, link: str = "") -> ProviderReceipt:
            await asyncio.sleep(0.2)
            return await super().send(to, text, ref, link)

    messenger = Slow([ProviderReceipt("p-1")])
    answers = await asyncio.gather(*(go(pool, vault, messenger) for _ in range(6)))
    assert len(messenger.sent) == 1
    assert sum(answer is None for answer in answers) == 1
    assert all(answer is None or answer > NOW for answer in answers)


async def test_a_worker_that_died_while_sending_is_waited_for_then_replaced(db: Db, pool: Pool, vault: Vault) -> None:
    await tell(db)

    class Killed(BaseException):
        pass

    class Dies(Answering):
        async def send(self, to: str, text: str, ref: str, link: str = "") -> ProviderReceipt:
            raise Killed

    with pytest.raises(Killed):
        await go(pool, vault, Dies([]))
    messenger = Answering([ProviderReceipt("p-2")])
    again = await go(pool, vault, messenger, NOW + timedelta(seconds=1))
    assert again is not None
    assert messenger.sent == []
    assert await go(pool, vault, messenger, again) is None
    assert (await state(db))["attempts"] == 2


@pytest.mark.parametrize(
    ("now", "over"),
    [
        (datetime(2026, 11, 22, 13, 59, tzinfo=UTC), None),  # 21:59
        (datetime(2026, 11, 22, 14, 0, tzinfo=UTC), datetime(2026, 11, 22, 23, 0, tzinfo=UTC)),  # 22:00
        (datetime(2026, 11, 22, 16, 30, tzinfo=UTC), datetime(2026, 11, 22, 23, 0, tzinfo=UTC)),  # 00:30
        (datetime(2026, 11, 22, 22, 59, tzinfo=UTC), datetime(2026, 11, 22, 23, 0, tzinfo=UTC)),  # 06:59
        (datetime(2026, 11, 22, 23, 0, tzinfo=UTC), None),  # 07:00
    ],
)
async def test_no_sms_at_night(db: Db, pool: Pool, vault: Vault, now: datetime, over: datetime | None) -> None:
    await tell(db)
    messenger = Answering([ProviderReceipt("p-1")])
    assert await go(pool, vault, messenger, now) == over
    assert len(messenger.sent) == (0 if over else 1)


def test_quiet_hours_may_lie_within_a_day_or_be_none() -> None:
    noon = QuietHours(12, 14)
    assert noon.over_at(datetime(2026, 11, 22, 5, 0, tzinfo=UTC)) == datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    assert noon.over_at(datetime(2026, 11, 22, 6, 0, tzinfo=UTC)) is None
    assert all(QuietHours(7, 7).over_at(NOW + timedelta(hours=hour)) is None for hour in range(24))


async def test_without_phone_or_messenger_it_fails_with_the_reason(
    db: Db, owner_db: Connection, pool: Pool, vault: Vault
) -> None:
    await tell(db)
    assert await go(pool, vault, None) is None
    assert (await state(db))["last_failure"] == "没有接短信"
    other = 100000000000033
    await add_person(owner_db, vault, other, phone="")
    await tell(db, other)
    number = await db.fetchval("select notice_no from notices.notice where person_id = $1", other)
    messenger = Answering([ProviderReceipt("p")])
    await deliver(sender(pool, vault, messenger), person_id=other, notice_no=number, channel=Channel.SMS, now=NOW)
    assert messenger.sent == []
    failure = await db.fetchval("select last_failure from notices.delivery where person_id = $1", other)
    assert failure == "没有可以发短信的号码"


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_what_leaves_the_house_tells_nothing_private(kind: NoticeKind) -> None:
    for text in (sms_text(kind), wechat_text(kind)):
        for word in ("慢特病", "糖尿病", "元", "住院", "李", "医院"):
            assert word not in text
    assert len(sms_text(kind)) <= 134
    assert len(wechat_text(kind)) <= 20


async def test_wechat_goes_out_for_those_who_are_bound(db: Db, pool: Pool, vault: Vault) -> None:
    await bind_wechat(db, vault, person_id=LI, openid="openid-of-li", now=NOW)
    await tell(db)
    assert await db.fetchval("select count(*) from jobs.pgqueuer") == 2
    sealed = await db.fetchval("select openid_enc from notices.wechat")
    assert b"openid-of-li" not in sealed
    messenger = Answering([ProviderReceipt("w-1")])
    number = (await state(db))["notice_no"]
    night = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    to_wechat = sender(pool, vault, messenger, Channel.WECHAT)
    await deliver(to_wechat, person_id=LI, notice_no=number, channel=Channel.WECHAT, now=night)
    assert [(to, text) for to, text, _, _ in messenger.sent] == [("openid-of-li", "备案有新消息，点开看")]


async def test_who_wants_no_wechat_gets_none_and_a_sign_in_does_not_bring_it_back(db: Db, vault: Vault) -> None:
    assert await wechat_of(db, LI) is Wechat.NONE
    await bind_wechat(db, vault, person_id=LI, openid="openid-of-li", now=NOW)
    await stop_wechat(db, person_id=LI, now=NOW)
    assert await db.fetchval("select openid_enc from notices.wechat") is None
    await bind_wechat(db, vault, person_id=LI, openid="openid-of-li", now=NOW)
    assert await wechat_of(db, LI) is Wechat.OFF
    await tell(db)
    assert [row["channel"] for row in await db.fetch("select channel from notices.delivery")] == ["sms"]
    await allow_wechat(db, person_id=LI, now=NOW)
    await bind_wechat(db, vault, person_id=LI, openid="openid-of-li", now=NOW)
    assert await wechat_of(db, LI) is Wechat.ON
    # Two sign-ins with the same name are one binding.
    await bind_wechat(db, vault, person_id=LI, openid="openid-of-li", now=NOW + timedelta(days=1))
    assert await db.fetchval("select bound_at from notices.wechat") == NOW


async def test_a_messenger_with_a_bug_is_given_up_like_a_busy_one_and_quotes_nothing(
    db: Db, pool: Pool, vault: Vault
) -> None:
    await tell(db)

    class Broken(Answering):
        async def send(self, to: str, text: str, ref: str, link: str = "") -> ProviderReceipt:
            self.sent.append((to, text, ref, link))
            raise KeyError(f"no template for {to}")

    messenger, now = Broken([]), NOW
    while (again := await go(pool, vault, messenger, now)) is not None:
        now = max(again, DAY.over_at(again) or again)
    assert len(messenger.sent) == TRIES_MAX
    row = await state(db)
    assert (row["state"], row["last_failure"]) == ("failed", "程序出错（KeyError）")


async def test_a_delivery_whose_job_is_gone_gets_a_new_one(db: Db) -> None:
    await tell(db)
    assert await resume_deliveries(db, now=NOW + timedelta(hours=1)) == 0
    # There still is a job: nothing is left twice.
    assert await resume_deliveries(db, now=NOW + timedelta(days=1)) == 0
    await db.execute("update jobs.pgqueuer set status = 'failed'")
    assert await resume_deliveries(db, now=NOW + timedelta(days=1)) == 1
    assert await db.fetchval("select count(*) from jobs.pgqueuer where status = 'queued'") == 1
    await db.execute("delete from jobs.pgqueuer")
    await db.execute("update notices.delivery set state = 'failed', ended_at = now()")
    assert await resume_deliveries(db, now=NOW + timedelta(days=1)) == 0


async def test_the_queue_holds_numbers_only(db: Db) -> None:
    await tell(db)
    payload = json.loads(await db.fetchval("select payload from jobs.pgqueuer"))
    assert set(payload) == {"person_id", "notice_no", "channel"}


# ---- the adapters ----


async def test_sms_over_http() -> None:
    with provider() as there:
        async with httpx.AsyncClient() as http:
            sms = HttpSms(there.url, there.key, http)
            receipt = await sms.send(PHONE, "您好", "ref-1")
            assert receipt == ProviderReceipt("sms-1")
            assert there.asked == [{"phone": PHONE, "text": "您好", "ref": "ref-1"}]
            assert there.headers[0]["authorization"] == f"Bearer {there.key}"
            for status in (429, 500, 503):
                there.status = status
                with pytest.raises(NotNow):
                    await sms.send(PHONE, "您好", "ref-1")
            there.status = 400
            with pytest.raises(Never):
                await sms.send(PHONE, "您好", "ref-1")
    async with httpx.AsyncClient() as http:
        with pytest.raises(NotNow, match="ConnectError"):
            await HttpSms(there.url, there.key, http).send(PHONE, "您好", "ref-1")
    assert there.key not in repr(sms)


async def test_wechat_over_http_asks_for_a_token_once_and_anew_when_it_is_over() -> None:
    answers = [{"errcode": 0, "msgid": 7}, {"errcode": 42001}, {"errcode": 0, "msgid": 8}, {"errcode": 43004}]
    tokens, sent = 0, []

    def wechat(request: httpx.Request) -> httpx.Response:
        nonlocal tokens
        if request.url.path == "/cgi-bin/stable_token":
            tokens += 1
            return httpx.Response(200, json={"access_token": f"t{tokens}", "expires_in": 7200})
        assert request.url.params["access_token"] == f"t{tokens}"
        sent.append(json.loads(request.content))
        return httpx.Response(200, json=answers.pop(0))

    async with httpx.AsyncClient(transport=httpx.MockTransport(wechat)) as http:
        messenger = WechatTemplate("https://wechat.example", "app", "secret", "template", http)
        assert await messenger.send("openid", "有新消息", "ref-1", "https://t/x") == ProviderReceipt("7")
        with pytest.raises(NotNow):
            await messenger.send("openid", "有新消息", "ref-2")
        assert await messenger.send("openid", "有新消息", "ref-2") == ProviderReceipt("8")
        with pytest.raises(Never, match="43004"):
            await messenger.send("openid", "有新消息", "ref-3")
    assert tokens == 2
    assert sent[0]["client_msg_id"] == "ref-1"
    assert sent[0]["data"] == {"thing1": {"value": "有新消息"}}


async def test_the_stand_in_says_that_it_is_one_and_is_read_by_nobody_else(tmp_path: Path) -> None:
    stand_in = Recorded(tmp_path / "outbox" / "sms.jsonl", lambda: NOW)
    await stand_in.send(PHONE, "您好", "ref-1", "https://t/x")
    line = json.loads(stand_in.path.read_text())
    assert line["is_stand_in"] is True
    assert (line["to"], line["text"], line["ref"]) == (PHONE, "您好", "ref-1")
    assert stand_in.path.stat().st_mode & 0o077 == 0


# ---- settings ----


def settings_of(tmp_path: Path, **environ: str) -> Settings:
    return Settings.from_env({"TONGBAN_VAR": str(tmp_path), **environ})


def test_the_stand_in_is_the_demos_and_has_to_be_asked_for_elsewhere(tmp_path: Path) -> None:
    assert settings_of(tmp_path, TONGBAN_DEMO="1").messages.messenger == "recorded"
    real = settings_of(tmp_path, TONGBAN_DEMO="0")
    assert real.messages == Messages()
    assert messengers_for(real, httpx.AsyncClient(), lambda: NOW) == {}
    assert settings_of(tmp_path, TONGBAN_DEMO="0", TONGBAN_MESSENGER="recorded").messages.messenger == "recorded"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"TONGBAN_MESSENGER": "pigeon"}, "TONGBAN_MESSENGER"),
        ({"TONGBAN_MESSENGER": "http"}, "TONGBAN_SMS_URL、TONGBAN_SMS_KEY"),
        ({"TONGBAN_MESSENGER": "http", "TONGBAN_SMS_URL": "sms", "TONGBAN_SMS_KEY": "k"}, "https://"),
        ({"TONGBAN_WECHAT_APP_ID": "a"}, "TONGBAN_WECHAT_SECRET、TONGBAN_WECHAT_TEMPLATE"),
        ({"TONGBAN_QUIET_FROM": "24"}, "TONGBAN_QUIET_FROM"),
    ],
)
def test_half_a_set_of_settings_is_refused(tmp_path: Path, environ: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsWrong, match=said):
        settings_of(tmp_path, **environ)


async def test_with_http_both_channels_are_wired(tmp_path: Path) -> None:
    found = settings_of(
        tmp_path,
        TONGBAN_MESSENGER="http",
        TONGBAN_SMS_URL="https://sms.example/send",
        TONGBAN_SMS_KEY="k",
        TONGBAN_WECHAT_APP_ID="a",
        TONGBAN_WECHAT_SECRET="s",
        TONGBAN_WECHAT_TEMPLATE="t",
    )
    async with httpx.AsyncClient() as http:
        wired = messengers_for(found, http, lambda: NOW)
    assert set(wired) == {Channel.SMS, Channel.WECHAT}
    assert isinstance(wired[Channel.WECHAT], WechatTemplate)
