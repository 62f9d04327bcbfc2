"""WR100, of the other university: one unit."""

from collections.abc import Mapping

from lms_graphql.demo.authoring import assignment, course, lesson, text, unit
from lms_graphql.interop.imported import ImportedCourse

ASSETS: dict[str, str] = {}


def build(_assets: Mapping[str, int], _pools: Mapping[str, int]) -> ImportedCourse:
    """Short sentences."""
    return course(
        "WR100",
        "Writing Clearly",
        "One page a week, rewritten until a stranger understands it at first reading.",
        unit(
            "The sentence",
            lesson(
                "Say who does what",
                text(
                    "Put people in front of verbs",
                    "«A decision was reached to effect a reduction in staffing» hides who did it. «The board decided "
                    "to dismiss ten people» does not. Find the action, make it the verb; find who acts, make that "
                    "the subject.",
                ),
                assignment(
                    "Rewrite a notice",
                    "Find a public notice that you had to read twice. Rewrite it in half as many words and lose "
                    "nothing.",
                    points=10,
                    types=("text",),
                ),
            ),
        ),
    )
