"""Questions of ME101."""

from lms_graphql.demo.asking import Pool, arrange, choose, choose_all, match, number, pick, pool, say

POOLS: dict[str, Pool] = {
    "graphs": pool(
        "Reading graphs of motion",
        choose(
            "A position–time graph is a horizontal line. What does the thing do?",
            "It is at rest.",
            "It moves at a constant velocity.",
            "It speeds up evenly.",
            why="Its position does not change, so its velocity is zero.",
            hints=("What does the height of the line say?",),
        ),
        number(
            "You walk once around a running track of 400 m. What is your displacement in metres?",
            "0",
            why="You end where you began; 400 m is the distance.",
        ),
        choose_all(
            "The graphs of two cars cross at one point. What follows?",
            ["They are in the same place.", "They are there at the same time."],
            ["They have the same velocity.", "They have the same acceleration."],
            why="A point of the graph is a place and a moment; the slopes may differ.",
        ),
        match(
            "What does each piece of a position–time graph say?",
            ("A straight slanted line", "Constant velocity"),
            ("A line that curves", "Changing velocity"),
            ("A horizontal line", "Rest"),
            why="The slope is the velocity.",
        ),
    ),
    "equations": pool(
        "Constant acceleration",
        number(
            "A cyclist at 8 m/s brakes with 2 m/s². After how many seconds does she stand?",
            "4",
            tolerance="0.05",
            why="From $v = v_0 + a t$: $t = 8 / 2$.",
            hints=("Which equation has no way in it?",),
        ),
        number(
            "The same cyclist: how many metres does she need to stop?",
            "16",
            tolerance="1%",
            why="From $v^2 = v_0^2 + 2 a (x - x_0)$: $64 / 4$.",
        ),
        pick(
            "At twice the speed, and with the same brakes, the way to stop is",
            "four times as long",
            "twice as long",
            "eight times as long",
            why="The speed is squared in the third equation.",
        ),
        choose(
            "At the highest point of its flight, the acceleration of a ball thrown upwards is",
            "9.8 m/s² downwards",
            "zero",
            "9.8 m/s² upwards",
            why="The velocity is zero for an instant; the acceleration is not, or the ball would stay there.",
        ),
    ),
    "bodies": pool(
        "Free-body diagrams",
        choose_all(
            "A book lies on a table. Which forces belong in the free-body diagram of the **book**?",
            ["Its weight", "The normal force of the table on the book"],
            ["The force of the book on the table", "The pull of the book on the earth"],
            why="Only forces that act on the book; the others act on the table and on the earth.",
        ),
        arrange(
            "Put the steps of the recipe in order.",
            "Draw the body alone",
            "Draw every force on it",
            "Choose axes",
            "Write the second law for each axis",
            "Solve",
            why="Without the drawing there is nothing to write the law for.",
        ),
        number(
            "A net force of 6 N acts on a mass of 2 kg. What is its acceleration in m/s²?",
            "3",
            why="$a = F / m$.",
        ),
        say(
            "What is the unit of force called?",
            "newton",
            "newtons",
            "N",
            why="One newton gives one kilogram an acceleration of 1 m/s².",
        ),
    ),
    "energy": pool(
        "Energy accounts",
        number(
            "What is the kinetic energy, in joules, of 2 kg at 3 m/s?",
            "9",
            why="$\\tfrac12 \\cdot 2 \\cdot 3^2$.",
        ),
        choose(
            "You carry a heavy bag along a level floor at a constant speed. The work of your upward force on it is",
            "zero",
            "positive",
            "negative",
            why="The force is up and the way is level.",
        ),
        number(
            "How fast, in m/s, is a child at the bottom of a smooth slide 5 m high? Take $g$ = 9.8 m/s².",
            "9.9",
            tolerance="2%",
            why="$\\sqrt{2 g h} = \\sqrt{98} \\approx 9.9$, however winding the slide.",
            hints=("What becomes of the potential energy?",),
        ),
    ),
    "final": pool(
        "Final test: mechanics",
        choose(
            "A puck glides on ice without friction. What keeps it going?",
            "Nothing has to: a change of motion needs a cause, motion does not.",
            "The force with which it was pushed",
            "The pressure of the air behind it",
            why="The first law.",
        ),
        choose(
            "The earth pulls a stone of 1 kg with 9.8 N. With how many newtons does the stone pull the earth?",
            "9.8 N",
            "0 N",
            "Less than 9.8 N, for the earth is heavier",
            why="The third law: equal and opposite.",
            points=2,
        ),
        pick(
            "On a slope with friction, twice the mass makes the acceleration of a sliding block",
            "the same",
            "twice as large",
            "half as large",
            why="The mass cancels in $ma = mg\\sin\\theta - \\mu mg\\cos\\theta$.",
        ),
        number(
            "A cart of 2 kg at 3 m/s hits one of 1 kg at rest, and they stick together. Their velocity in m/s?",
            "2",
            why="The momentum is 6 kg m/s before and after; $6 / 3$.",
            points=2,
        ),
        choose_all(
            "What is kept in a collision in which two carts stick together?",
            ["The total momentum", "The total mass"],
            ["The total kinetic energy"],
            why="Some of the kinetic energy turns into heat and deformation.",
        ),
        arrange(
            "Order by kinetic energy, the smallest first.",
            "4 kg at 1 m/s",
            "1 kg at 3 m/s",
            "2 kg at 4 m/s",
            why="2 J, 4.5 J, 16 J.",
        ),
    ),
}
