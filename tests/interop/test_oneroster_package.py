"""Packages of OneRoster 1.2: read, checked, written; what is hostile refused with one line."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_graphql.interop.oneroster.binding import ENROLLMENT_ROLES, FILES, ORG_TYPES, ROLES
from lms_graphql.interop.oneroster.checking import check
from lms_graphql.interop.oneroster.package import MOST_BYTES, RosterError
from lms_graphql.interop.oneroster.reading import read
from lms_graphql.interop.oneroster.records import (
    AcademicSession,
    Class,
    Course,
    Enrollment,
    Org,
    Role,
    Roster,
    RowError,
    User,
)
from lms_graphql.interop.oneroster.writing import write

HEADERS = {
    "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
    "academicSessions": "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear",
    "courses": "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,"
    "subjectCodes",
    "classes": "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,"
    "schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods",
    "users": "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,"
    "identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,resourceSourcedIds,"
    "preferredGivenName,preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns",
    "roles": "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,"
    "userProfileSourcedId",
    "enrollments": "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,"
    "beginDate,endDate",
}
"""As the binding has them."""


def zipped(files, **modes):
    """A package of these texts; all of them bulk unless said otherwise."""
    said = {**dict.fromkeys(files, "bulk"), **modes}
    manifest = ["propertyName,value", "manifest.version,1.0", "oneroster.version,1.2"]
    manifest += [f"file.{name},{mode}" for name, mode in said.items()]
    return raw({"manifest": "\r\n".join(manifest), **files})


def raw(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.csv", text)
    return packed.getvalue()


def sheet(name, *rows):
    return "\n".join([HEADERS[name], *rows])


ORG = "o,,,A school,school,,"


def refusal(data):
    with pytest.raises(RosterError) as caught:
        read(data)
    line = str(caught.value)
    assert len(line.splitlines()) == 1
    return line


def test_headers_are_those_of_the_binding():
    assert {name: ",".join(file.headers) for name, file in FILES.items()} == HEADERS


# ---- what is read


def test_what_a_package_of_another_system_says():
    found = check(
        read(
            zipped(
                {
                    "orgs": "\ufeff" + sheet("orgs", ORG, "d,,,Physics,department,PH,o"),
                    "academicSessions": sheet("academicSessions", "t,,,Autumn,term,2026-09-01,2027-01-15,,2027"),
                    "courses": sheet("courses", "c,,,,Forces,P101,,d,,"),
                    "classes": sheet("classes", 'k,,,Forces A,,c,P101-A,scheduled,Room 1,o,"t",,,"1,2"'),
                    "users": sheet(
                        "users", "u,,,TRUE,ada,{LDAP:1},Ada,Lovelace,,7,Ada@x.example,,,,,secret,,,,,,o,she"
                    ),
                    "roles": sheet("roles", "r,,,u,primary,student,,,o,"),
                    "enrollments": sheet("enrollments", "e,,,k,o,u,student,true,,"),
                }
            )
        )
    )
    assert found.errors == []
    assert found.roster == Roster(
        modes=dict.fromkeys(HEADERS, "bulk"),
        orgs=[
            Org(sourced_id="o", line=2, name="A school", type="school"),
            Org(sourced_id="d", line=3, name="Physics", type="department", identifier="PH", parent="o"),
        ],
        academic_sessions=[
            AcademicSession(
                sourced_id="t", line=2, title="Autumn", type="term", start=date(2026, 9, 1), end=date(2027, 1, 15),
                school_year=2027,
            )
        ],
        courses=[Course(sourced_id="c", line=2, title="Forces", code="P101", org="d")],
        classes=[
            Class(
                sourced_id="k", line=2, title="Forces A", course="c", code="P101-A", type="scheduled", school="o",
                terms=("t",),
            )
        ],
        users=[
            User(
                sourced_id="u", line=2, is_enabled=True, username="ada", given_name="Ada", family_name="Lovelace",
                identifier="7", email="Ada@x.example", primary_org="o",
            )
        ],
        roles=[Role(sourced_id="r", line=2, user="u", type="primary", role="student", org="o")],
        enrollments=[Enrollment(sourced_id="e", line=2, class_="k", school="o", user="u", role="student")],
        unread={name: [] for name in HEADERS},
    )  # fmt: skip


def test_passwords_are_not_kept():
    found = read(zipped({"users": sheet("users", "u,,,true,ada,,Ada,L,,,a@x.example,,,,,SECRET,,,,,,,")}))
    assert "SECRET" not in repr(found)


def test_changes_say_their_status_and_rows_that_leave_need_no_more_than_their_name():
    text = sheet(
        "orgs", "a,active,2026-01-01T00:00:00Z,A,school,,", "b,tobedeleted,2026-01-01T00:00:00Z,,,,", "c,,,C,school,,"
    )
    found = read(zipped({"orgs": text}, orgs="delta"))
    assert [org.sourced_id for org in found.roster.orgs] == ["a"]
    assert found.roster.leaving == {"orgs": ["b"]}
    assert found.errors == [RowError("orgs", 4, "status", "this must be active or tobedeleted")]
    assert found.roster.unread == {"orgs": ["c"]}


BAD_ROWS = [
    ("orgs", "x,,,,school,,", "name", "this must not be empty"),
    ("orgs", "x,,,A,castle,,", "type", "this must be one of department, district, local, national, school, state"),
    ("orgs", f"x,,,{'A' * 256},school,,", "name", "this has more than 255 characters"),
    ("orgs", f"x,,,{'A' * 10001},school,,", "name", "this has more than 10,000 characters"),
    ("orgs", "x,,,A\x00B,school,,", "name", "this has signs that can't be shown, for example a line's end"),
    ("orgs", "x,gone,,A,school,,", "status", "this must be active or tobedeleted"),
    ("orgs", "x,,,A,school", None, "this row has 5 cells, and the first line 7"),
    ("orgs", "o,,,Again,school,,", "sourcedId", "line 2 has this sourcedId already"),
    ("orgs", "x,,,A,school,,nowhere", "parentSourcedId", "orgs.csv has no such sourcedId"),
    ("academicSessions", "x,,,A,term,1.9.2026,2027-01-01,,2027", "startDate", "this must be a date, as 2026-09-01"),
    ("academicSessions", "x,,,A,term,2027-01-01,2026-01-01,,2027", "endDate", "this must be after startDate"),
    ("academicSessions", "x,,,A,term,2026-01-01,2027-01-01,,²", "schoolYear",
     "this must be a whole number from 1000 to 9999"),
    ("courses", "x,,,,A,,,nowhere,,", "orgSourcedId", "orgs.csv has no such sourcedId"),
    ("courses", "x,,,,A,P1,,o,,", "courseCode", "line 2 has the same"),
    ("classes", "x,,,A,,nothing,,scheduled,,o,t,,,", "courseSourcedId", "courses.csv has no such sourcedId"),
    ("classes", 'x,,,A,,c,,scheduled,,o,"t,v",,,', "termSourcedIds", "academicSessions.csv has no such sourcedId"),
    ("classes", "x,,,A,,c2,,homeroom,,o,t,,,", "classType",
     "a homeroom needs exactly one scheduled class of the same course and terms, whose section it is"),
    ("users", "x,,,yes,a,,A,B,,,,,,,,,,,,,,,", "enabledUser", "this must be true or false"),
    ("users", "x,,,true,a,,A,B,,,ADA@x.example,,,,,,,,,,,,", "email", "line 2 has the same"),
    ("users", "x,,,true,a,,A,B,,7,,,,,,,,,,,,,", "identifier", "line 2 has the same"),
    ("roles", "x,,,nobody,primary,student,,,o,", "userSourcedId", "users.csv has no such sourcedId"),
    ("roles", "x,,,u,primary,king,,,o,", "role", f"this must be one of {', '.join(sorted(ROLES))}"),
    ("roles", "x,,,u,primary,student,,,o,", "role", "line 2 has the same"),
    ("enrollments", "x,,,nothing,o,u,student,,,", "classSourcedId", "classes.csv has no such sourcedId"),
    ("enrollments", "x,,,k,o,u,student,,,", "userSourcedId", "line 2 has the same"),
]  # fmt: skip
GOOD_ROWS = {
    "orgs": [ORG],
    "academicSessions": ["t,,,Autumn,term,2026-09-01,2027-01-15,,2027"],
    "courses": ["c,,,,A course,P1,,o,,", "c2,,,,A course,P2,,o,,"],
    "classes": ["k,,,A class,,c,,scheduled,,o,t,,,"],
    "users": ["u,,,true,ada,,Ada,L,,7,ada@x.example,,,,,,,,,,,,"],
    "roles": ["r,,,u,primary,student,,,o,"],
    "enrollments": ["e,,,k,o,u,student,,,"],
}


@pytest.mark.parametrize(("file", "row", "field", "message"), BAD_ROWS)
def test_a_bad_row_is_told_and_left_out(file, row, field, message):
    rows = {name: [*good, *([row] if name == file else [])] for name, good in GOOD_ROWS.items()}
    found = check(read(zipped({name: sheet(name, *some) for name, some in rows.items()})))
    line = len(GOOD_ROWS[file]) + 2
    assert found.errors == [RowError(file, line, field, message)]
    assert {name: len(found.roster.records(name)) for name in HEADERS} == {n: len(r) for n, r in GOOD_ROWS.items()}
    assert found.roster.unread[file] == [row.split(",")[0]]


def test_a_row_without_a_name_makes_its_file_unsure():
    found = check(read(zipped({"orgs": sheet("orgs", ORG, ",,,A,school,,")})))
    assert found.errors == [RowError("orgs", 3, "sourcedId", "this must not be empty")]
    assert found.roster.unsure == ["orgs"]


def test_lines_are_counted_through_cells_of_several_lines_and_empty_rows():
    found = read(zipped({"orgs": sheet("orgs", 'a,,,"A\n\nB",school,,', "", "b,,,,school,,")}))
    assert [(error.line, error.field) for error in found.errors] == [(2, "name"), (6, "name")]


# ---- what is refused as a whole


def test_what_is_no_package():
    good = {"orgs": sheet("orgs", ORG)}
    assert refusal(b"") == refusal(b"PK\x03\x04...") == refusal(zipped(good)[:-30])
    assert refusal(b"") == "this is no zip, or a damaged one; send the roster's files as one zip"
    assert refusal(raw(good)) == "there is no manifest.csv at the top of the zip; send a OneRoster 1.2 package"
    assert "oneroster.version must be 1.2" in refusal(raw({"manifest": "propertyName,value\noneroster.version,1.1"}))
    assert "propertyName,value" in refusal(raw({"manifest": "a,b"}))
    assert "each line has a name" in refusal(raw({"manifest": "propertyName,value\nx"}))
    assert refusal(zipped({})) == "manifest.csv names no file that is read here"
    assert refusal(zipped(good, users="bulk")) == (
        "manifest.csv says that users.csv is there, and the zip does not have it"
    )
    assert refusal(zipped(good, users="all")) == "manifest.csv: file.users must be one of absent, bulk, delta"
    assert refusal(zipped({"orgs": "sourcedId,name"})) == "orgs.csv: the first line lacks type"
    assert refusal(zipped({"orgs": ""})) == "orgs.csv: the first line lacks sourcedId, name, type"
    assert refusal(zipped({"orgs": "sourcedId,name,type,type"})) == "orgs.csv: the first line has type twice"


def test_another_encoding():
    text = sheet("orgs", ORG, "x,,,Zürich,school,,")
    assert refusal(zipped({"orgs": text.encode("latin-1")})) == (
        "orgs.csv, line 3: this is not UTF-8; save the file as UTF-8"
    )
    assert "this is not UTF-8" in refusal(zipped({"orgs": text.encode("utf-16")}))


@pytest.mark.parametrize("row", ['x,,,"A,school,,', f'x,,,"{"A" * 200_000}",school,,', 'x,,,"A"B,school,,'])
def test_what_is_no_csv(row):
    assert refusal(zipped({"orgs": sheet("orgs", ORG, row)})).startswith("orgs.csv, line 3: this is no CSV (")


def test_bombs():
    assert refusal(zipped({"orgs": "x" * 2**23})) == "the zip unpacks to more than 200 times its size, as a bomb would"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(101):
            archive.writestr(f"{number}.csv", "")
    assert refusal(packed.getvalue()) == "the zip has more than 100 files; a roster has few"


def test_too_much(monkeypatch):
    monkeypatch.setattr("lms_graphql.interop.oneroster.package.MOST_BYTES", 100)
    assert refusal(zipped({"orgs": sheet("orgs", *[ORG] * 9)})) == "the zip unpacks to more than 0 MiB"
    assert MOST_BYTES == 64 * 2**20
    monkeypatch.undo()
    monkeypatch.setattr("lms_graphql.interop.oneroster.reading.MOST_ROWS", 2)
    rows = [f"{number},,,A,school,," for number in range(3)]
    assert refusal(zipped({"orgs": sheet("orgs", *rows)})).startswith("the roster has more than 2 rows")


def test_a_file_that_is_there_twice():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("orgs.csv", "")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("orgs.csv", "")
    assert refusal(packed.getvalue()) == "orgs.csv is in the zip twice"


def test_members_that_no_roster_has_are_not_even_unpacked():
    files = {"orgs": sheet("orgs", ORG)}
    packed = io.BytesIO(zipped(files))
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../evil.csv", "x" * 2**24)
        archive.writestr("sub/orgs.csv", "x" * 2**24)
    assert len(read(packed.getvalue()).roster.orgs) == 1


# ---- what is written


TEXT = (
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20)
    .map(str.strip)
    .filter(lambda text: text.strip())
)
FORMULAS = st.sampled_from(["=1+1", "+1", "-1", "@x", "'=1+1", "''@x", "'a", "'", '="x",y', 'a"b', "a,b"])
CELL = TEXT | FORMULAS
NAME = st.text("abcdefgh-0123456789", min_size=1, max_size=12)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DATES = st.dates(date(2000, 1, 1), date(2100, 1, 1))
SEATS = st.integers(0, 10**6)


def rows(record, **values):
    """Records with different names, as if they stood in a file."""
    built = st.builds(record, sourced_id=NAME, **values)
    return st.lists(built, max_size=4, unique_by=lambda one: one.sourced_id)


def maybe(values):
    return st.none() | values


RECORDS = {
    "orgs": rows(Org, name=CELL, type=st.sampled_from(sorted(ORG_TYPES)), identifier=maybe(CELL), parent=maybe(NAME)),
    "academic_sessions": rows(
        AcademicSession, title=CELL, type=st.just("term"), start=DATES, end=DATES, parent=maybe(NAME),
        school_year=st.integers(1000, 9999), code=maybe(CELL), starts_at=maybe(TIMES), ends_at=maybe(TIMES),
    ),
    "courses": rows(
        Course, title=CELL, code=maybe(CELL), org=NAME, level=maybe(st.just("graduate")),
        is_published=maybe(st.booleans())
    ),
    "classes": rows(
        Class, title=CELL, course=NAME, code=maybe(CELL), type=st.sampled_from(["scheduled", "homeroom"]), school=NAME,
        terms=st.lists(NAME, min_size=1, max_size=3, unique=True).map(tuple), offering=maybe(NAME),
        term_name=maybe(CELL),
        starts_at=maybe(TIMES), ends_at=maybe(TIMES), visibility=maybe(st.just("public")),
        enrollment_mode=maybe(st.just("open")), capacity=maybe(SEATS), waitlist_capacity=maybe(SEATS),
    ),
    "users": rows(
        User, is_enabled=st.booleans(), username=CELL, given_name=CELL, family_name=CELL,
        preferred_given_name=maybe(CELL), preferred_family_name=maybe(CELL), identifier=maybe(CELL), email=maybe(CELL),
        primary_org=maybe(NAME), display_name=maybe(CELL),
    ),
    "roles": rows(Role, user=NAME, type=st.just("primary"), role=st.sampled_from(sorted(ROLES)), org=NAME),
    "enrollments": rows(Enrollment, class_=NAME, school=NAME, user=NAME,
    role=st.sampled_from(sorted(ENROLLMENT_ROLES))),
}  # fmt: skip


@given(st.fixed_dictionaries(RECORDS), st.lists(NAME, max_size=2, unique=True), st.data())
def test_what_is_written_is_read_again(records, leaving, data):
    modes = {name: data.draw(st.sampled_from(["bulk", "delta"])) for name in FILES}
    there = {org.sourced_id for org in records["orgs"]}
    gone = [name for name in leaving if name not in there]
    roster = Roster(modes=modes, leaving={"orgs": gone} if gone else {}, **records)
    found = read(write(roster))
    assert found.errors == []
    for name in FILES:
        without_lines = [type(one)(**{**as_dict(one), "line": 0}) for one in found.roster.records(name)]
        assert without_lines == roster.records(name)
    assert (found.roster.modes, found.roster.leaving) == (modes, roster.leaving)


def as_dict(record):
    return {name: getattr(record, name) for name in record.__struct_fields__}


def test_no_cell_of_a_package_is_a_formula_to_a_spreadsheet():
    user = User(
        sourced_id="=u",
        is_enabled=True,
        username="@x",
        given_name="=1+1",
        family_name="-x",
        display_name="+x",
        email="'=x",
    )
    data = write(Roster(modes={"users": "bulk"}, users=[user]))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["manifest.csv", "users.csv"]
        for name in archive.namelist():
            for row in csv.reader(io.StringIO(archive.read(name).decode(), newline="")):
                assert not [cell for cell in row if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]
    assert read(data).roster.users[0].display_name == "+x"


def test_the_manifest_names_every_file_of_the_binding():
    data = write(Roster(modes={"users": "bulk", "orgs": "delta"}))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        manifest = dict(csv.reader(io.StringIO(archive.read("manifest.csv").decode(), newline="")))
    files = {name: mode for name, mode in manifest.items() if name.startswith("file.")}
    assert len(files) == 21
    assert {name for name, mode in files.items() if mode != "absent"} == {"file.users", "file.orgs"}
    assert (manifest["manifest.version"], manifest["oneroster.version"]) == ("1.0", "1.2")
