"""Who somebody is: signing in at a real provider, the code on the phone, the family, and what anybody may look up."""

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn
from browser_kit import Site
from playwright.sync_api import Page
from walk import Walk

from oidc_kit import CLIENT_ID, CLIENT_SECRET, running
from tongban.app import create_app
from tongban.people import demo_cast
from tongban.settings import IdentityProvider

CAST = {person.name: person for person in demo_cast()}
# What a proxy that ends TLS tells the server. Chromium takes cookies for hosts of this machine as if over TLS.
BEHIND_TLS = {"x-forwarded-proto": "https"}


@contextmanager
def real_installation(site: Site, folder: Path) -> Iterator[str]:
    """The site's data with a provider in place of the demo's residents; yields its address."""
    content = json.loads(site.settings.secrets_file.read_text())
    own = folder / "own.json"
    own.write_text(json.dumps(content | {"made_for_demo": False}))
    own.chmod(0o600)
    chen = CAST["陈宇航"]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        here = f"http://127.0.0.1:{listener.getsockname()[1]}"
        accounts = {"chen": {"name": chen.name, "id_number": chen.id_number}}
        with running(f"{here}/sign-in/return", accounts) as provider:
            told = IdentityProvider(provider.issuer, CLIENT_ID, CLIENT_SECRET, here, "id_number")
            settings = replace(site.settings, is_demo=False, secrets_file=own, identity_provider=told)
            server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning", access_log=False))
            thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
            thread.start()
            deadline = time.monotonic() + 30
            while not server.started:
                assert thread.is_alive(), "the application did not start"
                assert time.monotonic() < deadline, "the application did not start in time"
                time.sleep(0.02)
            yield here
            server.should_exit = True
            thread.join(20)


def test_signing_in_at_a_real_provider(walk: Callable[..., Walk], site: Site, tmp_path: Path) -> None:
    with real_installation(site, tmp_path) as here:
        chen = walk(check=True, story="sign-in", base_url=here, extra_http_headers=BEHIND_TLS)
        # The provider's form wants a font from the internet; nothing of ours does.
        chen.page.route(re.compile("^https://"), lambda asked: asked.fulfill(body="", content_type="text/css"))
        chen.open("/costs")
        assert chen.title == "先登录，确认是您本人"
        chen.page.get_by_role("link", name="去登录").click()
        form = chen.page.locator("form")
        form.locator("[name=login]").fill("chen")
        form.locator("[name=password]").fill("any")
        form.locator("button[type=submit]").click()
        chen.page.locator("button[type=submit]").click()  # the provider asks whether we may know
        chen.page.wait_for_url(re.compile(r"/consent"))
        chen.arrived()
        chen.tap("授权查询")
        chen.refused(1)
        chen.choose("我同意用我的医保码查询医保信息")
        chen.tap("授权查询")
        assert chen.path == "/costs"
        assert chen.actions == 3
        chen.open("/privacy")
        chen.unfold("看全文")
        chen.tap("撤回同意")
        chen.tap("撤回同意", within="main")
        assert chen.title == "同意已经撤回，不再查您的信息"
        chen.open("/costs")
        assert chen.path == "/sign-in"


def digits(page: Page) -> str:
    return page.locator(".digits").inner_text()


def test_the_code_renews_itself_and_stops_when_left_alone(walk: Callable[..., Walk]) -> None:
    gao = walk("gao_jianjun", check=True, story="code")
    gao.page.clock.install()
    gao.open("/code")
    seen = [digits(gao.page)]
    for _ in range(2):
        with gao.page.expect_response("**/code/qr"):
            gao.page.clock.run_for(46_000)
        gao.page.wait_for_function("was => document.querySelector('.digits').innerText !== was", arg=seen[-1])
        seen.append(digits(gao.page))
    gao.page.clock.run_for(46_000 * 9)
    assert gao.says("这个码停下了")
    gao.tap("换一个")
    assert digits(gao.page) not in seen
    gao.tap("卡丢了，要挂失")
    gao.tap("挂失这张卡")
    assert gao.says("社保卡挂失好了")
    assert gao.page.locator("svg.qr").is_visible()
    assert gao.actions == 3


@pytest.mark.parametrize("mode", ["elder", "nojs"])
def test_the_code_for_elders_and_without_scripts(walk: Callable[..., Walk], mode: str) -> None:
    zhao = walk("zhang_jianguo", mode, check=True, story="code")
    zhao.open("/code")
    first = digits(zhao.page)
    zhao.tap("换一个")
    assert digits(zhao.page) != first
    box = zhao.page.locator("svg.qr").bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 200
    if mode == "nojs":
        assert zhao.says("30 分钟没有操作")
    zhao.open("/family")
    zhao.tap("登记一位家人")
    zhao.tap("登记")
    zhao.refused(3)
    zhao.fill("家人的姓名", "高建军")
    zhao.fill("家人的身份证号", CAST["高建军"].id_number)
    zhao.choose("兄弟姐妹")
    zhao.tap("登记")
    assert zhao.says("登记好了")
    zhao.page.get_by_role("link", name="解除").first.click()
    zhao.arrived()
    zhao.tap("解除")
    assert zhao.says("已经解除")


@pytest.mark.parametrize("mode", ["normal", "nojs"])
def test_looking_things_up(walk: Callable[..., Walk], mode: str) -> None:
    visitor = walk("", mode, check=True, story="look-up")
    visitor.open("/look-up")
    visitor.tap("哪些地方开通了")
    visitor.page.get_by_role("link", name=re.compile("山西省")).click()
    visitor.arrived()
    visitor.page.get_by_role("link", name=re.compile("太原市")).click()
    visitor.arrived()
    visitor.pick("医院等级", "三级")
    visitor.tap("查一查", within="form[action='/hospitals']")
    assert visitor.says("三级甲等")
    visitor.tap("回查一查")
    visitor.tap("这个药、这项检查报不报")
    visitor.fill("药名、项目名或编码", "阿莫西林")
    visitor.tap("查一查", within="form[action='/items']")
    assert visitor.says("全部按比例报")
    visitor.fill("药名、项目名或编码", "没有这个药")
    visitor.tap("查一查", within="form[action='/items']")
    assert visitor.says("没有查到“没有这个药”")
    assert visitor.actions <= 10
