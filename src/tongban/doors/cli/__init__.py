"""``tongban …``: every command for operators, one module per group."""

import socket
import sys
from typing import NoReturn

import asyncpg
import typer
from typer import rich_utils

from tongban.doors.cli import account, data, db, demo, explain, law, materials, notices, review, serve, story, work
from tongban.doors.cli.console import errors
from tongban.kernel.errors import Refusal

# Typer's own words, as far as it lets them be changed.
rich_utils.OPTIONS_PANEL_TITLE = "选项"
rich_utils.ARGUMENTS_PANEL_TITLE = "参数"
rich_utils.COMMANDS_PANEL_TITLE = "命令"
rich_utils.ERRORS_PANEL_TITLE = "输入有误"
rich_utils.DEFAULT_STRING = "[默认 {}]"
rich_utils.REQUIRED_LONG_STRING = "[必填]"
rich_utils.RICH_HELP = "请用 [blue]{command_path} {help_option}[/] 查看用法。"

app = typer.Typer(
    name="tongban",
    help="通办：异地就医备案、直接结算，以及每一笔钱的道理。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", help=serve.HELP)(serve.command)
app.command("work", help=work.HELP)(work.command)
app.add_typer(notices.app, name="notices", help=notices.HELP)
app.add_typer(materials.app, name="materials", help=materials.HELP)
app.add_typer(account.app, name="account", help=account.HELP)
app.add_typer(db.app, name="db", help="数据库：状态、升级、命令行、密钥。")
app.add_typer(data.app)
app.add_typer(demo.app)
app.add_typer(law.app, name="law", help=law.HELP)
app.add_typer(review.app, name="review", help=review.HELP)
app.command("story", help=story.HELP)(story.command)
app.command("explain", help=explain.HELP)(explain.command)


# What an outside database that is not there, or does not know us, answers.
_NO_DATABASE = (
    ConnectionError,
    TimeoutError,
    socket.gaierror,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)


def main() -> None:
    """A refusal is one sentence on stderr and exit code 1; Ctrl-C is 130. Anything else is a bug and shows itself."""
    try:
        app()
    except Refusal as refusal:
        _give_up(refusal.sentence)
    except PermissionError as error:
        _give_up(f"当前用户没有权限使用 {error.filename}，请检查它属于谁")
    except _NO_DATABASE as error:
        _give_up(f"连不上数据库：{error}。请检查 DATABASE_URL，以及数据库是不是在运行")
    except KeyboardInterrupt:
        sys.exit(130)


def _give_up(sentence: str) -> NoReturn:
    errors.print(sentence, style="red", soft_wrap=True)
    sys.exit(1)
