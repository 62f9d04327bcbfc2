"""ME101: three levels deep, with all six kinds of content; the course that the examples show."""

from collections.abc import Mapping

from lms_graphql.demo.authoring import (
    assignment,
    course,
    exam,
    heading,
    image,
    lab,
    lesson,
    links,
    math,
    practice,
    resources,
    text,
    topic,
    unit,
    video,
)
from lms_graphql.interop.imported import ImportedCourse, ImportedModule

ASSETS = {
    "position-time-graph": "A curve of position against time with a straight line touching it at one point",
    "inclined-plane": "A block on a slope with three arrows: weight, normal force and friction",
    "collision-carts": "Two carts on a track before and after they collide",
}
VIDEOS = {"lecture-moving": "https://media.example.edu/me101-moving.mp4"}


def build(assets: Mapping[str, int], pools: Mapping[str, int]) -> ImportedCourse:
    """Motion, forces, energy and momentum."""
    return course(
        "ME101",
        "Mechanics: Motion and Forces",
        "How things move and why. You learn to describe motion with graphs and equations, to find the forces behind "
        "it, and to let energy and momentum do the work when forces get complicated.",
        _motion(assets, pools),
        _forces(assets, pools),
        _energy(assets, pools),
    )


def _motion(assets: Mapping[str, int], pools: Mapping[str, int]) -> ImportedModule:
    return unit(
        "Describing motion",
        lesson(
            "Position, velocity and acceleration",
            video(
                "What does moving mean?",
                "me101-moving",
                "Sit in a train that glides past another and you can't tell which of the two is moving.",
                "That is not a failure of your senses: motion only has a meaning relative to something else.",
                "So the first thing we do, before any formula, is to choose an origin and a direction to call "
                "positive.",
                "From then on a single number, the position, says where a thing is along the track.",
                "How fast that number changes is the velocity, and how fast the velocity changes is the acceleration.",
                "Three numbers and a clock: that is all you need to describe any motion along a line.",
                asset_id=assets["lecture-moving"],
            ),
            topic(
                "Position and time",
                text(
                    "Reading a position–time graph",
                    "A position–time graph has time on the horizontal axis and position on the vertical one. It is "
                    "not a picture of the path: a ball thrown straight up draws an arch on the graph, although it "
                    "moves on a line.",
                    image(
                        assets["position-time-graph"],
                        ASSETS["position-time-graph"],
                        "The steeper the tangent, the faster the motion at that moment.",
                    ),
                    heading("What to look for"),
                    "- A **horizontal** line: the thing is at rest.\n- A **straight** slanted line: it moves at a "
                    "constant velocity.\n- A line that **curves**: the velocity is changing.\n- A crossing of two "
                    "lines: the two things are in the same place at the same time, not necessarily with the same "
                    "velocity.",
                    "Displacement is where you end up relative to where you began; distance is how much ground you "
                    "covered. Walk once around a running track and you cover 400 m, but your displacement is zero.",
                ),
                practice("Check: reading graphs", pools["graphs"]),
                description="Where something is, and what a graph of it says.",
            ),
            topic(
                "Velocity as a rate of change",
                text(
                    "From average to instantaneous velocity",
                    "Average velocity is the displacement divided by the time that it took.",
                    math(r"\bar v = \frac{\Delta x}{\Delta t} = \frac{x_2 - x_1}{t_2 - t_1}"),
                    "A car that covers 90 km in one hour has an average velocity of 90 km/h, even if it stood at "
                    "three traffic lights. To know how fast it was at one moment, make the time interval shorter and "
                    "shorter. On the graph, the line through two points turns into the tangent at one.",
                    math(r"v = \lim_{\Delta t \to 0} \frac{\Delta x}{\Delta t} = \frac{dx}{dt}"),
                    "The sign matters. A negative velocity does not mean slow; it means towards smaller positions.",
                    minutes=8,
                ),
            ),
            topic(
                "Constant acceleration",
                text(
                    "Three equations for one kind of motion",
                    "When the acceleration *a* is constant, the velocity grows by the same amount in every second, "
                    "and the velocity–time graph is a straight line. The area under that line is the displacement: a "
                    "rectangle for the velocity at the start, and a triangle for what is gained.",
                    math(r"v = v_0 + a t"),
                    math(r"x = x_0 + v_0 t + \tfrac{1}{2} a t^2"),
                    "Solve the first for *t*, put it into the second, and time disappears:",
                    math(r"v^2 = v_0^2 + 2 a (x - x_0)"),
                    heading("Example: how long does it take to stop?"),
                    "A cyclist at 8 m/s brakes with 2 m/s². From the first equation it takes 4 s until *v = 0*. From "
                    "the third, the way is 64 / 4 = 16 m. At twice the speed it takes twice the time, but **four "
                    "times** the way: this is why speed limits near schools are low.",
                    links("Worked problems on constant acceleration", "Stopping distances on wet roads"),
                    minutes=10,
                ),
                practice("Practise: which equation?", pools["equations"]),
            ),
            description="The three quantities that describe motion along a line.",
        ),
        lesson(
            "Free fall",
            text(
                "Everything falls alike",
                "Drop a coin and a sheet of paper: the coin wins. Crumple the paper and try again: now they land "
                "together. What delayed the sheet was the air. Without air, every body near the ground falls with "
                "the same acceleration, whatever its mass.",
                math(r"g \approx 9.8\ \mathrm{m/s^2}"),
                "A body that is thrown upwards has this acceleration all the way: while it rises, at the top, and "
                "while it falls. At the top the velocity is zero for an instant; the acceleration is not, or it "
                "would stay there.",
            ),
            lab(
                "Lab: measure g from a video",
                "me101-free-fall",
                given=["notebooks/free_fall.ipynb", "data/ball_positions.csv", "README.md"],
                hidden=["tests/test_fit.py", "tests/test_uncertainty.py"],
            ),
            description="Motion under gravity alone, and a measurement of your own.",
        ),
        description="Weeks 1–4. Where things are, how fast they move, and how that changes.",
    )


def _forces(assets: Mapping[str, int], pools: Mapping[str, int]) -> ImportedModule:
    return unit(
        "Forces",
        lesson(
            "The three laws of motion",
            video(
                "A force is one half of a pair",
                "me101-pairs",
                "Push against a wall and the wall pushes back just as hard.",
                "People often say: then the two cancel, and nothing can ever move.",
                "But look on what each of them acts: your push acts on the wall, the wall's push acts on you.",
                "Two forces can only cancel when they act on the same body.",
                "So draw one body, alone, and only the arrows of the forces that act on it.",
                "That drawing, the free-body diagram, settles most of the arguments in this course.",
            ),
            topic(
                "Inertia",
                text(
                    "Moving needs no cause",
                    "A puck on smooth ice keeps going. The longer the ice, the longer it glides. Take away the last "
                    "bit of friction in your mind, and it never stops. What needs a cause is not motion but a "
                    "**change** of motion.",
                    "**First law.** A body on which no net force acts keeps its velocity: at rest if it was at rest, "
                    "in a straight line at a constant speed if it was moving.",
                    minutes=4,
                ),
            ),
            topic(
                "Force and acceleration",
                text(
                    "The law that does the calculating",
                    "**Second law.** The net force on a body equals its mass times its acceleration.",
                    math(r"\sum \vec F = m \vec a"),
                    "Read it from right to left. You see an acceleration, so there must be a net force, in the same "
                    "direction, and for a heavier body it must be larger. The unit of force, the newton, is what "
                    "gives one kilogram an acceleration of 1 m/s²: about the weight of a small apple.",
                    heading("A recipe"),
                    "1. Choose the body and draw it alone.\n2. Draw every force on it.\n3. Choose axes, one of them "
                    "along the acceleration.\n4. Write the second law once for each axis.\n5. Solve, then ask "
                    "whether the answer makes sense.",
                ),
                practice("Practise: free-body diagrams", pools["bodies"]),
            ),
            topic(
                "Action and reaction",
                text(
                    "Pairs of forces",
                    "**Third law.** When one body pushes a second, the second pushes the first with an equal force "
                    "in the opposite direction. The two forces of such a pair are of the same kind and act on "
                    "different bodies.",
                    "The earth pulls a falling stone; the stone pulls the earth just as strongly. We don't notice "
                    "the earth's acceleration because its mass is some 10²⁵ times larger.",
                    minutes=4,
                ),
            ),
            description="From everyday pushes to one equation.",
        ),
        lesson(
            "Friction and slopes",
            text(
                "A block on an inclined plane",
                "Tilt the axes along the slope. Then the weight *mg* has a part along the slope and a part into it, "
                "and the normal force has only to balance the second.",
                image(
                    assets["inclined-plane"],
                    ASSETS["inclined-plane"],
                    "Axes along and across the slope leave only the weight to be split.",
                ),
                math(r"ma = mg\sin\theta - \mu\, mg\cos\theta"),
                "The mass cancels. Whether the block slides depends on the angle and on the two surfaces, not on how "
                "heavy it is: it begins to slide when *tan θ* is larger than the coefficient of static "
                "friction.",
                links("Coefficients of friction of common materials"),
                minutes=9,
            ),
            assignment(
                "Report: measure a coefficient of friction",
                "Build a ramp from a board and some books. Find the angle at which a block begins to slide, **ten "
                "times**, and again with something heavy on the block.\n\nHand in two pages: a drawing with all "
                "forces, your measurements with their spread, the coefficient that follows, and a paragraph on "
                "whether the extra mass made a difference and whether you expected it to.",
                points=20,
                types=("file", "text"),
            ),
            description="Two forces that we usually leave out, put back in.",
        ),
        description="Weeks 5–8. Why motion changes.",
    )


def _energy(assets: Mapping[str, int], pools: Mapping[str, int]) -> ImportedModule:
    return unit(
        "Energy and momentum",
        lesson(
            "Work and energy",
            topic(
                "Work",
                text(
                    "What a force does along a way",
                    "The work of a constant force is the part of it along the displacement, times the displacement.",
                    math(r"W = F s \cos\varphi"),
                    "Hold a heavy bag still: your arm tires, but no work is done on the bag. Carry it along a level "
                    "floor: still none, for the force is up and the way is level. Lift it by one metre and you do "
                    "the work *mgh*.",
                    minutes=5,
                ),
            ),
            topic(
                "Kinetic and potential energy",
                text(
                    "A quantity that is kept",
                    "Put *F = ma* into the work and the third equation of constant acceleration turns it into a "
                    "difference:",
                    math(r"W = \tfrac12 m v^2 - \tfrac12 m v_0^2"),
                    "The **kinetic energy** *½ mv²* changes by the work of the net force. If gravity does "
                    "the work, we can keep account of it in advance as **potential energy** *mgh*. Without friction "
                    "the sum of the two stays the same, however winding the slide: only the height at the start "
                    "decides how fast you are at the bottom.",
                    math(r"v = \sqrt{2 g h}"),
                ),
                practice("Practise: energy accounts", pools["energy"]),
            ),
            description="An account book for motion.",
        ),
        lesson(
            "Momentum and collisions",
            text(
                "What a collision can't change",
                "During a collision forces are large, short and unknown. The third law says that at every instant "
                "they are equal and opposite, so whatever momentum *mv* one body gains, the other loses.",
                image(
                    assets["collision-carts"], ASSETS["collision-carts"], "The total momentum is the same in both rows."
                ),
                math(r"m_1 v_1 + m_2 v_2 = m_1 v_1' + m_2 v_2'"),
                "If the two stick together there is one unknown velocity and this equation is enough. If they bounce "
                "without loss, the kinetic energy is kept as well, and two equations give two velocities.",
            ),
            lab(
                "Lab: simulate colliding carts",
                "me101-collisions",
                given=["notebooks/collisions.ipynb", "src/carts.py"],
                hidden=["tests/test_momentum.py", "tests/test_energy.py"],
            ),
            resources(
                "Formula sheet and further reading",
                ("Mechanics formula sheet", "pdf"),
                ("Crash tests in slow motion", "video"),
                ("Why cars have crumple zones", "article"),
            ),
            exam("Final test: mechanics", pools["final"], 6, 30),
            description="When forces are too complicated to follow.",
        ),
        description="Weeks 9–12. What stays the same while everything changes.",
    )
