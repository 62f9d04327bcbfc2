"""Questions of MA110."""

from lms_graphql.demo.asking import Pool, choose, choose_all, match, number, pick, pool, say

POOLS: dict[str, Pool] = {
    "limits": pool(
        "Limits",
        number(
            "What is $\\lim_{x \\to 1} \\frac{x^2 - 1}{x - 1}$?",
            "2",
            why="Away from 1 the fraction is $x + 1$.",
            hints=("Divide before you put 1 in.",),
        ),
        choose(
            "A function has no value at $a$. Can it have a limit there?",
            "Yes: the limit does not ask what happens at $a$.",
            "No: there is nothing to come close to.",
            "Only if it is a polynomial.",
            why="It asks only about values of $x$ near $a$.",
        ),
        number(
            "Half a sheet, a quarter, an eighth, and so on without end: how many sheets together?",
            "1",
            why="What is missing halves each time.",
        ),
        pick(
            "For $x \\to 0$, the fraction $|x| / x$ has",
            "no limit",
            "the limit 1",
            "the limit 0",
            why="It is 1 on the right and −1 on the left.",
        ),
    ),
    "rules": pool(
        "The four rules",
        match(
            "Match each function with its derivative.",
            ("$x^3$", "$3x^2$"),
            ("$x^2 + x$", "$2x + 1$"),
            ("$(2x)^2$", "$8x$"),
            why="The power, sum and chain rules.",
        ),
        number(
            "What is the slope of $x^2$ at $x = 3$?",
            "6",
            why="The derivative is $2x$.",
        ),
        choose(
            "The derivative of $f g$ is",
            "$f' g + f g'$",
            "$f' g'$",
            "$f' g - f g'$",
            why="The product rule: each factor changes while the other stands still.",
        ),
        say(
            "Which rule says that rates multiply?",
            "chain rule",
            "the chain rule",
            "chain",
            why="The derivative of $f(g(x))$ is $f'(g(x)) g'(x)$.",
        ),
    ),
    "midterm": pool(
        "Mid-term test: calculus",
        number(
            "What is the derivative of $x^4$ at $x = 1$?",
            "4",
            why="$4 x^3$ at 1.",
        ),
        choose_all(
            "Where can the largest value of a smooth function on an interval lie?",
            ["Where its derivative is zero", "At an end of the interval"],
            ["Where its derivative is largest"],
            why="Elsewhere it still rises or already falls.",
            points=2,
        ),
        number(
            "40 m of fence make three sides of a rectangle along a river. The largest area in m²?",
            "200",
            why="$x(40 - 2x)$ is largest at $x = 10$: 10 by 20.",
            points=2,
            hints=("Call the side that leads away from the river $x$.",),
        ),
        choose(
            "The slope of a secant becomes that of the tangent when the second point",
            "slides towards the first",
            "moves far away",
            "lies where the curve meets the axis",
            why="The derivative is the limit of the slopes of secants.",
        ),
    ),
}
