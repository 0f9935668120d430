"""What a handler is given."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeAlias

from tongban.infra.clock import Clock
from tongban.infra.crypto import Vault
from tongban.infra.db import Pool
from tongban.law import Pack, load_pack
from tongban.notices import Channel, Messenger, QuietHours, Sender
from tongban.settings import Settings

Ids: TypeAlias = Mapping[str, str | int]


@dataclass(frozen=True)
class Context:
    """`pool` gives connections in no transaction; a handler opens its own and holds none while it waits outside."""

    settings: Settings
    pool: Pool
    vault: Vault
    clock: Clock
    messengers: Mapping[Channel, Messenger]

    @cached_property
    def pack(self) -> Pack:
        """The policies, read when the first handler asks."""
        return load_pack(self.settings.policies_dir)

    @cached_property
    def sender(self) -> Sender:
        messages = self.settings.messages
        quiet = QuietHours(messages.quiet_from, messages.quiet_to)
        return Sender(self.pool, self.vault, self.messengers, quiet, self.settings.public_url)


# Does the job of these rows, which may have been done before, and returns when to be called again, or None.
Handler: TypeAlias = Callable[[Context, Ids], Awaitable[datetime | None]]
