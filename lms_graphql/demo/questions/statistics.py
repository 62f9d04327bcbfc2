"""Questions of MA240."""

from lms_graphql.demo.asking import Pool, choose, number, pick, pool

POOLS: dict[str, Pool] = {
    "averages": pool(
        "Averages",
        number(
            "How many times as many people must you ask to halve the error of an average?",
            "4",
            why="The error shrinks with the square root of the number.",
        ),
        number(
            "Single values spread by 10. By how much do averages of 25 values spread?",
            "2",
            why="$10 / \\sqrt{25}$.",
            hints=("Divide by the square root of the number of values.",),
        ),
        choose(
            "Those who answer differ from those who don't. What do more answers help?",
            "Nothing: the average comes closer to the wrong value.",
            "They make up for it.",
            "They halve the difference.",
            why="A larger sample is surer of the same bias.",
        ),
        pick(
            "Of 1, 2, 3 and 14, the mean is",
            "5",
            "2.5",
            "3",
            why="20 / 4; 2.5 is the median.",
        ),
    ),
}
