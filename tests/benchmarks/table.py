"""The goals of the project beside what was reached."""

from collections.abc import Sequence

import msgspec


class Goal(msgspec.Struct):
    """One line of the table. `met` is None where it was not measured; then `reached` says why."""

    number: int
    what: str
    wanted: str
    reached: str
    met: bool | None
    value: float | None = None


def at_most(number: int, what: str, value: float | None, most: float, unit: str, why: str = "left out") -> Goal:
    """A goal that is met by staying below a number."""
    if value is None:
        return Goal(number, what, f"≤ {most:g} {unit}".rstrip(), why, None)
    reached = f"{_short(value)} {unit}".rstrip()
    return Goal(number, what, f"≤ {most:g} {unit}".rstrip(), reached, value <= most, value)


def at_least(number: int, what: str, value: float, least: float, unit: str) -> Goal:
    """A goal that is met by reaching a number."""
    return Goal(number, what, f"≥ {least:g} {unit}", f"{_short(value)} {unit}", value >= least, value)


def _short(value: float) -> str:
    if value == int(value):
        return f"{value:.0f}"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def shown(goals: Sequence[Goal]) -> str:
    """The table."""
    lines = []
    for goal in goals:
        verdict = {True: "reached", False: "NOT reached", None: "not measured"}[goal.met]
        lines.append(f"  {goal.number}  {goal.what:72} {goal.wanted:>11}  {goal.reached:>12}  {verdict}")
    return "\n".join(["goals", *lines])
