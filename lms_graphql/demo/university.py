"""What the demo universities are made of, as plain data; people are called by what they are."""

from types import ModuleType
from typing import Any, NamedTuple

from lms_graphql.demo.courses import calculus, circuits, mechanics, programming, statistics, tree_of_life, writing

DEMO, LAKE = "DEMO", "LAKE"
FIRST_COURSE = "ME101"
STUDENTS = 12

DOMAINS = {
    "engineering": ("Engineering", "How to make things that work."),
    "formal": ("Mathematics and computing", "What follows from what, and how to calculate it."),
    "life": ("Life sciences", "How living things work and where they come from."),
    "humanities": ("Humanities", "What people say, write and think."),
}

SUBJECTS = [  # code, name, domain, parent; parents first
    ("physics", "Physics", "engineering", None),
    ("mechanics", "Mechanics", "engineering", "physics"),
    ("dynamics", "Dynamics", "engineering", "mechanics"),
    ("electrical", "Electrical engineering", "engineering", None),
    ("circuits", "Circuits", "engineering", "electrical"),
    ("mathematics", "Mathematics", "formal", None),
    ("analysis", "Analysis", "formal", "mathematics"),
    ("differential-calculus", "Differential calculus", "formal", "analysis"),
    ("statistics", "Statistics", "formal", "mathematics"),
    ("computing", "Computing", "formal", None),
    ("programming", "Programming", "formal", "computing"),
    ("biology", "Biology", "life", None),
    ("zoology", "Zoology", "life", "biology"),
    ("systematics", "Systematics", "life", "zoology"),
    ("writing", "Writing", "humanities", None),
]

DEPARTMENTS = {"ENG": "Engineering", "MATH": "Mathematics", "CS": "Computer Science", "BIO": "Biology"}


class Person(NamedTuple):
    """Somebody: the name in the address, the label, the roles as (role, code of a department)."""

    name: str
    label: str
    roles: list[tuple[str, str | None]]


PEOPLE = [
    *(Person(f"student{number}", f"Student {number}", [("student", None)]) for number in range(1, STUDENTS + 1)),
    Person("instructor.mechanics", "Instructor of Mechanics", [("instructor", None)]),
    Person("instructor.mathematics", "Instructor of Mathematics", [("instructor", None)]),
    Person("instructor.computing", "Instructor of Computing and Biology", [("instructor", None)]),
    Person("assistant", "Teaching Assistant", [("ta", None)]),
    Person(
        "department.admin",
        "Administrator of Engineering and Mathematics",
        [("department_admin", "ENG"), ("department_admin", "MATH")],
    ),
    Person("university.admin", "University Administrator", [("university_admin", None)]),
]
PLATFORM_ADMINISTRATOR = Person("platform.admin", "Platform Administrator", [])
IN_BOTH = "student12"


class Offered(NamedTuple):
    """A run of a course: when relative to today, who finds it, who teaches it, who takes part.

    `students` maps the number of a student to (status, share of the content that is done). Where an assistant helps to
    teach, there are two sections, and the assistant has the second one.
    """

    when: str
    visibility: str
    instructors: list[str]
    students: dict[int, tuple[str, float]]
    capacity: int | None = None
    waitlist_capacity: int | None = None


class Taught(NamedTuple):
    """A course as the catalog has it, and its runs."""

    written: ModuleType
    department: str
    subjects: list[str]
    level: str
    credit_hours: float
    offered: list[Offered]
    is_published: bool = True
    difficulty: str | None = None


DONE = ("completed", 1.0)
ASSISTANT = "assistant"
SECTIONS = [("TUE", "Tuesdays at 14:00"), ("THU", "Thursdays at 10:00")]
COURSES = {
    "ME101": Taught(
        mechanics,
        "ENG",
        ["mechanics", "dynamics"],
        "undergraduate",
        6,
        [
            Offered("past", "members", ["instructor.mechanics"], {3: DONE, 4: DONE, 5: ("dropped", 0.2), 6: DONE}),
            Offered(
                "current",
                "public",
                ["instructor.mechanics", "assistant"],
                {
                    1: ("active", 0.6),
                    2: ("active", 0.9),
                    5: ("waitlisted", 0.0),
                    6: ("active", 0.4),
                    7: ("active", 0.25),
                    8: ("active", 0.0),
                    9: ("dropped", 0.1),
                    10: ("waitlisted", 0.0),
                    11: ("active", 1.0),
                },
                capacity=6,
                waitlist_capacity=5,
            ),
            Offered("upcoming", "public", ["instructor.mechanics"], {12: ("pending", 0.0)}, capacity=24),
        ],
        difficulty="beginner",
    ),
    "MA110": Taught(
        calculus,
        "MATH",
        ["differential-calculus", "analysis"],
        "undergraduate",
        6,
        [
            Offered(
                "past",
                "members",
                ["instructor.mathematics"],
                {1: DONE, 2: DONE, 3: DONE, 4: DONE, 7: ("dropped", 0.3)},
            ),
            Offered(
                "current",
                "members",
                ["instructor.mathematics"],
                {5: ("active", 0.5), 8: ("active", 0.35), 9: ("active", 0.7), 12: ("waitlisted", 0.0)},
                capacity=3,
                waitlist_capacity=1,
            ),
            Offered("upcoming", "public", ["instructor.mathematics"], {10: ("pending", 0.0)}),
        ],
        difficulty="beginner",
    ),
    "CS120": Taught(
        programming,
        "CS",
        ["programming"],
        "undergraduate",
        4.5,
        [
            Offered("past", "members", ["instructor.computing"], {2: DONE, 4: DONE}),
            Offered(
                "current",
                "public",
                ["instructor.computing", "assistant"],
                {
                    1: ("active", 0.3),
                    3: ("active", 0.55),
                    5: ("active", 0.75),
                    10: ("active", 0.2),
                    11: ("active", 0.5),
                    12: ("active", 0.1),
                },
                capacity=30,
            ),
            Offered("upcoming", "private", ["instructor.computing"], {}),
        ],
        difficulty="beginner",
    ),
    "BI210": Taught(
        tree_of_life,
        "BIO",
        ["systematics", "zoology"],
        "undergraduate",
        3,
        [
            Offered(
                "current",
                "members",
                ["instructor.computing"],
                {4: ("active", 0.4), 7: ("active", 0.1), 12: ("active", 0.65)},
            ),
            Offered("upcoming", "public", ["instructor.computing"], {}),
            Offered("later", "public", ["instructor.computing"], {}),
        ],
        difficulty="intermediate",
    ),
    "EE220": Taught(
        circuits,
        "ENG",
        ["circuits"],
        "undergraduate",
        6,
        [
            Offered(
                "current",
                "members",
                ["instructor.mechanics"],
                {3: ("active", 0.5), 4: ("active", 0.3)},
            ),
            Offered(
                "upcoming",
                "private",
                ["instructor.mechanics"],
                {1: ("pending", 0.0), 2: ("pending", 0.0)},
            ),
        ],
        difficulty="intermediate",
    ),
    "MA240": Taught(
        statistics,
        "MATH",
        ["statistics"],
        "graduate",
        4.5,
        [
            Offered("current", "private", ["instructor.mathematics"], {}),
            Offered("upcoming", "private", ["instructor.mathematics"], {}),
        ],
        is_published=False,
        difficulty="advanced",
    ),
}
FAILED = {("ME101", "past", 6), ("CS120", "past", 2)}
CERTIFICATE_DAYS = {"CS120": 60}
"""How long the certificates of a course hold; others hold for ever."""
REVOKED = ("ME101", "past", 3)
"""Whose first certificate was revoked, since it was issued with an end by mistake."""

PREREQUISITES = [  # course, what it asks for, how
    ("EE220", "ME101", "strict"),
    ("EE220", "MA110", "recommended"),
    ("ME101", "MA110", "co_requisite"),
    ("MA240", "MA110", "strict"),
    ("MA240", "CS120", "recommended"),
    ("CS120", "MA110", "recommended"),
    ("BI210", "CS120", "strict"),
    ("BI210", "MA240", "recommended"),  # which is not published: students are told nothing of it
]

LAKE_COURSES = {
    "WR100": Taught(
        writing,
        "LIB",
        ["writing"],
        "certificate",
        2,
        [Offered("current", "public", [], {12: ("active", 0.5)})],
    )
}

PLATFORM_TEMPLATES: list[dict[str, Any]] = [
    {
        "template_type": "lesson",
        "title": "Lesson: watch, read, practise",
        "description": "A short video, an article, a quiz.",
        "default_data": {"items": ["video", "text", "quiz"], "estimated_minutes": 50},
    },
    {
        "template_type": "lab",
        "title": "Lab in a notebook",
        "description": "A lab with shown and hidden tests.",
        "default_data": {"items": ["engineering_lab"], "estimated_minutes": 60},
    },
]
UNIVERSITY_TEMPLATES: list[dict[str, Any]] = [
    {
        "template_type": "unit",
        "title": "Four-week unit",
        "description": "Three lessons, an assignment, and a test in the last week.",
        "default_data": {"weeks": 4, "items": ["assignment", "quiz"]},
    },
]

REVIEWS = [  # course, number of the student, rating, words; on past runs
    ("ME101", 3, 5, "The free-body diagrams are worth the course alone."),
    ("ME101", 4, 4, "Clear articles. The collision lab took me twice as long as it said."),
    ("ME101", 6, 2, "I needed more time for the second unit, and I am taking the course again."),
    ("MA110", 1, 5, "The first time that a limit made sense to me."),
    ("MA110", 2, 4, None),
    ("CS120", 4, 5, "I still use the program that I wrote in the project weeks."),
    ("MA110", 3, 3, "Good on derivatives, hasty on continuity."),
    ("CS120", 2, 4, "More exercises on lists, please."),
]
