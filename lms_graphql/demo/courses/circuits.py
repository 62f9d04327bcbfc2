"""EE220: builds on ME101 and MA110."""

from collections.abc import Mapping

from lms_graphql.demo.authoring import (
    assignment,
    course,
    exam,
    image,
    lab,
    lesson,
    math,
    practice,
    resources,
    text,
    unit,
    video,
)
from lms_graphql.interop.imported import ImportedCourse

ASSETS = {"voltage-divider": "Two resistors in series between a supply and ground, with a tap between them"}


def build(assets: Mapping[str, int], pools: Mapping[str, int]) -> ImportedCourse:
    """Direct current, then capacitors."""
    return course(
        "EE220",
        "Electric Circuits",
        "Currents and voltages in networks of sources, resistors and capacitors: by hand, in simulation, on the bench.",
        unit(
            "Resistive circuits",
            lesson(
                "Current, voltage, resistance",
                video(
                    "Water and wires",
                    "ee220-water",
                    "Think of a pump that lifts water to a tank, and of a narrow pipe through which it runs back.",
                    "The height of the tank is like a voltage, the flow of the water like a current.",
                    "The narrow pipe is a resistance: for the same height, the narrower the pipe, the smaller the "
                    "flow.",
                    "And as no water is lost on the way round, no charge is lost in a circuit.",
                ),
                text(
                    "The law of resistance",
                    "In a metal at a constant temperature the current is proportional to the voltage.",
                    math(r"V = R I"),
                    "The unit of resistance, the ohm, is one volt for each ampere. The power that a resistor turns "
                    "into heat is voltage times current, so at a given voltage a **small** resistance gets hot, not "
                    "a large one.",
                    math(r"P = V I = \frac{V^2}{R}"),
                ),
            ),
            lesson(
                "Two rules for every network",
                text(
                    "Junctions and loops",
                    "**Junction rule.** What flows into a junction flows out of it: charge does not pile up.",
                    "**Loop rule.** Once round any loop, the voltages add up to zero: you come back to the height at "
                    "which you began.",
                    math(r"\sum I_k = 0 \qquad \sum V_k = 0"),
                    image(assets["voltage-divider"], ASSETS["voltage-divider"], "The tap divides the voltage."),
                    math(r"V_\text{out} = V_\text{in}\,\frac{R_2}{R_1 + R_2}"),
                    minutes=8,
                ),
                practice("Practise: solve the network", pools["network"]),
                lab(
                    "Lab: a network solver",
                    "ee220-solver",
                    given=["notebooks/solver.ipynb"],
                    hidden=["tests/test_solver.py"],
                ),
            ),
            description="Everything that settles at once.",
        ),
        unit(
            "Circuits that take time",
            lesson(
                "Charging a capacitor",
                text(
                    "An exponential approach",
                    "A capacitor fills the faster the emptier it is. What is missing shrinks by the same factor in "
                    "every equal stretch of time.",
                    math(r"V(t) = V_0\left(1 - e^{-t/RC}\right)"),
                    "After one time constant *RC* it has about 63 % of the final voltage, after five more than 99 %.",
                ),
                assignment(
                    "Bench report: a time constant",
                    "Charge a capacitor through a resistor, record the voltage, and find *RC* from the slope of a "
                    "logarithmic plot. Compare it with what is printed on the parts.",
                    points=25,
                ),
                exam("Test: circuits", pools["test"], 5, 30),
                resources("Data sheets", ("Resistor colour code", "pdf"), ("Circuit simulator", "tool")),
            ),
            description="Capacitors, and why nothing jumps.",
        ),
    )
