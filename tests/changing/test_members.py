"""Members of a university: invited, accepted, changed, put out and let in again."""

import asyncio

import pytest

from lms_graphql.engine.relay import parse_global_id
from lms_graphql.storage.transaction import Transaction
from tests.changing.administering import STRANGERS, Office

PASSWORD = "correct horse battery"
USER = "user { id displayName email studentNumber memberStatus version roles { role department { code } } }"
INVITED = f"{USER} token"
BULK = f"results {{ index {INVITED} error {{ code message path }} }}"
FORBIDDEN = {person: "FORBIDDEN" if person else "UNAUTHENTICATED" for person in STRANGERS}
WHO = "{ viewer { roles user { displayName } } }"
_COUNTER = iter(range(10_000))


@pytest.fixture
async def office(api, world, owner):
    await owner.execute("TRUNCATE login_attempts")
    return Office(api, world, owner)


def fresh(**more):
    """An invitation of somebody new."""
    name = f"new{next(_COUNTER)}"
    return {"email": f"{name}@alpha.example", "displayName": f"The {name}", **more}


async def invited(office, given=None, **options):
    """Somebody who was invited now: their global id, and the token."""
    payload = await office.done("inviteMember", given or fresh(), INVITED, **options)
    return payload["user"]["id"], payload["token"]


async def accepted(office, given=None):
    """Somebody new who has accepted: their global id, and the address."""
    given = given or fresh()
    id_, token = await invited(office, given)
    await office.done("acceptInvitation", {"token": token, "password": PASSWORD}, user=None)
    return id_, given["email"]


async def session(office, email):
    """A session's access token."""
    given = {"email": email, "password": PASSWORD}
    return (await office.done("login", given, "accessToken", user=None, university=None))["accessToken"]


async def who(office, token, university="ALPHA"):
    """What the viewer is, by a token."""
    answer = await office.api.client.post(
        f"/u/{university}/graphql", json={"query": WHO}, headers={"Authorization": f"Bearer {token}"}
    )
    return answer.json()["data"]["viewer"]


def number(global_id):
    return parse_global_id(global_id).id


async def status(office, id_):
    return await office.owner.fetchval(
        "SELECT status FROM university_members WHERE university_id = $1 AND user_id = $2",
        office.university_id, number(id_),
    )  # fmt: skip


# ---- inviting


async def test_a_new_person_is_invited_accepts_and_signs_in(office, world):
    since, admin = await office.now(), world.people["admin"]
    physics = office.id("Department", world.alpha["department"]["id"])
    roles = [{"role": "DEPARTMENT_ADMIN", "departmentId": physics}, {"role": "STUDENT"}, {"role": "STUDENT"}]
    given = {"email": " Ada@Alpha.example ", "displayName": " Ada L. ", "studentNumber": "N-1", "roles": roles}
    payload = await office.done("inviteMember", given, INVITED)
    user, token = payload["user"], payload["token"]
    assert user == {
        "id": user["id"], "displayName": "Ada L.", "email": "Ada@Alpha.example", "studentNumber": "N-1",
        "memberStatus": "INVITED", "version": 1,
        "roles": [{"role": "STUDENT", "department": None}, {"role": "DEPARTMENT_ADMIN", "department": {"code": "PH"}}],
    }  # fmt: skip
    assert token.startswith("lms_in_")
    assert len(token) == 50
    stored = await office.owner.fetchrow(
        "SELECT digest = sha256($1::text::bytea) AS hashed, invited_by, expires_at - created_at = interval '14 days'"
        " AS lasts FROM invitations WHERE user_id = $2", token, number(user["id"]),
    )  # fmt: skip
    assert tuple(stored) == (True, admin, True)
    shown = await office.done("acceptInvitation", {"token": token, "password": PASSWORD}, "university { shortCode }",
                              user=None, university=None)  # fmt: skip
    assert shown == {"university": {"shortCode": "ALPHA"}}
    bearer = await session(office, "ada@alpha.example")
    assert await who(office, bearer) == {"roles": ["DEPARTMENT_ADMIN", "STUDENT"], "user": {"displayName": "Ada L."}}
    person = number(user["id"])
    told = {"displayName": "Ada L.", "email": "Ada@Alpha.example", "studentNumber": "N-1", "status": "invited",
            "roles": [{"role": "department_admin", "departmentId": world.alpha["department"]["id"]},
                      {"role": "student", "departmentId": None}]}  # fmt: skip
    invite, accept = await office.audited(since)
    assert invite == (admin, "member.invite", "User", person, None, told)
    assert accept[:5] == (person, "invitation.accept", "User", person, {"status": "invited"})
    assert accept[5].pop("joinedAt")
    assert accept[5] == {"status": "active"}
    assert token not in str(await office.everything())


async def test_who_has_an_account_accepts_signed_in_and_without_a_password(office, world):
    """The student of BETA is somebody already: nobody gives their account a password."""
    id_, token = await invited(office, {"email": "beta_student@test.example", "displayName": "From BETA"})
    assert number(id_) == world.people["beta_student"]
    given = {"token": token}
    assert await office.refused("acceptInvitation", given, user=None) == ("INVALID", ["input", "password"])
    given["password"] = PASSWORD
    assert await office.refused("acceptInvitation", given, user=None) == ("FORBIDDEN", ["input", "password"])
    assert await office.refused("acceptInvitation", {"token": token}, user="student") == (
        "FORBIDDEN",
        ["input", "token"],
    )
    assert await status(office, id_) == "invited"
    await office.done("acceptInvitation", {"token": token}, user="beta_student", university="BETA")
    assert await status(office, id_) == "active"
    hashed = await office.owner.fetchval("SELECT password_hash FROM users WHERE id = $1", number(id_))
    assert hashed == "!"


async def test_the_account_of_a_platform_administrator_gets_no_password(office, world):
    _, token = await invited(office, {"email": "platform_admin@test.example", "displayName": "P"})
    given = {"token": token, "password": PASSWORD}
    assert await office.refused("acceptInvitation", given, user=None) == ("FORBIDDEN", ["input", "password"])


async def test_whom_an_issuer_signs_in_gets_no_password(office, owner):
    id_, token = await invited(office)
    await owner.execute(
        "INSERT INTO external_identities (issuer, subject, user_id) VALUES ('i', $1, $2)", id_, number(id_)
    )
    given = {"token": token, "password": PASSWORD}
    assert await office.refused("acceptInvitation", given, user=None) == ("FORBIDDEN", ["input", "password"])


async def test_an_account_invited_twice_gets_one_password(office):
    given = fresh()
    _, ours = await invited(office, given)
    _, theirs = await invited(office, given, user="beta_admin", university="BETA")
    await office.done("acceptInvitation", {"token": theirs, "password": PASSWORD}, user=None)
    other = {"token": ours, "password": "another password"}
    assert await office.refused("acceptInvitation", other, user=None) == ("FORBIDDEN", ["input", "password"])
    bearer = await session(office, given["email"])
    assert (await who(office, bearer))["user"] is None
    await office.done("acceptInvitation", {"token": ours}, user=bearer)
    assert (await who(office, bearer))["user"] == {"displayName": given["displayName"]}


async def test_a_token_is_good_once_and_at_the_same_moment_too(office):
    given = fresh()
    _, token = await invited(office, given)
    sent = {"token": token, "password": PASSWORD}
    answers = await asyncio.gather(*(office.sent("acceptInvitation", sent, user=None) for _ in range(5)))
    assert sorted(len(answer["errors"]) for answer in answers) == [0, 1, 1, 1, 1]
    assert await office.refused("acceptInvitation", sent, user=None) == ("WRONG_CREDENTIALS", ["input", "token"])
    await session(office, given["email"])


WRONG = ["", "lms_in_", "lms_in_" + "a" * 43, "lms_at_" + "a" * 43, "x" * 10_000]


@pytest.mark.parametrize("token", WRONG)
async def test_what_no_invitation_is(office, token):
    given = {"token": token, "password": PASSWORD}
    assert await office.refused("acceptInvitation", given, user=None) == ("WRONG_CREDENTIALS", ["input", "token"])


async def test_an_invitation_that_is_over_or_of_a_closed_university(office, owner):
    _, token = await invited(office)
    given = {"token": token, "password": PASSWORD}
    for change, back in (
        ("UPDATE invitations SET created_at = now() - interval '2 days', expires_at = now() - interval '1 day'"
         " WHERE digest = sha256($1::text::bytea)", "UPDATE invitations SET expires_at = now() + interval '1 day'"
         " WHERE digest = sha256($1::text::bytea)"),
        ("UPDATE universities SET is_active = false WHERE short_code = 'ALPHA' AND $1 <> ''",
         "UPDATE universities SET is_active = true WHERE short_code = 'ALPHA' AND $1 <> ''"),
    ):  # fmt: skip
        await owner.execute(change, token)
        wrong = await office.refused("acceptInvitation", given, user=None, university=None)
        assert wrong == ("WRONG_CREDENTIALS", ["input", "token"])
        await owner.execute(back, token)
    short = {"token": token, "password": "short"}
    assert await office.refused("acceptInvitation", short, user=None) == ("INVALID", ["input", "password"])
    await office.done("acceptInvitation", given, user=None)


async def test_guesses_are_throttled_and_one_in_a_request(office, api):
    token = "lms_in_" + "b" * 43
    given = {"token": token, "password": PASSWORD}
    codes = [(await office.sent("acceptInvitation", given, user=None))["errors"][0]["code"] for _ in range(12)]
    assert codes == ["WRONG_CREDENTIALS"] * 10 + ["THROTTLED"] * 2
    twice = " ".join(
        f'{name}: acceptInvitation(input: {{token: "{token}"}}) {{ errors {{ code }} }}' for name in ("one", "two")
    )
    refused = await api(f"mutation {{ {twice} }}")
    assert refused["errors"][0]["extensions"]["code"] == "TOO_MANY_ATTEMPTS"


BAD_GUESTS = [
    ({"email": "no address"}, ("INVALID", ["input", "email"])),
    ({"email": "STUDENT@alpha.example"}, ("TAKEN", ["input", "email"])),
    ({"email": "student@test.example"}, ("TAKEN", ["input", "email"])),  # the login of a member
    ({"displayName": " "}, ("INVALID", ["input", "displayName"])),
    ({"studentNumber": ""}, ("INVALID", ["input", "studentNumber"])),
    ({"studentNumber": "9" * 65}, ("INVALID", ["input", "studentNumber"])),
    ({"days": 0}, ("INVALID", ["input", "days"])),
    ({"days": 31}, ("INVALID", ["input", "days"])),
    ({"roles": [{"role": "DEPARTMENT_ADMIN"}]}, ("INVALID", ["input", "roles", "0", "departmentId"])),
    ({"roles": [{"role": "TA"}] * 11}, ("LIMIT_REACHED", ["input", "roles"])),
    ({"roles": [{"role": "TA", "departmentId": "x"}]}, ("NOT_FOUND", ["input", "roles", "0", "departmentId"])),
]


@pytest.mark.parametrize(("given", "wanted"), BAD_GUESTS)
async def test_who_can_not_be_invited(office, given, wanted):
    assert await office.refused("inviteMember", {**fresh(), **given}) == wanted


async def test_another_universitys_department_gives_no_role(office, world):
    theirs = office.id("Department", world.beta["department"]["id"], world.beta.university["id"])
    roles = [{"role": "TA", "departmentId": theirs}]
    wanted = ("NOT_FOUND", ["input", "roles", "0", "departmentId"])
    assert await office.refused("inviteMember", fresh(roles=roles)) == wanted


async def test_twenty_who_invite_one_person_make_one_member(office, owner):
    given = fresh(studentNumber="N-50")
    answers = await asyncio.gather(*(office.sent("inviteMember", given) for _ in range(20)))
    assert sorted(len(answer["errors"]) for answer in answers) == [0] + [1] * 19
    assert {error["code"] for answer in answers for error in answer["errors"]} == {"TAKEN"}
    assert await owner.fetchval("SELECT count(*) FROM users WHERE lower(email) = lower($1)", given["email"]) == 1


async def test_under_a_key_the_token_is_told_once(office):
    given, document = fresh(), "mutation($i: InviteMemberInput!) { inviteMember(input: $i) { user { email } token } }"
    headers = {**office.api.headers(office.world.people["admin"]), "Idempotency-Key": "an-invitation"}
    body = {"query": document, "variables": {"i": given}}
    first, again = [
        (await office.api.client.post("/u/ALPHA/graphql", json=body, headers=headers)).json()["data"]["inviteMember"]
        for _ in range(2)
    ]
    assert first["token"].startswith("lms_in_")
    assert again == {**first, "token": None}


# ---- many at once


async def test_each_row_is_done_or_told_why_not(office, owner):
    good, other = fresh(studentNumber="B-1", roles=[{"role": "STUDENT"}]), fresh()
    rows = [good, {**fresh(), "email": "nobody"}, {**fresh(), "email": good["email"].upper()},
            fresh(studentNumber="B-1"), {**fresh(), "email": "student@alpha.example"}, other,
            fresh(roles=[{"role": "STUDENT", "departmentId": "x"}])]  # fmt: skip
    rows = [{name: value for name, value in row.items() if name != "days"} for row in rows]
    async with office.nothing_happens():
        trial = await office.done("bulkInviteMembers", {"members": rows, "dryRun": True}, BULK)
    since = await office.now()
    results = (await office.done("bulkInviteMembers", {"members": rows}, BULK))["results"]
    errors = {result["index"]: (result["error"]["code"], result["error"]["path"])
              for result in results if result["error"]}  # fmt: skip
    assert errors == {
        1: ("INVALID", ["input", "members", "1", "email"]),
        2: ("TAKEN", ["input", "members", "2", "email"]),
        3: ("TAKEN", ["input", "members", "3", "studentNumber"]),
        4: ("TAKEN", ["input", "members", "4", "email"]),
        6: ("NOT_FOUND", ["input", "members", "6", "roles", "0", "departmentId"]),
    }
    assert [result["index"] for result in results] == list(range(7))
    done = {result["index"]: result for result in results if not result["error"]}
    assert {index: result["user"]["email"] for index, result in done.items()} == {0: good["email"], 5: other["email"]}
    assert [entry[1:4:2] for entry in await office.audited(since)] == [
        ("member.invite", number(done[0]["user"]["id"])), ("member.invite", number(done[5]["user"]["id"])),
    ]  # fmt: skip
    unknown = [{**result, "user": None, "token": None} for result in results]
    assert trial["results"] == unknown
    for result in done.values():
        await office.done("acceptInvitation", {"token": result["token"], "password": PASSWORD}, user=None)


async def test_two_hundred_cost_as_many_statements_as_two(office, api, monkeypatch):
    counts = []
    plain = Transaction.fetch

    async def counted(self, *given):
        counts[-1] += 1
        return await plain(self, *given)

    monkeypatch.setattr(Transaction, "fetch", counted)
    for size in (2, 200):
        counts.append(0)
        rows = [fresh(roles=[{"role": "STUDENT"}]) for _ in range(size)]
        payload = await office.done("bulkInviteMembers", {"members": rows}, "results { index error { code } }")
        assert payload["results"] == [{"index": index, "error": None} for index in range(size)]
    assert counts[0] == counts[1]
    too_many = {"members": [fresh()] * 201}
    assert await office.refused("bulkInviteMembers", too_many) == ("LIMIT_REACHED", ["input", "members"])
    assert await office.done("bulkInviteMembers", {"members": []}, BULK) == {"results": []}


# ---- sending again, taking back


async def test_another_token_ends_the_one_before(office):
    id_, first = await invited(office)
    since = await office.now()
    payload = await office.done("resendInvitation", {"userId": id_, "days": 1}, INVITED)
    second = payload["token"]
    given = {"token": first, "password": PASSWORD}
    assert await office.refused("acceptInvitation", given, user=None) == ("WRONG_CREDENTIALS", ["input", "token"])
    admin = office.world.people["admin"]
    assert await office.audited(since) == [(admin, "invitation.send", "User", number(id_), None, {"days": 1})]
    await office.done("acceptInvitation", {"token": second, "password": PASSWORD}, user=None)
    assert await office.refused("resendInvitation", {"userId": id_}) == ("CLOSED", ["input", "userId"])
    assert await office.refused("revokeInvitation", {"userId": id_}) == ("CLOSED", ["input", "userId"])


async def test_what_was_taken_back_is_no_way_in_until_it_is_sent_again(office):
    id_, token = await invited(office)
    since = await office.now()
    assert (await office.done("revokeInvitation", {"userId": id_}, USER))["user"]["memberStatus"] == "INACTIVE"
    given = {"token": token, "password": PASSWORD}
    assert await office.refused("acceptInvitation", given, user=None) == ("WRONG_CREDENTIALS", ["input", "token"])
    assert await office.refused("reactivateMember", {"userId": id_}) == ("CLOSED", ["input", "userId"])
    again = await office.done("resendInvitation", {"userId": id_}, INVITED)
    assert again["user"]["memberStatus"] == "INVITED"
    admin, person = office.world.people["admin"], number(id_)
    assert await office.audited(since) == [
        (admin, "invitation.revoke", "User", person, {"status": "invited"}, {"status": "inactive"}),
        (admin, "member.invite", "User", person, {"status": "inactive"}, {"status": "invited"}),
        (admin, "invitation.send", "User", person, None, {"days": 14}),
    ]
    await office.done("acceptInvitation", {"token": again["token"], "password": PASSWORD}, user=None)
    assert await status(office, id_) == "active"


async def test_accepted_or_taken_back_but_not_both(office):
    for _ in range(5):
        id_, token = await invited(office)
        accept, revoke = await asyncio.gather(
            office.sent("acceptInvitation", {"token": token, "password": PASSWORD}, user=None),
            office.sent("revokeInvitation", {"userId": id_}),
        )
        assert sorted([len(accept["errors"]), len(revoke["errors"])]) == [0, 1]
        assert await status(office, id_) == ("active" if not accept["errors"] else "inactive")


# ---- changing


async def test_a_member_is_changed(office):
    id_, _ = await accepted(office)
    since = await office.now()
    version = await office.owner.fetchval("SELECT version FROM university_members WHERE user_id = $1", number(id_))
    given = {"userId": id_, "displayName": "Changed", "email": "changed@alpha.example", "studentNumber": "C-1",
             "expectedVersion": version}  # fmt: skip
    user = (await office.done("updateMember", given, USER))["user"]
    assert (user["displayName"], user["email"], user["studentNumber"]) == ("Changed", "changed@alpha.example", "C-1")
    assert user["version"] == version + 1
    await office.done("updateMember", {"userId": id_, "studentNumber": None})
    await office.done("updateMember", {"userId": id_})
    first, second = await office.audited(since)
    assert first[1:4] == ("member.update", "User", number(id_))
    assert first[5] == {"displayName": "Changed", "email": "changed@alpha.example", "studentNumber": "C-1"}
    assert set(first[4]) == set(first[5])
    assert second[4:] == ({"studentNumber": "C-1"}, {"studentNumber": None})


BAD_CHANGES = [
    ({"displayName": None}, ("INVALID", ["input", "displayName"])),
    ({"email": None}, ("INVALID", ["input", "email"])),
    ({"email": "x"}, ("INVALID", ["input", "email"])),
    ({"email": "OTHER@alpha.example"}, ("TAKEN", ["input", "email"])),
    ({"studentNumber": "TAKEN-1"}, ("TAKEN", ["input", "studentNumber"])),
    ({"displayName": "X", "expectedVersion": 99}, ("CONFLICT", ["input", "expectedVersion"])),
]


@pytest.mark.parametrize(("given", "wanted"), BAD_CHANGES)
async def test_what_no_member_is(office, owner, given, wanted):
    await owner.execute("UPDATE university_members SET student_number = 'TAKEN-1' WHERE university_id = $1"
                        " AND user_id = $2", office.university_id, office.world.people["other"])  # fmt: skip
    assert await office.refused("updateMember", {"userId": office.person("student"), **given}) == wanted


# ---- putting out, letting in


async def test_who_is_put_out_can_do_nothing_from_the_next_request_on(office, owner, world):
    id_, email = await accepted(office, fresh(roles=[{"role": "UNIVERSITY_ADMIN"}]))
    bearer, person = await session(office, email), number(id_)
    issued = await office.done("issueServiceToken", {"scopes": ["LAB_GRADE"]}, "token", user=bearer)
    enrolled = "INSERT INTO course_enrollments (university_id, course_offering_id, user_id) VALUES ($1, $2, $3)"
    await owner.execute(enrolled, office.university_id, world.alpha["public"]["id"], person)
    assert (await who(office, bearer))["roles"] == ["UNIVERSITY_ADMIN"]
    since = await office.now()
    payload = await office.done("deactivateMember", {"userId": id_, "reason": "Left."}, f"revokedServiceTokens {USER}")
    assert (payload["revokedServiceTokens"], payload["user"]["memberStatus"]) == (1, "INACTIVE")
    assert await who(office, bearer) == {"roles": [], "user": None}
    refused = await office.sent("createDepartment", {"name": "X", "code": "OUT"}, user=bearer)
    assert [error["code"] for error in refused["errors"]] == ["FORBIDDEN"]
    service = await office.api.client.post(
        "/u/ALPHA/graphql", json={"query": "{ __typename }"}, headers={"Authorization": f"Bearer {issued['token']}"}
    )
    assert service.status_code == 401
    kept = "SELECT status::text FROM course_enrollments WHERE user_id = $1"
    assert await owner.fetchval(kept, person) == "active"
    await office.done("deactivateMember", {"userId": id_})  # as it is
    back = await office.done("reactivateMember", {"userId": id_}, USER)
    assert (back["user"]["memberStatus"], [r["role"] for r in back["user"]["roles"]]) == (
        "ACTIVE",
        ["UNIVERSITY_ADMIN"],
    )
    assert (await who(office, bearer))["roles"] == ["UNIVERSITY_ADMIN"]
    admin = world.people["admin"]
    audited = await office.audited(since)
    token = await owner.fetchval("SELECT id FROM service_tokens WHERE issued_by = $1", person)
    assert audited == [
        (admin, "member.deactivate", "User", person, {"status": "active"}, {"status": "inactive"}),
        (admin, "service_token.revoke", "ServiceToken", token, None, None),
        (admin, "member.reactivate", "User", person, {"status": "inactive"}, {"status": "active"}),
    ]
    reason = "SELECT reason FROM audit_log WHERE act = 'member.deactivate' ORDER BY id DESC LIMIT 1"
    assert await owner.fetchval(reason) == "Left."
    await office.done("deactivateMember", {"userId": id_})


async def test_who_can_not_be_put_out(office, owner):
    for given, wanted in (
        ({"userId": office.person("admin")}, ("FORBIDDEN", ["input", "userId"])),
        ({"userId": (await invited(office))[0]}, ("CLOSED", ["input", "userId"])),
        ({"userId": office.person("student"), "expectedVersion": 99}, ("CONFLICT", ["input", "expectedVersion"])),
        ({"userId": office.person("student"), "reason": " "}, ("INVALID", ["input", "reason"])),
    ):
        assert await office.refused("deactivateMember", given) == wanted


async def test_two_administrators_who_put_each_other_out(office):
    """One of them stays, however often they try."""
    for _ in range(5):
        id_, email = await accepted(office, fresh(roles=[{"role": "UNIVERSITY_ADMIN"}]))
        bearer = await session(office, email)
        ours, theirs = await asyncio.gather(
            office.sent("deactivateMember", {"userId": id_}),
            office.sent("deactivateMember", {"userId": office.person("admin")}, user=bearer),
        )
        assert sorted([len(ours["errors"]), len(theirs["errors"])]) == [0, 1]
        lost = (theirs if theirs["errors"] else ours)["errors"][0]
        assert lost["code"] in {"CLOSED", "FORBIDDEN"}
        await office.owner.execute(
            "UPDATE university_members SET status = CASE user_id WHEN $1 THEN 'inactive' ELSE 'active' END"
            " WHERE user_id IN ($1, $2) AND university_id = $3",
            number(id_), office.world.people["admin"], office.university_id,
        )  # fmt: skip


async def test_who_was_erased_is_left_in_peace(office, owner):
    id_, _ = await accepted(office)
    await owner.execute("UPDATE university_members SET status = 'erased' WHERE user_id = $1", number(id_))
    for name, more in (
        ("updateMember", {"displayName": "X"}), ("deactivateMember", {}), ("reactivateMember", {}),
        ("resendInvitation", {}), ("revokeInvitation", {}),
    ):  # fmt: skip
        assert await office.refused(name, {"userId": id_, **more}) == ("CLOSED", ["input", "userId"])
    assert await office.refused("grantRole", {"userId": id_, "role": "TA"}) == ("CLOSED", ["input", "userId"])


# ---- who may not

PEOPLES = {
    "inviteMember": {"email": "x@alpha.example", "displayName": "X"},
    "bulkInviteMembers": {"members": [{"email": "x@alpha.example", "displayName": "X"}]},
    "resendInvitation": {},
    "revokeInvitation": {},
    "updateMember": {"displayName": "X"},
    "deactivateMember": {},
    "reactivateMember": {},
}


@pytest.mark.parametrize("name", PEOPLES)
async def test_who_may_not(office, name):
    given = PEOPLES[name]
    if not name.lower().count("invitemember"):
        given = {**given, "userId": office.person("student")}
    if name == "revokeInvitation":
        given = {"userId": (await invited(office))[0]}
    assert await office.all_refused(name, given) == FORBIDDEN
    if "userId" in given:  # the administrator of BETA, in BETA: it is nobody of theirs
        assert await office.all_refused(name, given, ("beta_admin",), "BETA") == {"beta_admin": "NOT_FOUND"}
