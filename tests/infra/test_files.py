"""The store of files, on disk and at an S3-compatible service: one behaviour."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tongban.infra.files import DiskFiles, FileMissing, Files, FilesUnavailable, S3Files, files_from
from tongban.settings import S3Settings, Settings, SettingsWrong

ONE, TWO = "1a" * 32, "2b" * 32


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Settings]:
    """A bucket of a service on this machine."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="id", aws_secret_access_key="key"
    )
    client.create_bucket(Bucket="papers")
    client.close()
    yield S3Settings(endpoint, "papers", "us-east-1", "id", "key", prefix="tongban/pictures")
    server.stop()


@pytest.fixture(params=["disk", "s3"])
async def files(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Files]:
    store: Files
    store = DiskFiles(tmp_path / "files") if request.param == "disk" else S3Files(request.getfixturevalue("s3"))
    yield store
    async for found in store.everything():
        await store.delete(found.name)


async def test_what_is_put_comes_back_until_it_is_deleted(files: Files) -> None:
    with pytest.raises(FileMissing):
        await files.get(ONE)
    content = os.urandom(300_000)
    await files.put(ONE, content)
    assert await files.get(ONE) == content
    await files.put(ONE, b"again")
    assert await files.get(ONE) == b"again"
    await files.delete(ONE)
    await files.delete(ONE)
    with pytest.raises(FileMissing):
        await files.get(ONE)


async def test_everything_is_listed(files: Files) -> None:
    assert [found async for found in files.everything()] == []
    await files.put(ONE, b"12345")
    await files.put(TWO, b"")
    found = {entry.name: entry async for entry in files.everything()}
    assert {name: entry.bytes for name, entry in found.items()} == {ONE: 5, TWO: 0}
    assert abs(found[ONE].modified_at - datetime.now(UTC)) < timedelta(minutes=5)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "1A" * 32, "1a" * 31, "1a" * 32 + "/x", "1a" * 32 + "\n"])
async def test_no_other_name_reaches_the_store(files: Files, name: str) -> None:
    for work in (files.get(name), files.put(name, b""), files.delete(name)):
        with pytest.raises(ValueError, match="not the name"):
            await work


async def test_many_writers_of_one_object_leave_one_whole(files: Files) -> None:
    contents = [bytes([n]) * 50_000 for n in range(8)]
    await asyncio.gather(*(files.put(ONE, content) for content in contents))
    assert await files.get(ONE) in contents
    assert [found.name async for found in files.everything()] == [ONE]


async def test_on_disk_only_the_owner_reads_and_nothing_half_written_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "files"
    files = DiskFiles(root)
    await files.put(ONE, b"first")
    [path] = root.glob("*/*")
    assert [path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777, root.stat().st_mode & 0o777] == [
        0o600,
        0o700,
        0o700,
    ]

    def full(_: int) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FilesUnavailable, match="用不了"):
        await files.put(ONE, b"second")
    assert await files.get(ONE) == b"first"
    assert [entry.name for entry in path.parent.iterdir()] == [ONE]


async def test_an_s3_service_that_is_away_is_an_error_and_no_missing_file() -> None:
    gone = S3Files(S3Settings("http://127.0.0.1:9", "papers", "us-east-1", "id", "key"))
    for work in (gone.get(ONE), gone.put(ONE, b"x"), gone.delete(ONE), anext(gone.everything())):
        with pytest.raises(FilesUnavailable) as failed:
            await work
        assert failed.value.__cause__ is None
        assert "127.0.0.1" not in failed.value.sentence


async def test_what_a_killed_process_left_half_written_goes_once_it_is_old(tmp_path: Path) -> None:
    files = DiskFiles(tmp_path / "files")
    await files.put(ONE, b"whole")
    [path] = (tmp_path / "files").glob("*/*")
    half = path.with_name(f".{ONE}.0123456789ab")
    half.write_bytes(b"ha")
    now = datetime.now(UTC)
    assert [found.name async for found in files.everything()] == [ONE]
    assert await files.tidy(now - timedelta(days=1)) == 0
    assert await files.tidy(now + timedelta(minutes=1)) == 1
    assert await files.tidy(now + timedelta(minutes=1)) == 0
    assert await files.get(ONE) == b"whole"


# --- settings ---------------------------------------------------------------------------------------------------

WHOLE = {
    "TONGBAN_FILES": "s3",
    "TONGBAN_S3_ENDPOINT": "https://s3.example.cn/",
    "TONGBAN_S3_BUCKET": "papers",
    "TONGBAN_S3_ACCESS_KEY_ID": "who-it-is",
    "TONGBAN_S3_SECRET_ACCESS_KEY": "not-for-the-log",
}


def test_disk_is_the_default_and_s3_a_setting(tmp_path: Path) -> None:
    assert isinstance(files_from(Settings.from_env({"TONGBAN_VAR": str(tmp_path)})), DiskFiles)
    settings = Settings.from_env(WHOLE)
    assert isinstance(files_from(settings), S3Files)
    assert settings.s3 is not None
    assert (settings.s3.endpoint, settings.s3.region) == ("https://s3.example.cn", "us-east-1")
    assert "not-for-the-log" not in repr(settings)
    assert "who-it-is" not in repr(settings)


@pytest.mark.parametrize("missing", [name for name in WHOLE if name != "TONGBAN_FILES"])
def test_half_given_settings_are_refused_by_name(missing: str) -> None:
    with pytest.raises(SettingsWrong, match=missing) as refused:
        Settings.from_env(WHOLE | {missing: ""})
    assert "not-for-the-log" not in refused.value.sentence


@pytest.mark.parametrize(
    "wrong",
    [
        {"TONGBAN_FILES": "ftp"},
        {"TONGBAN_FILES": "disk"},
        {"TONGBAN_FILES": ""},
        {"TONGBAN_S3_ENDPOINT": "s3.example.cn"},
    ],
)
def test_settings_that_contradict_each_other_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsWrong) as refused:
        Settings.from_env(WHOLE | wrong)
    assert "not-for-the-log" not in refused.value.sentence


def test_web_processes_get_the_same_store() -> None:
    from dataclasses import replace

    settings = replace(Settings.from_env(WHOLE | {"TONGBAN_S3_PREFIX": "/a/b/"}), database_url="postgresql://x")
    assert Settings.from_env(settings.for_workers()).s3 == settings.s3
    disk = replace(Settings.from_env({}), database_url="postgresql://x")
    assert Settings.from_env(disk.for_workers()).s3 is None
