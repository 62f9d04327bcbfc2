"""`lms-graphql serve`: the database made ready, the port taken, the server run."""

import asyncio
import os
import socket
import tempfile
from functools import partial

import uvicorn
from sqlalchemy import URL
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from lms_graphql.app import certificate_signer, create_app, oidc_issuers, trusted_manifest
from lms_graphql.certificates.credentials import Signer
from lms_graphql.commands.console import fail, note, say
from lms_graphql.commands.database import Databases, databases, owner_connection
from lms_graphql.commands.migrate import prepare, warn_of_ledger
from lms_graphql.demo.service import DemoExistsError, load_demo
from lms_graphql.server.authentication import Authenticator
from lms_graphql.server.metrics import FOLDER_VARIABLE
from lms_graphql.server.shedding import SheddingProtocol
from lms_graphql.settings import Settings
from lms_graphql.storage import migrations, partitions, roles
from lms_graphql.storage.database import create_engine
from lms_graphql.workbench import workbench_config

_GRACE_SECONDS = 5
_WORKER_SECONDS = 60
"""How long a worker may be silent, as it is while it imports, 3 s of CPU. With uvicorn's own 5 s, more workers than a
busy machine can start in that time are killed and begun anew for ever."""
_BACKLOG = 2048


def serve(settings: Settings) -> None:
    """Serve until interrupted. An empty embedded database is migrated and gets the demo first."""
    trusted_manifest(settings)  # before anything slow, so that what can't be read is told at once
    oidc_issuers(settings)
    listener = _listen(settings.host, settings.port)  # and so is a port that is taken
    with listener, databases(settings) as found:
        asyncio.run(_make_ready(found, certificate_signer(settings)))
        asyncio.run(warn_of_ledger(settings, found))
        asyncio.run(_greet(settings, found.app))
        config = uvicorn.Config(
            partial(create_app, settings, found.app),
            factory=True,
            workers=settings.workers,
            http=SheddingProtocol,
            loop="lms_graphql.server.loop:MeasuredLoop",
            ws="none",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            timeout_keep_alive=5,
            timeout_worker_healthcheck=_WORKER_SECONDS,
        )
        if settings.workers == 1:
            uvicorn.Server(config).run(sockets=[listener])
        else:
            _supervise(config, listener)


def _supervise(config: uvicorn.Config, listener: socket.socket) -> None:
    """Serve with several processes, whose metrics are added up in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="lms_graphql_metrics_") as folder:
        os.environ[FOLDER_VARIABLE] = folder  # the workers inherit it, and look before anything is counted
        supervisor = Multiprocess(config, sockets=[listener])
        supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        fail("a worker could not start; the log says why")


def _listen(host: str, port: int) -> socket.socket:
    try:
        listener = socket.create_server((host, port), backlog=_BACKLOG)
    except OSError as error:
        fail(f"can't listen on {host}:{port}: {error.strerror or error}; choose another with --port or LMS_PORT")
    # Connections inherit it. asyncio does not see that a ready-made socket speaks TCP, and without it an answer's body
    # waits for the client to acknowledge its head: 40 ms for every request on a connection that is kept (measured).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


async def _make_ready(found: Databases, signer: Signer) -> None:
    if found.superuser is None:
        await roles.require_bound(found.app)
        await migrations.require_head(found.app)
        return
    await prepare(found)
    owner = found.owner_or_fail()
    is_new = await migrations.current(owner) is None
    await migrations.upgrade(owner)
    await partitions.maintain(owner)
    if is_new:
        note("an empty database: loading the demo university")
        try:
            async with owner_connection(owner) as connection:
                await load_demo(connection, signer=signer)
        except DemoExistsError:
            return  # another process on the same data was faster


async def _greet(settings: Settings, database: URL) -> None:
    url = f"http://{settings.host}:{settings.port}"
    say(f"LMS GraphQL on {url}/graphql" + (f", workbench on {url}/" if settings.workbench else ""))
    if settings.is_production:
        return
    engine = create_engine(database, pool_size=1)
    try:
        config = await workbench_config(engine, Authenticator(settings.secret_key, development=True), development=True)
    finally:
        await engine.dispose()
    for identity in config.identities:
        token = identity.headers.get("Authorization")
        if token:
            say(f"  {identity.label}\n    {token}")
