"""The web application: the one place that knows every door and everything they stand on."""

import gc
import multiprocessing
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from litestar import Litestar
from litestar.di import Provide

from tongban import settlement
from tongban.directory import Regions, all_regions
from tongban.doors import api, gateway, portal
from tongban.doors.envelope import Envelope
from tongban.doors.http import Request
from tongban.infra.clock import Clock, system_clock
from tongban.infra.crypto import Vault
from tongban.infra.db import Db, Pool, create_pool
from tongban.infra.files import files_from
from tongban.infra.logs import log_for_machines
from tongban.infra.workers import die_with_parent
from tongban.law import load_pack
from tongban.mutual_aid import tax_office_for
from tongban.settings import Settings

# Room for a signature's strokes; routes that take more say so themselves.
BODY_BYTES_MAX = 512 * 1024


def create_app(settings: Settings, clock: Clock = system_clock) -> Litestar:
    """An ASGI application. Its database has to be running and migrated when it starts, not when this is called.

    Routes find `pool`, `vault`, `files`, `pack`, `regions`, `settings`, `clock`, `tax_office` and `assets` in
    `app.state`, and may ask for `db: Db`: a connection in its own transaction, rolled back when the route raises.
    """
    app = Litestar(
        route_handlers=[*portal.route_handlers, *gateway.route_handlers, *api.route_handlers],
        guards=[portal.who_may_call],
        exception_handlers={Exception: portal.answer},
        dependencies={"db": Provide(_transaction)},
        lifespan=[_lifespan],
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=None,
        logging_config=None,
    )
    app.state.settings = settings
    app.state.clock = clock
    app.state.vault = Vault.from_settings(settings)
    app.state.files = files_from(settings)
    app.state.assets = portal.Assets()
    app.state.tax_office = tax_office_for(settings, clock)
    app.state.oidc = portal.oidc_client(settings)
    app.asgi_handler = Envelope(app.asgi_handler)
    return app


def app_from_env() -> Litestar:
    """For ``uvicorn --factory tongban.app:app_from_env``."""
    log_for_machines()
    return create_app(Settings.from_env())


@asynccontextmanager
async def _lifespan(app: Litestar) -> AsyncIterator[None]:
    die_with_parent()
    settings: Settings = app.state.settings
    url = settings.require_database_url()
    app.state.pack = load_pack(settings.policies_dir)
    pool = await create_pool(url)
    try:
        async with pool.acquire() as db:
            app.state.regions = await all_regions(db)
            await settlement.keep_version(db, app.state.pack, now=app.state.clock())
        app.state.assets.add("regions.json", _regions_json(app.state.regions))
        app.state.pool = pool
        if multiprocessing.parent_process() is not None:
            # What is loaded by now stays for good: keep the collector from walking through it again and again.
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 20)
        yield
    finally:
        await pool.close()


async def _transaction(request: Request) -> AsyncIterator[Db]:
    pool: Pool = request.app.state.pool
    async with pool.acquire() as connection, connection.transaction():
        yield connection


def _regions_json(regions: Regions) -> bytes:
    """Where a filing may lead to, for the region picker: [code, name, province code, province, "pinyin initials"]."""
    return msgspec.json.encode(
        [
            (r.pool_code, r.name, r.province_code, r.province_name, f"{r.pinyin} {r.initials}")
            for r in regions.all()
            if r.can_file_to
        ]
    )
