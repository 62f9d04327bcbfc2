"""Short ways to write a course down: each function gives one piece, `course` names every piece by its place."""

import re
from typing import Any

from lms_graphql.interop.imported import ImportedCourse, ImportedItem, ImportedModule

Block = dict[str, Any]
Inside = ImportedModule | ImportedItem

SYSTEM = "demo"
MEDIA = "https://media.example.edu"
LIBRARY = "https://library.example.edu"
_WORDS_PER_MINUTE = 160


def course(code: str, title: str, description: str, *modules: ImportedModule) -> ImportedCourse:
    """A course; what is in it gets external ids made of the titles on the way to it."""
    for module in modules:
        _name(module, code)
    return ImportedCourse(SYSTEM, code, code, title, description, modules=list(modules))


def _name(thing: Inside, parent: str) -> None:
    thing.external_id = f"{parent}/{re.sub('[^a-z0-9]+', '-', thing.title.lower()).strip('-')}"
    if isinstance(thing, ImportedModule):
        inside: list[Inside] = [*thing.children, *thing.items]
        for inner in inside:
            _name(inner, thing.external_id)


def module(
    kind: str, title: str, *inside: Inside, description: str | None = None, published: bool = True
) -> ImportedModule:
    """A module of any type with its modules and items, each in their order."""
    return ImportedModule(
        external_id="",
        module_type=kind,
        title=title,
        description=description,
        is_published=published,
        children=[thing for thing in inside if isinstance(thing, ImportedModule)],
        items=[thing for thing in inside if isinstance(thing, ImportedItem)],
    )


def unit(title: str, *inside: Inside, description: str | None = None, published: bool = True) -> ImportedModule:
    """A unit: a few weeks of a course."""
    return module("unit", title, *inside, description=description, published=published)


def lesson(title: str, *inside: Inside, description: str | None = None) -> ImportedModule:
    """A lesson: about an hour."""
    return module("lesson", title, *inside, description=description)


def topic(title: str, *inside: Inside, description: str | None = None) -> ImportedModule:
    """A topic: one idea."""
    return module("topic", title, *inside, description=description)


def _item(kind: str, title: str, payload: dict[str, Any], minutes: float, description: str) -> ImportedItem:
    return ImportedItem(
        "", kind, title, payload, description=description, estimated_duration_seconds=round(60 * minutes)
    )


def text(title: str, *blocks: Block | str, minutes: float = 6, active: bool = True) -> ImportedItem:
    """An article; a string is a paragraph."""
    payload = {
        "layout": "rich_text_v1",
        "title": title,
        "blocks": [{"type": "paragraph", "text": block} if isinstance(block, str) else block for block in blocks],
    }
    item = _item("text", title, payload, minutes, "To read, with a pencil in your hand.")
    item.is_active = active
    return item


def heading(words: str, level: int = 2) -> Block:
    """A heading within an article."""
    return {"type": "heading", "text": words, "level": level}


def math(latex: str) -> Block:
    """A formula on a line of its own."""
    return {"type": "math", "latex": latex}


def image(asset_id: int, alt_text: str, caption: str) -> Block:
    """An image of the library."""
    return {"type": "image", "asset_id": asset_id, "alt_text": alt_text, "caption": caption}


def links(*labels: str) -> Block:
    """Further reading in the university's library, found by its title."""
    found = [{"label": label, "url": f"{LIBRARY}/{label.lower().replace(' ', '-')}"} for label in labels]
    return {"type": "link_list", "items": found}


def video(title: str, name: str, *spoken: str, asset_id: int | None = None) -> ImportedItem:
    """A video of the university's own, with the sentences spoken in it; how long each takes follows from its words."""
    segments, moment = [], 0.0
    for sentence in spoken:
        end = round(moment + 60 * len(sentence.split()) / _WORDS_PER_MINUTE, 1)
        segments.append({"start": moment, "end": end, "text": sentence})
        moment = end
    payload: dict[str, Any] = {
        "provider": "internal",
        "video_id": name,
        "url": f"{MEDIA}/{name}.mp4",
        "duration_seconds": round(moment) + 5,
        "thumbnail_url": f"{MEDIA}/{name}.jpg",
        "transcript": {"language": "en", "segments": segments},
    }
    if asset_id is not None:
        payload["asset_id"] = asset_id
    return _item("video", title, payload, payload["duration_seconds"] / 60, "With a transcript that can be searched.")


def practice(title: str, pool: int, questions: int = 3) -> ImportedItem:
    """A quiz to learn from: until three answers in a row are right."""
    payload = {
        "question_pool_id": pool,
        "quiz_mode": "practice",
        "num_questions_per_attempt": questions,
        "randomize_order": True,
        "time_limit_seconds": None,
        "mastery": {"points": 50, "threshold_correct_in_row": 3, "max_attempts": 5},
    }
    return _item(
        "quiz", title, payload, 1.5 * questions, f"{questions} questions, until three answers in a row are right."
    )


def exam(title: str, pool: int, questions: int, minutes: int) -> ImportedItem:
    """A quiz against the clock."""
    payload = {
        "question_pool_id": pool,
        "quiz_mode": "exam",
        "num_questions_per_attempt": questions,
        "randomize_order": True,
        "time_limit_seconds": 60 * minutes,
    }
    return _item("quiz", title, payload, minutes, f"{questions} questions in {minutes} minutes, once.")


def lab(title: str, name: str, *, given: list[str], hidden: list[str], points: int = 100) -> ImportedItem:
    """A lab in a notebook; `given` files are shown, `hidden` ones grade."""
    payload = {
        "lab_type": "code",
        "runtime": "python-datascience",
        "container_image": f"registry.example.edu/labs/{name}:3",
        "cpu_limit": "1",
        "memory_limit": "2Gi",
        "timeout_seconds": 3600,
        "entrypoint": "jupyter-lab",
        "env": {"LAB_NAME": name, "RANDOM_SEED": "2718"},
        "files": [
            *({"path": path, "role": "student_visible"} for path in given),
            *({"path": path, "role": "hidden_test"} for path in hidden),
        ],
        "grading": {"type": "unit_tests", "max_points": points},
    }
    return _item(
        "engineering_lab", title, payload, 60, "A notebook; tests that you see, and some that you do not, grade it."
    )


def assignment(title: str, instructions: str, *, points: int, types: tuple[str, ...] = ("file",)) -> ImportedItem:
    """Work to hand in."""
    payload = {"instructions": instructions, "submission_types": list(types), "max_points": points}
    return _item("assignment", title, payload, 90, "To hand in; somebody reads it.")


def resources(title: str, *entries: tuple[str, str]) -> ImportedItem:
    """Things to open: (label, kind) each, kept in the university's library."""
    found = [
        {"label": label, "url": f"{LIBRARY}/{label.lower().replace(' ', '-')}", "kind": kind} for label, kind in entries
    ]
    return _item("resource", title, {"resources": found}, 5, "To look things up.")
