"""``tongban story``: one whole road, walked against the running product through its public doors only.

王秀英, insured in 太原, lives with her daughter 李静 in 北京. She files for it on the pages; the daughter lets her use
part of her personal account. She falls ill, is admitted, charged and settled by a hospital over its interface, and
reads on her page why she pays what she pays; the daughter reads what her account paid.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from rich.panel import Panel
from rich.table import Table

from tongban.doors.cli.console import results
from tongban.doors.cli.demo import CLIENTS_FILE
from tongban.doors.cli.his import Hospital, Item, NoAnswer, Refused, admission, bill, charges
from tongban.doors.cli.visitor import PageTrouble, Visitor
from tongban.infra.clock import day_of, system_clock
from tongban.kernel.errors import Refusal
from tongban.people import demo_cast
from tongban.settings import Settings

HELP = (
    "走一遍全程：王秀英在网页上备案去北京，女儿把个人账户给她用，在北京住院、直接结算，再看每一笔钱为什么。"
    "要先运行 tongban run。"
)

_WHO: Final = "王秀英"
_RESIDENT_KEY: Final = "wang_xiuying"
_DAUGHTER: Final = "李静"
_DAUGHTER_KEY: Final = "li_jing"
_SHARED_YUAN: Final = "500"
_TO: Final = "110000"
_TO_NAME: Final = "北京市"
_INSURED_REGION: Final = "140100"
_INSURANCE: Final = "390"
_ACCOUNT: Final = "demo-beijing"

# What the stay costs, from the shipped catalogue.
_ITEMS: Final = {
    "甲类药": Item("XA01ABT045S006020104642", "20.00", 300),
    "乙类药": Item("XA02BCA084B001010100453", "50.00", 120),
    "目录外的药": Item("XA02BAX011B002010104083", "8.00", 100),
}

_FILING_NUMBER: Final = re.compile(r"B\d{18,}")
_HOME: Final = "北京市东城区示范路 1 号 2 单元 301"


class StoryStopped(Refusal):
    """A step did not come out as the product promises; the sentence says which."""

    code = "story_stopped"


@dataclass(frozen=True)
class Outcome:
    """Who paid what, as the hospital was answered. What accounts paid holds what a relative's paid, `aid`."""

    settlement: str
    total: Decimal
    funds: Decimal
    account: Decimal
    aid: Decimal
    cash: Decimal


def command(
    url: Annotated[str | None, typer.Option(help="运行中的通办在哪里；默认本机的端口。")] = None,
    clients: Annotated[
        Path | None, typer.Option(help="演示医院的账号文件；默认 var 里的那份。", exists=True, dir_okay=False)
    ] = None,
) -> None:
    settings = Settings.from_env()
    base = url or f"http://{settings.host}:{settings.port}"
    hospital = _hospital(clients or settings.var_dir / CLIENTS_FILE)
    try:
        with (
            httpx.Client(base_url=base, timeout=60) as person,
            httpx.Client(base_url=base, timeout=60) as daughter,
            httpx.Client(base_url=base, timeout=60) as counter,
        ):
            outcome = _play(Visitor(person), Visitor(daughter), counter, hospital)
    except httpx.TransportError:
        raise StoryStopped(
            f"{base} 没有回应。请先在另一个窗口运行 tongban run；它用的不是这个端口，就加 --url 写明它在哪里"
        ) from None
    except PageTrouble as trouble:
        raise StoryStopped(f"网页上走不下去：{trouble}") from None
    except Refused as refusal:
        raise StoryStopped(f"医院的交易 {refusal.transaction_code} 没有办成：{refusal.sentence}") from None
    except NoAnswer as lost:
        raise StoryStopped(f"医院没有拿到回答：{lost}") from None
    _tell_the_end(outcome)


def _play(visitor: Visitor, daughter: Visitor, counter: httpx.Client, hospital: Hospital) -> Outcome:
    say = _narrator()
    _sign_in(visitor, _WHO, _RESIDENT_KEY, say)
    _activate(visitor, say)
    _file(visitor, say)
    _sign_in(daughter, _DAUGHTER, _DAUGHTER_KEY, say)
    shared = _share(daughter, say)
    patient = _identify(counter, hospital, say)
    encounter = _stay(counter, hospital, patient, say)
    outcome = _settle(counter, hospital, patient, encounter, say)
    _ask_why(visitor, outcome, say)
    _look_at_the_account(daughter, shared, outcome, say)
    return outcome


# --- on the pages ----------------------------------------------------------------------------------------------------


def _sign_in(visitor: Visitor, name: str, key: str, say: Callable[[str, str], None]) -> None:
    page = visitor.open("/sign-in")
    page = visitor.send(page.form("/sign-in"), {}, button=("resident", key))
    if page.path == "/consent":
        visitor.send(page.form("/consent"), {"agree": "1"})
        say("登录", f"{name}选中自己，同意查询医保信息")
    else:
        say("登录", f"{name}选中自己；以前同意过查询医保信息")


def _activate(visitor: Visitor, say: Callable[[str, str], None]) -> None:
    page = visitor.open("/code")
    if any(form.action.endswith("/code/activate") for form in page.forms):
        page = visitor.send(page.form("/code/activate"), {})
    say("医保码", page.title)


def _file(visitor: Visitor, say: Callable[[str, str], None]) -> None:
    """A long-term filing, the kind the law lets a person file alone who lives with her daughter there."""
    if (known := _filing_in_force(visitor)) is not None:
        say("备案", f"去{_TO_NAME}的备案以前办过，还有效，编号 {known}")
        return
    trip = {"insurance": "resident", "trip": "cross_province", "care": "inpatient", "why": "long_term"}
    page = visitor.send(visitor.open("/filing").form("/filing/advice"), trip)
    say("要不要备案", page.title)
    page = visitor.send(page.form("/filing/start"), {})
    for _ in range(len(_ANSWERS) + 1):
        step = page.path.rsplit("/", 1)[-1]
        if step == "done":
            break
        if step not in _ANSWERS:
            raise StoryStopped(f"备案走到了没见过的一步：{page.title}")
        say(f"备案 · {page.title}", _ANSWERS[step][0])
        page = visitor.send(page.form(f"/{step}"), _ANSWERS[step][1])
    if page.title != "备案成功":
        raise StoryStopped(f"备案没有办成，停在“{page.title}”")
    number = _FILING_NUMBER.search(" ".join(page.texts("sum")))
    say(page.title, f"编号 {number[0] if number else '？'}，从今天起有效")


_ANSWERS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "who": ("给自己办", {"for": "self"}),
    "place": (_TO_NAME, {"area": _TO}),
    "kind": ("长期住在女儿家", {"kind": "long_term_resident"}),
    "notice": ("看过告知书，打勾", {"notice_read": "1"}),
    "contact": (
        "今天开始，长期有效；留下住址和电话",
        {
            "start_choice": "today",
            "admitted_choice": "no",
            "end_choice": "long",
            "residence": _HOME,
            "contact": _WHO,
            "tel": "19900000001",
            "addr": _HOME,
        },
    ),
    "review": ("没有错", {}),
    "sign": (f"看完承诺书，打字签名“{_WHO}”", {"agree": "1", "typed": _WHO}),
}


def _filing_in_force(visitor: Visitor) -> str | None:
    """The number of a filing to Beijing that the list of records calls valid."""
    page = visitor.open("/filing/records")
    wanted = f"去{_TO_NAME}看病"
    if not any(wanted in card and "已备案" in card and "已到期" not in card for card in page.texts("card")):
        return None
    return next(href.rsplit("/", 1)[-1] for text, href in page.links if text == wanted)


# --- the daughter's account ------------------------------------------------------------------------------------------


def _share(daughter: Visitor, say: Callable[[str, str], None]) -> str:
    """The mother may use part of it; returns the address of what was given."""
    page = daughter.open("/family-account")
    known = next((href for text, href in page.links if text.startswith(_WHO) and "/given/" in href), None)
    if known is not None:
        say("家庭共济", f"{_DAUGHTER}以前给{_WHO}办过：{'；'.join(daughter.open(known).texts('sum'))}")
        return known
    mother = next(person.person_id for person in demo_cast() if person.name == _WHO)
    answers: tuple[tuple[str, str, Mapping[str, str]], ...] = (
        ("who", _WHO, {"receiver": str(mother)}),
        ("amount", f"{_SHARED_YUAN} 元", {"limit": _SHARED_YUAN}),
        ("review", "没有错", {}),
        ("sign", f"看完承诺书，打字签名“{_DAUGHTER}”", {"agree": "1", "typed": _DAUGHTER}),
    )
    page = daughter.send(page.form("/family-account/start"), {})
    for step, told, typed in answers:
        say(f"家庭共济 · {page.title}", told)
        page = daughter.send(page.form(f"/{step}"), typed)
    given = next((href for _, href in page.links if "/given/" in href), None)
    if page.title != "办好了" or given is None:
        raise StoryStopped(f"家庭共济没有办成，停在“{page.title}”")
    say(page.title, f"编号 {given.rsplit('/', 1)[-1]}，{_WHO}看病自己的账户不够，就自动用")
    return given


def _look_at_the_account(daughter: Visitor, given: str, outcome: Outcome, say: Callable[[str, str], None]) -> None:
    """What the giver sees of it: amounts, days, kinds of place."""
    page = daughter.open(given)
    say(f"{_DAUGHTER}的手机上", page.title)
    for lines in (*page.texts("sum"), *page.texts("line")):
        results.print(f"    {lines}", soft_wrap=True)
    if outcome.aid and not any(f"用了 {outcome.aid:,.2f} 元" in lines for lines in page.texts("line")):
        raise StoryStopped(f"{_DAUGHTER}的账上没有刚才用的 {outcome.aid:,.2f} 元")


# --- at the hospital -------------------------------------------------------------------------------------------------


def _identify(counter: httpx.Client, hospital: Hospital, say: Callable[[str, str], None]) -> Mapping[str, Any]:
    card = next(person.card_number for person in demo_cast() if person.name == _WHO)
    say("住院登记处", f"{hospital.institution_name}读她的社保卡")
    found = hospital.call(counter, "1101", {"data": {"mdtrt_cert_type": "03", "mdtrt_cert_no": card, "psn_name": _WHO}})
    insured = next(row for row in found["insuinfo"] if row["insutype"] == _INSURANCE)
    say("1101 人员信息", f"{found['baseinfo']['psn_name']}，居民医保，参保地 {insured['insuplc_admdvs']}")
    patient: Mapping[str, Any] = found["baseinfo"]
    return patient


def _stay(
    counter: httpx.Client, hospital: Hospital, patient: Mapping[str, Any], say: Callable[[str, str], None]
) -> str:
    """Benefit check, admission, charge lines; returns the number of the stay."""
    number, today = patient["psn_no"], _today()
    checked = hospital.call(
        counter,
        "2001",
        {
            "data": {
                "psn_no": number,
                "insutype": _INSURANCE,
                "fixmedins_code": hospital.institution_code,
                "med_type": "21",
                "begntime": f"{today} 00:00:00",
            }
        },
        insured_region=_INSURED_REGION,
    )["trtinfo"]
    if checked[0]["trt_enjymnt_flag"] != "1":
        raise StoryStopped(f"待遇检查没有通过：{checked[0]['trt_chk_rslt']}")
    say("2001 待遇检查", checked[0]["trt_chk_rslt"])
    admitted = hospital.call(
        counter, "2401", admission(number, _INSURANCE, today, mdtrt_cert_type="03"), insured_region=_INSURED_REGION
    )
    encounter: str = admitted["result"]["mdtrt_id"]
    say("2401 入院", f"就诊编号 {encounter}")
    priced = hospital.call(
        counter, "2301", charges(number, encounter, today, tuple(_ITEMS.values())), insured_region=_INSURED_REGION
    )["result"]
    for name, row in zip(_ITEMS, priced, strict=True):
        say(
            "2301 费用明细",
            f"{name} {row['det_item_fee_sumamt']} 元：政策范围内 {row['inscp_scp_amt']}，"
            f"先行自付 {row['preselfpay_amt']}，自费 {row['fulamt_ownpay_amt']}",
        )
    return encounter


def _settle(
    counter: httpx.Client,
    hospital: Hospital,
    patient: Mapping[str, Any],
    encounter: str,
    say: Callable[[str, str], None],
) -> Outcome:
    total = sum((item.total for item in _ITEMS.values()), Decimal(0))
    asked = bill(
        patient["psn_no"],
        _INSURANCE,
        encounter,
        str(total),
        mdtrt_cert_type="03",
        acct_used_flag="1",
        dscgTime=f"{_today()}",
    )
    preview = hospital.call(counter, "2303", asked, insured_region=_INSURED_REGION)["setlinfo"]
    say("2303 预结算", f"基金付 {preview['fund_pay_sumamt']}，自己付 {preview['psn_part_amt']}")
    info = hospital.call(counter, "2304", asked, insured_region=_INSURED_REGION)["setlinfo"]
    outcome = Outcome(
        settlement=info["setl_id"],
        total=Decimal(info["medfee_sumamt"]),
        funds=Decimal(info["fund_pay_sumamt"]),
        account=Decimal(info["acct_pay"]),
        aid=Decimal(info["acct_mulaid_pay"]),
        cash=Decimal(info["psn_cash_pay"]),
    )
    if info["fund_pay_sumamt"] != preview["fund_pay_sumamt"]:
        raise StoryStopped(f"结算和预结算不一样：{preview['fund_pay_sumamt']} 和 {info['fund_pay_sumamt']}")
    if outcome.total != total or outcome.total != outcome.funds + outcome.account + outcome.cash:
        raise StoryStopped(f"各方付的钱加起来不等于总费用 {outcome.total}")
    say("2304 结算", f"结算编号 {outcome.settlement}；起付线 {info['act_pay_dedc']}，比例 {info['pool_prop_selfpay']}")
    say("2304 结算", f"家人的个人账户付 {info['acct_mulaid_pay']}，付现金 {info['psn_cash_pay']}")
    return outcome


# --- the reason ------------------------------------------------------------------------------------------------------


def _ask_why(visitor: Visitor, outcome: Outcome, say: Callable[[str, str], None]) -> None:
    page = visitor.open("/costs")
    if not any(href.endswith(outcome.settlement) for _, href in page.links):
        raise StoryStopped(f"“我的费用”里没有刚才的结算 {outcome.settlement}")
    page = visitor.open(f"/costs/{outcome.settlement}")
    say("手机上", page.title)
    table = Table("这一步", "金额（元）", "怎么算", show_edge=False, pad_edge=False)
    for label, amount, formula in page.workings:
        table.add_row(label, amount, formula)
    results.print(table)
    own = f"{outcome.account + outcome.cash:,.2f}"
    if not any(own in text for text in page.texts("hero")):
        raise StoryStopped(f"网页上自己付的钱和医院收到的回答不一样，应该是 {own} 元")


def _tell_the_end(outcome: Outcome) -> None:
    text = (
        f"总费用 {outcome.total:,.2f} 元\n医保基金付 {outcome.funds:,.2f} 元\n"
        f"{_DAUGHTER}的个人账户付 {outcome.aid:,.2f} 元\n{_WHO}付现金 {outcome.cash:,.2f} 元"
    )
    results.print(Panel(text, title="谁付了多少", expand=False))


def _narrator() -> Callable[[str, str], None]:
    count = 0

    def say(step: str, what: str) -> None:
        nonlocal count
        count += 1
        results.print(f"[bold]{count:2d}  {step}[/bold]  {what}", soft_wrap=True)

    return say


def _hospital(path: Path) -> Hospital:
    """Raises StoryStopped when there is no demo hospital in Beijing to play."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise StoryStopped(f"没有读到演示医院的账号 {path}：请先运行 tongban run（演示环境）") from None
    for row in rows:
        if row["account"] == _ACCOUNT:
            return Hospital(row["account"], row["secret"], row["institution_code"], row["institution_name"], _TO)
    raise StoryStopped(f"{path} 里没有北京的演示医院，请重新运行 tongban demo load")


def _today() -> date:
    return day_of(system_clock())
