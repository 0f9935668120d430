"""What the demo prints about itself."""

import io

import pytest
from rich.console import Console

from tongban.doors.cli import demo
from tongban.doors.cli.demo import DemoClient, print_clients


def test_a_secret_stays_in_one_piece_on_a_narrow_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(demo, "results", Console(file=screen, width=40))
    client = DemoClient("demo-beijing", "-PLQs2Bb9[bold]CdHSUAzjiIGkrt3", "H11010100001", "中国医学科学院北京协和医院")
    print_clients([client])
    assert screen.getvalue().splitlines() == [
        f"演示医院：{client.institution_name}，接入账号 {client.account}，密钥 {client.secret}"
    ]
