"""What the citizens' pages weigh, how soon they are seen on a poor phone, and what they cost the server.

    python bench/pages_bench.py [--requests 200] [--without-browser] [--into docs/reference/measures.md]

Starts the product with a database of its own and the demo's people, signs somebody in, begins every flow, and asks for
its pages:

* weight: gzip bytes of page, style and script together (first load), and of the page alone (the next one);
* first contentful paint: Chromium with an empty cache, 400 ms for every round trip, 400 kbit/s, and a processor four
  times slower; the middle of three, beside a page of two letters without a style, which no page can beat;
* processor time of the one web process for each request, one after the other over loopback, from the kernel's count
  in nanoseconds: the middle and the 99th of a hundred.

Each figure stands beside its budget; one that is over it is marked and makes the exit code 1. With `--into` the
table is also written into a page, between its marks.
"""

import argparse
import gzip
import os
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import httpx
from playwright.sync_api import Browser, sync_playwright

from settlement_bench import started

FIRST_LOAD_BYTES, NEXT_PAGE_BYTES, PAINT_MS, CPU_P99_MS = 25 * 1024, 6 * 1024, 2_000, 30.0
ROUND_TRIP_MS, BYTES_PER_SECOND, SLOWER = 400, 400_000 // 8, 4
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
ESTIMATE = "insured=resident&pool=140100&trip=cross_province&care=inpatient&home=class_1&there=class_1&total=38600"
VISITOR = {
    "home, visitor": "/",
    "estimate, form": "/estimate",
    "estimate, result": f"/estimate?{ESTIMATE}&way=referral",
    "advice, questions": "/filing",
    "advice, answer": "/filing/advice?trip=cross_province&care=inpatient&why=long_term&insurance=resident",
    "one thing, events": "/journey",
    "hospitals": "/hospitals?place=太原&name=医院",
    "search": "/search?q=报销",
    "words": "/words",
    "contact": "/contact",
}
SIGNED_IN = {
    "home": "/",
    "one thing, form": "/journey/new?event=operation",
    "records": "/filing/records",
    "costs": "/costs",
    "claims": "/reimbursement",
    "chronic": "/chronic",
    "family account": "/family-account",
    "family": "/family",
    "inbox": "/inbox",
    "medical code": "/code",
}
ALL = {*VISITOR.values(), *SIGNED_IN.values()}
FLOWS = ("filing", "reimbursement", "chronic", "family-account")
RESIDENT = "li_jing"
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_ASSET = re.compile(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"')


class Page(NamedTuple):
    name: str
    path: str
    is_signed_in: bool


@dataclass
class Measured:
    """`paint_ms` None: no browser was asked for."""

    page: Page
    first_load: int
    next_page: int
    paint_ms: float | None = None
    cpu_ms: list[float] = field(default_factory=list)

    @property
    def p50(self) -> float:
        return statistics.median(self.cpu_ms)

    @property
    def p99(self) -> float:
        return sorted(self.cpu_ms)[max(0, -(-len(self.cpu_ms) * 99 // 100) - 1)]

    @property
    def over(self) -> list[str]:
        """Which budgets it breaks."""
        limits = {
            "first load": (self.first_load, FIRST_LOAD_BYTES),
            "next page": (self.next_page, NEXT_PAGE_BYTES),
            "paint": (self.paint_ms or 0, PAINT_MS),
            "cpu p99": (self.p99, CPU_P99_MS),
        }
        return [name for name, (found, allowed) in limits.items() if found > allowed]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200, help="requests for each page")
    parser.add_argument("--without-browser", action="store_true", help="leave out the first paint")
    parser.add_argument("--into", type=Path, help="a page to write the table into")
    wanted = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tongban-"))
    folder.chmod(0o711)
    environ = {"PATH": os.environ["PATH"], "TONGBAN_VAR": str(folder / "var"), "TONGBAN_DEMO": "1"}
    try:
        with started(environ, folder / "log", 1) as product:
            base = f"http://{product.host}:{product.port}"
            with httpx.Client(base_url=base, timeout=30) as visitor, httpx.Client(base_url=base, timeout=30) as person:
                sign_in(person)
                pages = [Page(name, path, False) for name, path in VISITOR.items()]
                pages += [Page(name, path, True) for name, path in (SIGNED_IN | flow_pages(person)).items()]
                found = [weigh(page, person if page.is_signed_in else visitor) for page in pages]
                pid = next(iter(product._children("spawn_main")), product.process.pid)
                for measured in found:
                    client = person if measured.page.is_signed_in else visitor
                    measured.cpu_ms = list(cpu_of(pid, client, measured.page.path, wanted.requests))
                if not wanted.without_browser:
                    floor = Measured(Page("(two letters)", "/health", is_signed_in=False), 0, 0, cpu_ms=[0.0])
                    paint(base, person, [floor, *found])
                    print(f"a page of two letters is seen after {floor.paint_ms:.0f} ms")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report(found)
    if wanted.into:
        write_into(wanted.into, found)
    sys.exit(1 if any(measured.over for measured in found) else 0)


def sign_in(person: httpx.Client) -> None:
    """As one of the demo's residents, through the pages."""
    token = _token(person.get("/sign-in").text)
    answer = person.post("/sign-in", data={"csrf": token, "resident": RESIDENT}, follow_redirects=True)
    if answer.url.path == "/consent":
        person.post("/consent", data={"csrf": _token(answer.text), "agree": "1"})


def flow_pages(person: httpx.Client) -> dict[str, str]:
    """The pages that lie behind a beginning: the first step of every flow, and one journey."""
    found = {}
    form = person.get("/journey/new?event=operation").text
    said = {"event": "operation", "for": "self", "why": "long_term", "area": "110000", "start_choice": "today"}
    begun = person.post("/journey/new", data={"csrf": _token(form)} | said)
    found["one thing, progress"] = begun.headers["location"]
    taken_up = person.post(f"{begun.headers['location']}/filing", data={"csrf": _token(form)})
    draft = taken_up.headers["location"]
    for step in ("who", "place", "kind"):
        found[f"filing, {step}"] = f"{draft}/{step}"
    for flow in FLOWS[1:]:
        answer = person.post(f"/{flow}/start", data={"csrf": _token(form)})
        if answer.status_code == 303 and answer.headers["location"].startswith(f"/{flow}/"):
            found[f"{flow}, first step"] = answer.headers["location"]
    return found


def weigh(page: Page, client: httpx.Client) -> Measured:
    """Gzip sizes as the server sends them. Raises RuntimeError for a page that is not shown."""
    html = client.get(page.path, follow_redirects=True)
    if html.status_code != 200:
        raise RuntimeError(f"{page.path} answered {html.status_code}")
    packed = len(gzip.compress(html.content, 6, mtime=0))
    assets = sum(len(gzip.compress(client.get(path).content, 9, mtime=0)) for path in set(_ASSET.findall(html.text)))
    return Measured(page, packed + assets, packed)


def cpu_of(pid: int, client: httpx.Client, path: str, requests: int) -> Iterator[float]:
    """Milliseconds of processor time that the process spends on each request, after ten to warm up."""
    for number in range(requests + 10):
        before = _cpu_ns(pid)
        client.get(path, follow_redirects=True)
        if number >= 10:
            yield (_cpu_ns(pid) - before) / 1e6


def _cpu_ns(pid: int) -> int:
    """Time on a processor of all threads of a process, in nanoseconds."""
    return sum(int(task.read_text().split()[0]) for task in Path(f"/proc/{pid}/task").glob("*/schedstat"))


def paint(base: str, person: httpx.Client, found: list[Measured]) -> None:
    """The first contentful paint of every page, each time in a browser context with nothing in its cache."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        _paint(browser, base, person, found[0].page)  # the browser's own first page is its slowest
        for measured in found:
            measured.paint_ms = statistics.median(_paint(browser, base, person, measured.page) for _ in range(3))
        browser.close()


def _paint(browser: Browser, base: str, person: httpx.Client, page: Page) -> float:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    if page.is_signed_in:
        context.add_cookies([{"name": c.name, "value": c.value or "", "url": base} for c in person.cookies.jar])
    tab = context.new_page()
    protocol = context.new_cdp_session(tab)
    protocol.send("Network.enable")
    slow = {"downloadThroughput": BYTES_PER_SECOND, "uploadThroughput": BYTES_PER_SECOND}
    protocol.send("Network.emulateNetworkConditions", {"offline": False, "latency": ROUND_TRIP_MS, **slow})
    protocol.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    tab.goto(base + page.path)
    shown: float = tab.evaluate(
        """() => new Promise(told => new PerformanceObserver(list => list.getEntries().forEach(entry => {
             if (entry.name === 'first-contentful-paint') told(entry.startTime);
           })).observe({type: 'paint', buffered: true}))"""
    )
    context.close()
    return shown


def report(found: list[Measured]) -> None:
    print(f"{'page':28} {'first load':>11} {'next page':>10} {'paint':>8} {'cpu p50':>9} {'cpu p99':>9}")
    print(f"{'budget':28} {FIRST_LOAD_BYTES:9,} B {NEXT_PAGE_BYTES:8,} B {PAINT_MS:5} ms {'':9} {CPU_P99_MS:6.1f} ms")
    for each in found:
        shown = f"{each.paint_ms:5.0f} ms" if each.paint_ms is not None else "       –"
        weights = f"{each.first_load:9,} B {each.next_page:8,} B"
        marks = f"  OVER: {', '.join(each.over)}" if each.over else ""
        print(f"{each.page.name:28} {weights} {shown} {each.p50:6.1f} ms {each.p99:6.1f} ms{marks}")
    over = [each.page.name for each in found if each.over]
    print(f"{len(found)} pages, {len(over)} over a budget{': ' + ', '.join(over) if over else ''}")


def write_into(page: Path, found: list[Measured]) -> None:
    """The table as Markdown, in place of the one between the page's marks."""
    before, rest = page.read_text().split("<!-- pages -->")
    rows = [
        "| 页 | 第一次打开 | 再打开 | 第一次看到字 | 处理器时间，中间 | 第 99 个（一百个里） |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        f"| 预算 | {FIRST_LOAD_BYTES:,} | {NEXT_PAGE_BYTES:,} | {PAINT_MS:,} 毫秒 | | {CPU_P99_MS:.0f} 毫秒 |",
    ]
    for each in found:
        shown = "没有量" if each.paint_ms is None else f"{each.paint_ms:,.0f} 毫秒"
        name = f"{each.page.name} `{each.page.path.partition('?')[0]}`" if each.page.path in ALL else each.page.name
        cpu = f"{each.p50:.1f} 毫秒 | {each.p99:.1f} 毫秒"
        rows.append(f"| {name} | {each.first_load:,} | {each.next_page:,} | {shown} | {cpu} |")
    table = "\n".join(rows)
    page.write_text(f"{before}<!-- pages -->\n{table}\n<!-- end -->{rest.split('<!-- end -->', 1)[1]}")


def _token(html: str) -> str:
    match = _CSRF.search(html)
    if match is None:
        raise RuntimeError("the page has no form")
    return match[1]


if __name__ == "__main__":
    main()
