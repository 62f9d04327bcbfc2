"""The two walls, each alone: row-level security without policies, policies without row-level security."""

import inspect
import re
from itertools import product

import pytest
from sqlalchemy import true

import lms_graphql.schema
from lms_graphql import tables
from lms_graphql.assessment.loaders import _OfViewer
from lms_graphql.engine.context import EVERYTHING, Context, Reach, Standing, Teaching, Viewer
from lms_graphql.engine.dataloaders import Loader, Page
from lms_graphql.engine.relay import Cursors, PageArguments
from lms_graphql.progress.loaders import _InOffering
from lms_graphql.storage.database import create_engine
from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.storage.statements import Statement
from lms_graphql.tenancy.loaders import MembershipsOfViewer

lms_graphql.schema.build()

TENANT_TABLES = {table.name for table in tables.metadata.sorted_tables if "university_id" in table.primary_key.columns}
OFFERING = [1]
IN_OFFERING = (_InOffering, _OfViewer)
FAN_OUTS = {MembershipsOfViewer: "own rows in every university, by lms.user_id"}


REACH = Reach(tuple(range(1, 20)), tuple(Teaching(n, n, section_id=n if n % 2 else None) for n in range(1, 20)))
"""Of the person whom the tests let ask: everything there is, in whatever university."""


def concrete(cls=Loader):
    for child in cls.__subclasses__():
        yield from concrete(child)
        if not child.__name__.startswith("_") and re.match(r"lms_graphql\.(?!engine\.)", child.__module__):
            yield child


EVERY_LOADER = sorted(set(concrete()), key=lambda loader: (loader.__module__, loader.__name__))
ACROSS = [loader for loader in EVERY_LOADER if hasattr(loader, "fan_out")]
"""Those that read as lms_platform, whom no wall but their policy stops: see tests/test_platform.py."""
LOADERS = [loader for loader in EVERY_LOADER if loader not in ACROSS]


def make(loader, context, shape=None):
    """A loader with whatever arguments it takes, in a shape."""
    if issubclass(loader, Page):
        page = loader(context, PageArguments(100))
        if shape is not None:
            page.shape = lambda: shape
        return page
    if issubclass(loader, IN_OFFERING):
        return loader(context, OFFERING[0])
    made = loader(context)
    if isinstance(shape, bool):
        made._with_payload = shape
    return made


async def test_one_list_is_read_across_universities_and_says_why():
    reason = "an administrator of the platform sees how many there are of what in each university"
    assert {loader.__name__: loader.fan_out for loader in ACROSS} == {"UniversitiesOfPlatform": reason}


async def test_there_are_loaders():
    assert len(LOADERS) >= 40


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
async def test_every_statement_binds_the_university_on_every_tenant_table(loader):
    for standing, shape, selects in product(Standing, loader.shapes(), ((), EVERYTHING)):
        context = Context(Viewer(1, 1, frozenset(), standing), None, Cursors(b"x"), selects=selects)
        made = make(loader, context, shape or None)
        sql = made.statement().sql
        if issubclass(loader, Page):
            sql += made.counting().sql
        named = set(re.findall(r"(?:FROM|JOIN) (\w+)(?! AS)\b", sql)) & TENANT_TABLES
        if loader in FAN_OUTS:
            continue
        for table in named:
            assert re.search(rf"\b{table}\.university_id = \$\d+", sql), f"{loader.__name__}: {table} in {sql}"
        tenant = loader.row.tenant if loader.reads_tenant is None else loader.reads_tenant
        assert tenant == bool(named or "module_template" in sql), loader.__name__


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
async def test_no_column_stands_in_for_another_of_its_name(loader):
    """Two columns of one name: SQLAlchemy renames the second, and row["id"] would be the id of something else."""
    for standing, shape in product(Standing, loader.shapes()):
        context = Context(Viewer(1, 1, frozenset(), standing), None, Cursors(b"x"), selects=EVERYTHING)
        sql = make(loader, context, shape or None).statement().sql
        assert not re.search(r"\w+\.(\w+) AS \1_\d+\b", sql), f"{loader.__name__}: {sql}"


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
async def test_every_loader_of_tenant_rows_carries_a_policy(loader):
    """Its source names a predicate of a policy module, which differs with the viewer or says why it need not."""
    source = inspect.getsource(loader)
    parents = "".join(inspect.getsource(base) for base in loader.__mro__ if base.__name__.startswith("_"))
    if loader.row.tenant or loader.reads_tenant:
        assert re.search(r"\bvisible_\w+\(self\.viewer\)", source + parents), loader.__name__


@pytest.fixture(scope="module")
async def owner_engine(database):
    engine = create_engine(database.owner)
    yield engine
    await engine.dispose()


KEYS = list(range(1, 200))


async def rows_of(loader, context):
    """All rows that a loader gives for any key at all."""
    made = make(loader, context)
    parameters = {"size": 1000} if issubclass(loader, Page) else {}
    by_text = re.search(r"(?:= ANY |unnest)\(\$\d+::TEXT\[\]\)", made.statement().sql)
    keys = ["P101", "D101", "ALPHA", "BETA", "PHYS", "ALPHA-P101-1"] if by_text else KEYS
    if "offering_ids" in made.statement()._names:  # one for each key, so that each key meets each offering
        parameters["offering_ids"] = [offering for offering in range(1, 20) for _ in KEYS]
        keys = KEYS * 19
    if "revisions" in made.statement()._names:
        parameters["revisions"] = [1] * len(keys)
    return await made.rows(keys, **parameters)


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
async def test_row_level_security_alone_shows_no_foreign_row(app_engine, world, loader, monkeypatch):
    """Policies off, and the statement asking for the other university: what comes is row-level security's doing."""
    ours, theirs = world.alpha.university["id"], world.beta.university["id"]
    sql = policies_off(loader, monkeypatch)
    if loader in FAN_OUTS:
        return
    async with Snapshot(app_engine) as snapshot:
        await snapshot.act_for(ours, world.people["other"])
        for asked in (ours, theirs):
            viewer = Viewer(world.people["other"], asked, frozenset(), Standing.ADMIN)
            context = Context(viewer, snapshot, Cursors(b"x"))
            made = make(loader, context)
            monkeypatch.setattr(type(made), "statement", lambda self: sql, raising=False)
            for row in await rows_of(loader, context):
                if "university_id" in dict(row) and loader.row.tenant:
                    assert row["university_id"] == ours


async def test_without_both_walls_foreign_rows_do_show(owner_engine, world, monkeypatch):
    """The proof that the test above can fail: the same statements, by a role that row-level security leaves alone."""
    theirs, leaky = world.beta.university["id"], set()
    for loader in LOADERS:
        with monkeypatch.context() as patch:
            sql = policies_off(loader, patch)
            patch.setattr(loader, "statement", lambda self, sql=sql: sql, raising=False)
            viewer = Viewer(world.people["student"], theirs, frozenset(), Standing.ADMIN)
            async with Snapshot(owner_engine) as snapshot:
                rows = await rows_of(loader, Context(viewer, snapshot, Cursors(b"x")))
                if loader.row.tenant and any(row["university_id"] == theirs for row in rows):
                    leaky.add(loader.__name__)
    assert leaky >= {loader.__name__ for loader in LOADERS if loader.row.tenant and not issubclass(loader, IN_OFFERING)}


def policies_off(loader, monkeypatch):
    """The loader's statement with every predicate of every policy module replaced by true."""
    for module in {inspect.getmodule(base) for base in loader.__mro__}:
        policy = getattr(module, "policy", None)
        for name in dir(policy) if policy else ():
            if name.startswith(("visible_", "published_")):
                monkeypatch.setattr(policy, name, lambda *_: true())
        for name in dir(module):
            if name.startswith("visible_"):
                monkeypatch.setattr(module, name, lambda *_: true())
    context = Context(Viewer(1, 1, frozenset(), Standing.ADMIN), None, Cursors(b"x"))
    made = make(loader, context)
    return Statement(made.query())


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
async def test_policies_alone_show_no_foreign_row(owner_engine, world, loader):
    """As the owner, whom row-level security does not bind, in every standing."""
    ours = world.alpha.university["id"]
    for standing in Standing:
        viewer = Viewer(world.people["student"], ours, frozenset(), standing, REACH)
        async with Snapshot(owner_engine) as snapshot:
            for row in await rows_of(loader, Context(viewer, snapshot, Cursors(b"x"))):
                if loader.row.tenant:
                    assert row["university_id"] == ours


async def test_row_level_security_shows_own_rows(app_engine, world):
    """The test above could pass with nothing shown: with the right university the rows are there."""
    ours = world.alpha.university["id"]
    OFFERING[0] = world.alpha["private"]["id"]
    seen = set()
    async with Snapshot(app_engine) as snapshot:
        await snapshot.act_for(ours, world.people["student"])
        for loader in LOADERS:
            viewer = Viewer(world.people["student"], ours, frozenset(), Standing.ADMIN)
            if await rows_of(loader, Context(viewer, snapshot, Cursors(b"x"))):
                seen.add(loader)
    missing = {loader.__name__ for loader in LOADERS if loader not in seen}
    assert missing == set()
