"""SQL of the schema `gateway`: accounts of hospital systems, used nonces, sign-ons."""

from datetime import datetime, timedelta
from typing import NamedTuple

from tongban.doors.gateway.signature import NONCE_KEPT_SECONDS
from tongban.infra.db import Db

SECRET_CONTEXT = "gateway.secret"  # noqa: S105  the vault's context, not a secret


class ClientRow(NamedTuple):
    institution_code: str
    secret_enc: bytes
    is_active: bool


async def client(db: Db, account: str) -> ClientRow | None:
    row = await db.fetchrow(
        "select institution_code, secret_enc, is_active from gateway.client where client_account = $1", account
    )
    return None if row is None else ClientRow(row["institution_code"], row["secret_enc"], row["is_active"])


async def use_nonce(db: Db, account: str, nonce: str, now: datetime) -> bool:
    """False when the nonce was used inside the window.

    Does not wait for the disk: a crash may forget the last half second of nonces, and what a copied message of that
    half second could do is stopped by its message id.
    """
    return (
        await db.fetchval(
            """with unhurried as materialized (select set_config('synchronous_commit', 'off', true))
               insert into gateway.nonce as known (client_account, nonce, seen_at)
               select $1, $2, $3 from unhurried
               on conflict (client_account, nonce) do update set seen_at = excluded.seen_at
                 where known.seen_at < $4
               returning 1""",
            account,
            nonce,
            now,
            now - timedelta(seconds=NONCE_KEPT_SECONDS),
        )
        is not None
    )


async def forget_nonces(db: Db, now: datetime, *, at_most: int = 2000) -> int:
    """Drop nonces outside the window, a bounded number at a time; rows another process is dropping are left to it."""
    status = await db.execute(
        """delete from gateway.nonce where (client_account, nonce) in (
             select client_account, nonce from gateway.nonce where seen_at < $1
             order by seen_at limit $2 for update skip locked)""",
        now - timedelta(seconds=NONCE_KEPT_SECONDS),
        at_most,
    )
    return int(status.rsplit(" ", 1)[-1])


async def add_sign_on(db: Db, sign_no: str, institution_code: str, operator_no: str, now: datetime) -> None:
    await db.execute(
        "insert into gateway.sign_on (sign_no, institution_code, operator_no, signed_on_at) values ($1, $2, $3, $4)",
        sign_no,
        institution_code,
        operator_no,
        now,
    )


async def sign_off(db: Db, sign_no: str, institution_code: str, now: datetime) -> bool:
    """False when this institution never signed on under that number. Signing off twice keeps the first time."""
    status = await db.execute(
        """update gateway.sign_on set signed_off_at = coalesce(signed_off_at, greatest($3, signed_on_at))
           where sign_no = $1 and institution_code = $2""",
        sign_no,
        institution_code,
        now,
    )
    return status != "UPDATE 0"


async def put_client(owner_db: Db, account: str, institution_code: str, secret_enc: bytes, *, is_demo: bool) -> None:
    """An account that is not there yet. Needs a role that may: web processes only read accounts."""
    await owner_db.execute(
        """insert into gateway.client (client_account, institution_code, secret_enc, is_demo)
           values ($1, $2, $3, $4)""",
        account,
        institution_code,
        secret_enc,
        is_demo,
    )
