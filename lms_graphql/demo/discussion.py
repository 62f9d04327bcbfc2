"""What people say in the demo's current offerings: questions, answers to answers, a notice that stands above them."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import update

from lms_graphql.demo.learning import Item
from lms_graphql.demo.rows import Rows
from lms_graphql.discussion.models import DiscussionPost, DiscussionThread, PostReport, PostRevision, ThreadReadMark


class Said(NamedTuple):
    """A post: who wrote it, the index of the post that it answers, its words; `more` are further columns."""

    who: str
    answers: int | None
    words: str
    more: dict[str, Any] = {}


class Talk(NamedTuple):
    """A thread in the current offering of a course; `about` is the first item of a type, `read` how far each person is.

    `accepted` and `read` name posts by their index.
    """

    course: str
    about: str | None
    title: str
    days_ago: int
    posts: list[Said]
    accepted: int | None = None
    read: dict[str, int] = {}
    more: dict[str, Any] = {}


EDITED: dict[str, Any] = {"edited": "I tried it with a bottle of water on the rack."}
"""What the post said before."""
REPORTED: dict[str, Any] = {"reported": ("student2", "off_topic", "This belongs on the notice board.")}
"""By whom, of which kind, and why."""
DELETED: dict[str, Any] = {"is_deleted": True}
NOTICE = {"is_pinned": True, "is_locked": True}

TALKS = [
    Talk(
        "ME101",
        "text",
        "Does a heavier cyclist need a longer way to stop?",
        12,
        [
            Said(
                "student7",
                None,
                "In the example the mass does not appear. But a loaded bike surely is harder to stop? What am I"
                " missing?",
            ),
            Said(
                "assistant",
                0,
                "Good question. Ask what limits the deceleration: your hands, or the grip of the tyres on the road?",
            ),
            Said(
                "student7",
                1,
                "With good brakes it is the grip. And the friction grows with the mass, so the mass cancels again?",
            ),
            Said(
                "instructor.mechanics",
                2,
                "Exactly, as on the inclined plane. With weak brakes the force is what the brakes give, whatever the"
                " mass; then the heavier bike does need a longer way. Both of you are right, about different brakes.",
            ),
            Said("student2", 0, "I tried it with two bottles of water on the rack. It was about the same.", EDITED),
            Said("student9", None, "Is there a lecture on Friday?", DELETED),
            Said("student9", None, "Does anybody sell a used bike?", REPORTED),
        ],
        accepted=3,
        read={"student7": 3, "student2": 4, "student1": 1, "instructor.mechanics": 5},
    ),
    Talk(
        "ME101",
        None,
        "Please read: how this course works",
        60,
        [
            Said(
                "instructor.mechanics",
                None,
                "A lesson is about an hour. Do the quiz before you look at the solution, and ask here: whoever asks"
                " asks for others too.",
            )
        ],
        read={"student1": 0, "student2": 0, "student6": 0},
        more=NOTICE,
    ),
    Talk(
        "CS120",
        "engineering_lab",
        "The shown tests pass, and then?",
        5,
        [
            Said("student5", None, "All the tests that I see pass. What do the others look at?"),
            Said("assistant", 0, "At what the text asks for and the shown tests leave out. Try an empty list."),
            Said("student5", 1, "An empty list, of course. Thank you."),
        ],
        accepted=1,
        read={"student5": 2, "student12": 0},
    ),
]


class Place(NamedTuple):
    """Where a thread stands: the course, its current offering, the course's items."""

    course_id: int
    offering_id: int
    items: list[Item]


async def add_talk(rows: Rows, talk: Talk, place: Place, users: dict[str, int], now: datetime) -> None:
    """Insert a thread with its posts and marks; a post follows the one before it after five hours."""
    begun = now - timedelta(days=talk.days_ago, hours=3)
    thread_id = await _add_thread(rows, talk, place, users[talk.posts[0].who], begun)
    ids: list[int] = []
    for number, said in enumerate(talk.posts):
        written = begun + timedelta(hours=5 * number)
        post = {
            "thread_id": thread_id,
            "parent_post_id": None if said.answers is None else ids[said.answers],
            "user_id": users[said.who],
            "body": said.words,
            "created_at": written,
            "updated_at": written + timedelta(minutes=20 if "edited" in said.more else 0),
            "is_deleted": "is_deleted" in said.more,
            "version": 1 + bool(said.more.keys() & {"edited", "is_deleted"}),
        }
        ids += await rows.add(DiscussionPost, [post])
        await _add_former_words(rows, said, ids[-1], users, written)
    marks = [
        {"thread_id": thread_id, "user_id": users[name], "last_read_post_id": ids[index]}
        for name, index in talk.read.items()
    ]
    await rows.put(ThreadReadMark, marks)
    if talk.accepted is not None:
        here = (DiscussionThread.university_id == rows.tenant["university_id"]) & (DiscussionThread.id == thread_id)
        await rows.connection.execute(update(DiscussionThread).where(here).values(accepted_post_id=ids[talk.accepted]))


async def _add_former_words(rows: Rows, said: Said, post_id: int, users: dict[str, int], written: datetime) -> None:
    """What a post said before, and that it was reported, where it says so."""
    if "edited" in said.more:
        former = {"version": 1, "body": said.more["edited"], "written_at": written, "replaced_by": users[said.who]}
        await rows.put(PostRevision, [{"post_id": post_id, **former, "replaced_at": written + timedelta(minutes=20)}])
    if "reported" in said.more:
        who, kind, reason = said.more["reported"]
        report = {"post_id": post_id, "user_id": users[who], "kind": kind, "reason": reason}
        await rows.put(PostReport, [{**report, "created_at": written + timedelta(hours=1)}])


async def _add_thread(rows: Rows, talk: Talk, place: Place, author: int, begun: datetime) -> int:
    item = next((item for item in place.items if item.content_type == talk.about), None)
    thread = {
        "course_id": place.course_id,
        "course_offering_id": place.offering_id,
        "module_id": item.modules[-1] if item else None,
        "content_item_id": item.id if item else None,
        "created_by_user_id": author,
        "title": talk.title,
        "created_at": begun,
        **talk.more,
    }
    (thread_id,) = await rows.add(DiscussionThread, [thread])
    return thread_id
