"""Whether a course that comes from elsewhere can be stored: by the same rules as what the API is given.

All that is wrong is told, each with its place in the document; nothing is read from the database or written.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from lms_graphql.assessment.pooling import MOST_QUESTIONS as MOST_IN_POOL
from lms_graphql.assessment.pooling import QuestionSeed, checked_question
from lms_graphql.content.checking import checked_payload
from lms_graphql.content.payloads import AssetMeta
from lms_graphql.engine.inputs import line
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.grades.numbers import exact
from lms_graphql.interop.bundle import form
from lms_graphql.interop.bundle.references import ASSET, POOL, exchanged
from lms_graphql.storage.media import ASSETS, Judge

MOST_FAILURES = 100
"""So many are told; what is behind them is seen once they are corrected."""
_HUNDRED, _MOST_POINTS, _CENT = Decimal(100), Decimal("9999.99"), Decimal("0.01")
_MOST_CREDITS = Decimal("99.99")
_PAIRS = (("starts_at", "ends_at"), ("enrollment_start", "enrollment_end"))
_DATES = (("unlock_at", "due_at"), ("due_at", "lock_at"), ("unlock_at", "lock_at"))
_MOST_SECONDS, _MOST_ATTEMPTS, _MOST_COUNT = 604_800, 1000, 1000


class Checked(NamedTuple):
    """A course that can be stored. Payloads and questions are as they will be, by the keys of items and pools.

    What a payload refers to stands in it as the number in the key: 3 for a3.
    """

    course: form.Course
    payloads: dict[str, dict[str, Any]]
    questions: dict[str, list[QuestionSeed]]


def fits(file: form.File, data: bytes) -> bool:
    """Whether a file of an archive can be of its media type, which is one that is taken."""
    return Judge(file.media_type).fits(data, final=True)


def checked_course(course: form.Course, path: tuple[str, ...]) -> Checked:
    """The course, checked; Refused with a failure for each thing that is wrong, all of `path`."""
    check = _Check(course, path)
    check.everything()
    if check.failures:
        raise Refused.all(check.failures[:MOST_FAILURES])
    return Checked(course, check.payloads, check.questions)


def modules_of(course: form.Course) -> Iterator[tuple[form.Module, int, str]]:
    """Every module before what is below it, with its depth and its place in the document."""
    waiting = [(module, 0, f"modules[{place}]") for place, module in reversed([*enumerate(course.modules)])]
    while waiting:
        module, depth, where = waiting.pop()
        yield module, depth, where
        waiting += [
            (child, depth + 1, f"{where}.modules[{place}]") for place, child in reversed([*enumerate(module.modules)])
        ]


class _Check:
    """One check: what is wrong so far."""

    def __init__(self, course: form.Course, path: tuple[str, ...]) -> None:
        self.failures: list[UserFailure] = []
        self.payloads: dict[str, dict[str, Any]] = {}
        self.questions: dict[str, list[QuestionSeed]] = {}
        self._course = course
        self._path = path
        self._modules = list(modules_of(course))
        self._known: dict[str, dict[str, int]] = {}
        self._item_keys: set[str] = set()

    def everything(self) -> None:
        self._sizes()
        self._keys()
        if self.failures:
            return  # what refers to something can't be looked at
        self._entry()
        for place, asset in enumerate(self._course.assets):
            self._asset(asset, f"assets[{place}]")
        for place, pool in enumerate(self._course.pools):
            self._pool(pool, f"pools[{place}]")
        for module, depth, where in self._modules:
            self._module(module, depth, where)
        self._policy(self._course.grading_policy, "grading_policy")
        for place, offering in enumerate(self._course.offerings):
            self._offering(offering, f"offerings[{place}]")

    def _say(self, where: str, message: str, code: UserErrorCode = UserErrorCode.INVALID) -> None:
        self.failures.append(UserFailure(code, f"{where}: {message}", self._path))

    def _sizes(self) -> None:
        counts = {
            "modules": (len(self._modules), form.MOST_MODULES),
            "content items": (sum(len(module.items) for module, *_ in self._modules), form.MOST_ITEMS),
            "questions": (sum(len(pool.questions) for pool in self._course.pools), form.MOST_QUESTIONS),
            "pools": (len(self._course.pools), form.MOST_ITEMS),
            "assets": (len(self._course.assets), form.MOST_ITEMS),
            "settings": (sum(len(one.settings) for one in self._course.offerings), form.MOST_SETTINGS),
        }
        for what, (count, most) in counts.items():
            if count > most:
                self._say("course", f"it has {count} {what}, at most {most} can be taken", UserErrorCode.LIMIT_REACHED)

    def _keys(self) -> None:
        """Each key names one thing; and what its first letter says."""
        course = self._course
        policies = [course.grading_policy, *(one.grading_policy for one in course.offerings)]
        categories = [category for policy in policies if policy is not None for category in policy.categories]
        named: dict[str, Sequence[Any]] = {
            "m": [module for module, *_ in self._modules],
            "i": [item for module, *_ in self._modules for item in module.items],
            "p": course.pools,
            "q": [question for pool in course.pools for question in pool.questions],
            "a": course.assets,
            "c": categories,
            "o": course.offerings,
        }
        for letter, things in named.items():
            for key, count in Counter(thing.key for thing in things).items():
                if count > 1 or key != f"{letter}{int(key[1:])}" or key[1] == "0":
                    self._say(key, f"a key here is {letter} with a number from 1, and names one thing")
        self._known = {ASSET: _numbers(course.assets), POOL: _numbers(course.pools)}
        self._item_keys = {item.key for item in named["i"]}

    def _entry(self) -> None:
        course = self._course
        for name, most in (("code", 128), ("title", 255), ("language_code", 8)):
            self._line(getattr(course, name), name, most)
        self._exact(course.credit_hours, "credit_hours", _MOST_CREDITS)
        self._unlike([one.code for one in course.subjects], "subjects")
        self._unlike([one.course for one in course.prerequisites], "prerequisites")
        if sum(one.is_primary for one in course.subjects) > 1:
            self._say("subjects", "one of them can be the primary one")

    def _asset(self, asset: form.Asset, where: str) -> None:
        if asset.title is not None:
            self._line(asset.title, f"{where}.title", 255)
        if asset.file is not None:
            self._file(asset.file, f"{where}.file")
        if (asset.url is None) == (asset.file is None):
            self._say(where, "an asset has either a url or a file")
        if asset.url is not None:
            try:
                parts = urlsplit(line(asset.url, (), most=1024))
                fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
            except (ValueError, Refused):
                fits = False
            if not fits:
                self._say(f"{where}.url", "this is no address that begins with http:// or https://")
        try:
            msgspec.convert(asset.meta, AssetMeta)
        except msgspec.ValidationError as error:
            self._say(f"{where}.meta", str(error))

    def _file(self, file: form.File, where: str) -> None:
        self._line(file.file_name, f"{where}.file_name", 255)
        if any(sign in file.file_name for sign in "/\\") or file.file_name in {".", ".."}:
            self._say(f"{where}.file_name", "give the name alone, without folders")
        if file.media_type not in ASSETS:
            self._say(f"{where}.media_type", f"files of this kind are not taken; these are: {', '.join(ASSETS)}")
        if file.size_bytes == 0:
            self._say(where, "the file is empty")

    def _pool(self, pool: form.Pool, where: str) -> None:
        self._line(pool.title, f"{where}.title", 255)
        if len(pool.questions) > MOST_IN_POOL:
            self._say(where, f"a pool has at most {MOST_IN_POOL} questions", UserErrorCode.LIMIT_REACHED)
            return
        made = self.questions[pool.key] = []
        for place, one in enumerate(pool.questions):
            seed = QuestionSeed(one.type, one.stem, one.points, one.options, one.hints, one.answer, one.explanation)
            try:
                made.append(checked_question(seed))
            except Refused as refused:
                self._all(refused, f"{where}.questions[{place}]")

    def _module(self, module: form.Module, depth: int, where: str) -> None:
        self._line(module.title, f"{where}.title", 255)
        if depth > form.MOST_DEPTH:
            self._say(where, f"a module has at most {form.MOST_DEPTH} others above it", UserErrorCode.LIMIT_REACHED)
        if depth and module.module_type == "course_root":
            self._say(where, "a course_root stands at the top")
        for place, item in enumerate(module.items):
            self._item(item, f"{where}.items[{place}]")

    def _item(self, item: form.Item, where: str) -> None:
        self._line(item.title, f"{where}.title", 255)
        payload, lacking = exchanged(item.content_type, item.payload, self._known)
        for reference in lacking:
            self._say(f"{where}.payload", f"it refers to {str(reference)[:40]!r}, which is not in the document")
        try:
            self.payloads[item.key] = checked_payload(item.content_type, payload)
        except Refused as refused:
            self._all(refused, f"{where}.payload")
        if item.rubric and item.content_type not in ("engineering_lab", "assignment"):
            self._say(f"{where}.rubric", "labs and assignments have rubrics")
        for place, criterion in enumerate(item.rubric):
            self._criterion(criterion, f"{where}.rubric[{place}]")

    def _criterion(self, criterion: form.Criterion, where: str) -> None:
        self._line(criterion.title, f"{where}.title", 255)
        self._exact(criterion.points, f"{where}.points", _MOST_POINTS)
        for place, rating in enumerate(criterion.ratings):
            self._line(rating.title, f"{where}.ratings[{place}].title", 255)
            self._exact(rating.points, f"{where}.ratings[{place}].points", criterion.points)

    def _policy(self, policy: form.Policy | None, where: str) -> None:
        if policy is None:
            return
        self._exact(policy.pass_mark, f"{where}.pass_mark", _HUNDRED)
        for place, letter in enumerate(policy.letters):
            self._line(letter.letter, f"{where}.letters[{place}].letter", 8)
            self._exact(letter.lowest_score, f"{where}.letters[{place}].lowest_score", _MOST_POINTS)
        self._unlike([letter.letter for letter in policy.letters], f"{where}.letters")
        self._unlike([letter.lowest_score for letter in policy.letters], f"{where}.letters")
        self._unlike([category.name for category in policy.categories], f"{where}.categories")
        for place, category in enumerate(policy.categories):
            self._line(category.name, f"{where}.categories[{place}].name", 255)
            self._exact(category.weight, f"{where}.categories[{place}].weight", _HUNDRED)
            for name in ("drop_lowest", "drop_highest", "min_count"):
                self._at_most(getattr(category, name), _MOST_COUNT, f"{where}.categories[{place}].{name}")

    def _offering(self, offering: form.Offering, where: str) -> None:
        for first, last in _PAIRS:
            begins, ends = getattr(offering, first), getattr(offering, last)
            if begins is not None and ends is not None and ends <= begins:
                self._say(f"{where}.{last}", f"this must be after {first}")
        self._unlike([section.code for section in offering.sections], f"{where}.sections")
        for place, section in enumerate(offering.sections):
            self._line(section.name, f"{where}.sections[{place}].name", 255)
        self._policy(offering.grading_policy, f"{where}.grading_policy")
        usable = self._usable_categories(offering)
        self._unlike([item.title for item in offering.grade_items], f"{where}.grade_items")
        for place, one in enumerate(offering.grade_items):
            self._line(one.title, f"{where}.grade_items[{place}].title", 255)
            self._exact(one.points, f"{where}.grade_items[{place}].points", _MOST_POINTS, _CENT)
            self._category(one.category, usable, f"{where}.grade_items[{place}]")
        sections = {section.code for section in offering.sections}
        self._unlike([(one.item, one.section) for one in offering.settings], f"{where}.settings")
        for place, setting in enumerate(offering.settings):
            self._setting(setting, sections, usable, f"{where}.settings[{place}]")

    def _usable_categories(self, offering: form.Offering) -> set[str]:
        """Those of the course's policy, and of the offering's own."""
        policies = (self._course.grading_policy, offering.grading_policy)
        return {category.key for policy in policies if policy is not None for category in policy.categories}

    def _category(self, key: str | None, usable: set[str], where: str) -> None:
        if key is not None and key not in usable:
            self._say(f"{where}.category", f"neither the course's policy nor the offering's has {key}")

    def _setting(self, setting: form.Setting, sections: set[str], usable: set[str], where: str) -> None:
        if setting.item not in self._item_keys:
            self._say(f"{where}.item", f"there is no item {setting.item} in the document")
        if setting.section is not None and setting.section not in sections:
            self._say(f"{where}.section", f"the offering has no section {setting.section!r}")
        self._category(setting.category, usable, where)
        for first, last in _DATES:
            early, late = getattr(setting, first), getattr(setting, last)
            if early is not None and late is not None and late < early:
                self._say(f"{where}.{last}", f"this must not be before {first}")
        for name in ("points", "min_score"):
            self._exact(getattr(setting, name), f"{where}.{name}", _MOST_POINTS)
        self._exact(setting.late_penalty_percent_per_day, f"{where}.late_penalty_percent_per_day", _HUNDRED)
        self._at_most(setting.extra_time_seconds, _MOST_SECONDS, f"{where}.extra_time_seconds")
        for name in ("extra_attempts", "max_submissions"):
            self._at_most(getattr(setting, name), _MOST_ATTEMPTS, f"{where}.{name}")
        if setting.max_submissions == 0:
            self._say(f"{where}.max_submissions", "this is at least 1")
        if setting.completion_rule == "min_score" and setting.min_score is None:
            self._say(f"{where}.min_score", "the completion rule min_score needs one")

    def _all(self, refused: Refused, where: str) -> None:
        self.failures += [failure._replace(message=f"{where}: {failure.message}", path=self._path)
                          for failure in refused.failures]  # fmt: skip

    def _line(self, value: str, where: str, most: int) -> None:
        try:
            line(value, (), most=most)
        except Refused as refused:
            self._all(refused, where)

    def _exact(self, value: Decimal | None, where: str, most: Decimal, least: Decimal = Decimal(0)) -> None:
        try:
            if value is not None:
                exact(value, (), least=least, most=most)
        except Refused as refused:
            self._all(refused, where)

    def _at_most(self, value: int | None, most: int, where: str) -> None:
        if value is not None and value > most:
            self._say(where, f"at most {most} can be taken")

    def _unlike(self, values: Iterable[Any], where: str) -> None:
        for value, count in Counter(values).items():
            if count > 1:
                told = ", ".join(map(str, filter(None, value))) if isinstance(value, tuple) else str(value)
                self._say(where, f"{told[:80]!r} is there {count} times")


def _numbers(things: Iterable[form.Asset | form.Pool]) -> dict[str, int]:
    return {thing.key: int(thing.key[1:]) for thing in things}
