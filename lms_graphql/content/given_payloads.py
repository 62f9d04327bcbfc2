"""A payload as an input gives it, as it is stored: under the names of `data_json`, with numbers in place of ids.

Where each value came from is remembered, so that what is wrong with a stored value is told of the input's.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from lms_graphql.content import articles
from lms_graphql.content.checking import checked_payload
from lms_graphql.content.lab_kind import VARIABLE
from lms_graphql.content.values import Place, shown, spelled
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure

PAYLOAD = ("input", "payload")
LAYOUT = "rich_text_v1"
KINDS = {
    "video": "video",
    "quiz": "quiz",
    "engineeringLab": "engineering_lab",
    "text": "text",
    "assignment": "assignment",
    "resource": "resource",
}
"""The kinds of content by the fields of ContentPayloadInput."""


class Reference(NamedTuple):
    """An asset or a pool that an input names: by its number, and where."""

    typename: str
    number: int
    path: Place
    spoken: str
    is_hidden: bool = False
    """Whether students must not see it."""


class GivenPayload(NamedTuple):
    """A payload that is good to be stored, if what it refers to is there."""

    content_type: str
    data: dict[str, Any]
    references: list[Reference]


class _Id(NamedTuple):
    """Of a field: the stored name of a reference, and the type of what it refers to."""

    stored: str
    typename: str


class _Part(NamedTuple):
    """Of a field: the stored name of an object, or with `listed` of a list of them, and their fields."""

    stored: str
    fields: "Mapping[str, _Field]"
    listed: bool = False


_Field: TypeAlias = str | _Id | _Part
"""How a field of an input is stored: as it is, under this name, or as one of the above."""

_IMAGE: Mapping[str, _Field] = {
    "assetId": _Id("asset_id", "Asset"), "url": "url", "altText": "alt_text", "caption": "caption"
}  # fmt: skip
_LINKS: Mapping[str, _Field] = {"label": "label", "url": "url"}
_BLOCKS: Mapping[str, tuple[str, Mapping[str, _Field]]] = {
    "heading": ("heading", {"level": "level", "text": "text"}),
    "paragraph": ("paragraph", {"text": "text"}),
    "math": ("math", {"latex": "latex"}),
    "image": ("image", _IMAGE),
    "linkList": ("link_list", {"links": _Part("items", _LINKS, listed=True)}),
}
_SEGMENT: Mapping[str, _Field] = {"startSeconds": "start", "endSeconds": "end", "text": "text"}
_FIELDS: Mapping[str, Mapping[str, _Field]] = {
    "video": {
        "provider": "provider",
        "videoId": "video_id",
        "url": "url",
        "durationSeconds": "duration_seconds",
        "thumbnailUrl": "thumbnail_url",
        "assetId": _Id("asset_id", "Asset"),
        "transcript": _Part(
            "transcript", {"language": "language", "segments": _Part("segments", _SEGMENT, listed=True)}
        ),
    },
    "quiz": {
        "questionPoolId": _Id("question_pool_id", "QuestionPool"),
        "quizMode": "quiz_mode",
        "numQuestionsPerAttempt": "num_questions_per_attempt",
        "randomizeOrder": "randomize_order",
        "timeLimitSeconds": "time_limit_seconds",
        "mastery": _Part(
            "mastery",
            {"points": "points", "thresholdCorrectInRow": "threshold_correct_in_row", "maxAttempts": "max_attempts"},
        ),
    },
    "engineering_lab": {
        "labType": "lab_type",
        "runtime": "runtime",
        "containerImage": "container_image",
        "cpuLimit": "cpu_limit",
        "memoryLimit": "memory_limit",
        "timeoutSeconds": "timeout_seconds",
        "entrypoint": "entrypoint",
        "files": _Part("files", {"path": "path", "role": "role", "assetId": _Id("asset_id", "Asset")}, listed=True),
        "grading": _Part("grading", {"type": "type", "maxPoints": "max_points"}),
    },
    "text": {"layout": "layout", "heading": "title"},
    "assignment": {
        "instructions": "instructions", "submissionTypes": "submission_types", "maxPoints": "max_points"
    },
    "resource": {"resources": _Part("resources", {**_LINKS, "kind": "kind"}, listed=True)},
}  # fmt: skip


def given_payload(given: Given, university_id: int | None, path: Place = PAYLOAD) -> GivenPayload:
    """The payload of a ContentPayloadInput; Refused tells all that is wrong with it, in the input's names."""
    ((field, inside),) = given.items()
    content_type = KINDS[field]
    reading = _Reading(university_id, (*path, field))
    data = reading.payload(content_type, inside)
    failures = list(reading.failures)
    try:
        stored = checked_payload(content_type, data)
    except Refused as refused:
        failures += [reading.told(failure) for failure in refused.failures]
    if failures:
        raise Refused.all(failures)
    return GivenPayload(content_type, stored, reading.references)


class _Origin(NamedTuple):
    """Where in the input a stored value comes from: its path, and how it is called in messages.

    A part of a text is told by its line, and so is all that is in it.
    """

    path: Place
    spoken: str
    is_text: bool = False


class _Reading:
    """One payload that is read; `origins` by places among what is stored."""

    def __init__(self, university_id: int | None, path: Place) -> None:
        self.failures: list[UserFailure] = []
        self.references: list[Reference] = []
        self._university_id = university_id
        self._path = path
        self._origins: dict[Place, _Origin] = {(): _Origin(path, "")}

    def payload(self, content_type: str, given: Given) -> dict[str, Any]:
        """What is stored of it, as far as it can be read."""
        data = self._object(_FIELDS[content_type], given, (), ())
        if content_type == "engineering_lab":
            data |= self._environment(given.get("env"))
        if content_type == "text":
            data = {"layout": LAYOUT, **data, "blocks": self._blocks(given)}
        return data

    def told(self, failure: UserFailure) -> UserFailure:
        """A failure of a stored value, told of where it comes from."""
        known = next(
            failure.path[:size] for size in range(len(failure.path), -1, -1) if failure.path[:size] in self._origins
        )
        origin, rest = self._origins[known], failure.path[len(known) :]
        said = failure.message.removeprefix(spelled(failure.path)).removeprefix(": ")
        if origin.is_text:
            return self._failure(failure.code, said, origin.path, origin.spoken)
        rest = tuple(map(_in_camel_case, rest))
        spoken = spelled((origin.spoken, *rest)) if origin.spoken else spelled(rest)
        return self._failure(failure.code, said, (*origin.path, *rest), spoken)

    def _failure(self, code: UserErrorCode, said: str, path: Place, spoken: str) -> UserFailure:
        return UserFailure(code, f"{spoken}: {said}" if spoken else said, path)

    def _note(self, stored: Place, inside: Place, spoken: Place) -> None:
        self._origins[stored] = _Origin((*self._path, *inside), spelled(spoken))

    def _object(
        self, fields: Mapping[str, _Field], given: Given, stored: Place, inside: Place, spoken: Place | None = None
    ) -> dict[str, Any]:
        """An object: where it will be stored, where it stands in the input, and how that is called, if otherwise."""
        spoken = inside if spoken is None else spoken
        data: dict[str, Any] = {}
        for name, field in fields.items():
            if given.get(name) is None:
                continue
            key = field if isinstance(field, str) else field.stored
            at, within, called = (*stored, key), (*inside, name), (*spoken, name)
            self._note(at, within, called)
            if isinstance(field, _Part) and field.listed:
                data[key] = self._list(field.fields, given[name], at, within, called)
            elif isinstance(field, _Part):
                data[key] = self._object(field.fields, given[name], at, within, called)
            elif isinstance(field, _Id):
                data[key] = self._number(field.typename, given, name, within, called)
            else:
                data[key] = _plain(given[name])
        return data

    def _list(
        self, fields: Mapping[str, _Field], given: Sequence[Given], stored: Place, inside: Place, spoken: Place
    ) -> list[dict[str, Any]]:
        found = []
        for index, one in enumerate(map(str, range(len(given)))):
            self._note((*stored, one), (*inside, one), (*spoken, one))
            found.append(self._object(fields, given[index], (*stored, one), (*inside, one), (*spoken, one)))
        return found

    def _number(self, typename: str, given: Given, name: str, inside: Place, spoken: Place) -> int | None:
        number = number_of(given[name], typename, self._university_id)
        path, called = (*self._path, *inside), spelled(spoken)
        if number is None:
            self.failures.append(self._failure(UserErrorCode.NOT_FOUND, missing(typename), path, called))
            return None
        is_hidden = _plain(given.get("role")) == "hidden_test"
        self.references.append(Reference(typename, number, path, called, is_hidden))
        return number

    def _environment(self, given: Sequence[Given] | None) -> dict[str, Any]:
        if given is None:
            return {}
        found: dict[str, str] = {}
        self._note(("env",), ("env",), ("env",))
        for index, variable in enumerate(given):
            inside, name = ("env", str(index)), variable["name"]
            which = "value" if VARIABLE.fullmatch(name) else "name"
            self._note(("env", shown(name)), (*inside, which), (*inside, which))
            if name in found:
                path = (*self._path, *inside, "name")
                said = "another variable has this name"
                self.failures.append(self._failure(UserErrorCode.INVALID, said, path, spelled((*inside, "name"))))
            found[name] = variable["value"]
        return {"env": found}

    def _blocks(self, given: Given) -> list[dict[str, Any]]:
        blocks, markdown = given.get("blocks"), given.get("markdown")
        if (blocks is None) == (markdown is None):
            said = "give either `blocks` or `markdown`"
            self.failures.append(self._failure(UserErrorCode.INVALID, said, self._path, ""))
            return []
        if markdown is not None:
            return self._article(markdown)
        self._note(("blocks",), ("blocks",), ("blocks",))
        return [self._block(one, str(index)) for index, one in enumerate(blocks or [])]

    def _block(self, given: Given, index: str) -> dict[str, Any]:
        ((kind, inside),) = given.items()
        stored, fields = _BLOCKS[kind]
        place = ("blocks", index)
        self._note(place, (*place, kind), place)
        return {"type": stored, **self._object(fields, inside, place, (*place, kind), place)}

    def _article(self, markdown: str) -> list[dict[str, Any]]:
        """The blocks of a Markdown text; what is wrong with one is told of the text, with the line where it begins."""
        inside = ("markdown",)
        path = (*self._path, *inside)
        self._note(("blocks",), inside, inside)
        article = articles.read_article(markdown)
        self.failures += [
            self._failure(UserErrorCode.INVALID, said, path, f"markdown line {line}") for line, said in article.wrong
        ]
        blocks = []
        for index, (line, block) in enumerate(article.blocks):
            spoken = f"markdown line {line}"
            self._origins["blocks", str(index)] = _Origin(path, spoken, is_text=True)
            asset = block.pop("asset", None)
            if asset is not None:
                block["asset_id"] = number_of(asset, "Asset", self._university_id)
                if block["asset_id"] is None:
                    self.failures.append(self._failure(UserErrorCode.NOT_FOUND, missing("Asset"), path, spoken))
                else:
                    self.references.append(Reference("Asset", block["asset_id"], path, spoken))
            blocks.append(block)
        return blocks


def missing(typename: str) -> str:
    """What is said of a reference to nothing."""
    return "there is no such asset" if typename == "Asset" else "there is no such question pool for this course"


def _plain(value: Any) -> Any:
    """A value as JSON has it: a label for an enum."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.value if isinstance(value, Enum) else value


def _in_camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
