"""Questions of BI210."""

from lms_graphql.demo.asking import Pool, arrange, choose, choose_all, pick, pool, say

POOLS: dict[str, Pool] = {
    "wide": pool(
        "The wide ranks",
        arrange(
            "Order the ranks, the widest first.",
            "Domain",
            "Kingdom",
            "Phylum",
            "Class",
            why="Each lies wholly inside the one before it.",
        ),
        choose(
            "Which of these is a mammal?",
            "A bat",
            "A penguin",
            "A crocodile",
            why="Bats have hair and feed their young with milk.",
        ),
        choose_all(
            "Which are marks of all mammals?",
            ["Hair at some time of life", "Milk for the young"],
            ["Young that are born alive", "Four legs"],
            why="The platypus lays eggs, and whales have no legs to walk on.",
        ),
    ),
    "narrow": pool(
        "The narrow ranks",
        say(
            "Which genus does *Canis lupus* belong to?",
            "Canis",
            why="The first part of the name is the genus.",
        ),
        pick(
            "Every dog on a sofa belongs to the species",
            "*Canis lupus*",
            "*Canis latrans*",
            "*Vulpes vulpes*",
            why="Dogs descend from grey wolves; the others are the coyote and the red fox.",
        ),
        choose(
            "Two species sit on twigs of the same fork. What are they to each other?",
            "Closest relatives",
            "Ancestor and descendant",
            "Not related",
            why="A fork is a common ancestor; whoever is on the other twig is your closest relative.",
        ),
    ),
}
