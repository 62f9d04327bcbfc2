"""CS120: a course of labs."""

from collections.abc import Mapping

from lms_graphql.demo.authoring import (
    assignment,
    course,
    heading,
    image,
    lab,
    lesson,
    links,
    module,
    practice,
    resources,
    text,
    unit,
    video,
)
from lms_graphql.interop.imported import ImportedCourse

ASSETS = {"call-stack": "Three boxes on top of each other, one for each function that waits for the one above it"}


def build(assets: Mapping[str, int], pools: Mapping[str, int]) -> ImportedCourse:
    """Values, decisions, functions, data."""
    return course(
        "CS120",
        "Programming with Python",
        "For people who have never written a program. You write one in every lesson, and at the end one that answers "
        "a question of your own from real data.",
        unit(
            "First programs",
            lesson(
                "Values and names",
                video(
                    "A program is a recipe",
                    "cs120-recipe",
                    "A recipe lists what you need and says what to do with it, one step after the other.",
                    "A program does the same, for a cook who is very fast and takes every word literally.",
                    "If the recipe says salt and you meant sugar, the cook will use salt, ten million times a second.",
                    "So most of programming is to say exactly what you mean, and to find out where you didn't.",
                ),
                text(
                    "Names for values",
                    "A value is a piece of data: `42`, `3.5`, `'rain'`. An assignment gives it a name.",
                    "`rainfall = 12.5` does not state that two things are equal. It says: from here on, `rainfall` "
                    "means 12.5. You may say something else on the next line, and the name changes its meaning, not "
                    "the value.",
                    heading("Choose names that explain"),
                    "`r = 12.5` saves seven keystrokes and costs every reader a question. A good name makes a "
                    "comment unnecessary.",
                ),
                lab(
                    "Lab: a rain diary",
                    "cs120-rain",
                    given=["notebooks/rain.ipynb", "data/rain.csv"],
                    hidden=["tests/test_rain.py"],
                    points=50,
                ),
            ),
            lesson(
                "Decisions and repetition",
                text(
                    "If, else, for",
                    "An `if` runs its block only when a condition is true. A `for` runs its block once for each "
                    "element of a collection. Nearly every program is made of these two and of assignments.",
                    "Indentation is not decoration: what is indented belongs to the line above that ends in a colon.",
                ),
                practice("Predict the output", pools["output"]),
            ),
            description="Weeks 1–3.",
        ),
        unit(
            "Functions and data",
            lesson(
                "Functions",
                text(
                    "A name for a piece of work",
                    "A function takes values in, does its work, and gives a value back. Whoever calls it needs to "
                    "know what it does, not how. That is what lets a large program be understood by a small head.",
                    image(assets["call-stack"], ASSETS["call-stack"], "Who called whom: the top one is running."),
                    "When one function calls another it waits. The waiting functions form a pile, the call stack, "
                    "and an error message prints that pile: read it from the bottom.",
                    links("How to read an error message"),
                    minutes=8,
                ),
                lab(
                    "Lab: from script to functions",
                    "cs120-functions",
                    given=["src/script.py", "README.md"],
                    hidden=["tests/test_functions.py", "tests/test_style.py"],
                ),
            ),
            lesson(
                "Lists and dictionaries",
                text(
                    "Two ways to keep many values",
                    "A **list** keeps values in order and finds them by position. A **dictionary** keeps them by "
                    "name. Looking up one name among a million takes no longer than among ten, because a dictionary "
                    "calculates where to look instead of searching.",
                ),
                practice("List or dictionary?", pools["collections"]),
            ),
            module(
                "lab",
                "Project weeks",
                assignment(
                    "Project: a question of your own",
                    "Choose a table of open data. Ask one question that a program can answer from it. Hand in the "
                    "program, a chart, and half a page that a friend who can't program would understand.",
                    points=40,
                    types=("file", "text"),
                ),
                resources("Where to find open data", ("Open data for beginners", "article"), ("Chart gallery", "tool")),
            ),
            description="Weeks 4–9.",
        ),
    )
