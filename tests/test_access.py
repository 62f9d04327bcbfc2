"""Who sees what: nobody, a student, another student, staff, and people of another university."""

import pytest

from lms_graphql.engine.relay import GlobalId
from tests.conftest import without_cost

EVERYBODY = [None, "outsider", "beta_student", "student", "other", "instructor", "ta", "admin"]
STAFF = {"instructor", "ta", "admin"}


def gid(typename, row):
    return str(GlobalId(typename, row["id"], row["university_id"]))


def person(world, name):
    return world.people[name] if name else None


@pytest.mark.parametrize("name", EVERYBODY)
async def test_unpublished_things_are_closed_at_every_door(api, world, name):
    """By course, module, content item, node, nodes, parent and progress; who looks after the course alone passes."""
    alpha = world.alpha
    ids = {
        "draft": gid("Course", alpha["draft"]),
        "draftModule": gid("Module", alpha["draft_module"]),
        "draftItem": gid("TextContent", alpha["draft_item"]),
        "hidden": gid("Module", alpha["hidden"]),
        "below": gid("Module", alpha["below"]),
        "buried": gid("TextContent", alpha["buried"]),
        "inactive": gid("TextContent", alpha["inactive"]),
    }
    doors = f"""{{
      draft: course(id: "{ids["draft"]}") {{ __typename }}
      draftByCode: course(by: {{code: "D101"}}) {{ __typename }}
      hidden: module(id: "{ids["hidden"]}") {{ __typename }}
      below: module(id: "{ids["below"]}") {{ __typename }}
      draftModule: module(id: "{ids["draftModule"]}") {{ __typename }}
      buried: contentItem(id: "{ids["buried"]}") {{ __typename }}
      inactive: contentItem(id: "{ids["inactive"]}") {{ __typename }}
      draftItem: contentItem(id: "{ids["draftItem"]}") {{ __typename }}
      {" ".join(f'node_{key}: node(id: "{value}") {{ __typename }}' for key, value in ids.items())}
      nodes(ids: [{", ".join(f'"{value}"' for value in ids.values())}]) {{ __typename }}
    }}"""
    data = await api.data(doors, user=person(world, name))
    found = {key: value for key, value in data.items() if key != "nodes"}
    draft, staff = name == "admin", name in STAFF  # nobody teaches the draft, and no department offers it
    assert {key: value is not None for key, value in found.items()} == {
        key: draft if "draft" in key else staff for key in found
    }
    assert [node is not None for node in data["nodes"]] == [draft] * 3 + [staff] * 4


@pytest.mark.parametrize("name", EVERYBODY)
async def test_the_tree_shows_what_is_published(api, world, name):
    document = """{ course(by: {code: "P101"}) { modules { title children { title children { title
      contentItems { ... on ContentItem { title } } } } } } }"""
    data = await api.data(document, user=person(world, name))
    text = str(data)
    assert "Lesson 1" in text
    assert text.count("title': 'A ") == (7 if name in STAFF else 6)
    for hidden in ("Unit 2", "Lesson below", "SECRET buried"):
        assert (hidden in text) == (name in STAFF)


@pytest.mark.parametrize("name", EVERYBODY)
async def test_secrets_of_a_lab(api, world, name):
    lab = gid("EngineeringLabContent", world.alpha["engineering_lab"])
    document = """query ($id: ID!) { contentItem(id: $id) { ... on EngineeringLabContent {
      files { path role } grading { type maxPoints } cpuLimit memoryLimit timeoutSeconds
      staffDetails { containerImage env { name value } hiddenFiles { path role } } } } }"""
    answer = await api.post(document, {"id": lab}, user=person(world, name))
    assert ("SECRET" in answer.text) == (name in STAFF)
    item = answer.json()["data"]["contentItem"]
    assert item["files"] == [{"path": "notebooks/lab.ipynb", "role": "student_visible"}]
    assert item["grading"] == {"type": "unit_tests", "maxPoints": 100.0}
    assert item["staffDetails"] == (
        {
            "containerImage": "SECRET-registry/image:tag",
            "env": [{"name": "TOKEN", "value": "SECRET-value"}],
            "hiddenFiles": [{"path": "tests/SECRET_test.py", "role": "hidden_test"}],
        }
        if name in STAFF
        else None
    )


async def test_secrets_of_a_lab_stay_in_the_database_for_a_student(api, world):
    await api.data('{ course(by: {code: "P101"}) { modules { children { children { contentItems {'
                   " ... on EngineeringLabContent { runtime } } } } } } }", user=world.people["student"])  # fmt: skip
    assert "data_json - CAST" in api.statements[-1]


VISIBLE_OFFERINGS = {
    None: ["public"],
    "outsider": ["public"],
    "beta_student": ["public"],
    "student": ["public", "members", "private"],
    "other": ["public", "members", "private"],
    "instructor": ["public", "members", "private"],
}


@pytest.mark.parametrize("name", VISIBLE_OFFERINGS)
async def test_offerings(api, world, name):
    data = await api.data("{ offerings(first: 10) { edges { node { termName } } } }", user=person(world, name))
    assert [edge["node"]["termName"] for edge in data["offerings"]["edges"]] == VISIBLE_OFFERINGS[name]


async def test_a_members_offering_is_open_to_a_member_who_is_not_enrolled(api, world):
    gone = await api("{ offerings(first: 10) { edges { node { termName } } } }", user=world.people["gone"])
    assert gone["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    data = await api.data("{ offerings(first: 10) { edges { node { termName } } } }", user=world.people["student"],
                          university="BETA")  # fmt: skip
    assert "private" in str(data)


@pytest.mark.parametrize("name", EVERYBODY)
async def test_records_are_for_staff_and_their_person(api, world, name):
    document = """query ($offering: ID!, $own: ID!, $grade: ID!) {
      offering(id: $offering) {
        enrollments(first: 10) { edges { node { user { displayName email } grade { finalScore }
          contentProgress(first: 5) { edges { node { attemptsCount } } } moduleProgress { progressPercent } } } }
        grades(first: 10) { edges { node { finalScore user { displayName } } } }
        viewerEnrollment { user { displayName } }
      }
      own: node(id: $own) { id }
      grade: node(id: $grade) { id }
    }"""
    alpha = world.alpha
    variables = {
        "offering": gid("CourseOffering", alpha["private"]),
        "own": gid("Enrollment", alpha["enrollment_0"]),
        "grade": gid("CourseGrade", alpha["grade_0"]),
    }
    data = await api.data(document, variables, user=person(world, name))
    seen = {"student": ["student"], "other": ["other"]}.get(name, ["student", "other"] if name in STAFF else [])
    if not seen:
        assert data == {"offering": None, "own": None, "grade": None}
        return
    scores = {"student": "90.00", "other": "91.00"}
    emails = {who: f"{who}@ALPHA.example" for who in seen}
    assert [edge["node"] for edge in data["offering"]["enrollments"]["edges"]] == [
        {
            "user": {"displayName": f"ALPHA {who}", "email": emails[who]},
            "grade": {"finalScore": scores[who]},
            "contentProgress": {"edges": [{"node": {"attemptsCount": 2}}]},
            "moduleProgress": [{"progressPercent": "50.00"}, {"progressPercent": "50.00"}],
        }
        for who in seen
    ]
    assert [edge["node"]["finalScore"] for edge in data["offering"]["grades"]["edges"]] == [scores[w] for w in seen]
    assert (data["offering"]["viewerEnrollment"] is not None) == (name in {"student", "other"})
    assert (data["own"] is not None) == ("student" in seen)
    assert (data["grade"] is not None) == ("student" in seen)


async def test_progress_on_a_hidden_module_does_not_show_the_module(api, world):
    document = """{ viewer { enrollments(first: 5) { edges { node { moduleProgress { progressPercent
      module { title } } } } } } }"""
    data = await api.data(document, user=world.people["student"])
    (edge,) = data["viewer"]["enrollments"]["edges"]
    assert edge["node"]["moduleProgress"] == [
        {"progressPercent": "50.00", "module": {"title": "Lesson 1"}},
        {"progressPercent": "50.00", "module": None},
    ]


async def test_viewer_progress(api, world):
    document = """query ($module: ID!, $item: ID!, $offering: ID!, $foreign: ID!) {
      module(id: $module) { viewerProgress(offering: $offering) { progressPercent module { title } }
        other: viewerProgress(offering: $foreign) { progressPercent } }
      contentItem(id: $item) { ... on ContentItem { viewerProgress(offering: $offering) { progressPercent attemptsCount
        contentItem { ... on VideoContent { title provider } } } } } }"""
    alpha = world.alpha
    variables = {
        "module": gid("Module", alpha["lesson"]),
        "item": gid("VideoContent", alpha["video"]),
        "offering": gid("CourseOffering", alpha["private"]),
        "foreign": gid("CourseOffering", world.beta["private"]),
    }
    data = await api.data(document, variables, user=world.people["student"])
    assert data == {
        "module": {"viewerProgress": {"progressPercent": "50.00", "module": {"title": "Lesson 1"}}, "other": None},
        "contentItem": {
            "viewerProgress": {
                "progressPercent": "50.00",
                "attemptsCount": 2,
                "contentItem": {"title": "A video", "provider": "youtube"},
            }
        },
    }
    nobody = await api.data(document, variables)
    assert nobody["module"]["viewerProgress"] is None


async def test_members(api, world):
    document = """{ university(by: {shortCode: "ALPHA"}) { members(first: 20) { edges { node { displayName email
      roles { role } } } } } }"""
    teach = ["instructor", "ta", "section_ta", "far_instructor"]
    everybody = ["student", "other", "instructor", "ta", "admin", "gone", "department_admin", "section_ta"]
    everybody += ["far_instructor", "far_admin", "bystander"]
    reach = {"ta": {"student", "other"}, "section_ta": {"student"}, "far_instructor": set(), "admin": set(everybody)}
    for name, seen in (
        (None, []),
        ("outsider", []),
        ("platform_admin", []),
        ("student", ["student", *teach]),
        ("ta", ["student", "other", *teach]),
        ("section_ta", ["student", *teach]),
        ("far_instructor", teach),
        ("far_admin", [*teach, "far_admin"]),
        ("department_admin", ["student", "other", "instructor", "ta", "admin", "department_admin", *teach[2:]]),
        ("admin", everybody),
    ):
        data = await api.data(document, user=person(world, name))
        nodes = [edge["node"] for edge in data["university"]["members"]["edges"]]
        assert [node["displayName"] for node in nodes] == [f"ALPHA {who}" for who in seen]
        for node, who in zip(nodes, seen, strict=True):
            private = who == name or who in reach.get(name, {"student", "other", "admin"})
            assert node["email"] == (f"{who}@ALPHA.example" if private else None)
            assert bool(node["roles"]) == private


async def test_templates_are_for_staff(api, world):
    document = "{ moduleTemplates(first: 10) { edges { node { title } } } }"
    for name in (None, "student"):
        assert (await api.data(document, user=person(world, name)))["moduleTemplates"]["edges"] == []
    data = await api.data(document, user=world.people["ta"])
    assert [edge["node"]["title"] for edge in data["moduleTemplates"]["edges"]] == ["ALPHA template"]


async def test_missing_forbidden_and_foreign_ids_are_one_answer(api, world):
    """To the byte, under a fixed request id."""
    alpha = world.alpha
    document = "query ($id: ID!) { node(id: $id) { __typename id } }"
    university = alpha.university["id"]
    ids = [
        gid("Course", alpha["draft"]),
        str(GlobalId("Course", 999_999, university)),
        gid("Course", world.beta["course"]),
        gid("TextContent", alpha["video"]),
        str(GlobalId("Course", alpha["course"]["id"])),
        str(GlobalId("Nothing", 1, university)),
        "not an id",
        "",
    ]
    responses = [await api.post(document, {"id": text}, user=world.people["student"]) for text in ids]
    used = {(cost["requested"], cost["actual"]) for cost in (r.json()["extensions"]["cost"] for r in responses)}
    assert used == {(1, 1)}  # what is left of the points changes with time, not with the row
    assert {without_cost(response).content for response in responses} == {b'{"data":{"node":null}}'}


async def test_viewer_memberships_and_university(api, world):
    document = """{ viewer { roles user { displayName } university { shortCode }
      memberships { displayName roles university { shortCode } } } }"""
    student = world.people["student"]
    data = await api.data(document, user=student)
    memberships = [
        {"displayName": f"{code} student", "roles": ["STUDENT"], "university": {"shortCode": code}}
        for code in ("ALPHA", "BETA")
    ]
    assert data["viewer"] == {
        "roles": ["STUDENT"],
        "user": {"displayName": "ALPHA student"},
        "university": {"shortCode": "ALPHA"},
        "memberships": memberships,
    }
    nowhere = await api.data(document, user=student, university=None)
    assert nowhere["viewer"] == {"roles": [], "user": None, "university": None, "memberships": memberships}
    only = await api.data(document, user=world.people["admin"], university=None)
    assert only["viewer"]["university"] == {"shortCode": "ALPHA"}
    assert (await api.data(document))["viewer"] is None


async def test_a_request_acts_in_one_university(api, world):
    required = await api("{ courses(first: 1) { edges { node { id } } } }", university=None)
    assert required["errors"][0]["extensions"] == {"code": "UNIVERSITY_REQUIRED", "requestId": "test-request"}
    reference = await api.data("{ universities(first: 10) { edges { node { shortCode } } } domains { code } }",
                               university=None)  # fmt: skip
    assert [edge["node"]["shortCode"] for edge in reference["universities"]["edges"]] == ["ALPHA", "BETA"]
    other = await api('{ university(by: {shortCode: "BETA"}) { name departments { code } } }')
    assert other["data"] == {"university": {"name": "BETA University", "departments": None}}
    assert other["errors"][0]["extensions"]["code"] == "UNIVERSITY_REQUIRED"
    for unknown in ("NOWHERE", "CLOSED"):
        answer = await api.post("{ domains { code } }", university=unknown)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (404, "UNIVERSITY_UNKNOWN")


async def test_header_names_the_university(api, world):
    response = await api.client.post(
        "/graphql",
        json={"query": '{ course(by: {code: "P101"}) { university { shortCode } } }'},
        headers={"X-University": "BETA"},
    )
    assert response.json()["data"] == {"course": {"university": {"shortCode": "BETA"}}}
