"""An offering runs once more: everything that was set up is the same, days later; nothing of its people comes along."""

from datetime import UTC, datetime, timedelta

import pytest

from lms_graphql.catalog import removing
from lms_graphql.tables import metadata
from tests.changing.cataloging import Catalog

DAYS = 182
SHIFT = timedelta(days=DAYS)
NEW = {"id", "course_offering_id", "created_at", "updated_at"}
"""Columns that a copy has of its own."""


@pytest.fixture(scope="module")
async def campus(api, owner, world):
    return Catalog(api, owner, world)


async def set_up(campus, offering):
    """All that is set up in ALPHA's private offering, besides what the world has: an own policy, and dates."""
    alpha, tenant = campus.world.alpha, campus.tenant
    run = {**tenant, "course_offering_id": offering}
    policy = await campus.rows.add(
        "grading_policies", **run, course_id=alpha["course"]["id"], pass_mark=51, letter_scheme=[[90, "A"]], version=7
    )
    category = {**tenant, "policy_id": policy["id"]}
    await campus.rows.add("grade_categories", **category, name="Half", position=2, weight=50, drop_lowest=1)
    own = await campus.rows.add("grade_categories", **category, name="Other", position=1, weight=50, extra_credit=True)
    held = datetime(2026, 12, 24, 9, 30, tzinfo=UTC)
    await campus.rows.add("grade_items", **run, title="Oral", points=30, held_at=held, grade_category_id=own["id"])
    asked = {**run, "course_id": alpha["course"]["id"]}
    dates = {"unlock_at": held, "due_at": held + timedelta(days=7), "lock_at": held + timedelta(days=8)}
    await campus.rows.add(
        "content_item_settings", **asked, **dates, content_item_id=alpha["assignment"]["id"], points=20, min_score=10,
        completion_rule="min_score", grade_category_id=own["id"], extra_time_seconds=60, extra_attempts=1,
        max_submissions=3, late_penalty_percent_per_day=10,
    )  # fmt: skip
    await campus.rows.add(
        "content_item_settings", **asked, content_item_id=alpha["video"]["id"], grade_category_id=alpha["exams"]["id"]
    )
    await campus.rows.add(
        "content_item_settings", **asked, content_item_id=alpha["quiz"]["id"], user_id=campus.world.people["student"],
        extra_attempts=9,
    )  # fmt: skip
    await campus.owner.execute(
        "UPDATE course_offerings SET starts_at = $2, ends_at = $3, enrollment_start = $4, enrollment_end = $2,"
        " drop_until = $3, capacity = 40, waitlist_capacity = 5, enrollment_mode = 'approval', term_name = 'Then',"
        " certificate_valid_days = 365 WHERE id = $1",
        offering, held, held + timedelta(days=90), held - timedelta(days=30),
    )  # fmt: skip


def later(row, *times):
    return {name: value + SHIFT if name in times and value is not None else value for name, value in row.items()}


async def rows(campus, query, offering):
    return [dict(row) for row in await campus.owner.fetch(query, offering)]


OFFERING = "SELECT * FROM course_offerings WHERE id = $1"
SECTIONS = "SELECT * FROM offering_sections WHERE course_offering_id = $1 ORDER BY code"
POLICIES = "SELECT * FROM grading_policies WHERE course_offering_id = $1"
CATEGORIES = """SELECT c.* FROM grade_categories c JOIN grading_policies p ON p.id = c.policy_id
    WHERE p.course_offering_id = $1 ORDER BY c.position"""
ITEMS = """SELECT i.*, c.name AS category, c.policy_id FROM grade_items i
    LEFT JOIN grade_categories c ON c.id = i.grade_category_id WHERE course_offering_id = $1 ORDER BY i.title"""
SETTINGS = """SELECT i.*, c.name AS category, c.policy_id, s.code AS section, s.course_offering_id AS section_of
    FROM content_item_settings i LEFT JOIN grade_categories c ON c.id = i.grade_category_id
    LEFT JOIN offering_sections s ON s.id = i.section_id
    WHERE i.course_offering_id = $1 AND i.user_id IS NULL ORDER BY i.content_item_id, s.code"""
INSTRUCTORS = """SELECT i.*, s.code AS section FROM course_offering_instructors i
    LEFT JOIN offering_sections s ON s.id = i.section_id WHERE i.course_offering_id = $1 ORDER BY i.user_id"""


def without(found, *names):
    return [{name: value for name, value in row.items() if name not in {*NEW, *names}} for row in found]


async def test_everything_that_was_set_up_is_the_same_days_later(campus, monkeypatch):
    alpha = campus.world.alpha
    source = alpha["private"]["id"]
    await set_up(campus, source)
    text = campus.id("CourseOffering", source)
    nobody = {"student": "FORBIDDEN", "instructor": "FORBIDDEN", "ta": "FORBIDDEN", "beta_admin": "FORBIDDEN",
              "outsider": "FORBIDDEN", "bystander": "FORBIDDEN", "far_admin": "NOT_FOUND"}  # fmt: skip
    await campus.who_may("cloneOffering", nobody, offeringId=text, shiftDays=1)
    before, last = await campus.everything(), await campus.last_audit()
    counts = campus.count_statements(monkeypatch)
    payload = await campus.done(
        "cloneOffering", "department_admin", offeringId=text, shiftDays=DAYS, termName="Now", includeInstructors=True
    )
    assert counts == [3 + 6 * 2 + 1 + 1]  # seen, archived?, added and told; six parts, each with its entries
    target = int(await campus.owner.fetchval("SELECT max(id) FROM course_offerings"))
    assert payload["offering"]["id"] == campus.id("CourseOffering", target)
    after = await campus.everything()
    for table, found in before.items():
        assert set(found) <= set(after[table]), table  # nothing that was there has changed
    (was,), (is_,) = await rows(campus, OFFERING, source), await rows(campus, OFFERING, target)
    dates = ("starts_at", "ends_at", "enrollment_start", "enrollment_end", "drop_until", "opens_key", "closes_key")
    own = {"visibility": "private", "term_id": None, "term_name": "Now", "seats_taken": 0, "version": 1}
    (copied,), (wanted,) = without([is_]), without([later(was, *dates) | own])
    assert {name: (value, wanted[name]) for name, value in copied.items() if value != wanted[name]} == {}
    for query, ignored in ((SECTIONS, ()), (POLICIES, ("version",)), (CATEGORIES, ("policy_id",)),
                           (INSTRUCTORS, ("section_id",))):  # fmt: skip
        there, copied = await rows(campus, query, source), await rows(campus, query, target)
        assert there
        assert without(copied, *ignored) == without(there, *ignored)
        assert not {row["id"] for row in there} & {row["id"] for row in copied}
    old_policy, new_policy = [(await rows(campus, POLICIES, one))[0]["id"] for one in (source, target)]
    for query, times in ((ITEMS, ("held_at",)), (SETTINGS, ("unlock_at", "due_at", "lock_at"))):
        there, copied = await rows(campus, query, source), await rows(campus, query, target)
        mapped = ("grade_category_id", "policy_id", "section_id", "section_of")
        assert without(copied, *mapped) == without([later(row, *times) for row in there], *mapped)
        policies = [new_policy if row["policy_id"] == old_policy else row["policy_id"] for row in there]
        assert [row["policy_id"] for row in copied] == policies
        assert {old_policy, alpha["policy"]["id"]} <= {row["policy_id"] for row in there}
    assert {row["section_of"] for row in await rows(campus, SETTINGS, target)} == {None, target}
    for model in removing.RECORDS.values():
        of = f"SELECT count(*) FROM {model.__tablename__} WHERE course_offering_id = $1"
        assert await campus.owner.fetchval(of, target) == 0
    persons = "SELECT count(*) FROM content_item_settings WHERE course_offering_id = $1 AND user_id IS NOT NULL"
    assert await campus.owner.fetchval(persons, target) == 0
    await as_the_audit_log_says(campus, last, source, target)


async def as_the_audit_log_says(campus, last, source, target):
    """Every row that was added is in it, with all its columns."""
    entries = await campus.audited(last)
    first, *others = entries
    assert (first[0], first[1], first[3]["clonedFrom"], first[3]["shiftDays"]) == (
        "offering.clone", target, source, DAYS,
    )  # fmt: skip
    found = {}
    for act, number, old, new, _ in others:
        assert old is None
        found.setdefault(act, []).append((number, len(new)))
    counted = {
        "section.clone": (SECTIONS, "offering_sections"), "grading_policy.clone": (POLICIES, "grading_policies"),
        "grade_category.clone": (CATEGORIES, "grade_categories"), "grade_item.clone": (ITEMS, "grade_items"),
        "item_settings.clone": (SETTINGS, "content_item_settings"),
        "instructor.clone": (INSTRUCTORS, "course_offering_instructors"),
    }  # fmt: skip
    for act, (query, table) in counted.items():
        ids = {row["id"] for row in await rows(campus, query, target)}
        assert {number for number, _ in found[act]} == ids
        assert {count for _, count in found[act]} == {len(metadata.tables[table].columns)}
    assert set(found) == set(counted)


async def test_who_teaches_comes_along_only_where_that_is_asked_for_and_still_a_member(campus):
    text = campus.made("CourseOffering", "private")
    clone = await campus.done("cloneOffering", offeringId=text, shiftDays=-1)
    assert clone["offering"]["instructors"] == []
    status = "UPDATE university_members SET status = $2 WHERE user_id = $1 AND university_id = $3"
    gone = (campus.world.people["ta"], campus.tenant["university_id"])
    await campus.owner.execute(status, gone[0], "inactive", gone[1])
    clone = await campus.done("cloneOffering", offeringId=text, shiftDays=-1, includeInstructors=True)
    await campus.owner.execute(status, gone[0], "active", gone[1])
    assert [one["displayName"] for one in clone["offering"]["instructors"]] == ["ALPHA instructor", "ALPHA section_ta"]


async def test_what_no_clone_is(campus):
    text = campus.made("CourseOffering", "private")
    for days in (3661, -3661):
        found = await campus.refused("cloneOffering", offeringId=text, shiftDays=days)
        assert found == ("INVALID", ["input", "shiftDays"])
    far = await campus.offering(ends_at=datetime(9999, 12, 30, tzinfo=UTC))
    found = await campus.refused("cloneOffering", offeringId=campus.id("CourseOffering", far), shiftDays=3)
    assert found == ("INVALID", ["input", "shiftDays"])
    course = await campus.owner.fetchval("SELECT course_id FROM course_offerings WHERE id = $1", far)
    await campus.done("archiveCourse", courseId=campus.id("Course", course))
    found = await campus.refused("cloneOffering", offeringId=campus.id("CourseOffering", far), shiftDays=0)
    assert found == ("CLOSED", ["input", "offeringId"])
    empty = await campus.offering()
    clone = await campus.done("cloneOffering", offeringId=campus.id("CourseOffering", empty), shiftDays=3)
    assert (clone["offering"]["sections"], clone["offering"]["startsAt"]) == ([], None)
