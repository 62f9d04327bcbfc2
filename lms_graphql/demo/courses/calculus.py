"""MA110: a unit in the middle is not published yet, and one article has been taken out of use."""

from collections.abc import Mapping

from lms_graphql.demo.authoring import (
    assignment,
    course,
    exam,
    heading,
    image,
    lesson,
    links,
    math,
    practice,
    resources,
    text,
    unit,
    video,
)
from lms_graphql.interop.imported import ImportedCourse

ASSETS = {"secant-and-tangent": "A curve with a secant through two points and the tangent at one of them"}


def build(assets: Mapping[str, int], pools: Mapping[str, int]) -> ImportedCourse:
    """Limits, derivatives, and what they are good for."""
    return course(
        "MA110",
        "Calculus: Limits and Derivatives",
        "The mathematics of change. Starts from what you know about functions and ends with finding the best of many "
        "possibilities.",
        unit(
            "Limits",
            lesson(
                "Getting close",
                video(
                    "Closer and closer",
                    "ma110-closer",
                    "Cut a sheet of paper in half and put one half on the table.",
                    "Cut what you hold in half again, put one half down, and go on like this.",
                    "The pile on the table never becomes a whole sheet, and yet there is no smaller amount that it "
                    "stays below.",
                    "We say that the pile has the limit one: as close as anybody could ask, after enough cuts.",
                ),
                text(
                    "What a limit says",
                    "The limit of *f(x)* as *x* goes to *a* is the number that *f(x)* comes as close to as you like, "
                    "provided that *x* is close enough to *a*. What *f* does **at** *a* is of no importance; it need "
                    "not even have a value there.",
                    math(r"\lim_{x \to 1} \frac{x^2 - 1}{x - 1} = \lim_{x \to 1} (x + 1) = 2"),
                    "At *x = 1* the fraction is 0/0, which means nothing. Everywhere else it equals *x + 1*, and "
                    "that is all the limit asks about.",
                ),
                text(
                    "Limits with tables of values",
                    "This older page finds limits by filling in tables. It was replaced by the article before it.",
                    active=False,
                ),
                practice("Practise: limits", pools["limits"]),
            ),
            description="The idea on which everything else stands.",
        ),
        unit(
            "Continuity",
            lesson(
                "Functions without gaps",
                text(
                    "Continuous at a point",
                    "A function is continuous at *a* when its limit there is its value there. Draft: examples are "
                    "missing.",
                    math(r"\lim_{x \to a} f(x) = f(a)"),
                ),
            ),
            description="Being rewritten for the next term.",
            published=False,
        ),
        unit(
            "Derivatives",
            lesson(
                "The slope of a curve",
                text(
                    "From secant to tangent",
                    "Take a point on a curve and a second one near it. The line through both, the secant, has a "
                    "slope that you can calculate. Let the second point slide towards the first: the secants turn, "
                    "and the limit of their slopes is the slope of the tangent.",
                    image(
                        assets["secant-and-tangent"], ASSETS["secant-and-tangent"], "The secant turns into the tangent."
                    ),
                    math(r"f'(x) = \lim_{h \to 0} \frac{f(x + h) - f(x)}{h}"),
                    heading("Example"),
                    "For *f(x) = x²* the fraction is *(2xh + h²)/h = 2x + h*, and its limit is *2x*. At *x = 3* "
                    "the parabola rises six times as fast as it runs.",
                ),
                text(
                    "Rules instead of limits",
                    "Nobody takes the limit every time. Four rules cover most functions that you will meet.",
                    math(r"(x^n)' = n x^{n-1} \qquad (f + g)' = f' + g'"),
                    math(r"(f g)' = f' g + f g' \qquad \bigl(f(g(x))\bigr)' = f'(g(x))\, g'(x)"),
                    "The last one, the chain rule, says that rates multiply: if one wheel turns three times as fast "
                    "as a second, and that twice as fast as a third, then the first turns six times as fast as the "
                    "third.",
                    links("Proofs of the four rules"),
                    minutes=9,
                ),
                practice("Practise: the four rules", pools["rules"]),
            ),
            lesson(
                "Finding the best",
                text(
                    "Where the slope is zero",
                    "At the top of a hill the ground is level. So the largest and smallest values of a smooth "
                    "function lie where the derivative is zero, or at the ends of the interval.",
                    "A farmer has 40 m of fence for a rectangle along a straight river, which needs no fence. With "
                    "*x* metres away from the river the area is *x(40 − 2x)*, its derivative *40 − 4x*. It is zero "
                    "at *x = 10*: ten metres by twenty.",
                ),
                assignment(
                    "Problem set: the best tin",
                    "A tin holds 500 ml. Which height and radius need the least metal? Measure a tin at home, "
                    "compare, and explain the difference in a few sentences.",
                    points=15,
                    types=("file",),
                ),
                exam("Mid-term test", pools["midterm"], 4, 45),
                resources("Tables", ("Table of derivatives", "pdf"), ("Interactive tangent", "tool")),
            ),
            description="How fast things change.",
        ),
    )
