"""Courses of any size, made up at random: as an export would spell them, so that what comes back can be compared."""

import hashlib
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from lms_graphql.interop.bundle import form
from tests.interop.bundles import packed

_BEGINS = datetime(2026, 9, 1, 8, tzinfo=UTC)
_WORDS = ("force", "motion", "Ünïcode", "𝔸", '"quoted"', "a\\b", "1 < 2", "энергия", "運動")


def archived(course, files=()):
    """The archive of a document's `course`, with the seal that is right for it."""
    document = {
        "format": form.NAME,
        "version": form.VERSION,
        "produced_at": "2026-11-30T00:00:00Z",
        "sha256": hashlib.sha256(form.spelled(course)).hexdigest(),
        "course": course,
    }
    return packed(document, files)


def a_course(modules, code, seed=0, items=None):
    """The `course` of a document with so many modules."""
    return msgspec.to_builtins(_Maker(seed).course(modules, code, items))


class _Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)  # noqa: S311 - the same courses each time
        self.count = dict.fromkeys("miapqc", 0)
        self.assets = []
        self.rubrics = []

    def key(self, letter):
        self.count[letter] += 1
        return f"{letter}{self.count[letter]}"

    def words(self, most=4):
        return " ".join(self.random.choices(_WORDS, k=self.random.randint(1, most)))

    def maybe(self, value):
        return value if self.random.random() < 0.5 else None

    def course(self, modules, code, items):
        pools = [self.pool() for _ in range(max(1, modules // 4))]
        tree = self.tree(modules, [pool.key for pool in pools], items)
        policy = self.policy() if self.random.random() < 0.8 else None
        every = range(1, self.count["i"] + 1)
        offerings = [self.offering(number, policy, every) for number in range(1, self.random.randint(1, 4))]
        return form.Course(
            code=code,
            title=self.words(),
            description=self.maybe(self.words()),
            level=self.random.choice(["undergraduate", "graduate", "other"]),
            language_code=self.random.choice(["en", "de-CH"]),
            credit_hours=self.maybe(Decimal("7.50")),
            difficulty=self.maybe("advanced"),
            primary_subject="mechanics",
            subjects=[form.Subject("dynamics"), form.Subject("mechanics", True)],
            assets=self.assets,
            pools=pools,
            modules=tree,
            grading_policy=policy,
            offerings=offerings,
        )

    def tree(self, modules, pools, items):
        """A tree of so many modules, keys in the order in which a reader meets them."""
        parents = [None, *(self.random.choice([None, *range(number)]) for number in range(1, modules))]
        below = {}
        for number, parent in enumerate(parents):
            below.setdefault(parent, []).append(number)

        def made(number, depth):
            key = self.key("m")
            held = [self.item(pools) for _ in range(self.random.randint(0, 3) if items is None else items)]
            return form.Module(
                key,
                self.random.choice(["unit", "lesson", "topic", "other"]),
                self.words(),
                self.maybe(self.words()),
                self.random.random() < 0.7,
                self.maybe(_BEGINS) if depth else None,
                None,
                held,
                [made(child, depth + 1) for child in below.get(number, [])],
            )

        return [made(number, 0) for number in below[None]]

    def item(self, pools):
        kind = self.random.choice(["video", "quiz", "engineering_lab", "text", "assignment", "resource"])
        payload = {"schema_version": 1, **getattr(self, f"_{kind}")(pools)}
        rubric = []
        if kind in ("engineering_lab", "assignment") and self.random.random() < 0.5:
            ratings = [form.Rating(self.words(), Decimal("2.50"))] * self.random.randint(0, 2)
            rubric = [form.Criterion(self.words(), Decimal("10.00"), self.maybe("How."), ratings)]
        return form.Item(
            self.key("i"), kind, self.words(), payload, self.maybe(self.words()),
            self.maybe(self.random.randint(0, 9000)), self.random.random() < 0.8, rubric,
        )  # fmt: skip

    def asset(self):
        if self.assets and self.random.random() < 0.5:
            return self.random.choice(self.assets).key
        made = form.Asset(
            self.key("a"), "image", f"https://files.example/{self.random.random()}.png",
            meta={"alt_text": self.words()} if self.random.random() < 0.5 else {},
        )  # fmt: skip
        self.assets.append(made)
        return made.key

    def _video(self, _pools):
        return {"provider": "internal", "asset_id": self.asset(), "duration_seconds": 60}

    def _quiz(self, pools):
        return {"quiz_mode": "practice", "question_pool_id": self.random.choice(pools), "randomize_order": True}

    def _engineering_lab(self, _pools):
        files = [{"path": "lab.ipynb", "role": "student_visible"}, {"path": "t/test.py", "role": "hidden_test"}]
        return {"lab_type": "code", "runtime": "python-datascience", "timeout_seconds": 60, "env": {"A": "1"},
                "files": files, "grading": {"type": "unit_tests", "max_points": 100}}  # fmt: skip

    def _text(self, _pools):
        blocks = [
            {"type": "heading", "text": self.words(), "level": 2},
            {"type": "paragraph", "text": self.words()},
            {"type": "math", "latex": r"\frac{a}{b}"},
            {"type": "image", "alt_text": "x"},
            {"type": "link_list", "items": [{"label": "More", "url": "https://more.example/"}]},
        ]
        shown = self.random.sample(blocks, 3)
        shown = [{**block, "asset_id": self.asset()} if block["type"] == "image" else block for block in shown]
        return {"layout": "rich_text_v1", "blocks": shown}

    def _assignment(self, _pools):
        return {"instructions": self.words(), "submission_types": ["file"], "max_points": 12.5}

    def _resource(self, _pools):
        return {"resources": [{"label": self.words(), "url": "https://files.example/h.pdf", "kind": "pdf"}]}

    def pool(self):
        key = self.key("p")
        return form.Pool(key, self.words(), False, [self.question() for _ in range(self.random.randint(0, 4))])

    def question(self):
        options = [{"id": "a", "text": self.words()}, {"id": "b", "text": "another"}]
        kind, given, answer = self.random.choice([
            ("single_choice", options, {"correct": ["a"]}),
            ("multiple_choice", options, {"correct": ["a", "b"]}),
            ("ordering", options, {"order": ["b", "a"]}),
            ("numerical", [], {"value": "9.81", "tolerance": "0.1"}),
            ("text", [], {"accepted": [self.words()]}),
        ])  # fmt: skip
        hints = ["Think."] * self.random.randint(0, 1)
        return form.Question(
            self.key("q"), kind, self.words(), Decimal("1.50"), answer, given, hints, self.maybe("Because.")
        )

    def policy(self):
        categories = [
            form.Category(self.key("c"), f"{self.words()} {number}", Decimal("33.33"), number, 0, number, number > 1)
            for number in range(self.random.randint(1, 3))
        ]
        letters = [form.Letter("A", Decimal("90.00")), form.Letter("B", Decimal("80.00"))]
        return form.Policy(Decimal("50.00"), letters, categories)

    def offering(self, number, policy, items):
        own = self.policy() if self.random.random() < 0.5 else None
        categories = [one.key for found in (policy, own) if found is not None for one in found.categories]
        sections = [form.Section(code, self.words()) for code in ("A", "B")[: self.random.randint(0, 2)]]
        scopes = [None, *(section.code for section in sections)]
        chosen = sorted(self.random.sample(items, min(len(items), 5)))
        settings = [self.setting(item, scope, categories) for item in chosen for scope in scopes]
        return form.Offering(
            f"o{number}",
            term_name=self.maybe(self.words()),
            starts_at=_BEGINS,
            ends_at=_BEGINS + timedelta(days=self.random.randint(1, 100), microseconds=5),
            drop_until=self.maybe(_BEGINS + timedelta(days=1)),
            visibility=self.random.choice(["private", "members", "public"]),
            enrollment_mode=self.random.choice(["open", "approval", "closed"]),
            capacity=self.maybe(30),
            certificate_valid_days=self.maybe(365),
            sections=sections,
            grading_policy=own,
            grade_items=[
                form.GradeItem("Exam", Decimal("100.00"), self.random.choice([None, *categories]), self.maybe(_BEGINS))
            ],
            settings=settings,
        )

    def setting(self, item, section, categories):
        return form.Setting(
            f"i{item}",
            section,
            due_at=_BEGINS + timedelta(days=item),
            points=self.maybe(Decimal("12.50")),
            completion_rule="min_score",
            min_score=Decimal("5.00"),
            category=self.random.choice([None, *categories]) if section is None else None,
            max_submissions=self.maybe(3),
            late_penalty_percent_per_day=self.maybe(Decimal("10.00")),
        )
