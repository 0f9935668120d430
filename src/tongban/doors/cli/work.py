"""``tongban work``: the worker by itself, for installations that run it apart and for doing what is due now."""

import asyncio
from typing import Annotated

import typer

from tongban.doors.cli.console import errors
from tongban.infra.db.server import open_database
from tongban.infra.logs import log_for_machines
from tongban.settings import Settings

HELP = "做后台的活：发短信和微信、到期提醒、清理。tongban run 已经带着一个。Ctrl-C 停止。"


def command(
    once: Annotated[bool, typer.Option("--once", help="把现在该做的都做完就结束，适合定时任务。")] = False,
) -> None:
    # Imported here: the queue's library is heavy, and no other command needs it.
    from tongban.doors.worker import run

    settings = Settings.from_env()
    settings.require_secrets()
    log_for_machines()
    with open_database(settings) as running:
        if not once:
            errors.print("后台在工作，Ctrl-C 停止。")
        asyncio.run(run(running, once=once))
