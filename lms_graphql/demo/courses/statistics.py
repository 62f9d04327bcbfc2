"""MA240: a course in the making, not published."""

from collections.abc import Mapping

from lms_graphql.demo.authoring import course, lesson, math, practice, text, unit
from lms_graphql.interop.imported import ImportedCourse

ASSETS: dict[str, str] = {}


def build(_assets: Mapping[str, int], pools: Mapping[str, int]) -> ImportedCourse:
    """Samples and what they say."""
    return course(
        "MA240",
        "Statistics: Reasoning from Data",
        "In preparation. What a sample can tell about those who are not in it.",
        unit(
            "Samples",
            lesson(
                "How sure can we be?",
                text(
                    "The spread of an average",
                    "Ask ten people and the average will be off by a lot; ask a thousand and it will be off by less. "
                    "To halve the error you need four times as many.",
                    math(r"\sigma_{\bar x} = \frac{\sigma}{\sqrt n}"),
                    "None of this helps when the people who answer are not like those who don't.",
                ),
                practice("Check: averages", pools["averages"]),
            ),
        ),
    )
