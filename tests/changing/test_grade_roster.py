"""The final grades as CSV: for who may export them, safe in a spreadsheet, written down as read."""

import pytest

from tests.changing.test_grades import RECORD, Class, send


@pytest.fixture
async def made(world, owner):
    return await Class(world, owner).build()


async def get(api, made, name, offering=None):
    id_ = made.id("CourseOffering", made.offering) if offering is None else offering
    headers = {**api.headers(made.world.people.get(name)), "X-Request-Id": "test-request"}
    return await api.client.get(f"/u/ALPHA/export/offerings/{id_}/grades.csv", headers=headers)


async def test_the_instructor_gets_the_roster_and_that_is_written_down(api, made, owner):
    teacher, student = made.world.people["instructor"], made.world.people["student"]
    await send(api, RECORD, made.scores(made.exam, student="80"), teacher)
    await owner.execute(
        "UPDATE university_members SET display_name = '=1+1,\"x\"', student_number = '@7' WHERE university_id = $1"
        " AND user_id = $2", made.university, student,
    )  # fmt: skip
    await owner.execute("DELETE FROM disclosures")
    response = await get(api, made, "instructor")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="grades.csv"'
    assert response.content.decode("utf-8-sig").split("\r\n") == [
        "student_number,name,email,section,final_score,letter,passed,posted_at",
        '\'@7,"\'=1+1,""x""",student@ALPHA.example,,60.00,D,true,',
        ",ALPHA other,other@ALPHA.example,,,,,",
        "",
    ]
    seen = await owner.fetch("SELECT user_id, viewer_id, kind, request_id FROM disclosures ORDER BY user_id, kind")
    people = sorted([student, made.world.people["other"]])
    assert [tuple(row) for row in seen] == [
        (person, teacher, kind, "test-request") for person in people for kind in ("grades", "private_data")
    ]


@pytest.mark.parametrize(
    ("name", "status"),
    [(None, 401), ("student", 403), ("ta", 403), ("bystander", 404), ("far_instructor", 404), ("outsider", 404)],
)
async def test_nobody_else_does(api, made, name, status):
    response = await get(api, made, name)
    assert response.status_code == status
    assert b"@ALPHA" not in response.content


async def test_what_is_no_offering(api, made):
    assert (await get(api, made, "admin", "x")).status_code == 404
