"""BI210: a tree of depth 8, for the eight ranks from domain to species below the course's root."""

from collections.abc import Mapping

from lms_graphql.demo.authoring import (
    assignment,
    course,
    heading,
    image,
    lab,
    links,
    module,
    practice,
    resources,
    text,
    video,
)
from lms_graphql.interop.imported import ImportedCourse, ImportedModule

ASSETS = {"nested-ranks": "Eight boxes inside each other, the largest labelled domain, the smallest species"}

_RANKS = [
    (
        "unit",
        "Domain: Eukarya",
        "Cells with a nucleus. Inside the cell, membranes divide the work: one room keeps the instructions, another "
        "releases energy. Bacteria and archaea, the other two domains, do everything in one room, and do it well.",
    ),
    (
        "chapter",
        "Kingdom: Animals",
        "Many cells, no cell walls, and food that comes from other living things. Plants build their own; fungi "
        "digest theirs outside the body and absorb it. An animal has to find it, and that is why most animals move.",
    ),
    (
        "lesson",
        "Phylum: Chordates",
        "At some stage every chordate has a stiff rod along its back with a hollow nerve cord above it. In most of "
        "them bones take the place of the rod early in life.",
    ),
    (
        "section",
        "Class: Mammals",
        "Milk and hair. A mammal keeps its temperature whatever the weather, which lets it hunt on cold nights and "
        "costs it most of what it eats.",
    ),
    (
        "topic",
        "Order: Carnivores",
        "An order named for meat, but known by its teeth: the last upper premolar and the first lower molar pass each "
        "other like the blades of scissors. In bears, which eat mostly plants, the blades have turned into grinders.",
    ),
    (
        "section",
        "Family: Dogs",
        "Long legs, claws that can't be drawn in, and a way of living in groups. Foxes, jackals and wolves belong "
        "here.",
    ),
    (
        "topic",
        "Genus: Canis",
        "Wolves, coyotes and jackals are so closely related that some pairs can have fertile young. Where one "
        "species ends and the next begins is then a question of judgement.",
    ),
    (
        "topic",
        "Species: Canis lupus",
        "The grey wolf, and with it every dog on a sofa. The two parts of the name say genus and species, and "
        "together they mean the same animal in every language.",
    ),
]


def build(assets: Mapping[str, int], pools: Mapping[str, int]) -> ImportedCourse:
    """One species, placed among all others."""
    return course(
        "BI210",
        "The Tree of Life",
        "How biologists sort living things: by descent. We follow one animal from the widest group to the narrowest.",
        module(
            "course_root",
            "From all living things to one",
            _ranks(pools),
            text(
                "Why nested groups?",
                "Books can be sorted by colour, by size or by subject, and no way is the true one. With living "
                "things there is one: who descends from whom. Descent makes groups within groups, as a family has "
                "branches.",
                image(
                    assets["nested-ranks"],
                    ASSETS["nested-ranks"],
                    "Every group lies wholly inside the next larger one.",
                ),
                heading("How do we know?"),
                "We compare. What two species share, they have either from a common ancestor or because they live "
                "alike. Wings of birds and bats are alike in use but built from different parts; the bones inside "
                "tell the story.",
                links("How a family tree is calculated"),
            ),
            video(
                "A walk through the tree",
                "bi210-walk",
                "Stand at the tip of a twig, and you are one species among millions.",
                "Go down to the first fork: whoever sits on the other twig is your closest relative.",
                "At each fork further down you meet more relatives, and they are less like you.",
                "At the bottom everything alive meets: bacteria, mushrooms, oaks, and you.",
            ),
            description="Eight ranks, one inside the other.",
        ),
    )


def _ranks(pools: Mapping[str, int]) -> ImportedModule:
    """The ranks from the smallest outwards, each in the next."""
    inner: list[ImportedModule] = []
    for depth, (kind, title, words) in reversed(list(enumerate(_RANKS, 1))):
        items = [text(f"What makes one: {title.split(': ')[1].lower()}", words, minutes=3)]
        if depth in (4, 8):
            items.append(practice(f"Check: {title.lower()}", pools["wide" if depth == 4 else "narrow"]))
        if depth == len(_RANKS):
            items.append(
                lab(
                    "Lab: compare sequences",
                    "bi210-sequences",
                    given=["notebooks/distances.ipynb", "data/sequences.fasta"],
                    hidden=["tests/test_distances.py"],
                )
            )
            items.append(
                assignment(
                    "Place an animal",
                    "Choose an animal that lives within an hour of you. Place it in all eight ranks and give for "
                    "each the feature that decides.",
                    points=10,
                    types=("text",),
                )
            )
            items.append(
                resources("Keys and atlases", ("Key to common mammals", "pdf"), ("Atlas of skulls", "article"))
            )
        inner = [module(kind, title, *inner, *items)]
    return inner[0]
