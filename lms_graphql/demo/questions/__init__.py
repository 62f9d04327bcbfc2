"""The questions of the demo's quizzes: a module for each course that has any."""

from lms_graphql.demo.asking import Pool
from lms_graphql.demo.questions import calculus, circuits, mechanics, programming, statistics, tree_of_life

POOLS: dict[str, dict[str, Pool]] = {
    "ME101": mechanics.POOLS,
    "MA110": calculus.POOLS,
    "CS120": programming.POOLS,
    "EE220": circuits.POOLS,
    "BI210": tree_of_life.POOLS,
    "MA240": statistics.POOLS,
}
"""For each course its pools, by the names that its quizzes call them."""
