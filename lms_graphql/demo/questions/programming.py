"""Questions of CS120."""

from lms_graphql.demo.asking import Pool, arrange, choose, choose_all, match, number, pick, pool, say

POOLS: dict[str, Pool] = {
    "output": pool(
        "Predict the output",
        number(
            "What does `print(2 + 3 * 4)` print?",
            "14",
            why="Multiplication comes first.",
        ),
        say(
            "What does `print('rain'[0])` print?",
            "r",
            why="Positions are counted from 0.",
        ),
        number(
            "`total = 0`, then `for n in [1, 2, 3]: total = total + n`. What is `total`?",
            "6",
            why="The block runs once for each element: 1, 3, 6.",
            hints=("Write `total` down after each round.",),
        ),
        choose(
            "`x = 5`, then `y = x`, then `x = 7`. What is `y`?",
            "5",
            "7",
            "It is an error.",
            why="The name `y` was given to the value 5; that `x` means something else later changes nothing.",
        ),
    ),
    "collections": pool(
        "Lists and dictionaries",
        match(
            "Which fits?",
            ("The runners in the order in which they arrived", "List"),
            ("Telephone numbers, found by name", "Dictionary"),
            why="A list keeps an order; a dictionary finds by name.",
        ),
        pick(
            "Looking up one name in a dictionary of a million takes, compared with one of ten,",
            "about as long",
            "a hundred thousand times as long",
            "ten times as long",
            why="It calculates where to look instead of searching.",
        ),
        choose_all(
            "`heights = {'oak': 31}`. Which of these are errors?",
            ["`heights['elm']`", "`heights[0]`"],
            ["`heights['elm'] = 24`", "`len(heights)`"],
            why="A dictionary finds by its keys only; giving a value to a new key adds it.",
        ),
        arrange(
            "Which lines, in which order, print the largest number of `found`?",
            "`largest = found[0]`",
            "`for n in found:`",
            "`    if n > largest:`",
            "`        largest = n`",
            "`print(largest)`",
            why="Begin with the first, and keep each that is larger.",
        ),
    ),
}
