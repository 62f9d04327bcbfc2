"""The catalog beyond courses: terms, sections, who teaches, subjects as a tree, what courses ask for."""

import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.database import connect
from tests.conftest import running_api
from tests.databases import temporary_database
from tests.world import Rows, build_world

EVERYBODY = [None, "outsider", "beta_student", "student", "other", "instructor", "ta", "admin"]
STAFF = {"instructor", "ta", "admin"}
MEMBERS = STAFF | {"student", "other"}


def gid(typename, row):
    tenant = row["university_id"] if "university_id" in dict(row) else None
    return str(GlobalId(typename, row["id"], tenant))


def person(world, name):
    return world.people[name] if name else None


def nodes(connection):
    return [edge["node"] for edge in connection["edges"]]


# ---- terms


@pytest.mark.parametrize("name", EVERYBODY)
async def test_terms_are_public_and_show_the_offerings_that_the_viewer_sees(api, world, name):
    document = """query ($id: ID!) { university(by: {shortCode: "ALPHA"}) { terms(first: 5) { edges { node {
      id databaseId code name startsAt endsAt offerings(first: 5) { totalCount edges { node { termName } } } } } } }
      term(id: $id) { code } terms(last: 1, orderBy: {code: ASC}) { edges { node { code } } } }"""
    alpha = world.alpha
    offerings = ["public", "private"] if name in MEMBERS else ["public"]
    data = await api.data(document, {"id": gid("Term", alpha["term"])}, user=person(world, name))
    (term,) = nodes(data["university"]["terms"])
    assert term == {
        "id": gid("Term", alpha["term"]),
        "databaseId": str(alpha["term"]["id"]),
        "code": "2026-FALL",
        "name": "Fall 2026",
        "startsAt": "2026-09-01T00:00:00+00:00",
        "endsAt": "2026-12-20T00:00:00+00:00",
        "offerings": {"totalCount": len(offerings), "edges": [{"node": {"termName": one}} for one in offerings]},
    }
    assert data["term"] == {"code": "2026-FALL"}
    assert nodes(data["terms"]) == [{"code": "2026-FALL"}]


async def test_a_term_of_another_university_is_not_there(api, world):
    foreign = gid("Term", world.beta["term"])
    data = await api.data(f'{{ term(id: "{foreign}") {{ code }} }}', user=world.people["admin"])
    assert data == {"term": None}


# ---- sections and who teaches


@pytest.mark.parametrize("name", EVERYBODY)
async def test_who_teaches_is_told_to_whoever_sees_the_offering(api, world, name):
    """By name; the person behind the name only to members."""
    document = """{ offerings(first: 9) { edges { node { termName term { code }
      instructors { role displayName user { displayName } section { code } offering { termName } } } } } }"""

    def teaches(who, role, offering, section=None):
        shown = {"displayName": f"ALPHA {who}"}
        user = shown if name in MEMBERS else None
        section = section and {"code": section}
        return {"role": role, **shown, "user": user, "section": section, "offering": {"termName": offering}}

    term = {"code": "2026-FALL"}
    expected = [
        {
            "termName": "public",
            "term": term,
            "instructors": [teaches("instructor", "INSTRUCTOR", "public")],
        },
        {"termName": "members", "term": None, "instructors": []},
        {
            "termName": "private",
            "term": term,
            "instructors": [
                teaches("instructor", "INSTRUCTOR", "private"),
                teaches("section_ta", "TA", "private", "A"),
                teaches("ta", "TA", "private"),
            ],
        },
        {"termName": "far", "term": None, "instructors": [teaches("far_instructor", "INSTRUCTOR", "far")]},
    ]
    data = await api.data(document, user=person(world, name))
    seen = 4 if name == "admin" else 3 if name in MEMBERS else 1
    assert nodes(data["offerings"]) == expected[:seen]


@pytest.mark.parametrize("name", EVERYBODY)
async def test_a_section_is_as_hidden_as_its_offering(api, world, name):
    document = """query ($section: ID!, $teaches: ID!) {
      node(id: $section) { ... on OfferingSection { code name offering { termName }
        instructors { displayName }
        enrollments(first: 5) { edges { node { section { code } user { displayName } } } } } }
      teaches: node(id: $teaches) { ... on OfferingInstructor { displayName } } }"""
    variables = {
        "section": gid("OfferingSection", world.alpha["section"]),
        "teaches": gid("OfferingInstructor", world.alpha["teaches_section"]),
    }
    data = await api.data(document, variables, user=person(world, name))
    if name not in MEMBERS:
        assert data == {"node": None, "teaches": None}
        return
    enrolled = [{"section": {"code": "A"}, "user": {"displayName": "ALPHA student"}}]
    assert data == {
        "node": {
            "code": "A",
            "name": "Tuesdays",
            "offering": {"termName": "private"},
            "instructors": [{"displayName": "ALPHA section_ta"}],
            "enrollments": {"edges": [{"node": one} for one in enrolled if name != "other"]},
        },
        "teaches": {"displayName": "ALPHA section_ta"},
    }


@pytest.mark.parametrize("name", ["student", "ta"])
async def test_what_somebody_teaches(api, world, name):
    document = "query ($id: ID!) { user(id: $id) { teaching(first: 5) { edges { node { termName } } } } }"
    university = world.alpha.university["id"]
    teacher = str(GlobalId("User", world.people["instructor"], university))
    data = await api.data(document, {"id": teacher}, user=world.people[name])
    assert [node["termName"] for node in nodes(data["user"]["teaching"])] == ["public", "private"]
    own = str(GlobalId("User", world.people[name], university))
    data = await api.data(document, {"id": own}, user=world.people[name])
    assert nodes(data["user"]["teaching"]) == ([{"termName": "private"}] if name == "ta" else [])


async def test_what_one_teaches_in_secret_is_not_shown(api, world):
    """To a student of another section of life: the private offering of BETA is seen by those enrolled alone."""
    document = """query ($id: ID!) { node(id: $id) { ... on OfferingInstructor { displayName } } }"""
    theirs = {"id": gid("OfferingInstructor", world.beta["teaches_section"])}
    assert await api.data(document, theirs, user=world.people["admin"]) == {"node": None}
    data = await api.data(document, theirs, user=world.people["student"], university="BETA")
    assert data == {"node": {"displayName": "BETA beta_admin"}}
    assert await api.data(document, theirs, university="BETA") == {"node": None}


@pytest.mark.parametrize(
    ("name", "physics", "chemistry"),
    [
        *[(name, [], []) for name in (None, "student", "ta", "instructor", "platform_admin", "beta_admin")],
        ("department_admin", ["ALPHA department_admin"], []),
        ("far_admin", [], ["ALPHA far_admin"]),
        ("admin", ["ALPHA department_admin"], ["ALPHA far_admin"]),
    ],
)
async def test_administrators_of_a_department_are_for_those_who_look_after_it(api, world, name, physics, chemistry):
    document = """{ university(by: {shortCode: "ALPHA"}) { departments { code administrators { displayName } } } }"""
    data = await api.data(document, user=person(world, name))
    assert data["university"]["departments"] == [
        {"code": code, "administrators": [{"displayName": one} for one in seen]}
        for code, seen in (("CH", chemistry), ("PH", physics))
    ]


@pytest.mark.parametrize(("name", "seen"), [("student", "ACTIVE"), ("ta", "ACTIVE"), ("other", None)])
async def test_the_status_of_a_member_is_for_staff_and_the_person(api, world, name, seen):
    own = world.people["instructor" if name == "other" else "student"]
    document = "query ($id: ID!) { user(id: $id) { memberStatus } }"
    variables = {"id": str(GlobalId("User", own, world.alpha.university["id"]))}
    assert await api.data(document, variables, user=world.people[name]) == {"user": {"memberStatus": seen}}


# ---- subjects and prerequisites, in a database of their own

TREE = [("A", None), ("A1", "A"), ("A11", "A1"), ("A12", "A1"), ("A2", "A"), ("B", None)]
COURSES = {"C_A": "A", "C_A1": "A1", "C_A11": "A11", "C_B": "B", "DRAFT": "A2"}
ASKS = [
    ("C1", "C2", "strict"),
    ("C2", "C3", "strict"),
    ("C1", "C4", "recommended"),
    ("C4", "C5", "strict"),
    ("C3", "C5", "co_requisite"),
    ("C1", "SECRET", "strict"),
    ("SECRET", "BEHIND", "strict"),
    ("SECRET", "C5", "strict"),
]


@pytest.fixture(scope="module")
async def campus(superuser):
    async with temporary_database(superuser) as database:
        driver = await connect(database.owner)
        world = await build_world(driver)
        subjects = await fill(Rows(driver), world)
        async with running_api(database.app) as running:
            yield running, world, subjects, driver
        await driver.close()


async def fill(rows, world):
    subjects = {}
    domain = await rows.add("domains", code="LETTERS", name="Letters")
    for code, parent in TREE:
        above = subjects.get(parent)
        subjects[code] = await rows.add(
            "subjects",
            code=code,
            name=f"Subject {code}",
            domain_id=domain["id"],
            parent_subject_id=above and above["id"],
            depth=above["depth"] + 1 if above else 0,
        )
    subjects["domain"] = domain
    tenant = {"university_id": world.alpha.university["id"]}
    for code, subject in COURSES.items():
        main = subjects[subject]["id"] if code == "C_A11" else None
        course = await rows.add(
            "courses", **tenant, code=code, title=code, primary_subject_id=main, is_published=code != "DRAFT"
        )
        if main is None:
            await rows.add("course_subjects", **tenant, course_id=course["id"], subject_id=subjects[subject]["id"])
    courses = {}
    for code in sorted({code for first, second, _ in ASKS for code in (first, second)}):
        courses[code] = await rows.add("courses", **tenant, code=code, title=code, is_published=code != "SECRET")
    for code, other, how in ASKS:
        asked = {"course_id": courses[code]["id"], "prerequisite_course_id": courses[other]["id"]}
        await rows.add("course_prerequisites", **tenant, **asked, prerequisite_type=how)
    return {**subjects, **courses}


async def test_the_tree_of_subjects(campus):
    api = campus[0]
    document = """query ($code: String!) { subject(by: {code: $code}) { depth parent { code }
      ancestors { code } children { code } descendants { code depth } } }"""
    answers = {code: (await api.data(document, {"code": code}))["subject"] for code in ("A", "A1", "A11", "B")}
    assert {code: [one["code"] for one in answer["ancestors"]] for code, answer in answers.items()} == {
        "A": [],
        "A1": ["A"],
        "A11": ["A", "A1"],
        "B": [],
    }
    assert {code: [one["code"] for one in answer["children"]] for code, answer in answers.items()} == {
        "A": ["A1", "A2"],
        "A1": ["A11", "A12"],
        "A11": [],
        "B": [],
    }
    assert {
        code: [(one["code"], one["depth"]) for one in answer["descendants"]] for code, answer in answers.items()
    } == {
        "A": [("A1", 1), ("A11", 2), ("A12", 2), ("A2", 1)],
        "A1": [("A11", 2), ("A12", 2)],
        "A11": [],
        "B": [],
    }


@pytest.mark.parametrize("first", [1, 50])
async def test_all_subjects_trees_cost_one_statement_each(campus, first):
    api = campus[0]
    document = f"""{{ subjects(first: {first}) {{ edges {{ node {{ code ancestors {{ code }} children {{ code }}
      descendants {{ code }} courses(first: 2) {{ edges {{ node {{ code }} }} }}
      allCourses(first: 2) {{ edges {{ node {{ code }} }} }} }} }} }} }}"""
    data = await api.data(document)
    assert len(data["subjects"]["edges"]) == min(first, 8)
    assert len(api.statements) == 6


@pytest.mark.parametrize(
    ("filters", "codes"),
    [
        ("{isRoot: true}", ["PHYS", "A", "B"]),
        ("{isRoot: false}", ["MECH", "A1", "A11", "A12", "A2"]),
        ('{parent: "A1"}', ["A11", "A12"]),
        ('{domain: "domain"}', ["A", "A1", "A11", "A12", "A2", "B"]),
        ('{domain: "domain", isRoot: true}', ["A", "B"]),
        ('{parent: "nothing"}', []),
    ],
)
async def test_subjects_by_domain_parent_and_roots(campus, filters, codes):
    api, _, subjects, _ = campus
    for name, typename in (("A1", "Subject"), ("domain", "Domain")):
        filters = filters.replace(f'"{name}"', f'"{gid(typename, subjects[name])}"')
    data = await api.data(f"{{ subjects(first: 20, filter: {filters}) {{ edges {{ node {{ code }} }} }} }}")
    assert [node["code"] for node in nodes(data["subjects"])] == codes
    assert len(api.statements) == 1


async def test_subjects_by_name(campus):
    data = await campus[0].data("{ subjects(first: 3, orderBy: {name: DESC}) { edges { node { name } } } }")
    assert [node["name"] for node in nodes(data["subjects"])] == ["Subject B", "Subject A2", "Subject A12"]


@pytest.mark.parametrize("name", [None, "student", "admin"])
async def test_the_courses_of_a_subject_and_of_all_below_it(campus, name):
    """Tagged with it, or with it as the main subject; drafts for staff alone."""
    api, world, _, _ = campus
    document = """query ($code: String!) { subject(by: {code: $code}) {
      courses(first: 9) { totalCount edges { node { code } } }
      allCourses(first: 9) { totalCount edges { node { code } } }
      ordered: allCourses(last: 1, orderBy: {code: ASC}) { edges { node { code } } } } }"""
    draft = ["DRAFT"] if name == "admin" else []
    for code, own, below in (
        ("A", ["C_A"], ["C_A", "C_A1", "C_A11", *draft]),
        ("A1", ["C_A1"], ["C_A1", "C_A11"]),
        ("A11", ["C_A11"], ["C_A11"]),
        ("A2", draft, draft),
        ("B", ["C_B"], ["C_B"]),
    ):
        subject = (await api.data(document, {"code": code}, user=person(world, name)))["subject"]
        found = [[node["code"] for node in nodes(subject[field])] for field in ("courses", "allCourses", "ordered")]
        assert found == [own, below, below[-1:]]
        assert [subject[field]["totalCount"] for field in ("courses", "allCourses")] == [len(own), len(below)]
        assert len(api.statements) == 6  # the subject, three pages, two counts


async def test_courses_of_a_subject_are_of_the_request_s_university(campus):
    api, world, _, _ = campus
    document = """{ subject(by: {code: "A"}) { allCourses(first: 9) { totalCount } } }"""
    for user in (None, world.people["beta_admin"]):
        assert await api.data(document, user=user, university="BETA") == {"subject": {"allCourses": {"totalCount": 0}}}


async def prerequisites(api, code, user=None, arguments=""):
    document = f"""query ($code: String!) {{ course(by: {{code: $code}}) {{
      prerequisites{arguments} {{ type course {{ code title }} }} }} }}"""
    found = (await api.data(document, {"code": code}, user=user))["course"]["prerequisites"]
    assert all(one["course"]["code"] == one["course"]["title"] for one in found)
    return [(one["course"]["code"], one["type"]) for one in found]


async def test_prerequisites_by_type(campus):
    api = campus[0]
    assert await prerequisites(api, "C1") == [("C2", "STRICT"), ("C4", "RECOMMENDED")]
    assert await prerequisites(api, "C1", arguments="(type: STRICT)") == [("C2", "STRICT")]
    assert await prerequisites(api, "C1", arguments="(type: CO_REQUISITE)") == []
    assert await prerequisites(api, "C1", arguments="(type: null)") == [("C2", "STRICT"), ("C4", "RECOMMENDED")]
    assert await prerequisites(api, "C3") == [("C5", "CO_REQUISITE")]
    assert len(api.statements) == 3  # the course, what it asks for, the courses of that


@pytest.mark.parametrize("name", [None, "student", "admin"])
async def test_an_unpublished_course_is_neither_asked_for_nor_asks(campus, name):
    """Nor is it a step on the way: what only it asks for would tell of it."""
    api, world, _, _ = campus
    document = """query { course(by: {code: "C1"}) { prerequisites { course { code } }
        allPrerequisites { depth isStrict course { code } } }
      asked: course(by: {code: "C5"}) { dependents(first: 9) { edges { node { code } } } } }"""
    response = await api.post(document, user=person(world, name))
    data, is_staff = response.json()["data"], name == "admin"
    assert ("SECRET" in response.text, "BEHIND" in response.text) == (is_staff, is_staff)
    closure = [(one["course"]["code"], one["depth"], one["isStrict"]) for one in data["course"]["allPrerequisites"]]
    near = [("C2", 1, True), ("C4", 1, False)] + ([("SECRET", 1, True)] if is_staff else [])
    far = [("BEHIND", 2, True)] if is_staff else []
    # C5 is asked for strictly by way of SECRET alone.
    assert sorted(closure) == sorted([*near, *far, ("C3", 2, True), ("C5", 2, is_staff)])
    assert [depth for _, depth, _ in closure] == sorted(depth for _, depth, _ in closure)
    dependents = [node["code"] for node in nodes(data["asked"]["dependents"])]
    assert dependents == ["C3", "C4", *(["SECRET"] if is_staff else [])]


@pytest.mark.parametrize("first", [1, 50])
async def test_what_all_courses_ask_for_costs_one_statement_each(campus, first):
    api = campus[0]
    document = f"""{{ courses(first: {first}, orderBy: {{code: ASC}}) {{ edges {{ node {{ code
      prerequisites {{ type }} allPrerequisites {{ depth }} dependents(first: 2) {{ edges {{ node {{ code }} }} }}
      }} }} }} }}"""
    data = await api.data(document)
    assert len(data["courses"]["edges"]) == min(first, 11)
    assert len(api.statements) == 4


async def test_a_cycle_that_somebody_wrote_past_the_service_ends(campus):
    api, world, courses, driver = campus
    pair = (world.alpha.university["id"], courses["C5"]["id"], courses["C1"]["id"])
    await driver.execute(
        "INSERT INTO course_prerequisites (university_id, course_id, prerequisite_course_id) VALUES ($1, $2, $3)", *pair
    )
    try:
        data = await api.data("""{ course(by: {code: "C1"}) { allPrerequisites { depth course { code } } } }""")
        found = {one["course"]["code"]: one["depth"] for one in data["course"]["allPrerequisites"]}
        assert found == {"C2": 1, "C4": 1, "C3": 2, "C5": 2}
    finally:
        await driver.execute("DELETE FROM course_prerequisites WHERE (university_id, course_id) = ($1, $2)", *pair[:2])


async def test_a_cycle_of_subjects_ends(campus):
    api, _, subjects, driver = campus
    root, leaf = subjects["A"]["id"], subjects["A11"]["id"]
    await driver.execute("UPDATE subjects SET parent_subject_id = $2 WHERE id = $1", root, leaf)
    try:
        document = '{ subject(by: {code: "A"}) { descendants { code } ancestors { code } } }'
        data = await api.data(document)
        assert [one["code"] for one in data["subject"]["descendants"]] == ["A1", "A11", "A12", "A2"]
        assert [one["code"] for one in data["subject"]["ancestors"]] == ["A1", "A11"]
    finally:
        await driver.execute("UPDATE subjects SET parent_subject_id = NULL WHERE id = $1", root)
