"""Every page and every count of discussions, reviews and certificates finds its rows by an index, behind both walls.

As lms_app, with the plans that the server uses, which are made without knowing the values. It takes 200,000 rows of
each table, so it runs with LMS_THOROUGH=1.
"""

import json
import os

import pytest

import lms_graphql.schema
from lms_graphql.certificates.loaders import CertificatesByOffering, CertificatesByUser, VerificationByCode
from lms_graphql.discussion.loaders import (
    ActivityByThread,
    DepthByPost,
    PostsByThread,
    PostTreeByThread,
    RepliesByPost,
    ThreadsByItem,
    ThreadsByModule,
    ThreadsByOffering,
)
from lms_graphql.engine.context import EVERYTHING, Context, Reach, Standing, Teaching, Viewer
from lms_graphql.engine.dataloaders import Page
from lms_graphql.engine.relay import Cursors, PageArguments
from lms_graphql.reviews.loaders import (
    ReviewsByCourse,
    ReviewsByOffering,
    ReviewSummaryByCourse,
    ReviewSummaryByOffering,
)
from lms_graphql.storage.database import connect
from tests.databases import temporary_database

ROWS = 200_000
pytestmark = pytest.mark.skipif(os.environ.get("LMS_THOROUGH") != "1", reason="needs 200,000 rows: LMS_THOROUGH=1")
lms_graphql.schema.build()

# 100 offerings of 50 courses; a tenth of all people, reviews, certificates and threads in offering 1; one long thread.
_DATA = """
INSERT INTO countries (iso_code, name) VALUES ('US', 'United States');
INSERT INTO universities (name, short_code, country_id) VALUES ('One', 'ONE', 1), ('Two', 'TWO', 1);
INSERT INTO courses (university_id, code, title, is_published) SELECT 1, 'C' || n, 'C', true FROM generate_series(1, 50) n;
INSERT INTO course_offerings (university_id, course_id, visibility) SELECT 1, 1 + n % 50, 'public' FROM generate_series(0, 99) n;
SET session_replication_role = replica;
INSERT INTO modules (university_id, course_id, module_type, title, sequence_index, is_published, effective_published)
  SELECT 1, 1, 'unit', 'M', n, true, true FROM generate_series(1, 100) n;
INSERT INTO content_items (university_id, course_id, module_id, content_type, title, sequence_index, data_json)
  SELECT 1, 1, n, 'text', 'I', 1, '{{}}' FROM generate_series(1, 100) n;
INSERT INTO university_members (university_id, user_id, display_name, email) SELECT 1, n, 'N' || n, n || '@x.example' FROM generate_series(1, {rows}) n;
INSERT INTO course_enrollments (university_id, course_offering_id, user_id, status, completed_at)
  SELECT 1, CASE WHEN n % 10 = 0 OR n = 11 THEN 1 ELSE 1 + n % 100 END, n, 'completed', now() FROM generate_series(1, {rows}) n;
INSERT INTO course_reviews (university_id, course_offering_id, user_id, rating, created_at)
  SELECT 1, course_offering_id, user_id, 1 + user_id % 5, '2020-01-01Z'::timestamptz + user_id * 7919 % {rows} * interval '1 minute' FROM course_enrollments;
INSERT INTO certificates (university_id, course_offering_id, user_id, certificate_code, issued_at, recipient_name, course_code, course_title)
  SELECT 1, course_offering_id, user_id, 'ONE-' || user_id, now(), 'x', 'x', 'x' FROM course_enrollments;
INSERT INTO discussion_threads (university_id, course_id, course_offering_id, module_id, content_item_id, created_by_user_id, created_at)
  SELECT 1, 1, CASE WHEN n % 10 = 0 THEN 1 ELSE 1 + n % 100 END, CASE WHEN n % 2 = 0 THEN 1 + n % 100 END, CASE WHEN n % 2 = 0 THEN 1 + n % 100 END,
         11, '2020-01-01Z'::timestamptz + n * 7919 % {rows} * interval '1 minute' FROM generate_series(1, {rows}) n;
INSERT INTO discussion_posts (university_id, thread_id, user_id, body) SELECT 1, n, n, 'x' FROM generate_series(1, {rows}) n;
INSERT INTO discussion_posts (university_id, thread_id, parent_post_id, user_id, body) SELECT 1, n, n, n, 'x' FROM generate_series(1, {rows}) n;
INSERT INTO discussion_posts (university_id, thread_id, parent_post_id, user_id, body)
  SELECT 1, 10, CASE WHEN n > 1 THEN 2 * {rows} + n - 1 END, 11, 'x' FROM generate_series(1, 20000) n;
INSERT INTO thread_read_marks (university_id, thread_id, user_id, last_read_post_id) SELECT 1, n, 11, n FROM generate_series(1, {rows}) n;
"""  # noqa: E501 - one table, one line

BIG = {
    *("course_reviews", "certificates", "discussion_threads", "discussion_posts", "thread_read_marks"),
    *("course_enrollments", "university_members"),
}
FIRST_PAGES = [
    (ReviewsByOffering, {}),
    (ReviewsByOffering, {"order": "createdAt", "descending": True}),
    (ReviewsByOffering, {"order": "rating"}),
    (ReviewsByOffering, {"filters": (("ratings", (5,)),)}),
    (ReviewsByCourse, {"order": "createdAt"}),
    (ThreadsByOffering, {}),
    (ThreadsByOffering, {"order": "createdAt", "descending": True}),
    (ThreadsByOffering, {"order": "pinned", "descending": True}),
    (ThreadsByOffering, {"order": "lastPost", "descending": True}),
    (ThreadsByModule, {}),
    (ThreadsByItem, {"order": "createdAt"}),
    (PostsByThread, {}),
    (RepliesByPost, {}),
    (CertificatesByOffering, {}),
    (CertificatesByUser, {}),
]
WHOLE = [
    *(ActivityByThread, DepthByPost, PostTreeByThread, ReviewSummaryByOffering, ReviewSummaryByCourse),
    VerificationByCode,
]
SORTED_BY_ITS_INDEX = {("ReviewsByOffering", "createdAt"), ("ReviewsByOffering", "rating"),
                       ("ThreadsByOffering", "createdAt"), ("ThreadsByOffering", "pinned"),
                       ("ThreadsByOffering", None), ("ThreadsByModule", None)}  # fmt: skip


@pytest.fixture(scope="module")
async def big(superuser):
    """A connection as lms_app that acts for a student of the first university."""
    async with temporary_database(superuser) as database:
        driver = await connect(database.owner)
        await driver.execute(_DATA.format(rows=ROWS))
        await driver.execute("VACUUM ANALYZE")
        await driver.close()
        app = await connect(database.app)
        await app.execute("SET lms.university_id = '1'; SET lms.user_id = '11'; SET statement_timeout = 0")
        yield app
        await app.close()


REACH = Reach((7,), tuple(Teaching(n, n) for n in range(2, 12)))
"""Of standing STAFF: a department, and ten offerings."""


def made(loader, standing, page):
    context = Context(Viewer(11, 1, frozenset(), standing, REACH), None, Cursors(b"x"), selects=EVERYTHING)
    return context.loader(loader, PageArguments(20, **page)) if issubclass(loader, Page) else context.loader(loader)


async def explain(driver, made, keys):
    """The plan as it was executed, its nodes in a list."""
    statement = made.statement()
    given = {"size": 21, "keys": keys, "university_id": 1, "user_id": 11}
    given |= REACH.parameters()
    given |= made._filter_parameters() if isinstance(made, Page) else {}
    values = ", ".join(literal(value) for value in statement.arguments(given))
    await driver.execute(f"PREPARE asked AS {statement.sql}")
    try:
        found = json.loads(await driver.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked ({values})"))[0]
    finally:
        await driver.execute("DEALLOCATE asked")
    return found, list(nodes(found["Plan"]))


def literal(value):
    if isinstance(value, list | tuple):
        value = "{" + ",".join(f'"{item}"' for item in value) + "}"
    return "'" + str(value).replace("'", "''") + "'"


def nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def scanned_whole(found):
    return {node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"} & BIG


@pytest.mark.parametrize("standing", [Standing.MEMBER, Standing.STAFF, Standing.ADMIN])
@pytest.mark.parametrize(("loader", "page"), FIRST_PAGES, ids=lambda value: getattr(value, "__name__", str(value)))
async def test_a_first_page_comes_by_an_index(big, loader, page, standing):
    plan, found = await explain(big, made(loader, standing, page), [1])
    assert scanned_whole(found) == set()
    if (loader.__name__, page.get("order")) in SORTED_BY_ITS_INDEX:
        assert plan["Execution Time"] < 20
        assert not any("Sort" in node["Node Type"] for node in found)


@pytest.mark.parametrize("standing", [Standing.MEMBER, Standing.STAFF, Standing.ADMIN])
@pytest.mark.parametrize("loader", WHOLE, ids=lambda loader: loader.__name__)
async def test_what_is_worked_out_for_many_parents_comes_by_an_index(big, loader, standing):
    keys = [f"ONE-{n}" for n in range(1, 101)] if loader is VerificationByCode else list(range(1, 101))
    _, found = await explain(big, made(loader, standing, {}), keys)
    if loader not in {ReviewSummaryByOffering, ReviewSummaryByCourse}:  # of 100 offerings that are all there are
        assert scanned_whole(found) == set()
    _, found = await explain(big, made(loader, standing, {}), keys[1:3])
    assert scanned_whole(found) == set()
