"""Posts that answer posts, arranged without recursion: a thread may be as deep as it is long."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any


def depths_of(parents: Mapping[int, int | None]) -> dict[int, int]:
    """How many posts stand above each, from each post's parent; one whose parent is not there stands at the top.

    Linear in the number of posts; posts in a circle, which no service makes, get some depth.
    """
    depths: dict[int, int] = {}
    for start in parents:
        way: dict[int, None] = {}
        post: int | None = start
        while post is not None and post in parents and post not in depths and post not in way:
            way[post] = None
            post = parents[post]
        depth = -1 if post is None else depths.get(post, -1)
        for climbed in reversed(way):
            depth += 1
            depths[climbed] = depth
    return depths


def in_pre_order(posts: Sequence[Any]) -> list[Any]:
    """Posts by id, each followed by its answers; none is lost, whatever its parent is."""
    known = {post["id"] for post in posts}
    answers: dict[int | None, list[Any]] = defaultdict(list)
    for post in posts:
        parent = post["parent_post_id"]
        answers[parent if parent in known else None].append(post)
    placed: dict[int, Any] = {}
    for start in (*answers[None], *posts):  # the second time round only posts in a circle are left
        waiting = [start]
        while waiting:
            post = waiting.pop()
            if post["id"] not in placed:
                placed[post["id"]] = post
                waiting += reversed(answers[post["id"]])
    return list(placed.values())
