"""Questions of EE220."""

from lms_graphql.demo.asking import Pool, choose, choose_all, match, number, pick, pool, say

POOLS: dict[str, Pool] = {
    "network": pool(
        "Solve the network",
        number(
            "12 V across 4 Ω: what is the current in amperes?",
            "3",
            why="$I = V / R$.",
        ),
        number(
            "A divider of $R_1$ = 3 kΩ and $R_2$ = 1 kΩ on 8 V: how many volts across $R_2$?",
            "2",
            tolerance="1%",
            why="$8 \\cdot 1 / (3 + 1)$.",
            hints=("The same current runs through both.",),
        ),
        match(
            "Which rule says what?",
            ("Junction rule", "What flows in flows out."),
            ("Loop rule", "Once round, the voltages add up to zero."),
            why="Charge does not pile up, and you come back to the height at which you began.",
        ),
        choose(
            "At the same voltage, which resistor gets hotter?",
            "The one of 10 Ω",
            "The one of 1,000 Ω",
            "Both alike",
            why="$P = V^2 / R$: a small resistance.",
        ),
    ),
    "test": pool(
        "Test: circuits",
        number(
            "Two resistors of 6 Ω in parallel: what is their resistance in Ω?",
            "3",
            why="Twice the current flows at the same voltage.",
        ),
        pick(
            "After one time constant a capacitor that charges has about",
            "63 % of the final voltage",
            "50 % of the final voltage",
            "99 % of the final voltage",
            why="$1 - e^{-1} \\approx 0.63$.",
        ),
        number(
            "1 kΩ and 1 µF: what is the time constant in milliseconds?",
            "1",
            tolerance="1%",
            why="$10^3 \\cdot 10^{-6}$ s.",
            points=2,
        ),
        choose_all(
            "What is true of two resistors in series?",
            ["The same current runs through both.", "Their resistances add up."],
            ["The same voltage lies across both, whatever their resistances."],
            why="The voltages are as the resistances.",
        ),
        say("What is the unit of resistance called?", "ohm", "ohms", "Ω", why="One volt for each ampere."),
    ),
}
