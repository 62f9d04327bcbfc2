"""Courses: added, changed, taken out of the lists, and removed."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy.orm import DeclarativeBase

from lms_graphql.catalog import removing
from lms_graphql.engine.relay import GlobalId
from lms_graphql.tables import metadata
from tests.changing.cataloging import Catalog

NEW = {"code": "N-1", "title": "New"}


@pytest.fixture(scope="module")
async def campus(api, owner, world):
    return Catalog(api, owner, world)


async def codes(campus, user, given=""):
    document = f"{{ courses(first: 100{given}) {{ totalCount edges {{ node {{ code }} }} }} }}"
    data = await campus.api.data(document, user=campus.world.people[user])
    found = [edge["node"]["code"] for edge in data["courses"]["edges"]]
    assert data["courses"]["totalCount"] == len(found)
    return found


async def test_a_course_is_added_with_what_is_given_and_what_is_usual(campus):
    last = await campus.last_audit()
    payload = await campus.done("createCourse", **NEW)
    assert payload["course"] == {
        "id": payload["course"]["id"], "code": "N-1", "title": "New", "description": None, "level": "UNDERGRADUATE",
        "languageCode": "en", "difficulty": None, "creditHours": None, "isPublished": False, "archivedAt": None,
        "version": 1, "department": None, "primarySubject": None, "subjects": [], "prerequisites": [],
    }  # fmt: skip
    department = campus.made("Department", "department")
    given = {
        "code": " N-2 ", "title": "Zwei", "description": "Line 1\nLine 2 ", "departmentId": department,
        "level": "GRADUATE", "languageCode": "pt-BR", "difficulty": "ADVANCED", "creditHours": "7.50",
    }  # fmt: skip
    payload = await campus.done("createCourse", "department_admin", **given)
    course = payload["course"]
    assert [course[name] for name in ("code", "description", "level", "languageCode", "difficulty", "creditHours")] == [
        "N-2", "Line 1\nLine 2", "GRADUATE", "pt-BR", "ADVANCED", "7.50",
    ]  # fmt: skip
    assert course["department"] == {"code": "PH"}
    rows = await campus.owner.fetch("SELECT * FROM courses WHERE code IN ('N-1', 'N-2') ORDER BY id")
    entries = await campus.audited(last)
    assert [(act, number, old, reason) for act, number, old, _, reason in entries] == [
        ("course.create", row["id"], None, None) for row in rows
    ]
    for row, (*_, new, _) in zip(rows, entries, strict=True):
        stored = {name for name in row.keys() if not name.endswith("_key")}  # noqa: SIM118 - no dict
        assert len(new) == len(stored)
        assert (new["code"], new["title"], new["level"], new["contentVersion"], new["version"]) == (
            row["code"], row["title"], row["level"], str(row["content_version"]), 1,
        )  # fmt: skip


OTHERS = {"student": "FORBIDDEN", "bystander": "FORBIDDEN", "outsider": "FORBIDDEN", "beta_admin": "FORBIDDEN"}


async def test_who_may_add_a_course(campus):
    teachers = {"instructor": "FORBIDDEN", "ta": "FORBIDDEN"}
    await campus.who_may("createCourse", OTHERS | teachers | {"far_admin": "FORBIDDEN"}, code="W", title="W")
    far = {"code": "W", "title": "W", "departmentId": campus.made("Department", "department")}
    assert await campus.refused("createCourse", "far_admin", **far) == ("FORBIDDEN", ["input", "departmentId"])


BAD = [
    ({"code": " "}, "code"), ({"code": "x" * 129}, "code"),
    ({"title": "a\nb"}, "title"), ({"title": "x" * 256}, "title"),
    ({"description": "x" * 10_001}, "description"), ({"description": "\0"}, "description"),
    ({"languageCode": "e"}, "languageCode"), ({"languageCode": "englisch"}, "languageCode"),
    ({"languageCode": "de_AT"}, "languageCode"), ({"languageCode": "en-Latn-US"}, "languageCode"),
    ({"creditHours": "100"}, "creditHours"), ({"creditHours": "-0.01"}, "creditHours"),
    ({"creditHours": "1.005"}, "creditHours"),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "field"), BAD)
async def test_what_no_course_has(campus, bad, field):
    assert await campus.refused("createCourse", **{"code": "B", "title": "B"} | bad) == ("INVALID", ["input", field])
    given = {"courseId": campus.made("Course", "course"), **bad}
    assert await campus.refused("updateCourse", **given) == ("INVALID", ["input", field])


async def test_a_code_is_taken_once(campus):
    assert await campus.refused("createCourse", code="P101", title="x") == ("TAKEN", ["input", "code"])
    given = {"courseId": campus.made("Course", "draft"), "code": "P101"}
    assert await campus.refused("updateCourse", **given) == ("TAKEN", ["input", "code"])


async def test_instructors_change_what_a_course_says_and_administrators_its_entry(campus):
    course = await campus.rows.add(
        "courses", **campus.tenant, code="U1", title="U", department_id=campus.world.alpha["department"]["id"]
    )
    offering = await campus.rows.add("course_offerings", **campus.tenant, course_id=course["id"])
    people = campus.world.people
    for name, role in (("instructor", "instructor"), ("ta", "ta")):
        taught = {"course_offering_id": offering["id"], "user_id": people[name], "role": role}
        await campus.rows.add("course_offering_instructors", **campus.tenant, **taught)
    where = {"courseId": campus.id("Course", course["id"])}
    hidden = {"far_admin": "NOT_FOUND", "far_instructor": "NOT_FOUND"}
    await campus.who_may("updateCourse", OTHERS | {"ta": "FORBIDDEN"} | hidden, **where, title="x")
    last = await campus.last_audit()
    says = {"title": "Says", "description": "More.", "difficulty": "BEGINNER", "languageCode": "de"}
    payload = await campus.done("updateCourse", "instructor", **where, **says, code="U1", expectedVersion=1)
    assert {name: payload["course"][name] for name in (*says, "code", "version")} == {
        **says,
        "code": "U1",
        "version": 2,
    }
    for name, value in (("code", "U2"), ("level", "OTHER"), ("creditHours", "1"), ("departmentId", None)):
        found = await campus.refused("updateCourse", "instructor", **where, **{name: value})
        assert found == ("FORBIDDEN", ["input", name])
    payload = await campus.done("updateCourse", "department_admin", **where, code="U2", level="OTHER", creditHours="1")
    assert (payload["course"]["code"], payload["course"]["creditHours"]) == ("U2", "1.00")
    for department in (None, campus.made("Department", "far_department")):  # not theirs to give it to
        found = await campus.refused("updateCourse", "department_admin", **where, departmentId=department)
        assert found == ("FORBIDDEN", ["input", "departmentId"])
    payload = await campus.done("updateCourse", **where, departmentId=None, description=None, difficulty=None)
    assert [payload["course"][name] for name in ("department", "description", "difficulty")] == [None] * 3
    assert await campus.done("updateCourse", **where, title="Says") == payload  # nothing is changed by what is so
    number, department = course["id"], campus.world.alpha["department"]["id"]
    assert await campus.audited(last) == [
        ("course.update", number, {"title": "U", "description": None, "difficulty": None, "languageCode": "en"},
         {"title": "Says", "description": "More.", "difficulty": "beginner", "languageCode": "de"}, None),
        ("course.update", number, {"code": "U1", "level": "undergraduate", "creditHours": None},
         {"code": "U2", "level": "other", "creditHours": "1.00"}, None),
        ("course.update", number, {"description": "More.", "difficulty": "beginner", "departmentId": department},
         {"description": None, "difficulty": None, "departmentId": None}, None),
    ]  # fmt: skip
    assert await campus.refused("updateCourse", **where, title=None) == ("INVALID", ["input", "title"])


async def test_of_a_hundred_edits_of_one_version_one_is_made(campus):
    course = await campus.rows.add("courses", **campus.tenant, code="V1", title="V")
    where = {"courseId": campus.id("Course", course["id"]), "expectedVersion": 1}
    payloads = await campus.at_once(
        [("updateCourse", "admin", {**where, "title": f"Title {number}"}) for number in range(100)]
    )
    found = Counter(error["code"] for payload in payloads for error in payload["errors"])
    assert found == {"CONFLICT": 99}
    assert {error["currentVersion"] for payload in payloads for error in payload["errors"]} == {2}
    assert await campus.owner.fetchval("SELECT version FROM courses WHERE id = $1", course["id"]) == 2


async def test_another_tree_is_no_other_version(campus):
    course = await campus.whole_course("V2")
    await campus.owner.execute("UPDATE courses SET content_version = gen_random_uuid() WHERE id = $1", course["id"])
    where = {"courseId": campus.id("Course", course["id"])}
    assert (await campus.done("updateCourse", **where, title="V", expectedVersion=1))["course"]["version"] == 2


# ---- in the catalog, and out of it


async def test_an_archived_course_is_in_no_list_and_keeps_everything(campus):
    world, people = campus.world, campus.world.people
    department = world.alpha["department"]["id"]
    subject = world.alpha["course"]["primary_subject_id"]
    course = await campus.whole_course("ARCH", department_id=department, primary_subject_id=subject, is_published=True)
    where = {"courseId": campus.id("Course", course["id"])}
    await campus.who_may("archiveCourse", OTHERS | {"far_admin": "FORBIDDEN", "instructor": "FORBIDDEN"}, **where)
    lists = """query ($department: ID!, $subject: ID!) {
      courses(first: 100) { edges { node { code } } }
      a: node(id: $department) { ... on Department { courses(first: 100) { totalCount edges { node { code } } } } }
      b: node(id: $subject) { ... on Subject { courses(first: 100) { edges { node { code } } }
        allCourses(first: 100) { edges { node { code } } } } } }"""
    ids = {"department": campus.id("Department", department), "subject": _subject(subject)}
    before = await campus.api.data(lists, ids, user=people["student"])
    assert str(before).count("ARCH") == 4
    last = await campus.last_audit()
    payload = await campus.done("archiveCourse", "department_admin", **where, expectedVersion=1)
    assert (payload["course"]["archivedAt"] is not None, payload["course"]["version"]) == (True, 2)
    after = await campus.api.data(lists, ids, user=people["student"])
    assert "ARCH" not in str(after)
    assert after["a"]["courses"]["totalCount"] == before["a"]["courses"]["totalCount"] - 1
    assert await codes(campus, "student", ", filter: {archived: true}") == ["ARCH"]
    assert "ARCH" not in await codes(campus, "admin", ", filter: {archived: false}")
    seen = await campus.api.data(
        "query ($id: ID!) { course(id: $id) { title modules { contentItems { ... on TextContent { title } } } } }",
        {"id": where["courseId"]},
        user=people["student"],
    )
    assert seen["course"]["modules"] == [{"contentItems": [{"title": "A text"}]}]
    assert await campus.done("archiveCourse", **where) == payload
    assert await campus.refused("createOffering", **where) == ("CLOSED", ["input", "courseId"])
    payload = await campus.done("restoreCourse", **where)
    assert (payload["course"]["archivedAt"], payload["course"]["version"]) == (None, 3)
    assert await campus.api.data(lists, ids, user=people["student"]) == before
    acts = [
        (act, old["archivedAt"] is None, new["archivedAt"] is None)
        for act, _, old, new, _ in await campus.audited(last)
    ]
    assert acts == [("course.archive", True, False), ("course.restore", False, True)]


def _subject(number):
    return str(GlobalId("Subject", number))


# ---- subjects


async def test_the_subjects_of_a_course_are_replaced_and_one_is_the_main_one(campus):
    physics = campus.world.alpha["course"]["primary_subject_id"]
    mechanics = await campus.owner.fetchval("SELECT id FROM subjects WHERE code = 'MECH'")
    optics = (await campus.rows.add("subjects", code="OPT", name="Optics"))["id"]
    course = await campus.rows.add("courses", **campus.tenant, code="S1", title="S")
    where = {"courseId": campus.id("Course", course["id"])}
    await campus.who_may(
        "setCourseSubjects", OTHERS | {"far_admin": "NOT_FOUND", "ta": "NOT_FOUND"}, **where,
        subjectIds=[_subject(physics)], primarySubjectId=_subject(physics),
    )  # fmt: skip
    last = await campus.last_audit()

    async def put(*subjects, **more):
        ids = [_subject(number) for number in subjects]
        payload = await campus.done("setCourseSubjects", **where, subjectIds=ids, primarySubjectId=ids[0], **more)
        found = payload["course"]
        rows = await campus.owner.fetch(
            "SELECT subject_id, is_primary FROM course_subjects WHERE course_id = $1"
            " ORDER BY is_primary DESC, subject_id",
            course["id"],
        )
        assert [tuple(row) for row in rows] == [(subjects[0], True), *((n, False) for n in sorted(subjects[1:]))]
        return found["primarySubject"]["code"], {one["code"] for one in found["subjects"]}, found["version"]

    assert await put(physics, mechanics, expectedVersion=1) == ("PHYS", {"PHYS", "MECH"}, 2)
    assert await put(mechanics, physics) == ("MECH", {"PHYS", "MECH"}, 3)
    assert await put(mechanics, optics) == ("MECH", {"OPT", "MECH"}, 4)
    assert await put(mechanics, optics) == ("MECH", {"OPT", "MECH"}, 4)
    assert await put(optics) == ("OPT", {"OPT"}, 5)
    entries = await campus.audited(last)
    assert [new for _, _, _, new, _ in entries] == [
        {"subjectIds": [physics, mechanics], "primarySubjectId": physics},
        {"subjectIds": [mechanics, physics], "primarySubjectId": mechanics},
        {"subjectIds": [mechanics, optics], "primarySubjectId": mechanics},
        {"subjectIds": [optics], "primarySubjectId": optics},
    ]
    assert entries[0][2] == {"subjectIds": [], "primarySubjectId": None}
    bad = [
        ([], physics, "INVALID", "subjectIds"), ([physics] * 2, physics, "INVALID", "subjectIds"),
        ([physics], mechanics, "INVALID", "primarySubjectId"), ([physics, 999], physics, "NOT_FOUND", "subjectIds"),
        (range(1, 22), 1, "LIMIT_REACHED", "subjectIds"),
    ]  # fmt: skip
    for subjects, primary, code, field in bad:
        given = {"subjectIds": [_subject(number) for number in subjects], "primarySubjectId": _subject(primary)}
        found = await campus.refused("setCourseSubjects", **where, **given)
        assert (found[0], found[1][:2]) == (code, ["input", field])
    found = await campus.refused(
        "setCourseSubjects",
        **where,
        subjectIds=[_subject(physics)],
        primarySubjectId=_subject(physics),
        expectedVersion=1,
    )
    assert found == ("CONFLICT", ["input", "expectedVersion"])


# ---- removed


def hanging_on(*tables):
    """The tables that refer to one of these, but for those whose rows go with what they refer to."""
    return {
        table.name
        for table in metadata.sorted_tables
        for constraint in table.foreign_key_constraints
        if constraint.referred_table.name in tables and constraint.ondelete != "CASCADE"
    }


def test_of_every_table_that_hangs_on_a_course_it_is_known_what_becomes_of_it():
    """A new one is either set-up, which goes, or of people, which stays; add it to `catalog.removing`."""

    def names(models: "list[type[DeclarativeBase]]") -> set[str]:
        return {model.__tablename__ for model in models}

    goes = names([*removing.SET_UP, *removing.OF_COURSE]) | {"courses", "questions"}
    goes |= {"content_item_assets", "content_item_revisions"}
    records = names(removing.RECORDS.values())
    below_records = {"quiz_attempt_questions"}  # of an attempt
    assert hanging_on(*goes) - goes == (records - {"grade_overrides"}) | below_records  # which hang on enrollments
    assert hanging_on("offering_sections") <= goes | records


async def test_a_course_goes_with_everything_in_it_and_with_nothing_else(campus):
    alpha = campus.world.alpha
    before = await campus.everything()
    course = await campus.whole_course("DEL", department_id=alpha["department"]["id"])
    number, tenant = course["id"], campus.tenant
    module = await campus.owner.fetchrow("SELECT * FROM modules WHERE course_id = $1", number)
    below = await campus.rows.module(course, module, title="Below")
    work = await campus.rows.item(below, "assignment")
    await campus.rows.add(
        "content_item_revisions", **tenant, content_item_id=work["id"], revision=1, title="Was", data_json={}
    )
    asked = {**tenant, "course_id": number, "content_item_id": work["id"]}
    criterion = await campus.rows.add("rubric_criteria", **asked, position=1, title="x", points=1)
    await campus.rows.add("rubric_ratings", **tenant, criterion_id=criterion["id"], position=1, title="x", points=1)
    pool = await campus.rows.add("question_pools", **tenant, course_id=number, title="Pool")
    question = await campus.rows.add("questions", **tenant, pool_id=pool["id"], number=1, type="text", stem="?")
    await campus.rows.add("question_keys", **tenant, question_id=question["id"], answer={"accepted": ["x"]})
    offering = await campus.rows.add("course_offerings", **tenant, course_id=number)
    run = {**tenant, "course_offering_id": offering["id"]}
    picture = await campus.rows.add("assets", **tenant, course_id=number, url="https://x.example/a", asset_type="image")
    await campus.rows.item(below, "text", {"blocks": [{"type": "image", "asset_id": picture["id"]}]}, sequence_index=2)
    section = await campus.rows.add("offering_sections", **run, code="A", name="A")
    teacher = campus.world.people["instructor"]
    await campus.rows.add("course_offering_instructors", **run, user_id=teacher, section_id=section["id"])
    for scope in (None, offering["id"]):
        policy = await campus.rows.add("grading_policies", **tenant, course_id=number, course_offering_id=scope)
        category = await campus.rows.add(
            "grade_categories", **tenant, policy_id=policy["id"], name="x", position=1, weight=100
        )
    await campus.rows.add("grade_items", **run, title="Exam", points=1, grade_category_id=category["id"])
    await campus.rows.add(
        "content_item_settings", **run, course_id=number, content_item_id=work["id"], section_id=section["id"],
        grade_category_id=category["id"],
    )  # fmt: skip
    await campus.rows.add(
        "course_prerequisites", **tenant, course_id=number, prerequisite_course_id=alpha["course"]["id"]
    )
    await campus.rows.add(
        "course_subjects", **tenant, course_id=number, subject_id=alpha["course"]["primary_subject_id"], is_primary=True
    )
    keys = {"course": number, "offering": offering["id"], "module": below["id"], "content_item": work["id"],
            "question_pool": pool["id"], "question": question["id"]}  # fmt: skip
    for entity, one in keys.items():
        await campus.rows.add(
            "external_keys", **tenant, system="olx", entity=entity, external_id=f"DEL/{entity}", entity_id=one
        )
    where = {"courseId": campus.id("Course", number)}
    await campus.who_may("deleteCourse", OTHERS | {"far_admin": "NOT_FOUND", "instructor": "FORBIDDEN"}, **where)
    assert await campus.refused("deleteCourse", **where, expectedVersion=2) == (
        "CONFLICT",
        ["input", "expectedVersion"],
    )
    last = await campus.last_audit()
    payload = await campus.done("deleteCourse", "department_admin", **where, expectedVersion=1)
    assert payload["deletedCourseId"] == where["courseId"]
    after = await campus.everything()
    assert {name: rows for name, rows in after.items() if rows != before[name]}.keys() == {"audit_log", "outbox"}
    ((act, entity_id, old, new, _),) = await campus.audited(last)
    items = [work["id"] - 1, work["id"], work["id"] + 1]
    assert (act, entity_id, new) == ("course.delete", number, None)
    names = ("code", "offeringIds", "moduleIds", "contentItemIds", "questionPoolIds", "assetIds")
    assert {name: old[name] for name in names} == {
        "code": "DEL", "offeringIds": [offering["id"]], "moduleIds": [module["id"], below["id"]],
        "contentItemIds": items, "questionPoolIds": [pool["id"]],
        "assetIds": [picture["id"]],
    }  # fmt: skip
    assert await campus.refused("deleteCourse", **where) == ("NOT_FOUND", ["input", "courseId"])


async def test_a_course_stays_while_anybody_has_a_record_or_another_course_asks_for_it(campus):
    taken = {"courseId": campus.made("Course", "course")}
    before = await campus.everything()
    payload = await campus.act("deleteCourse", "admin", **taken)
    assert payload["errors"] == [
        {"code": "CLOSED", "path": ["input", "courseId"], "currentVersion": None,
         "message": "people have records in it, which are kept (enrollments, certificates, grades, former grades,"
                    " scores, progress in modules, progress, quiz attempts, submissions, files, discussion, reviews):"
                    " archive the course instead"}
    ]  # fmt: skip
    course = await campus.whole_course("ASKED")
    asking = await campus.whole_course("ASKS")
    await campus.rows.add(
        "course_prerequisites", **campus.tenant, course_id=asking["id"], prerequisite_course_id=course["id"]
    )
    where = {"courseId": campus.id("Course", course["id"])}
    assert await campus.refused("deleteCourse", **where) == ("CLOSED", ["input", "courseId"])
    await campus.done(
        "removePrerequisite", courseId=campus.id("Course", asking["id"]), prerequisiteId=where["courseId"]
    )
    await campus.done("deleteCourse", **where)
    await campus.done("deleteCourse", courseId=campus.id("Course", asking["id"]))
    after = await campus.everything()
    assert {name for name in after if after[name] != before[name]} == {"audit_log", "outbox"}


async def test_who_enrols_while_a_course_is_removed_is_enrolled_or_finds_nothing(campus):
    for number in range(5):
        course = await campus.whole_course(f"RACE{number}", is_published=True)
        offering = await campus.offering(course_id=course["id"])
        people = await campus.students(5)
        enrols = [campus.enroll(offering, person) for person in people]
        payload, *enrolled = await asyncio.gather(
            campus.act("deleteCourse", "admin", courseId=campus.id("Course", course["id"])), *enrols
        )
        roster = await campus.roster(offering)
        done = [one for one in enrolled if one["errors"] == []]
        assert len(roster) == len(done)
        assert (payload["errors"] == []) is (roster == {})
        assert {error["code"] for one in enrolled for error in one["errors"]} <= {"NOT_FOUND"}
