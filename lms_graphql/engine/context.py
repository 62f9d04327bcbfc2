"""What every resolver and loader of one operation shares: the viewer, the snapshot, the loaders made so far."""

from collections.abc import Awaitable, Container, Hashable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Protocol, TypeVar

import msgspec

from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.fragments import Fragments
from lms_graphql.engine.relay import Cursors
from lms_graphql.engine.validators import Validator
from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.storage.statements import Statement

R = TypeVar("R")
S = TypeVar("S")


class Standing(StrEnum):
    """How a viewer stands in the university of the request; each standing has its own shape of every policy."""

    ANONYMOUS = "anonymous"
    MEMBER = "member"
    STAFF = "staff"
    """Works for the university, and sees of it what a member sees and what lies in the own reach."""
    ADMIN = "admin"
    """Looks after the whole university."""


class Teaching(msgspec.Struct, frozen=True):
    """That somebody teaches an offering, as its `instructor` or its `ta`; with a section, that section alone."""

    offering_id: int
    course_id: int
    role: str = "instructor"
    section_id: int | None = None


class Reach(msgspec.Struct, frozen=True):
    """What somebody of standing STAFF looks after: departments with all that is theirs, and what they teach."""

    departments: tuple[int, ...] = ()
    teaching: tuple[Teaching, ...] = ()

    def parameters(self) -> dict[str, list[int]]:
        """The arrays that the policies of standing STAFF bind, by the names that `catalog.policy` gives them."""
        whole = [taught for taught in self.teaching if taught.section_id is None]
        sections = [taught.section_id for taught in self.teaching if taught.section_id is not None]
        return {
            "departments": list(self.departments),
            "courses": list({taught.course_id for taught in self.teaching}),
            "offerings": [taught.offering_id for taught in self.teaching],
            "whole_offerings": [taught.offering_id for taught in whole],
            "sections": sections,
        }


class Principal(msgspec.Struct, frozen=True):
    """Whom the token of a request speaks of: a person, a service by its scopes, or nobody.

    With a `university` (its short code) it does so there only. `session_id` is that of a local sign-in.
    """

    user_id: int | None = None
    session_id: int | None = None
    university: str | None = None
    service_scopes: frozenset[str] = frozenset()
    submission_ids: frozenset[int] | None = None
    """Those that a service is bound to; None: not bound."""
    service_token_id: int | None = None
    """Of the token that a service showed."""


NOBODY = Principal()


class Viewer(msgspec.Struct, frozen=True):
    """Who asks, and in which university. Nobody and nowhere are None.

    A service stands as nobody does; its scopes, and the submissions that it is bound to, say what it may do besides.
    To administer the platform gives no standing in any university.
    """

    user_id: int | None = None
    university_id: int | None = None
    roles: frozenset[str] = frozenset()
    standing: Standing = Standing.ANONYMOUS
    reach: Reach = Reach()
    is_platform_admin: bool = False
    session_id: int | None = None
    service_scopes: frozenset[str] = frozenset()
    submission_ids: frozenset[int] | None = None
    service_token_id: int | None = None
    """Of a service: which of the university's tokens it showed."""
    seen_by: int | None = None
    """Who looks, where somebody looks as this viewer: then nothing may be changed."""

    @property
    def person_id(self) -> int | None:
        """Who really asks."""
        return self.user_id if self.seen_by is None else self.seen_by

    @property
    def looks_after_platform(self) -> bool:
        """Whether the viewer administers the platform, and is not only looked at."""
        return self.is_platform_admin and self.seen_by is None

    @property
    def is_admin(self) -> bool:
        """Whether the viewer looks after the whole university of the request."""
        return self.standing is Standing.ADMIN

    @property
    def is_staff(self) -> bool:
        """Whether the viewer works for the university of the request; what of it they see, `reach` says."""
        return self.standing in {Standing.STAFF, Standing.ADMIN}

    @property
    def may_explore(self) -> bool:
        """Whether the viewer may look at the schema and try documents where others can't: in production."""
        return self.is_staff

    @property
    def is_member(self) -> bool:
        """Whether the viewer is a person of the university of the request, staff or student."""
        return self.standing is not Standing.ANONYMOUS


class LoaderClass(Protocol):
    """What a context can make a loader from."""

    def __call__(self, context: "Context", *arguments: Any) -> Any:
        """The loader for one operation."""


NO_NODES: Mapping[str, LoaderClass] = {}
NO_SERVICES: Mapping[type, Any] = {}


class _Everything:
    def __contains__(self, _: object) -> bool:
        return True


EVERYTHING: Container[str] = _Everything()
"""All groups of columns, for who has no document."""


class Context:
    """One operation's.

    `nodes` holds the loader of every type with a global id; `selects` the groups of columns that the document needs
    besides those that are always fetched (see `edges.column_groups`); `fragments` what is kept between operations,
    `validator` what makes an ETag, where one is wanted. `request_id` is how the logs name the request,
    `idempotency_key` what the client sent to have its mutations done once, `network` the address that it sent it from;
    `services` what mutations need besides its transaction (see `service`).
    """

    def __init__(
        self,
        viewer: Viewer,
        snapshot: Snapshot,
        cursors: Cursors,
        *,
        nodes: Mapping[str, LoaderClass] = NO_NODES,
        selects: Container[str] = EVERYTHING,
        fragments: Fragments | None = None,
        validator: Validator | None = None,
        request_id: str = "",
        idempotency_key: str | None = None,
        network: str = "",
        services: Mapping[type, Any] = NO_SERVICES,
    ) -> None:
        self.viewer = viewer
        self.snapshot = snapshot
        self.cursors = cursors
        self.nodes = nodes
        self.selects = selects
        self.fragments = fragments
        self.validator = validator
        self._reach = viewer.reach.parameters() if viewer.standing is Standing.STAFF else {}
        self.request_id = request_id
        self.idempotency_key = idempotency_key
        self.network = network
        self.response_key = ""
        """Of the mutation that is being done: its name in the answer."""
        self.objects = 0
        """How many objects the executor has built so far: what the operation really cost."""
        self.disclosed: set[tuple[str, int]] = set()
        """What was read of other people's records: kind and person. To be written down before the answer is sent."""
        self._services = services
        self._loaders: dict[Hashable, Any] = {}

    def service(self, kind: type[S]) -> S:
        """What lives as long as the process and is of this class; a KeyError where the application has none."""
        found: S = self._services[kind]
        return found

    def loader(self, loader: LoaderClass, *arguments: Hashable) -> Any:
        """The loader of this class (and, for pages, with these arguments), made on first use."""
        key = (loader, *arguments)
        found = self._loaders.get(key)
        if found is None:
            found = self._loaders[key] = loader(self, *arguments)
        return found

    def made(self, loader: LoaderClass) -> Any | None:
        """The loader of this class if this operation has used it, else None."""
        return self._loaders.get((loader,))

    def load(self, loader: LoaderClass, key: Hashable) -> Awaitable[Any]:
        """What the loader gives for a key; keys asked for in one turn of the loop go into one statement."""
        return self.loader(loader).load(key)  # type: ignore[no-any-return]

    async def load_alone(self, loader: LoaderClass, key: Hashable) -> Any:
        """As `load`, for who has one key only: without the future and the turn of the loop that a batch needs."""
        known = await self.loader(loader).values((key,))
        return known[key]

    def disclose(self, kind: str, people: Iterable[int | None]) -> None:
        """Note that who really asks has read this kind of record of these people; their own does not count."""
        viewer = self.viewer.person_id
        self.disclosed.update((kind, person) for person in people if person is not None and person != viewer)

    def close(self) -> None:
        """Let go of the loaders, which know their context: rows then die at once, not in a round of the collector."""
        for loader in self._loaders.values():
            loader.forget()
        self._loaders.clear()

    async def renew(self) -> None:
        """Forget what was loaded and end the moment it is of: what is loaded next is as it is then."""
        self.close()
        await self.snapshot.renew()

    def university_id(self) -> int:
        """The university of the request; UNIVERSITY_REQUIRED when it names none."""
        if self.viewer.university_id is None:
            raise RequestError(
                Code.UNIVERSITY_REQUIRED,
                "name a university: send the request to /u/<short code>/graphql, or with the header X-University",
            )
        return self.viewer.university_id

    async def fetch(self, statement: Statement, row: type[R], *, tenant: bool, **parameters: Any) -> list[R]:
        """The rows of a loader's statement; the university, the viewer and the reach of staff are bound by name."""
        if tenant:
            self.university_id()
        return await self.snapshot.fetch(statement, {**parameters, **self.bound()}, row)

    def bound(self) -> dict[str, Any]:
        """What every statement may bind of the viewer; 0 for nobody and nowhere."""
        return {
            "university_id": self.viewer.university_id or 0,
            "user_id": self.viewer.user_id or 0,
            "administers_platform": self.viewer.looks_after_platform,
            **self._reach,
        }
