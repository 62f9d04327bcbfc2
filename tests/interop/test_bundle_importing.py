"""Courses from archives, and copies of courses: who may, what is kept, and that of a refused one nothing is left."""

import asyncio
import hashlib
import json
import time

import pytest

from lms_graphql.demo.reference import address
from lms_graphql.interop.bundle.archive import read_bundle
from lms_graphql.storage.transaction import Transaction
from tests.interop.bundles import CLONE, IMPORT, document_of
from tests.interop.generated import a_course, archived
from tests.interop.portraits import portrait

TABLES = (
    *("courses", "course_subjects", "course_prerequisites", "modules", "content_items", "assets", "question_pools"),
    *("questions", "question_keys", "rubric_criteria", "rubric_ratings", "grading_policies", "grade_categories"),
    *("grade_items", "course_offerings", "offering_sections", "content_item_settings", "external_keys", "outbox"),
)


async def counts(campus, *more):
    """How many rows each table has, in all universities."""
    return {table: await campus.owner.fetchval(f"SELECT count(*) FROM {table}") for table in (*TABLES, *more)}


async def audited(campus, act=None):
    """Entries of the audit log with what they say, the oldest first."""
    rows = await campus.owner.fetch("SELECT * FROM audit_log WHERE act = coalesce($1, act) ORDER BY id", act)
    return [(row["act"], row["entity"], row["entity_id"], read(row["old_values"]), read(row["new_values"]))
            for row in rows]  # fmt: skip


def read(text):
    return None if text is None else json.loads(text)


@pytest.fixture
async def people(demo):
    rows = await demo.owner.fetch("SELECT id, email FROM users")
    ids = {row["email"]: row["id"] for row in rows}
    return lambda name: ids[address(name)]


@pytest.fixture(scope="module")
async def mechanics(demo):
    """The archive of the largest course."""
    return await demo.exported((await demo.courses())["ME101"])


async def department(demo, code):
    number = await demo.owner.fetchval(
        "SELECT id FROM departments WHERE university_id = $1 AND code = $2", demo.id, code
    )
    return demo.global_id("Department", number)


def codes(payload):
    return [(error["code"], error["path"]) for error in payload["errors"]]


# ---- going out


async def test_an_export_is_an_archive_and_is_written_down(demo, people):
    courses = await demo.courses()
    response = await demo.get(courses["ME101"], people("instructor.mechanics"))
    assert response.status_code == 200
    headers = {name: response.headers[name] for name in ("content-type", "content-disposition", "cache-control")}
    assert headers == {
        "content-type": "application/zip", "content-disposition": 'attachment; filename="bundle.zip"',
        "cache-control": "no-store",
    }  # fmt: skip
    assert read_bundle(response.content).course.code == "ME101"
    row = await demo.owner.fetchrow("SELECT * FROM audit_log WHERE act = 'course.export' ORDER BY id DESC LIMIT 1")
    said = read(row["new_values"])
    assert (row["user_id"], row["entity"], row["request_id"]) == (
        people("instructor.mechanics"),
        "Course",
        "test-request",
    )
    assert said == {"bytes": len(response.content), "sha256": said["sha256"]}


@pytest.mark.parametrize(
    ("name", "course", "status"),
    [
        ("student1", "ME101", 403), ("assistant", "ME101", 403), ("instructor.computing", "ME101", 403),
        ("student1", "MA240", 404), ("department.admin", "ME101", 200), ("department.admin", "BI210", 403),
    ],
)  # fmt: skip
async def test_who_may_export(demo, people, name, course, status):
    before = len(await audited(demo, "course.export"))
    response = await demo.get((await demo.courses())[course], people(name))
    assert response.status_code == status, response.text
    assert len(await audited(demo, "course.export")) == before + (status == 200)


async def test_what_is_no_course_is_not_exported(demo, elsewhere, people):
    course = (await demo.courses())["ME101"]
    assert (await demo.get("x")).status_code == 404
    assert (await elsewhere.get(course)).status_code == 404
    nobody = await demo.api.client.get(f"/u/DEMO/export/courses/{course}/bundle.zip")
    assert nobody.status_code == 401
    assert (await demo.get(course, **{"X-View-As": "x"})).status_code == 403


# ---- coming in


async def test_who_may_import(demo, people, mechanics):
    before = await counts(demo)
    mathematics, biology = await department(demo, "MATH"), await department(demo, "BIO")
    for name in ("instructor.mechanics",):
        assert codes(await demo.imported(mechanics, people(name), code="X1")) == [("FORBIDDEN", [])]
    upload = await demo.uploaded(mechanics)
    for name in ("student1", "assistant"):
        assert codes(await demo.sent(IMPORT, {"uploadId": upload, "code": "X1"}, people(name))) == [("FORBIDDEN", [])]
    answer = await demo.api(IMPORT, {"input": {"uploadId": upload}}, user=None, university="DEMO")
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    theirs = people("department.admin")
    path = ["input", "departmentId"]
    for given in ({}, {"departmentId": biology}):
        assert codes(await demo.imported(mechanics, theirs, code="X1", **given)) == [("FORBIDDEN", path)]
    unknown = demo.global_id("Department", 10**6)
    assert codes(await demo.imported(mechanics, theirs, code="X1", departmentId=unknown)) == [("NOT_FOUND", path)]
    assert codes(await demo.sent(IMPORT, {"uploadId": upload, "code": "X1", "departmentId": mathematics}, theirs)) == [
        ("NOT_FOUND", ["input", "uploadId"])
    ]
    assert await counts(demo) == before
    done = await demo.imported(mechanics, theirs, code="X1", departmentId=mathematics)
    assert (codes(done), done["course"]["code"]) == ([], "X1")


async def test_the_same_course_twice_needs_another_code(demo, mechanics):
    before = await counts(demo)
    taken = await demo.imported(mechanics)
    assert codes(taken) == [("TAKEN", ["input", "code"])]
    assert (taken["course"], taken["counts"], taken["notices"]) == (None, None, [])
    assert await counts(demo) == before
    upload = await demo.uploaded(mechanics)
    both = await asyncio.gather(*(demo.sent(IMPORT, {"uploadId": upload, "code": "ME101-B"}) for _ in range(4)))
    assert sorted(codes(one) for one in both) == [[]] + [[("TAKEN", ["input", "code"])]] * 3
    assert codes(await demo.imported(mechanics, code="ME101-B")) == [("TAKEN", ["input", "code"])]


async def test_a_dry_run_tells_and_keeps_nothing(demo, elsewhere, mechanics):
    upload = await elsewhere.uploaded(mechanics)
    before = await counts(demo, "audit_log")
    trial = await elsewhere.sent(IMPORT, {"uploadId": upload, "code": "DRY", "dryRun": True})
    assert await counts(demo, "audit_log") == before
    done = await elsewhere.sent(IMPORT, {"uploadId": upload, "code": "DRY"})
    assert trial == {**done, "course": None}
    assert done["course"]["isPublished"] is False


async def test_what_is_missing_is_told_and_not_made_up(demo, elsewhere):
    found = document_of(await demo.exported((await demo.courses())["ME101"]))["course"]
    found |= {
        "code": "LOST", "primary_subject": "alchemy",
        "subjects": [{"code": "alchemy", "is_primary": True}, {"code": "mechanics"}],
        "prerequisites": [{"course": "AL100", "type": "strict"}],
    }  # fmt: skip
    found["pools"][0]["is_shared"] = True
    found["offerings"][0]["term"] = "1999-01"
    found["modules"][0]["template"] = {"title": "Nobody's", "template_type": "unit"}
    payload = await elsewhere.imported(archived(found))
    assert [(notice["code"], notice["about"]) for notice in payload["notices"]] == [
        ("SUBJECT_MISSING", "alchemy"), ("PREREQUISITE_MISSING", "AL100"), ("TERM_MISSING", "1999-01"),
        ("TEMPLATE_MISSING", "Nobody's"), ("POOL_NOT_SHARED", found["pools"][0]["title"]),
    ]  # fmt: skip
    again = document_of(await elsewhere.exported(payload["course"]["id"]))["course"]
    assert again["subjects"] == [{"code": "mechanics"}]
    assert "primary_subject" not in again
    assert "prerequisites" not in again
    assert "term" not in again["offerings"][0]
    assert "is_shared" not in again["pools"][0]


async def test_a_course_without_its_offerings(demo, elsewhere, mechanics):
    payload = await elsewhere.imported(mechanics, code="BARE", includeOfferings=False)
    assert payload["counts"]["offerings"] == 0
    assert "offerings" not in document_of(await elsewhere.exported(payload["course"]["id"]))["course"]


async def test_of_a_refused_archive_nothing_is_left(demo, elsewhere, mechanics):
    before = await counts(demo)
    found = document_of(mechanics)["course"]
    items = [item for module in found["modules"][0]["modules"] for item in module["items"]]
    next(item for item in items if item["content_type"] == "text")["payload"] = {"blocks": 5}
    found["modules"][1]["title"] = "two\nlines"
    for data, count in ((b"PK\x03\x04 no zip", 1), (mechanics[:-40], 1), (archived(found), 2)):
        payload = await elsewhere.imported(data, code="BAD")
        assert codes(payload) == [("INVALID", ["input", "uploadId"])] * count
        assert (payload["course"], payload["counts"]) == (None, None)
    assert await counts(demo) == before


async def test_everything_that_came_is_in_the_audit_log_but_for_answers(demo, elsewhere, mechanics):
    last = await demo.owner.fetchval("SELECT coalesce(max(id), 0) FROM audit_log")
    before = await counts(demo)
    payload = await elsewhere.imported(mechanics, code="TOLD")
    after = await counts(demo)
    rows = await demo.owner.fetch("SELECT act, entity, new_values FROM audit_log WHERE id > $1 ORDER BY id", last)
    told = [row for row in rows if not row["act"].startswith("upload.")]
    added = {table: after[table] - before[table] for table in TABLES}
    by_act = {}
    for row in told:
        by_act[row["act"]] = by_act.get(row["act"], 0) + 1
    assert by_act == {
        "course.create": 1,
        "course.subjects": 1,
        "course.import": 1,
        "asset.create": added["assets"],
        "question_pool.create": added["question_pools"],
        "question.create": added["questions"],
        "module.create": added["modules"],
        "item.create": added["content_items"],
        "offering.create": added["course_offerings"],
        "section.create": added["offering_sections"],
        "grading_policy.update": added["grading_policies"],
        "grade_item.create": added["grade_items"],
        "item_settings.set": added["content_item_settings"],
    }
    assert not [row for row in told if row["act"].startswith("question") and "answer" in row["new_values"]]
    (imported,) = (read(row["new_values"]) for row in told if row["act"] == "course.import")
    assert imported == {
        "code": "TOLD", "sha256": imported["sha256"], "modules": 17, "content_items": 22, "question_pools": 5,
        "questions": 21, "assets": 4, "offerings": 3,
    }  # fmt: skip
    assert payload["counts"]["contentItems"] == added["content_items"]
    created = read(next(row["new_values"] for row in told if row["act"] == "course.create"))
    columns = await demo.owner.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'courses' AND is_generated = 'NEVER'"
    )
    assert created.keys() == {row["column_name"] for row in columns} - {"id", "university_id"}


# ---- copying


async def test_a_copy_is_the_course_under_another_code(demo, people):
    courses = await demo.courses()
    before = await counts(demo)
    given = {"courseId": courses["ME101"], "code": "ME101-C", "title": "Mechanics again", "includeOfferings": True}
    payload = await demo.sent(CLONE, given, people("department.admin"))
    assert (codes(payload), payload["notices"]) == ([], [])
    assert {**payload["course"], "id": None} == {
        "id": None, "code": "ME101-C", "title": "Mechanics again", "isPublished": False
    }  # fmt: skip
    after = await counts(demo)
    assert after["assets"] == before["assets"]  # both show the same
    first, second = await portrait(demo, courses["ME101"]), await portrait(demo, payload["course"]["id"])
    assert [{**one, "code": None, "title": None} for one in second[:1]] + second[1:] == [
        {**one, "code": None, "title": None} for one in first[:1]
    ] + first[1:]
    (entry,) = [said for _, _, number, _, said in await audited(demo, "course.clone")]
    source = await demo.owner.fetchval("SELECT id FROM courses WHERE university_id = $1 AND code = 'ME101'", demo.id)
    assert entry == {"sourceCourseId": source, "code": "ME101-C"}
    department_ids = await demo.owner.fetch("SELECT department_id FROM courses WHERE code IN ('ME101', 'ME101-C')"
                                            " AND university_id = $1", demo.id)  # fmt: skip
    assert len({row["department_id"] for row in department_ids}) == 1


async def test_a_copy_comes_without_offerings_unless_they_are_wanted(demo):
    courses = await demo.courses()
    payload = await demo.sent(CLONE, {"courseId": courses["ME101"], "code": "ME101-D"})
    assert payload["counts"]["offerings"] == 0
    first = document_of(await demo.exported(courses["ME101"]))["course"]
    second = document_of(await demo.exported(payload["course"]["id"]))["course"]
    assert first.pop("offerings")
    assert "offerings" not in second
    assert second["grading_policy"]["categories"] == first["grading_policy"]["categories"]
    assert second["pools"] == first["pools"]


async def test_shared_pools_stay_shared_in_a_copy(demo):
    courses = await demo.courses()
    item = await demo.owner.fetchrow(
        "SELECT i.data_json FROM content_items i JOIN courses c ON c.id = i.course_id WHERE c.code = 'BI210'"
        " AND c.university_id = $1 AND content_type = 'quiz' ORDER BY i.id",
        demo.id,
    )
    pool = json.loads(item["data_json"])["question_pool_id"]
    await demo.owner.execute("UPDATE question_pools SET course_id = NULL WHERE id = $1", pool)
    payload = await demo.sent(CLONE, {"courseId": courses["BI210"], "code": "BI210-C"})
    assert (codes(payload), payload["notices"]) == ([], [])
    drawn = await demo.owner.fetch(
        "SELECT data_json->>'question_pool_id' AS pool FROM content_items i JOIN courses c ON c.id = i.course_id"
        " WHERE c.code = 'BI210-C' AND content_type = 'quiz'"
    )
    assert str(pool) in {row["pool"] for row in drawn}


async def test_what_follows_a_template_does_so_in_a_copy_and_in_no_other_university(demo, elsewhere, mechanics):
    query = (
        "SELECT m.template_version, m.template_node, i.template_node AS of_item FROM modules m"
        " JOIN content_items i ON i.module_id = m.id JOIN courses c ON c.id = m.course_id"
        " WHERE c.code = $1 AND i.title = 'Made from a template'"
    )
    template = await demo.owner.fetchval(
        "INSERT INTO module_templates (university_id, template_type, title) VALUES ($1, 'lesson', 'A node')"
        " RETURNING id",
        demo.id,
    )
    await demo.owner.execute(
        "INSERT INTO module_template_versions (university_id, template_id, version, title, tree, node_count)"
        " VALUES ($1, $2, 1, 'A node', $3, 1)",
        demo.id, template, '[{"key": "top"}]',
    )  # fmt: skip
    course = (await demo.courses())["EE220"]
    module = await demo.owner.fetchval(
        "UPDATE content_items SET title = 'Made from a template', template_node = 'text' WHERE id = (SELECT min(i.id)"
        " FROM content_items i JOIN courses c ON c.id = i.course_id WHERE c.code = 'EE220' AND c.university_id = $1)"
        " RETURNING module_id",
        demo.id,
    )
    await demo.owner.execute(
        "UPDATE modules SET module_template_id = $1, template_version = 1, template_node = 'top' WHERE id = $2",
        template, module,
    )  # fmt: skip
    assert codes(await demo.sent(CLONE, {"courseId": course, "code": "EE220-C"})) == []
    assert tuple(await demo.owner.fetchrow(query, "EE220-C")) == (1, "top", "text")
    assert codes(await elsewhere.imported(await demo.exported(course), code="EE220-E")) == []
    assert tuple(await demo.owner.fetchrow(query, "EE220-E")) == (None, None, None)


async def test_who_may_copy(demo, elsewhere, people):
    courses = await demo.courses()
    before = await counts(demo)
    biology = await department(demo, "BIO")

    async def tried(name, course="ME101", **given):
        return codes(await demo.sent(CLONE, {"courseId": courses[course], "code": "NO", **given}, people(name)))

    seen = ["input", "courseId"]
    for name in ("instructor.mechanics", "assistant", "student1", "student12"):
        assert await tried(name) == [("FORBIDDEN", [])]
    assert await tried("department.admin", "BI210") == [("FORBIDDEN", seen)]
    assert await tried("department.admin", departmentId=biology) == [("FORBIDDEN", ["input", "departmentId"])]
    assert await tried("university.admin", code="BI210") == [("TAKEN", ["input", "code"])]
    assert await tried("university.admin", code=" ") == [("INVALID", ["input", "code"])]
    absent = await demo.sent(CLONE, {"courseId": demo.global_id("Course", 10**6), "code": "NO"})
    assert codes(absent) == [("NOT_FOUND", seen)]
    abroad = await elsewhere.sent(CLONE, {"courseId": courses["ME101"], "code": "NO"})
    assert codes(abroad) == [("NOT_FOUND", seen)]
    answer = await demo.api(
        CLONE, {"input": {"courseId": courses["ME101"], "code": "NO"}}, user=None, university="DEMO"
    )
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await counts(demo) == before


# ---- size

_SEED = 11
"""Of courses that have something of every kind, whatever their size: for nothing there is no statement."""


@pytest.fixture
def executed(monkeypatch):
    """How many statements transactions that write have executed."""
    counted = []
    fetch = Transaction.fetch

    async def counting(transaction, statement, parameters, row):
        counted.append(statement.sql)
        return await fetch(transaction, statement, parameters, row)

    monkeypatch.setattr(Transaction, "fetch", counting)
    return counted


async def test_as_many_statements_for_500_modules_as_for_10(elsewhere, executed):
    async def numbers_for(modules, code):
        course = a_course(modules, code, seed=_SEED, items=4)
        assert all(f'"{part}": [{{' in json.dumps(course) for part in ("rubric", "ratings", "sections", "settings"))
        assert "grading_policy" in course
        assert any("grading_policy" in one for one in course["offerings"])
        upload = await elsewhere.uploaded(archived(course))
        executed.clear()
        payload = await elsewhere.sent(IMPORT, {"uploadId": upload})
        imported = len(executed)
        executed.clear()
        given = {"courseId": payload["course"]["id"], "code": f"{code}-C", "includeOfferings": True}
        copied = await elsewhere.sent(CLONE, given)
        cloned = len(executed)
        assert codes(payload) == codes(copied) == []
        assert copied["counts"] == payload["counts"] == {**payload["counts"], "modules": modules}
        elsewhere.api.recorder.statements.clear()
        await elsewhere.exported(payload["course"]["id"])
        return imported, cloned, len(elsewhere.api.statements)

    assert await numbers_for(10, "TEN") == await numbers_for(500, "MANY") == (53, 64, 17)


@pytest.mark.parametrize("seed", range(12))
async def test_generated_courses_come_and_go_unchanged(elsewhere, seed):
    course = a_course(3 + 4 * seed, f"GEN{seed}", seed=seed)
    payload = await elsewhere.imported(archived(course))
    assert codes(payload) == []
    assert document_of(await elsewhere.exported(payload["course"]["id"]))["course"] == course


# ---- files of assets

PNG = b"\x89PNG\r\n\x1a\n and so on"


async def with_a_file(demo, elsewhere, data=PNG, media_type="image/png"):
    """The archive of a course whose first asset is a file."""
    found = document_of(await demo.exported((await demo.courses())["CS120"]))["course"]
    del found["prerequisites"]
    shown = found["assets"][0]
    del shown["url"]
    shown |= {"title": "A chart", "is_of_course": True, "is_staff_only": True, "file": {
        "path": "assets/a1", "sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data),
        "media_type": media_type, "file_name": "chart.png",
    }}  # fmt: skip
    return found, archived(found, {"assets/a1": data})


async def test_a_file_comes_and_goes_with_its_course(demo, elsewhere):
    found, data = await with_a_file(demo, elsewhere)
    payload = await elsewhere.imported(data, code="FILED")
    assert codes(payload) == []
    row = await demo.owner.fetchrow(
        "SELECT a.*, u.purpose, u.state, u.user_id FROM assets a JOIN uploads u ON u.id = a.upload_id"
        " WHERE a.university_id = $1", elsewhere.id,
    )  # fmt: skip
    course_id = await demo.owner.fetchval("SELECT id FROM courses WHERE code = 'FILED'")
    assert (row["course_id"], row["title"], row["is_staff_only"], row["url"]) == (course_id, "A chart", True, None)
    assert (row["purpose"], row["state"], row["user_id"]) == ("asset", "attached", elsewhere.admin)
    again = await elsewhere.exported(payload["course"]["id"])
    assert document_of(again)["course"] == {**found, "code": "FILED"}
    assert read_bundle(again).files == {"assets/a1": PNG}
    copied = await elsewhere.sent(CLONE, {"courseId": payload["course"]["id"], "code": "FILED-C"})
    assert codes(copied) == []
    assert await demo.owner.fetchval("SELECT count(*) FROM assets WHERE upload_id IS NOT NULL") == 1


async def test_a_file_that_is_not_what_it_says(demo, elsewhere):
    before = await counts(demo, "uploads")
    _, data = await with_a_file(demo, elsewhere, b"<html>")
    payload = await elsewhere.imported(data, code="PAGE")
    assert codes(payload) == [("INVALID", ["input", "uploadId"])]
    assert payload["errors"][0]["message"] == "the file 'assets/a1' is not image/png, whatever its name says"
    assert await counts(demo, "uploads") == {**before, "uploads": before["uploads"] + 1}  # the archive itself


async def test_a_file_that_is_gone_stops_the_export(demo, elsewhere, loaded):
    course = await demo.owner.fetchval("SELECT id FROM courses WHERE code = 'FILED'")
    await demo.owner.execute("UPDATE uploads SET sha256 = sha256('x') WHERE purpose = 'asset'")
    response = await elsewhere.get(elsewhere.global_id("Course", course))
    assert response.status_code == 503
    assert response.json()["errors"][0]["message"].startswith("the file 'chart.png' of an asset is gone")


@pytest.mark.alone
async def test_the_largest_course_comes_in_one_transaction(elsewhere):
    """5,000 items in 1,000 modules: 3 s on a quiet machine, a part of it before the transaction begins."""
    course = a_course(1000, "LARGE", seed=_SEED, items=5)
    upload = await elsewhere.uploaded(archived(course))
    begun = time.monotonic()
    payload = await elsewhere.sent(IMPORT, {"uploadId": upload})
    took = time.monotonic() - begun
    assert codes(payload) == []
    assert payload["counts"]["contentItems"] == 5000
    assert document_of(await elsewhere.exported(payload["course"]["id"]))["course"] == course
    assert took < 20
