"""``tongban run``: the database, the data and the web processes, looked after by one process.

Order matters. The port is taken first, so that a collision is said at once. The database is owned by this process, and
migrated and filled before anybody is served. At the end the web processes finish what they are doing and stop, then
the worker, then the database.
"""

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Annotated, Any, Self

import typer
from uvicorn.config import LOGGING_CONFIG, STARTUP_FAILURE, Config
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from tongban.doors.cli.console import errors, results
from tongban.doors.cli.data import load_all
from tongban.doors.cli.demo import PEOPLE_DEFAULT, PEOPLE_MAX, DemoLoaded, load_demo, print_clients
from tongban.infra.db.migrate import migrate
from tongban.infra.db.server import RunningDatabase, app_login, owner_url, run_database
from tongban.kernel.errors import Refusal
from tongban.law import load_pack
from tongban.settings import Settings

HELP = "启动通办：数据库、基础数据、网页和医院接口。Ctrl-C 停止。"

_APP = "tongban.app:app_from_env"
_GRACE_SECONDS = 10
_WORKER_AGAIN_SECONDS = 5.0


class PortTaken(Refusal):
    code = "port_taken"


class DataRefused(Refusal):
    code = "data_refused"


class NotServing(Refusal):
    code = "not_serving"


def command(
    host: Annotated[str | None, typer.Option(help="监听的地址；默认只有本机能访问。")] = None,
    port: Annotated[int | None, typer.Option(help="端口，默认 8000；0 表示由系统选一个。", min=0, max=65535)] = None,
    workers: Annotated[int | None, typer.Option(help="网页进程数，默认每个处理器一个。", min=1, max=256)] = None,
    people: Annotated[
        int, typer.Option(help="演示省除了固定的几位，再造多少人。", min=0, max=PEOPLE_MAX)
    ] = PEOPLE_DEFAULT,
    wait: Annotated[float, typer.Option(help="数据库文件夹正被占用时，最多等多少秒。", min=0, metavar="秒")] = 0.0,
) -> None:
    """The options win over the environment, the environment over the defaults."""
    settings = Settings.from_env()
    settings = replace(
        settings,
        host=settings.host if host is None else host,
        port=settings.port if port is None else port,
        workers=settings.workers if workers is None else workers,
    )
    # What is wrong with keys or policies is said before anything is started.
    settings.require_secrets()
    load_pack(settings.policies_dir)
    with closing(listen(settings.host, settings.port)) as listener:
        settings = replace(settings, port=listener.getsockname()[1])
        with run_database(settings, wait=wait) as database:
            _migrate(database.settings)
            demo = _fill(database.settings, people)
            _serve(database, listener, lambda: _announce(database.settings, demo))


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises PortTaken with a sentence that says which way out there is."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise PortTaken(f"地址 {host} 看不懂，请换一个，例如 127.0.0.1") from None
    listener = socket.socket(family, kind, protocol)
    try:
        # A port whose last connections are still closing may be used again at once.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise _why_not(error, host, port) from None
    return listener


def _why_not(error: OSError, host: str, port: int) -> PortTaken:
    if error.errno == errno.EADDRINUSE:
        return PortTaken(
            f"端口 {port} 已经被别的程序占用：请先停掉它，或换一个端口，例如 tongban run --port {port + 1}"
        )
    if error.errno == errno.EACCES:
        return PortTaken(f"当前用户不能使用端口 {port}：请换一个 1024 以上的端口")
    return PortTaken(f"不能在 {host} 的端口 {port} 上监听：{error.strerror}")


def _migrate(settings: Settings) -> None:
    if settings.owner_database_url is None:
        # An outside database whose schema is looked after apart; the web processes find out whether it fits.
        return
    for name in asyncio.run(migrate(owner_url(settings), app_login(settings))):
        errors.print(f"数据库已升级：{name}")


def _fill(settings: Settings, people: int) -> DemoLoaded | None:
    """Reference tables always, the made-up province in the demo; what is there already is not loaded again."""
    if settings.owner_database_url is None:
        return None
    if problems := load_all(settings, console=errors).problems:
        raise DataRefused(
            f"基础数据有 {len(problems)} 行不对，第一处是：{problems[0]}。请改好后再启动，详情请运行 tongban data load"
        )
    return load_demo(settings, people, console=errors) if settings.is_demo else None


def _serve(database: RunningDatabase, listener: socket.socket, announce: Callable[[], None]) -> None:
    """Returns when asked to stop. Raises NotServing when a web process could not start."""
    os.environ.update(database.settings.for_workers())
    config = Config(
        _APP,
        factory=True,
        workers=database.settings.workers,
        access_log=False,
        server_header=False,
        lifespan="on",
        log_level="warning",
        log_config=_log_to_stderr(),
        timeout_graceful_shutdown=_GRACE_SECONDS,
        # On a busy machine a worker may not answer for a while and yet be well.
        timeout_worker_healthcheck=30,
    )
    with BackgroundWorker(is_wanted=database.settings.has_worker) as worker:

        def look_after() -> None:
            database.keep_alive()
            worker.keep_alive()

        supervisor = Supervisor(config, listener, announce=announce, look_after=look_after)
        supervisor.run()
    if not supervisor.was_asked_to_stop:
        raise NotServing("网页进程没有启动起来，原因见上面的日志")


class BackgroundWorker:
    """The one worker process beside the web processes: started again when it dies, and at the end told to finish what
    it does. It reads its settings from the environment, as the web processes do."""

    def __init__(self, *, is_wanted: bool) -> None:
        self._is_wanted = is_wanted
        self._process: subprocess.Popen[bytes] | None = None
        self._not_before = 0.0

    def __enter__(self) -> Self:
        return self

    def keep_alive(self) -> None:
        """Called twice a second. One that dies at once is not started more often than every few seconds."""
        if not self._is_wanted or (self._process is not None and self._process.poll() is None):
            return
        if time.monotonic() < self._not_before:
            return
        self._not_before = time.monotonic() + _WORKER_AGAIN_SECONDS
        self._process = subprocess.Popen([sys.executable, "-m", "tongban.doors.worker", str(os.getpid())])  # noqa: S603

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            # Whatever it was doing is done again by the next one.
            self._process.kill()
            self._process.wait()


class Supervisor(Multiprocess):
    """Uvicorn's supervisor of worker processes: it replaces dead ones, ends them in order, and the last request is
    answered. It also says when all are ready, and keeps an eye on the database."""

    def __init__(
        self,
        config: Config,
        listener: socket.socket,
        *,
        announce: Callable[[], None],
        look_after: Callable[[], None],
    ) -> None:
        # Under nohup the closing of the terminal is ignored, and stays so.
        self._outlives_terminal = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        super().__init__(config, sockets=[listener])
        self._announce: Callable[[], None] | None = announce
        self._look_after = look_after
        self.was_asked_to_stop = False

    def keep_subprocess_alive(self) -> None:
        """Called twice a second in the main thread, the only one that may start a database."""
        self._look_after()
        for process in self.processes:
            # The worker has its own copy of this end. While ours is open, too, a worker that dies before it answered
            # looks merely slow, and is waited for until the health check gives up.
            process.child_conn.close()
        super().keep_subprocess_alive()
        if self._announce is None and self.should_exit.is_set() and not self.was_asked_to_stop:
            self._start_again_what_failed()
        if self._announce and not self.should_exit.is_set() and all(p.is_ready(timeout=1) for p in self.processes):
            self._announce()
            self._announce = None

    def _start_again_what_failed(self) -> None:
        """Before the first announcement a process that cannot start ends everything, for the next one could not either.
        Afterwards what was in its way passes, such as a database that is just coming back: nobody else stops for it."""
        self.should_exit.clear()
        for place, process in enumerate(self.processes):
            if process.exitcode == STARTUP_FAILURE:
                self.processes[place] = Process(self.config, self.sockets)
                self.processes[place].start()

    def handle_int(self) -> None:
        self.was_asked_to_stop = True
        super().handle_int()

    def handle_term(self) -> None:
        self.was_asked_to_stop = True
        super().handle_term()

    def handle_hup(self) -> None:
        """The terminal was closed: nobody could stop us any more, so we stop."""
        if not self._outlives_terminal:
            self.handle_term()


def _log_to_stderr() -> dict[str, Any]:
    return {**LOGGING_CONFIG, "disable_existing_loggers": False}


def _announce(settings: Settings, demo: DemoLoaded | None) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    results.print(f"\n通办已启动：[bold]http://{host}:{settings.port}[/bold]")
    if demo is not None:
        results.print("这是演示环境，里面的人都不存在。登录页上列着可以试用的几位，点名字就能进入。")
        print_clients(demo.clients)
    results.print("按 Ctrl-C 停止。")
