"""``tongban materials``: what an operator sees."""

from datetime import UTC, datetime, timedelta

import pytest
from materials_kit import Desk
from typer.testing import CliRunner

from tongban.doors.cli import app
from tongban.infra.db import Connection
from tongban.settings import Settings


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> "Run":
    for name, value in settings.for_workers().items():
        monkeypatch.setenv(name, value)
    return Run(settings)


class Run:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __call__(self, *arguments: str) -> tuple[int, str]:
        from concurrent.futures import ThreadPoolExecutor

        # Commands start an event loop of their own; this thread has one running.
        with ThreadPoolExecutor(1) as elsewhere:
            done = elsewhere.submit(CliRunner().invoke, app, ["materials", *arguments]).result()
        return done.exit_code, done.output


async def test_looking_and_purging(run: Run, db: Connection) -> None:
    from tongban.infra.crypto import Vault
    from tongban.infra.files import DiskFiles

    now = datetime.now(UTC)
    desk = Desk(db, Vault.from_settings(run.settings), DiskFiles(run.settings.var_dir / "files"), now)
    old, young = await desk.accept("旧", now=now - timedelta(days=800)), await desk.accept("新")
    await desk.attach("B1", old.number, now=now - timedelta(days=800))
    await desk.attach("B2", young.number)
    assert run("check") == (0, "一共 2 份材料，0 处有问题；存储里有 0 个对象不属于任何材料。\n")
    code, told = run("purge")
    assert code == 0
    assert old.number in told
    assert young.number not in told
    assert "到期的有 1 份" in told
    assert "什么都没有删" in told
    assert len(desk.objects()) == 4
    code, told = run("purge", "--yes")
    assert "删了 1 份材料、2 个对象。\n要留着的 1 份，删除前后都在。" in told
    assert await desk.read(young.number)
    for path in desk.files._root.glob("*/*"):
        path.unlink()
    code, told = run("check")
    assert code == 1
    assert f"{young.number}：第 1 页不在存储里" in told
