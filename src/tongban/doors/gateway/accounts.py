"""Whom a message comes from: the account behind the signature, the institution behind the account."""

import secrets
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from tongban.directory import Institution, institution
from tongban.doors.gateway import store
from tongban.doors.gateway.errors import InstitutionMismatch, NonceReplayed, SignatureRefused
from tongban.doors.gateway.signature import check_clock, check_signature, signed_headers
from tongban.infra.crypto import Vault
from tongban.infra.db import Db

# How long a process trusts what it knows of an account: a switched-off account stops within this time.
KNOWN_FOR_SECONDS: Final = 30.0
_CLEAN_EVERY_SECONDS: Final = 60.0
_SECRET_BYTES: Final = 24


class Client(NamedTuple):
    account: str
    secret: str
    institution: Institution


class Accounts:
    """The accounts this process has met lately, with their secrets in clear: opening one costs a query and a cipher."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._known: dict[str, tuple[Client, float]] = {}
        self._cleaned_at = 0.0

    async def authenticate(self, db: Db, headers: Mapping[str, str], now: datetime) -> Client:
        """The client whose signature this is. Uses up the nonce. Raises SignatureRefused."""
        signed = signed_headers(headers)
        found = await self._client(db, signed.account)
        check_signature(signed, found.secret)
        check_clock(signed, now)
        if not await store.use_nonce(db, signed.account, signed.nonce, now):
            raise NonceReplayed(
                "这个随机数（x-tif-nonce）已经用过，可能是同一个请求发了两遍。重发请保留报文编号，换一个新的随机数再签名"
            )
        await self._clean(db, now)
        return found

    async def _client(self, db: Db, account: str) -> Client:
        known = self._known.get(account)
        if known is not None and time.monotonic() - known[1] < KNOWN_FOR_SECONDS:
            return known[0]
        self._known.pop(account, None)
        row = await store.client(db, account)
        if row is None:
            raise SignatureRefused("没有这个接入账号（x-tif-paasid），请核对，或向当地医保经办机构申请")
        if not row.is_active:
            raise SignatureRefused("这个接入账号已经停用，请联系当地医保经办机构")
        found = await institution(db, row.institution_code)
        if found is None:
            raise InstitutionMismatch("这个接入账号对应的医药机构不在定点名单里，请联系当地医保经办机构")
        client = Client(account, self._vault.open(row.secret_enc, store.SECRET_CONTEXT), found)
        self._known[account] = (client, time.monotonic())
        return client

    async def _clean(self, db: Db, now: datetime) -> None:
        if time.monotonic() - self._cleaned_at >= _CLEAN_EVERY_SECONDS:
            self._cleaned_at = time.monotonic()
            await store.forget_nonces(db, now)


async def open_account(
    owner_db: Db, vault: Vault, account: str, institution_code: str, *, is_demo: bool = False
) -> str:
    """The account's secret in clear, for whoever runs the institution's system. One that was made stays.

    Needs a role that may write accounts: web processes only read them.
    """
    if (row := await store.client(owner_db, account)) is not None:
        return vault.open(row.secret_enc, store.SECRET_CONTEXT)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    sealed = vault.seal(secret, store.SECRET_CONTEXT)
    await store.put_client(owner_db, account, institution_code, sealed, is_demo=is_demo)
    return secret


def check_institution(client: Client, institution_code: str) -> None:
    if institution_code != client.institution.institution_code:
        raise InstitutionMismatch(
            f"报文里的机构编号 fixmedins_code 是 {institution_code[:20]}，"
            f"这个接入账号属于 {client.institution.institution_code}，请改成本机构的编号"
        )
