"""What can be filtered and ordered by, through the door: whole answers, one statement each, and who sees what."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.database import connect
from tests.conftest import running_api
from tests.databases import temporary_database
from tests.world import Rows, build_world

NOW = datetime.now(UTC)
YEAR = timedelta(days=365)
# code, title, description, level, language, difficulty, published
COURSES = [
    ("B1", "Éléments de mécanique", "Les forces et les mouvements.", "graduate", "fr", "advanced", True),
    ("B2", "elasticity", "How bodies give way; running engines.", "graduate", "en", "beginner", True),
    ("B3", "Zoology", 'About "wild" animals: a run through the forest.', "other", "en", None, True),
    ("B4", "Secret forces", "Not published.", "graduate", "en", "advanced", False),
    ("B5", "Механика", "Движение тел.", "postgraduate", "ru", "intermediate", True),
]
PEOPLE = ["Ada Lovelace", "ada byron", "Ágnes Heller", "Émilie du Châtelet", "Ümit O'Neil-Öz", "Zoë %_", "Лев Ландау"]


class School:
    """The world with more in ALPHA: courses, terms, offerings, people with enrollments, progress and grades."""

    def __init__(self, api, world, ids):
        self.api, self.world, self.ids = api, world, ids

    async def ask(self, field, filter_type, given, *, shown="code", user="admin", more=""):
        """What a list of Query shows for a filter; in one statement."""
        document = f"""query ($filter: {filter_type}) {{
          {field}(first: 50, filter: $filter{more}) {{ edges {{ node {{ {shown} }} }} }} }}"""
        who = self.world.people[user] if user else None
        data = await self.api.data(document, {"filter": given}, user=who)
        assert len(self.api.statements) == 1
        return [edge["node"][shown] for edge in data[field]["edges"]]

    async def courses(self, given, **options):
        return await self.ask("courses", "CourseFilter", given, **options)

    async def offerings(self, given, **options):
        return await self.ask("offerings", "OfferingFilter", given, shown="termName", **options)

    async def in_offering(self, field, arguments, shown, user="admin"):
        """What a list of the offering shows, with how many there are."""
        counted = "totalCount" if field == "enrollments" else ""
        document = f"""{{ offering(id: "{self.ids["offering"]}") {{
          {field}(first: 50, {arguments}) {{ {counted} edges {{ node {{ {shown} }} }} }} }} }}"""
        data = await self.api.data(document, user=self.world.people[user])
        found = data["offering"][field]
        assert not counted or found["totalCount"] == len(found["edges"])
        return [edge["node"] for edge in found["edges"]]


@pytest.fixture(scope="module")
async def school(superuser):
    async with temporary_database(superuser) as database:
        driver = await connect(database.owner)
        world = await build_world(driver)
        ids = await add_more(Rows(driver), world)
        ids["knows capitals"] = await driver.fetchval("SELECT lower('Д') = 'д'")
        await driver.close()
        async with running_api(database.app) as api:
            yield School(api, world, ids)


async def add_more(rows, world):
    """The ids of what was added, by short names; as global ids where clients send them."""
    tenant = {"university_id": world.alpha.university["id"]}
    subjects = {row["code"]: row["id"] for row in await rows.driver.fetch("SELECT code, id FROM subjects")}
    subjects["DYN"] = (await rows.add("subjects", code="DYN", name="Dynamics", parent_subject_id=subjects["MECH"]))[
        "id"
    ]
    subjects["BIO"] = (await rows.add("subjects", code="BIO", name="Biology"))["id"]
    made = {}
    for code, title, description, level, language, difficulty, published in COURSES:
        made[code] = await rows.add(
            "courses", **tenant, code=code, title=title, description=description, level=level, language_code=language,
            difficulty=difficulty, is_published=published,
        )  # fmt: skip
    for code, subject in (("B1", "DYN"), ("B3", "BIO"), ("B4", "MECH")):
        await rows.add("course_subjects", **tenant, course_id=made[code]["id"], subject_id=subjects[subject])
    await rows.driver.execute("UPDATE courses SET primary_subject_id = $1 WHERE code = 'B2'", subjects["MECH"])
    term = await rows.add("terms", **tenant, code="F26", name="Fall", starts_at=NOW, ends_at=NOW + YEAR)
    offerings = {}
    for name, code, dates in (
        ("open", "B1", {"starts_at": NOW + YEAR, "enrollment_start": NOW - YEAR, "enrollment_end": NOW + YEAR}),
        ("closed", "B2", {"starts_at": NOW - YEAR, "enrollment_end": NOW - YEAR / 2}),
        ("ended", "B3", {"starts_at": NOW - YEAR, "ends_at": NOW - YEAR / 2}),
        ("later", "B5", {"starts_at": NOW + YEAR, "enrollment_start": NOW + YEAR / 2}),
        ("hidden", "B4", {"starts_at": NOW}),
    ):
        offerings[name] = await rows.add(
            "course_offerings", **tenant, course_id=made[code]["id"], term_name=name, visibility="public",
            term_id=term["id"] if name in {"open", "closed", "hidden"} else None, **dates,
        )  # fmt: skip
    module = await rows.module(made["B1"], title="A module")
    second = await rows.module(made["B1"], module, title="Another")
    statuses = ["active", "active", "dropped", "pending", "waitlisted", "active", "dropped"]
    for number, (name, status) in enumerate(zip(PEOPLE, statuses, strict=True)):
        user = await rows.add("users", email=f"p{number}@x.example", full_name=name, password_hash="!")
        person = {**tenant, "user_id": user["id"]}
        await rows.add("university_members", **person, display_name=name, email=f"p{number}@x.example")
        placed = {**person, "course_offering_id": offerings["open"]["id"]}
        await rows.add("course_enrollments", **placed, status=status, enrolled_at=NOW - timedelta(days=number))
        if number < 4:
            progress = {**placed, "course_id": made["B1"]["id"]}
            await rows.add("user_module_progress", **progress, module_id=module["id"], progress_percent=10 * number)
            await rows.add("user_module_progress", **progress, module_id=second["id"], progress_percent=20 * number)
        if number % 2:
            score = None if number == 5 else Decimal(50 + number)
            await rows.add("course_grades", **placed, final_score=score, passed=None if score is None else number > 1,
                           posted_at=NOW - YEAR)  # fmt: skip
    university = tenant["university_id"]
    return {
        "offering": str(GlobalId("CourseOffering", offerings["open"]["id"], university)),
        "term": str(GlobalId("Term", term["id"], university)),
        "department": str(GlobalId("Department", world.alpha["department"]["id"], university)),
        "foreign": str(GlobalId("Department", world.beta["department"]["id"], world.beta.university["id"])),
        **{code: str(GlobalId("Subject", number)) for code, number in subjects.items()},
    }


def skip_without_capitals(school, text):
    """Capitals that are not ASCII are as good as small letters only where the database's locale knows them."""
    if any("а" <= letter <= "я" for letter in text) and not school.ids["knows capitals"]:
        pytest.skip("the locale of this database knows no capitals beyond ASCII")


# ---- courses ----


@pytest.mark.parametrize(("words", "codes"), [
    ("forces", ["P101", "B1", "B4"]), ("force", ["P101", "B1", "B4"]), ("FORCES motion", ["P101"]),
    ("run", ["B2", "B3"]), ('"running engines"', ["B2"]), ("run -forest", ["B2"]),
    ("zoology or elasticity", ["B2", "B3"]), ("mouvement", ["B1"]), ("движение", ["B5"]), ("B3", ["B3"]), ("the", []),
    ("", []), ("!?", []), ("nothing", []), ("course 1", []), ("\"course 1\"", []), ("/course/1", []),
    ("-forces", ["D101", "C101", "B2", "B3", "B5"]), ("' or 1=1 --", []), ("%", []),
])  # fmt: skip
async def test_courses_by_text_in_the_words_of_each_language(school, words, codes):
    skip_without_capitals(school, words)
    found = await school.courses({"text": words})
    assert sorted(found) == sorted(codes)


@pytest.mark.parametrize(("user", "codes"), [
    (None, ["P101", "B1"]), ("student", ["P101", "B1"]), ("ta", ["P101", "B1"]),
    ("admin", ["P101", "B1", "B4"]),
])  # fmt: skip
async def test_the_search_shows_nothing_that_the_viewer_may_not_see(school, user, codes):
    assert await school.courses({"text": "forces"}, user=user) == codes


async def test_the_search_knows_no_other_university(school):
    data = await school.api.data(
        '{ courses(first: 9, filter: {text: "forces"}) { totalCount edges { node { code } } } }', university="BETA"
    )
    assert data["courses"] == {"totalCount": 1, "edges": [{"node": {"code": "P101"}}]}


async def test_the_search_follows_every_change(superuser):
    async with temporary_database(superuser) as database:
        driver = await connect(database.owner)
        world = await build_world(driver)
        university = world.alpha.university["id"]
        await driver.execute(f"SET lms.university_id = '{university}'")
        own = {"university_id": university, "code": "N1", "title": "A draft of something new"}
        draft = (await Rows(driver).add("courses", **own))["id"]
        await driver.execute("SET ROLE lms_app")

        async def found(words, entity="course"):
            return [row[0] for row in await driver.fetch("SELECT search_ids($1, $2)", entity, words)]

        assert await found("something draft") == [draft]
        await driver.execute("UPDATE courses SET title = 'Waves' WHERE id = $1", draft)
        assert (await found("something"), await found("wave")) == ([], [draft])
        await driver.execute("UPDATE courses SET language_code = 'de', title = 'Wellen' WHERE id = $1", draft)
        assert (await found("wave"), await found("Welle")) == ([], [draft])
        me = world.people["student"]
        await driver.execute("UPDATE university_members SET display_name = 'Ada Lovelace' WHERE user_id = $1", me)
        assert (await found("lovel a", "member"), await found("alpha stud", "member")) == ([me], [])
        with pytest.raises(Exception, match="permission denied for table search_texts"):
            await driver.fetch("SELECT * FROM search_texts")
        await driver.execute("RESET ROLE")
        await driver.execute("DELETE FROM courses WHERE id = $1", draft)
        left = "SELECT count(*) FROM search_texts WHERE entity = 'course' AND entity_id = $1"
        assert await driver.fetchval(left, draft) == 0
        await driver.execute("RESET lms.university_id")
        assert await found("forces") == []
        await driver.close()


@pytest.mark.parametrize(("given", "codes"), [
    ({"subject": "PHYS"}, ["P101", "B1", "B2", "B4"]), ({"subject": "MECH"}, ["B1", "B2", "B4"]),
    ({"subject": "DYN"}, ["B1"]), ({"subject": "BIO"}, ["B3"]), ({"subject": "department"}, []),
    ({"department": "department"}, ["P101"]), ({"department": "foreign"}, []), ({"department": "DYN"}, []),
    ({"level": ["GRADUATE"]}, ["B1", "B2", "B4"]), ({"level": ["OTHER", "POSTGRADUATE"]}, ["B3", "B5"]),
    ({"level": []}, []), ({"level": None}, ["P101", "D101", "C101", "B1", "B2", "B3", "B4", "B5"]),
    ({"difficulty": ["ADVANCED"]}, ["B1", "B4"]), ({"difficulty": ["BEGINNER", "INTERMEDIATE"]}, ["B2", "B5"]),
    ({"difficulty": []}, []), ({"language": ["fr", "ru"]}, ["B1", "B5"]), ({"language": []}, []),
    ({"language": ["EN"]}, []), ({"term": "term"}, ["B1", "B2", "B4"]), ({"term": "department"}, []),
    ({"openForEnrollment": True}, ["P101", "C101", "B1", "B4"]),
    ({"openForEnrollment": False}, ["D101", "B2", "B3", "B5"]),
    ({"level": ["GRADUATE"], "text": "forces", "difficulty": ["ADVANCED"], "language": ["en"]}, ["B4"]),
])  # fmt: skip
async def test_courses_by_what_they_are(school, given, codes):
    wanted = {name: school.ids.get(value, value) if isinstance(value, str) else value for name, value in given.items()}
    assert await school.courses(wanted) == codes
    counted = await school.api.data(
        "query ($f: CourseFilter) { courses(first: 1, filter: $f) { totalCount } }", {"f": wanted},
        user=school.world.people["admin"],
    )  # fmt: skip
    assert counted["courses"]["totalCount"] == len(codes)


@pytest.mark.parametrize(("user", "codes"), [(None, ["P101", "B1"]), ("student", ["P101", "B1"])])
async def test_a_course_is_not_found_by_what_is_hidden_of_it(school, user, codes):
    """By offerings that the viewer may not see, by courses that are not published."""
    assert await school.courses({"openForEnrollment": True}, user=user) == codes
    assert await school.courses({"difficulty": ["ADVANCED"]}, user=user) == ["B1"]
    assert await school.courses({"term": school.ids["term"]}, user=user) == ["B1", "B2"]


@pytest.mark.parametrize(("order", "codes"), [
    ("title", ["D101", "B2", "B1", "P101", "C101", "B4", "B3", "B5"]),
    ("code", ["B1", "B2", "B3", "B4", "B5", "C101", "D101", "P101"]),
    ("createdAt", ["P101", "D101", "C101", "B1", "B2", "B3", "B4", "B5"]),
    ("enrollments", ["D101", "C101", "B2", "B3", "B4", "B5", "P101", "B1"]),
])  # fmt: skip
async def test_orders_of_courses(school, order, codes):
    """By title without regard to accents and capitals; by enrollments 0, 0, …, 2, 7. Down is up turned round."""
    assert await school.courses(None, more=f", orderBy: {{{order}: ASC}}") == codes
    assert await school.courses(None, more=f", orderBy: {{{order}: DESC}}") == codes[::-1]


async def test_an_order_by_enrollments_tells_no_more_than_the_viewer_sees(school):
    """A student has one enrollment, in P101; the seven in B1 count for nothing."""
    down = await school.courses(None, user="student", more=", orderBy: {enrollments: DESC}")
    assert down == ["P101", "B5", "B3", "B2", "B1"]
    assert await school.courses(None, user=None, more=", orderBy: {enrollments: DESC}") == [
        "B5",
        "B3",
        "B2",
        "B1",
        "P101",
    ]


async def test_pages_through_an_aggregate(school):
    """Eight courses in pages of two, both ways, by the number of enrollments: in one grouped statement each."""
    document = """query ($after: String, $before: String, $first: Int, $last: Int) { courses(
      first: $first, last: $last, after: $after, before: $before, orderBy: {enrollments: DESC}) {
      pageInfo { startCursor endCursor hasNextPage hasPreviousPage } edges { node { code } } } }"""
    user, shown = school.world.people["admin"], []
    variables = {"first": 2}
    while variables:
        page = (await school.api.data(document, variables, user=user))["courses"]
        assert len(school.api.statements) == 1
        shown += [edge["node"]["code"] for edge in page["edges"]]
        info = page["pageInfo"]
        variables = {"first": 2, "after": info["endCursor"]} if info["hasNextPage"] else None
    assert shown == ["B1", "P101", "B5", "B4", "B3", "B2", "C101", "D101"]
    variables, shown = {"last": 3}, []
    while variables:
        page = (await school.api.data(document, variables, user=user))["courses"]
        shown = [edge["node"]["code"] for edge in page["edges"]] + shown
        info = page["pageInfo"]
        variables = {"last": 3, "before": info["startCursor"]} if info["hasPreviousPage"] else None
    assert shown == ["B1", "P101", "B5", "B4", "B3", "B2", "C101", "D101"]


# ---- offerings ----


async def test_offerings(school):
    assert await school.offerings({"openForEnrollment": True}) == [
        "public",
        "members",
        "private",
        "far",
        "open",
        "hidden",
    ]
    assert await school.offerings({"openForEnrollment": False}) == ["closed", "ended", "later"]
    assert await school.offerings({"term": school.ids["term"]}) == ["open", "closed", "hidden"]
    assert await school.offerings({"term": school.ids["term"]}, user=None) == ["open", "closed"]
    assert await school.offerings({"startsFrom": (NOW + YEAR).isoformat()}) == ["open", "later"]
    assert await school.offerings({"startsBefore": NOW.isoformat()}) == ["closed", "ended"]
    between = {"startsFrom": NOW.isoformat(), "startsBefore": (NOW + YEAR).isoformat()}
    assert await school.offerings(between) == ["hidden"]


async def test_orders_of_offerings(school):
    up = ["closed", "ended", "hidden", "open", "later", "public", "members", "private", "far"]
    assert await school.offerings(None, more=", orderBy: {startsAt: ASC}") == up
    assert await school.offerings(None, more=", orderBy: {startsAt: DESC}") == up[::-1]
    by_number = await school.offerings(None, more=", orderBy: {enrollments: DESC}")
    assert by_number[:2] == ["open", "private"]
    data = await school.api.data(
        """{ courses(first: 9, orderBy: {code: ASC}) { edges { node { code
          offerings(first: 1, orderBy: {enrollments: DESC}) { totalCount edges { node { termName } } } } } } }""",
        user=school.world.people["admin"],
    )
    assert len(school.api.statements) == 3
    assert {edge["node"]["code"]: [edge["node"]["offerings"]["totalCount"],
                                   *(o["node"]["termName"] for o in edge["node"]["offerings"]["edges"])]
            for edge in data["courses"]["edges"]} == {
        "B1": [1, "open"], "B2": [1, "closed"], "B3": [1, "ended"], "B4": [1, "hidden"], "B5": [1, "later"],
        "C101": [1, "far"], "D101": [0], "P101": [3, "private"],
    }  # fmt: skip


# ---- people ----


async def members(school, arguments, user="admin"):
    document = f"""{{ university(by: {{shortCode: "ALPHA"}}) {{
      members(first: 50{arguments}) {{ totalCount edges {{ node {{ displayName }} }} }} }} }}"""
    data = await school.api.data(document, user=school.world.people[user] if user else None)
    found = data["university"]["members"]
    assert found["totalCount"] == len(found["edges"])
    return [edge["node"]["displayName"] for edge in found["edges"]]


@pytest.mark.parametrize(("given", "names"), [
    ('nameBegins: "ad"', ["Ada Lovelace", "ada byron"]), ('nameBegins: "ADA L"', ["Ada Lovelace"]),
    ('nameBegins: "a"', ["ALPHA student", "ALPHA other", "ALPHA instructor", "ALPHA ta", "ALPHA admin", "ALPHA gone",
                         "ALPHA department_admin", "ALPHA section_ta", "ALPHA far_instructor", "ALPHA far_admin",
                         "ALPHA bystander", "Ada Lovelace", "ada byron", "Ágnes Heller"]),
    ('nameBegins: "émilie du c"', ["Émilie du Châtelet"]), ('nameBegins: "emilie DU CHA"', ["Émilie du Châtelet"]),
    ('nameBegins: "%"', []), ('nameBegins: "zoe %_"', ["Zoë %_"]), ('nameBegins: "лев"', ["Лев Ландау"]),
    ('nameBegins: "lovelace"', []), ('text: "lovel"', ["Ada Lovelace"]), ('text: "BYRON ada"', ["ada byron"]),
    ('text: "chat"', ["Émilie du Châtelet"]), ('text: "o\'neil"', ["Ümit O'Neil-Öz"]),
    ('text: "oz"', ["Ümit O'Neil-Öz"]),
    ('text: "ландау"', ["Лев Ландау"]), ('text: "velace"', []), ('text: ""', []), ('text: "!:*&|"', []),
    ('text: "ada", nameBegins: "ada b"', ["ada byron"]), ("text: null", None),
])  # fmt: skip
async def test_people_by_name(school, given, names):
    skip_without_capitals(school, given)
    found = await members(school, f", filter: {{{given}}}")
    assert found == (await members(school, "") if names is None else names)


async def test_people_are_found_by_name_only_by_those_who_see_them(school):
    teach = ["ALPHA instructor", "ALPHA ta", "ALPHA section_ta", "ALPHA far_instructor"]
    for user, names in (
        (None, []),
        ("student", ["ALPHA student", *teach]),
        ("outsider", []),
        ("far_admin", [*teach, "ALPHA far_admin"]),
    ):
        assert await members(school, ', filter: {nameBegins: "a"}', user=user) == names
        assert await members(school, ', filter: {text: "alpha"}', user=user) == names
        assert await members(school, ', filter: {text: "lovelace"}', user=user) == []


async def test_orders_of_people(school):
    up = ["ada byron", "Ada Lovelace", "Ágnes Heller", "ALPHA admin", "ALPHA bystander", "ALPHA department_admin",
          "ALPHA far_admin", "ALPHA far_instructor", "ALPHA gone", "ALPHA instructor", "ALPHA other",
          "ALPHA section_ta", "ALPHA student", "ALPHA ta",
          "Émilie du Châtelet", "Ümit O'Neil-Öz", "Zoë %_", "Лев Ландау"]  # fmt: skip
    assert await members(school, ", orderBy: {name: ASC}") == up
    assert await members(school, ", orderBy: {name: DESC}") == up[::-1]
    assert (await members(school, ", orderBy: {joinedAt: ASC}"))[:2] == ["ALPHA student", "ALPHA other"]


# ---- enrollments and grades ----


@pytest.mark.parametrize(("arguments", "people"), [
    ("filter: {status: [ACTIVE]}", [0, 1, 5]), ("filter: {status: [DROPPED, PENDING]}", [2, 3, 6]),
    ("filter: {status: []}", []), ("filter: {status: null}", range(7)),
    ("filter: {progressFrom: 15}", [1, 2, 3]), ("filter: {progressFrom: 15.01}", [2, 3]),
    ("filter: {progressTo: 15}", [0, 1, 4, 5, 6]), ('filter: {progressFrom: "20", progressTo: "30"}', [2]),
    ("filter: {scoreFrom: 51}", [1, 3]), ('filter: {scoreFrom: "51.004"}', [3]), ("filter: {scoreTo: 52}", [1]),
    ("filter: {scoreFrom: 53, scoreTo: 53}", [3]), ('filter: {scoreFrom: "1e999999"}', []),
    ("filter: {status: [PENDING, ACTIVE], progressFrom: 15, scoreFrom: 1}", [1, 3]),
    ("orderBy: {progress: DESC}", [3, 2, 1, 6, 5, 4, 0]), ("orderBy: {progress: ASC}", [0, 4, 5, 6, 1, 2, 3]),
    ("orderBy: {grade: DESC}", [3, 1, 6, 5, 4, 2, 0]), ("orderBy: {enrolledAt: ASC}", [6, 5, 4, 3, 2, 1, 0]),
    ("orderBy: {name: ASC}", [1, 0, 2, 3, 4, 5, 6]),
])  # fmt: skip
async def test_enrollments(school, arguments, people):
    found = await school.in_offering("enrollments", arguments, "user { displayName }")
    assert [node["user"]["displayName"] for node in found] == [PEOPLE[number] for number in people]
    assert len(school.api.statements) == 4 if people else 3


async def test_enrollments_of_others_are_not_found_by_anything(school):
    for arguments in ("filter: {status: [ACTIVE]}", "filter: {progressTo: 100}", "orderBy: {progress: DESC}"):
        assert await school.in_offering("enrollments", arguments, "status", user="student") == []


async def test_own_enrollments_by_status(school):
    document = """query ($s: [EnrollmentStatus!]) { viewer { enrollments(
      first: 5, filter: {status: $s}, orderBy: {enrolledAt: DESC}) { edges { node { status } } } } }"""
    for given, found in ((["ACTIVE"], ["ACTIVE"]), (["DROPPED"], []), (None, ["ACTIVE"]), ([], [])):
        data = await school.api.data(document, {"s": given}, user=school.world.people["student"])
        assert [edge["node"]["status"] for edge in data["viewer"]["enrollments"]["edges"]] == found


@pytest.mark.parametrize(("arguments", "scores"), [
    ("orderBy: {finalScore: ASC}", ["51.00", "53.00", None]), ("orderBy: {finalScore: DESC}", [None, "53.00", "51.00"]),
    ("filter: {scoreFrom: 52}", ["53.00"]), ("filter: {scoreTo: 52}", ["51.00"]), ("filter: {passed: true}", ["53.00"]),
    ("filter: {passed: false}", ["51.00"]), ("filter: {passed: null}", ["51.00", "53.00", None]),
])  # fmt: skip
async def test_grades(school, arguments, scores):
    found = await school.in_offering("grades", arguments, "finalScore")
    assert [node["finalScore"] for node in found] == scores


# ---- values that no list can have ----


@pytest.mark.parametrize("given", [
    {"text": "a\0b"}, {"language": ["e\0"]}, {"department": "\0"},
])  # fmt: skip
async def test_texts_that_cannot_be_sent_are_the_clients_matter(school, given):
    document = "query ($f: CourseFilter) { courses(first: 1, filter: $f) { totalCount } }"
    answer = await school.api(document, {"f": given}, user=school.world.people["admin"])
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_times_beyond_reckoning_are_the_clients_matter(school, time):
    answer = await school.api(f'{{ offerings(first: 1, filter: {{startsFrom: "{time}"}}) {{ totalCount }} }}')
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("number", ["NaN", "sNaN", "-Infinity", "1e-999999", "-1e999999"])
async def test_numbers_beyond_reckoning_break_nothing(school, number):
    document = f"""{{ offering(id: "{school.ids["offering"]}") {{
      enrollments(first: 1, filter: {{scoreTo: "{number}", progressTo: "{number}"}}) {{ totalCount }} }} }}"""
    answer = await school.api(document, user=school.world.people["admin"])
    if "errors" in answer:
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}
    else:
        assert answer["data"]["offering"]["enrollments"]["totalCount"] == 0
