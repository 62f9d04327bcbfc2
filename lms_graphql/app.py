"""The ASGI application: everything that lives as long as the process, and the routes."""

import gc
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import aclosing, asynccontextmanager, nullcontext
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import URL
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from lms_graphql import schema
from lms_graphql.assessment import uploading
from lms_graphql.certificates.credentials import Signer
from lms_graphql.certificates.guesses import Guesses
from lms_graphql.certificates.keys import KeysError, read_keyring
from lms_graphql.certificates.publishing import Publications
from lms_graphql.engine.context import Context, Principal, Viewer
from lms_graphql.engine.documents import Document, Documents
from lms_graphql.engine.fragments import Fragments
from lms_graphql.engine.relay import Cursors
from lms_graphql.engine.trusted import Manifest, ManifestError, TrustedDocuments, read_manifest
from lms_graphql.engine.validators import Validator
from lms_graphql.grades.regrading import REGRADE, regrade_part
from lms_graphql.grades.roster import roster
from lms_graphql.identity.issuers import Issuer, IssuersError, read_issuers
from lms_graphql.identity.recognition import Identity
from lms_graphql.interop.bundle.exporting import export_course
from lms_graphql.interop.exported import Exported, write_down
from lms_graphql.interop.oneroster.archive import roster_archive
from lms_graphql.interop.oneroster.service import IMPORT, import_part
from lms_graphql.interop.qti.exporting import export_questions
from lms_graphql.jobs.running import Handler, Runner
from lms_graphql.privacy.disclosures import record_disclosures
from lms_graphql.privacy.export import export
from lms_graphql.privacy.ledger import Ledger
from lms_graphql.server.authentication import Authenticator
from lms_graphql.server.badges import badge_routes
from lms_graphql.server.export import (
    BundleEndpoint,
    ExportEndpoint,
    QuestionsEndpoint,
    RosterArchiveEndpoint,
    RosterEndpoint,
)
from lms_graphql.server.health import health_routes
from lms_graphql.server.http import GraphQLEndpoint
from lms_graphql.server.lookup import Lookup
from lms_graphql.server.metrics import Metrics, Sampling, State, idle_seconds, metrics_route
from lms_graphql.server.observing import Observer
from lms_graphql.server.places import Places
from lms_graphql.server.points import Points, point_store
from lms_graphql.server.tracing import tracing
from lms_graphql.server.uploads import UploadEndpoint
from lms_graphql.server.workbench import WorkbenchConfig, workbench_routes
from lms_graphql.settings import Settings, SettingsError
from lms_graphql.storage import migrations, tenancy
from lms_graphql.storage.database import borrowed, create_engine, database_url
from lms_graphql.storage.fanout import FanOut
from lms_graphql.storage.files import Files, LocalFiles, StoredFile
from lms_graphql.storage.points import PointStore
from lms_graphql.storage.s3 import file_store
from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.storage.transaction import Transaction
from lms_graphql.templates.spreading import SYNC_EVERYWHERE, sync_part
from lms_graphql.tenancy.service import Identities
from lms_graphql.workbench import workbench_config

logger = logging.getLogger(__name__)

JOBS: Mapping[str, Handler] = {REGRADE: regrade_part, IMPORT: import_part, SYNC_EVERYWHERE: sync_part}
"""What does each kind of job."""

_POINTS_CONNECTIONS = 2
_PLATFORM_CONNECTIONS = 2
_AUTH_CONNECTIONS = 3
MIB = 2**20
_ADDRESS = re.compile(r"(?:/u/(?P<short_code>[^/]+))?/graphql")
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


Export: TypeAlias = Callable[[Context, str], Awaitable[Exported]]
"""Makes a file of what a global id names, for who may have it."""


class Service:
    """What the endpoint works with."""

    def __init__(self, settings: Settings, database: URL, manifest: Manifest, issuers: tuple[Issuer, ...] = ()) -> None:
        built = schema.build()
        self.engine = create_engine(database, pool_size=settings.pool_size)
        self.graphql = built.graphql
        self.in_production = settings.is_production
        self.documents = Documents(built.graphql, built.groups, hide_suggestions=self.in_production)
        self._points_engine = create_engine(database, pool_size=_POINTS_CONNECTIONS)
        self.points = Points(
            point_store(self._points_engine, settings.points_per_second), enforced=settings.cost == "enforce"
        )
        self.trusted = TrustedDocuments(manifest, self.documents.read)
        self.lookup = Lookup(self.documents, self.trusted, settings.trusted_documents)
        self._auth_engine = create_engine(auth_database(settings, database), pool_size=_AUTH_CONNECTIONS)
        self.identity = Identity(self._auth_engine, issuers)
        self.authenticator = Authenticator(
            settings.secret_key, development=not settings.is_production, recognisers=self.identity.recognisers
        )
        self._identities = Identities()
        self._cursors = Cursors(settings.secret_key)
        self._nodes = built.nodes
        self._fan_out = FanOut(create_engine(platform_url(settings, database), pool_size=_PLATFORM_CONNECTIONS))
        self.local_files = LocalFiles(settings.files_folder(), settings.secret_key, settings.upload_mib * MIB)
        self.files = file_store(settings.bucket, self.local_files)
        self._services: dict[type, Any] = {
            Identity: self.identity,
            FanOut: self._fan_out,
            Files: Files(self.files),
            **_ledger(settings),
        }
        signer, guesses = certificate_signer(settings), Guesses(PointStore(self._points_engine, **Guesses.capacity()))
        self.publications = Publications(self.snapshot, signer, guesses)
        self._services |= {Signer: signer, Guesses: guesses}
        """What loaders and mutations need besides the request's transaction, by class."""
        self.jobs = Runner(self.engine, self._fan_out, self._cursors, JOBS, self._services)
        self.deployment = _fingerprint()
        self._fragments = Fragments(settings.syllabus_cache_mib * MIB) if settings.syllabus_cache_mib else None

    async def close(self) -> None:
        """Close the connections."""
        await self.engine.dispose()
        await self._points_engine.dispose()
        await self._fan_out.close()
        self.identity.close()
        self.files.close()
        await self._auth_engine.dispose()

    def state(self, observer: Observer) -> State:
        """What the process is like now, for the metrics."""
        fragments = self._fragments
        return State(
            observer.in_progress,
            self.engine.pool.checkedout(),  # type: ignore[attr-defined]  # a queue pool, as create_engine makes it
            self._points_engine.pool.checkedout(),  # type: ignore[attr-defined]
            self.points.paid,
            0 if fragments is None else fragments.hits,
            0 if fragments is None else fragments.misses,
            idle_seconds(),
        )

    def snapshot(self) -> Snapshot:
        """A snapshot that has not begun."""
        return Snapshot(self.engine)

    async def identify(self, snapshot: Snapshot, principal: Principal, short_code: str | None) -> Viewer:
        """Who a request acts for, in which university; the snapshot is set to act for them."""
        return await self._identities.identify(snapshot, principal, short_code)

    async def disclose(self, viewer: Viewer, disclosed: Collection[tuple[str, int]], request_id: str) -> None:
        """Write down what was read of whose record; DatabaseUnreachableError when that can't be."""
        await record_disclosures(self.engine, viewer, disclosed, request_id)

    async def export(self, university_id: int, user_id: int) -> AsyncGenerator[bytes]:
        """Everything about a person of a university, in parts; DatabaseUnreachableError when that can't be had."""
        async with borrowed(self.engine) as driver, aclosing(export(driver, university_id, user_id)) as document:
            async for part in document:
                yield part

    async def keep_upload(self, file: StoredFile, sha256: bytes, move: Callable[[], None], request_id: str) -> bool:
        """Note that a file has come, and move it to its place; False if it is no longer waited for."""
        async with Transaction(self.engine, tenancy.settings(file.university_id, file.user_id)) as transaction:
            return await uploading.keep(transaction, file, sha256, move, request_id)

    async def roster(self, viewer: Viewer, offering: str, request_id: str) -> AsyncGenerator[bytes]:
        """The final grades of an offering, in parts; before the last one, that they were read is written down."""
        async with self.snapshot() as snapshot:
            await snapshot.act_for(viewer.university_id, viewer.user_id)
            context = Context(viewer, snapshot, self._cursors, request_id=request_id)
            async for part in roster(context, offering):
                yield part
        if context.disclosed:
            await self.disclose(viewer, context.disclosed, request_id)

    async def questions(self, viewer: Viewer, pool: str, request_id: str) -> AsyncGenerator[bytes]:
        """The questions of a pool as a package of QTI, once it is written down that they were exported."""
        yield await self._exported(export_questions, viewer, pool, request_id)

    async def roster_archive(self, viewer: Viewer, request_id: str) -> AsyncGenerator[bytes]:
        """The university as a roster; before it is sent, that its people's data were read is written down."""
        async with self.snapshot() as snapshot:
            await snapshot.act_for(viewer.university_id, viewer.user_id)
            context = Context(viewer, snapshot, self._cursors, request_id=request_id)
            async for part in roster_archive(context):
                yield part
        if context.disclosed:
            await self.disclose(viewer, context.disclosed, request_id)

    async def bundle(self, viewer: Viewer, course: str, request_id: str) -> AsyncGenerator[bytes]:
        """A course as an archive, once it is written down that it was exported."""
        yield await self._exported(export_course, viewer, course, request_id)

    async def _exported(self, export: Export, viewer: Viewer, text: str, request_id: str) -> bytes:
        async with self.snapshot() as snapshot:
            await snapshot.act_for(viewer.university_id, viewer.user_id)
            context = Context(viewer, snapshot, self._cursors, request_id=request_id, services=self._services)
            exported = await export(context, text)
        async with Transaction(self.engine, tenancy.settings(viewer.university_id, viewer.user_id)) as transaction:
            await write_down(transaction, viewer, exported, request_id)
        return exported.data

    async def look_as(self, snapshot: Snapshot, viewer: Viewer, person: str, request_id: str) -> Viewer:
        """The viewer that one of their people is, for staff who look as that one does; the snapshot acts for them."""
        return await self._identities.look_as(snapshot, viewer, person, request_id)

    def context(
        self,
        viewer: Viewer,
        snapshot: Snapshot,
        document: Document,
        validator: Validator | None = None,
        *,
        request_id: str = "",
        idempotency_key: str | None = None,
        network: str = "",
    ) -> Context:
        """The context of one operation."""
        return Context(
            viewer,
            snapshot,
            self._cursors,
            nodes=self._nodes,
            selects=document.selects,
            fragments=self._fragments,
            validator=validator,
            request_id=request_id,
            idempotency_key=idempotency_key,
            network=network,
            services=self._services,
        )


def create_app(settings: Settings, database: URL) -> "Application":
    """The application over a migrated database; the pool opens with the lifespan and closes with it.

    SettingsError if the manifest of trusted documents, the list of issuers or the keys of certificates can't be read.
    """
    manifest, issuers = trusted_manifest(settings), oidc_issuers(settings)
    certificate_signer(settings)
    places = Places(settings.max_in_flight)
    metrics = Metrics() if settings.metrics else None
    observer = Observer(metrics, tracing())

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        service = app.state.service = Service(settings, database, manifest, issuers)
        _report(service.trusted)
        _spare_the_collector()
        try:
            with nullcontext() if metrics is None else Sampling(metrics, lambda: service.state(observer)):
                async with service.jobs.running(settings.jobs_seconds):
                    yield {"places": places, "observer": observer}
        finally:
            await service.close()

    endpoint = GraphQLEndpoint(
        _service,
        places=places,
        observer=observer,
        deadline_seconds=settings.deadline_seconds,
        guard_get=settings.is_production,
    )
    export_endpoint = ExportEndpoint(_service, places=places, deadline_seconds=settings.deadline_seconds)
    roster_endpoint = RosterEndpoint(_service, places=places, deadline_seconds=settings.deadline_seconds)
    routes = _routes(settings, database, endpoint, export_endpoint)
    routes.append(Route("/u/{short_code}/export/offerings/{offering}/grades.csv", roster_endpoint))
    questions_endpoint = QuestionsEndpoint(_service, places=places, deadline_seconds=settings.deadline_seconds)
    routes.append(Route("/u/{short_code}/export/pools/{pool}/questions.zip", questions_endpoint))
    archive_endpoint = RosterArchiveEndpoint(_service, places=places, deadline_seconds=settings.deadline_seconds)
    routes.append(Route("/u/{short_code}/export/roster.zip", archive_endpoint))
    bundle_endpoint = BundleEndpoint(_service, places=places, deadline_seconds=settings.deadline_seconds)
    routes.append(Route("/u/{short_code}/export/courses/{course}/bundle.zip", bundle_endpoint))
    if metrics is not None:

        def state(request: Request) -> State:
            return _service(request.scope).state(observer)

        routes.append(metrics_route(metrics, state, settings.metrics_token))
    app = Application(routes=routes, middleware=_middleware(settings), lifespan=lifespan)
    app.endpoint = endpoint
    return app


class Application(Starlette):
    """Starlette, with a short way to the endpoint, whose errors are its own to answer.

    Through the middleware and the router it is as long as a statement (40 µs, measured).
    """

    endpoint: GraphQLEndpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go straight to the endpoint, unless there is middleware, or a prefix that the router knows of."""
        if scope["type"] == "http" and not self.user_middleware and not scope.get("root_path"):
            found = _ADDRESS.fullmatch(scope["path"])
            if found is not None:
                scope["app"], scope["path_params"] = self, found.groupdict()
                await self.endpoint(scope, receive, send)
                return
        await super().__call__(scope, receive, send)


def _fingerprint() -> bytes:
    """A digest of the code: another version of it may spell the same rows otherwise."""
    digest = blake2b(digest_size=16)
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.digest()


def trusted_manifest(settings: Settings) -> Manifest:
    """The manifest of trusted documents, empty if none is set; SettingsError if it can't be read."""
    try:
        return Manifest(1, {}) if settings.documents is None else read_manifest(settings.documents)
    except ManifestError as error:
        raise SettingsError(f"LMS_DOCUMENTS: {error}") from error


def platform_url(settings: Settings, database: URL) -> URL:
    """The database as lms_platform: as it is given, else the application's own URL with that role."""
    if settings.platform_database_url is not None:
        return database_url(settings.platform_database_url, variable="LMS_PLATFORM_DATABASE_URL")
    return database.set(username="lms_platform")


def oidc_issuers(settings: Settings) -> tuple[Issuer, ...]:
    """The issuers whose tokens sign people in, none if none are set; SettingsError if something is wrong with them."""
    try:
        return read_issuers(settings.oidc_issuers or "[]", development=not settings.is_production)
    except IssuersError as error:
        raise SettingsError(f"LMS_OIDC_ISSUERS: {error}") from error


def certificate_signer(settings: Settings) -> Signer:
    """What signs certificates, or only says what is missing; SettingsError if the keys can't be read."""
    try:
        keyring = read_keyring(settings.certificate_keys, make_missing=not settings.is_production)
    except KeysError as error:
        raise SettingsError(f"LMS_CERTIFICATE_KEYS: {error}") from error
    return Signer(keyring, settings.public_url)


def auth_database(settings: Settings, database: URL) -> URL:
    """The database as lms_auth: as it is given, else the application's own URL with that role."""
    if settings.auth_database_url is not None:
        return database_url(settings.auth_database_url, variable="LMS_AUTH_DATABASE_URL")
    return database.set(username="lms_auth")


def _ledger(settings: Settings) -> dict[type, Any]:
    """The ledger of erasures, where it has a place: without one nobody can be erased."""
    try:
        return {Ledger: Ledger(settings.ledger_path())}
    except SettingsError:
        return {}


def _report(trusted: TrustedDocuments) -> None:
    """Say in the log, in one line, which trusted documents are not valid; the others are served all the same."""
    invalid = trusted.invalid()
    if invalid:
        digest, error = next(iter(invalid.items()))
        of = f"{len(invalid)} of {len(trusted.manifest.documents)} trusted documents are not valid"
        name = trusted.manifest.documents[digest].name
        logger.warning("LMS_DOCUMENTS: %s; first: %s %s: %s; see lms-graphql doctor", of, digest[:12], name, error)


def _middleware(settings: Settings) -> list[Middleware]:
    """Cross-origin requests of the origins that are named; no credentials but the Authorization header."""
    if not settings.allowed_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=("GET", "POST", "PUT"),
            allow_headers=(
                "Authorization",
                "X-University",
                "X-View-As",
                "X-Request-Id",
                "Idempotency-Key",
                "If-None-Match",
            ),
            expose_headers=("ETag", "Retry-After", "X-Request-Id"),
        )
    ]


def _spare_the_collector() -> None:
    """Leave what lives for ever out of the garbage collector's rounds, and let it make fewer.

    The objects of one answer die together, by their reference counts; looking through all of the schema and of the
    documents every few hundred of them cost a quarter of a syllabus's time (measured).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _service(scope: Scope) -> Service:
    service: Service = scope["app"].state.service
    return service


def _routes(
    settings: Settings, database: URL, endpoint: GraphQLEndpoint, export_endpoint: ExportEndpoint
) -> list[BaseRoute]:
    async def ready(_request: Request) -> None:
        await migrations.require_head(database)

    async def workbench(request: Request) -> WorkbenchConfig:
        service = _service(request.scope)
        # Tokens only for a page that was asked for by a name of this machine: another site may point its own name here.
        is_ours = request.url.hostname in {*_LOCAL_NAMES, settings.host}
        development = is_ours and not settings.is_production
        return await workbench_config(service.engine, service.authenticator, development=development)

    return [
        Route("/graphql", endpoint),
        Route("/u/{short_code}/graphql", endpoint),
        Route("/u/{short_code}/export/me", export_endpoint),
        *([] if settings.bucket else [Route("/uploads/{ticket}", UploadEndpoint(_service))]),
        *badge_routes(lambda request: _service(request.scope)),
        *health_routes(ready),
        *(workbench_routes(workbench) if settings.workbench else []),
    ]
