"""The archive of a course by itself: the same bytes each time, and nothing of a hostile one gets through."""

import contextlib
import copy
import hashlib
import io
import json
import stat
import struct
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_graphql.engine.usererrors import Refused
from lms_graphql.interop.bundle import archive, form
from lms_graphql.interop.bundle.archive import Bundle, BundleError, read_bundle, write_bundle
from lms_graphql.interop.bundle.checking import checked_course
from tests.interop.bundles import document_of, packed

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n and so on"
HERE = ("input", "uploadId")


def asset(key="a1", data=PNG, path="assets/a1.png"):
    file = form.File(path, hashlib.sha256(data).hexdigest(), len(data), "image/png", "chart.png")
    return form.Asset(key, "image", file=file, meta={"alt_text": "a chart"})


def course(**change):
    """A course with one of everything."""
    text = {"blocks": [{"type": "image", "asset_id": "a1"}, {"type": "paragraph", "text": "*Look*."}]}
    choice = form.Question(
        "q1", "single_choice", "Which?", Decimal("1.50"), {"correct": ["a"]},
        [{"id": "a", "text": "this"}, {"id": "b", "text": "that"}], ["Think."], "Because.",
    )  # fmt: skip
    items = [
        form.Item("i1", "text", "An article", text),
        form.Item("i2", "quiz", "A quiz", {"quiz_mode": "exam", "question_pool_id": "p1"}, None, 600, False),
        form.Item("i3", "assignment", "Work", {"max_points": 10}, rubric=[
            form.Criterion("Method", Decimal(10), "How.", [form.Rating("Full", Decimal(10))])
        ]),
    ]  # fmt: skip
    whole = form.Course(
        code="C1",
        title="A course",
        level="graduate",
        language_code="en",
        credit_hours=Decimal("6.00"),
        primary_subject="mechanics",
        subjects=[form.Subject("mechanics", True)],
        prerequisites=[form.Prerequisite("C0", "recommended")],
        assets=[asset()],
        pools=[form.Pool("p1", "A pool", questions=[choice])],
        modules=[form.Module("m1", "unit", "A unit", is_published=True, modules=[
            form.Module("m2", "lesson", "A lesson", template=form.Template("Lesson", "lesson"), items=items)
        ])],
        grading_policy=form.Policy(Decimal(50), [form.Letter("A", Decimal(90))], [
            form.Category("c1", "Homework", Decimal(100), drop_lowest=1)
        ]),
        offerings=[form.Offering(
            "o1", "members", "open", "2026-09", starts_at=NOW, ends_at=LATER,
            sections=[form.Section("TUE", "Tuesdays")],
            grade_items=[form.GradeItem("Exam", Decimal(100), "c1", LATER)],
            settings=[form.Setting("i3", None, due_at=LATER, category="c1"), form.Setting("i3", "TUE", due_at=LATER)],
        )],
    )  # fmt: skip
    return msgspec.structs.replace(whole, **change)


FILES = {"assets/a1.png": PNG}
GOOD = write_bundle(Bundle(course(), FILES), NOW)


def document(**change):
    return {**document_of(GOOD), **change}


def sealed(edit):
    """The document of GOOD after an edit of its course, with the seal that is right for it."""
    found = copy.deepcopy(document_of(GOOD))
    edit(found["course"])
    found["sha256"] = hashlib.sha256(form.spelled(found["course"])).hexdigest()
    return packed(found, FILES)


def refusal(data):
    with pytest.raises(BundleError) as caught:
        read_bundle(data)
    line = str(caught.value)
    assert len(line.splitlines()) == 1
    return line


def test_what_is_written_is_read():
    assert read_bundle(GOOD) == Bundle(course(), FILES)
    checked = checked_course(course(), HERE)
    assert checked.payloads["i1"]["blocks"][0]["asset_id"] == 1
    assert checked.payloads["i2"]["question_pool_id"] == 1


def test_the_same_course_gives_the_same_bytes_but_for_the_time():
    assert write_bundle(Bundle(course(), dict(FILES)), NOW) == GOOD
    other = document_of(write_bundle(Bundle(course(), FILES), LATER))
    assert {**other, "produced_at": None} == document(produced_at=None)
    assert other["produced_at"] == "2027-01-01T00:00:00Z"


def test_a_document_may_be_spelled_otherwise():
    assert read_bundle(packed(json.dumps(document(), indent=7, sort_keys=True), FILES)) == read_bundle(GOOD)


def test_the_schema_beside_the_code_is_that_of_the_structs():
    path = Path(form.__file__).with_name("schema.json")
    assert json.loads(path.read_text()) == form.json_schema()


def test_the_description_names_every_part():
    told = Path(form.__file__).with_name("FORMAT.md").read_text()
    for part in [form.Document, *form.Part.__subclasses__()]:
        assert all(f"`{name}`" in told for name in part.__struct_fields__), part


BROKEN = {
    "no zip": (b"something", "the archive is damaged or is no zip"),
    "empty": (b"", "the archive is damaged or is no zip"),
    "cut off": (GOOD[:-30], "the archive is damaged or is no zip"),
    "without a document": (packed("{}").replace(b"course.json", b"coarse.json"), "neither course.json nor a file"),
    "nothing in it": (packed("{}", {})[:0] + b"PK\x05\x06" + b"\0" * 18, "there is no course.json in the archive"),
    "another format": (packed(document(format="scorm")), "of the format 'scorm', not 'lms-graphql-course'"),
    "a newer version": (packed(document(version=2)), "is of version 2 of the format, 1 is the newest that"),
    "an older version": (packed(document(version=0), FILES), "course.json can't be read: Invalid enum value 0"),
    "no JSON": (packed("{"), "course.json can't be read: Input data was truncated"),
    "no UTF-8": (packed(b'{"format": "\xff"}'), "course.json can't be read: "),
    "too deep": (packed(b'{"course":' * 5000), "course.json can't be read: "),
    "NUL": (sealed(lambda found: found.update(title="a\0b")), "a character that can't be stored (U+0000)"),
    "an unknown key": (sealed(lambda found: found.update(price=1)), "unknown field `price`"),
    "an unknown key below": (sealed(lambda found: found["modules"][0].update(price=1)), "unknown field `price`"),
    "a label that there is not": (sealed(lambda found: found.update(level="high")), "Invalid enum value 'high'"),
    "another type": (sealed(lambda found: found.update(title=5)), "Expected `str`, got `int` - at `$.course.title`"),
    "edited": (packed(document(course={**document()["course"], "title": "Mine"}), FILES), "is not as it was exported"),
    "a file of other content": (packed(document(), {"assets/a1.png": PNG + b"!"}), "'assets/a1.png' is not as it was"),
    "a file too few": (packed(document()), "do not have the same files: 'assets/a1.png'"),
    "a file too many": (packed(document(), {**FILES, "assets/a2.png": PNG}), "the same files: 'assets/a2.png'"),
    "a way out": (packed(document(), {**FILES, "../a1.png": PNG}), "the member '../a1.png' is neither course.json nor"),
    "an absolute way": (packed(document(), {"/assets/a1.png": PNG}), "'/assets/a1.png' is neither course.json nor"),
    "a bomb": (packed(b" " * 2**25), "unpacks to more than 200 times its size"),
    "a bomb of files": (packed("{}", {f"assets/{n}": b"0" * 2**22 for n in range(5)}), "more than 200 times its size"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_course_is_refused_whole(name):
    data, told = BROKEN[name]
    assert told in refusal(data)


def test_members_that_no_course_has():
    def zipped(**attributes):
        member = zipfile.ZipInfo("course.json")
        made = io.BytesIO()
        compression = attributes.pop("compression", zipfile.ZIP_STORED)
        for name, value in attributes.items():
            setattr(member, name, value)
        with zipfile.ZipFile(made, "w") as opened:
            opened.writestr(member, json.dumps(document()), compression)
        return made.getvalue()

    link = zipped(external_attr=(stat.S_IFLNK | 0o777) << 16, create_system=3)
    assert "is a link or a special file" in refusal(link)
    assert "is compressed in an unusual way" in refusal(zipped(compression=zipfile.ZIP_LZMA))
    plain = bytearray(zipped())
    at = plain.index(b"PK\x01\x02") + 8
    plain[at : at + 2] = struct.pack("<H", 1)
    assert "is encrypted" in refusal(bytes(plain))
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as opened:
        opened.writestr("course.json", "{}")
        with pytest.warns(UserWarning, match="Duplicate name"):
            opened.writestr("course.json", "{}")
    assert "the member 'course.json' comes twice" in refusal(twice.getvalue())


def test_limits(monkeypatch):
    monkeypatch.setattr(archive, "MOST_MEMBERS", 1)
    assert "more than 1 members" in refusal(GOOD)
    monkeypatch.undo()
    monkeypatch.setattr(archive, "MOST_DOCUMENT_BYTES", 100)
    assert "makes the archive unpack to more than can be taken" in refusal(GOOD)
    monkeypatch.undo()
    monkeypatch.setattr(archive, "MOST_BYTES", len(json.dumps(document())) // 2)
    assert "makes the archive unpack to more than can be taken" in refusal(GOOD)


@given(st.binary(max_size=200), st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_no_other_bytes_do_any_harm(more, at, flip):
    for data in (more, GOOD[:at] + bytes([GOOD[at] ^ flip]) + GOOD[at + 1 :], GOOD[:at] + more):
        with contextlib.suppress(BundleError):
            assert read_bundle(data).course == course()


def wrong(edit):
    """What is wrong with a course after an edit of its document: all of the path, each with its place."""
    found = copy.deepcopy(document_of(GOOD)["course"])
    edit(found)
    with pytest.raises(Refused) as caught:
        checked_course(msgspec.convert(found, form.Course), HERE)
    assert {failure.path for failure in caught.value.failures} == {HERE}
    return [failure.message for failure in caught.value.failures]


def lesson(found):
    return found["modules"][0]["modules"][0]


def offering(found):
    return found["offerings"][0]


WRONG = {
    "a key twice": (lambda c: lesson(c).update(key="m1"), "m1: a key here is m with a number from 1, and names one"),
    "a key of another kind": (lambda c: lesson(c).update(key="i9"), "i9: a key here is m with a number from 1"),
    "a key with zeros": (lambda c: lesson(c).update(key="m01"), "m01: a key here is m with a number from 1"),
    "a dangling asset": (lambda c: lesson(c)["items"][0]["payload"]["blocks"][0].update(asset_id="a9"),
                         "modules[0].modules[0].items[0].payload: it refers to 'a9', which is not in the document"),
    "an id in place of a key": (lambda c: lesson(c)["items"][1]["payload"].update(question_pool_id=1),
                                "modules[0].modules[0].items[1].payload: it refers to '1', which is not in the"),
    "a payload that is none": (lambda c: lesson(c)["items"][0]["payload"]["blocks"][1].update(text=5),
                               "modules[0].modules[0].items[0].payload: blocks[1].text: "),
    "a question without its answer": (lambda c: c["pools"][0]["questions"][0]["answer"].update(correct=["z"]),
                                      "pools[0].questions[0]: answer"),
    "a title of two lines": (lambda c: c["modules"][0].update(title="a\nb"), "modules[0].title: "),
    "credits": (lambda c: c.update(credit_hours="100"), "credit_hours: this must be a number from 0 to 99.99"),
    "no number": (lambda c: c.update(credit_hours="NaN"), "credit_hours: this must be a number from 0 to 99.99"),
    "a third of a cent": (lambda c: c.update(credit_hours="0.001"), "credit_hours: this has more than two places"),
    "a subject twice": (lambda c: c["subjects"].append({"code": "mechanics"}), "subjects: 'mechanics' is there 2"),
    "two primary subjects": (lambda c: c["subjects"].append({"code": "x", "is_primary": True}), "subjects: one of"),
    "a prerequisite twice": (lambda c: c["prerequisites"].append({"course": "C0", "type": "strict"}),
                             "prerequisites: 'C0' is there 2"),
    "an asset of nothing": (lambda c: c["assets"][0].pop("file"), "assets[0]: an asset has either a url or a file"),
    "an asset at a script": (lambda c: c["assets"][0].update(url="javascript:x", file=None), "assets[0].url: this is"),
    "an asset with a password": (lambda c: c["assets"][0].update(url="https://a:b@c", file=None), "assets[0].url: "),
    "a file in a folder": (lambda c: c["assets"][0]["file"].update(file_name="../x.png"), "assets[0].file.file_name: "),
    "a page": (lambda c: c["assets"][0]["file"].update(media_type="text/html"), "assets[0].file.media_type: files of"),
    "meta that is none": (lambda c: c["assets"][0].update(meta={"width": "wide"}), "assets[0].meta: "),
    "a rubric of a text": (lambda c: lesson(c)["items"][0].update(rubric=[{"title": "x", "points": "1"}]),
                           "modules[0].modules[0].items[0].rubric: labs and assignments have rubrics"),
    "a rating above": (lambda c: lesson(c)["items"][2]["rubric"][0]["ratings"][0].update(points="11"),
                       "items[2].rubric[0].ratings[0].points: this must be a number from 0 to 10"),
    "a root below": (lambda c: lesson(c).update(module_type="course_root"), "modules[0].modules[0]: a course_root"),
    "a weight": (lambda c: c["grading_policy"]["categories"][0].update(weight="101"),
                 "grading_policy.categories[0].weight: this must be a number from 0 to 100"),
    "a letter twice": (lambda c: c["grading_policy"]["letters"].append({"letter": "A", "lowest_score": "1"}),
                       "grading_policy.letters: 'A' is there 2 times"),
    "an end before the start": (lambda c: offering(c).update(ends_at="2026-01-01T00:00:00Z"),
                                "offerings[0].ends_at: this must be after starts_at"),
    "a section twice": (lambda c: offering(c)["sections"].append({"code": "TUE", "name": "x"}),
                        "offerings[0].sections: 'TUE' is there 2 times"),
    "a section that there is not": (lambda c: offering(c)["settings"][1].update(section="WED"),
                                    "offerings[0].settings[1].section: the offering has no section 'WED'"),
    "an item that there is not": (lambda c: offering(c)["settings"][0].update(item="i7"),
                                  "offerings[0].settings[0].item: there is no item i7 in the document"),
    "a category that there is not": (lambda c: offering(c)["grade_items"][0].update(category="c7"),
                                     "offerings[0].grade_items[0].category: neither the course's policy nor"),
    "a setting twice": (lambda c: offering(c)["settings"].append({"item": "i3"}),
                        "offerings[0].settings: 'i3' is there 2 times"),
    "due after the lock": (lambda c: offering(c)["settings"][0].update(lock_at="2026-01-01T00:00:00Z"),
                           "offerings[0].settings[0].lock_at: this must not be before due_at"),
    "a rule without its score": (lambda c: offering(c)["settings"][0].update(completion_rule="min_score"),
                                 "offerings[0].settings[0].min_score: the completion rule min_score needs one"),
    "no submission": (lambda c: offering(c)["settings"][0].update(max_submissions=0),
                      "offerings[0].settings[0].max_submissions: this is at least 1"),
    "too much time": (lambda c: offering(c)["settings"][0].update(extra_time_seconds=604801),
                      "offerings[0].settings[0].extra_time_seconds: at most 604800 can be taken"),
    "an exam of nothing": (lambda c: offering(c)["grade_items"][0].update(points="0"),
                           "offerings[0].grade_items[0].points: this must be a number from 0.01 to 9999.99"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_can_not_be_stored_is_told_with_its_place(name):
    edit, told = WRONG[name]
    messages = wrong(edit)
    assert any(told in message for message in messages), messages


def test_all_that_is_wrong_is_told_at_once():
    def edit(found):
        for name in ("a weight", "a title of two lines", "credits", "a rating above"):
            WRONG[name][0](found)

    assert len(wrong(edit)) == 4


def test_sizes(monkeypatch):
    monkeypatch.setattr(form, "MOST_ITEMS", 2)
    assert wrong(lambda _: None) == ["course: it has 3 content items, at most 2 can be taken"]
    monkeypatch.undo()

    def nest(found):
        module = found["modules"][0]
        for number in range(3, 36):
            module["modules"] = [{"key": f"m{number}", "module_type": "unit", "title": "x"}]
            module = module["modules"][0]
        found["offerings"] = []

    assert wrong(nest) == ["modules[0]" + ".modules[0]" * 33 + ": a module has at most 32 others above it"]
