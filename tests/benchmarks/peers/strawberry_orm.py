"""Peer: Strawberry over SQLAlchemy's ORM with data loaders, as its tutorials show it.

Entities of the product's own models; a session for each batch; a loader for each edge, made anew for each request.
"""

import os
from collections import defaultdict
from typing import Annotated, Any, Union

import strawberry
from aiodataloader import DataLoader
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from strawberry.asgi import GraphQL

import lms_graphql.tables  # noqa: F401 - the entities refer to each other's tables
from lms_graphql.catalog.models import Course as CourseEntity
from lms_graphql.content.models import ContentItem as ItemEntity
from lms_graphql.syllabus.models import Module as ModuleEntity

_URL = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")
_sessions = async_sessionmaker(create_async_engine(_URL, pool_size=8), expire_on_commit=False)


class _Lists(DataLoader[int, list[Any]]):
    """The entities that hang below each key, in order."""

    def __init__(self, entity: Any, column: str, university: int, *conditions: Any) -> None:
        super().__init__()
        self._column = column
        self._query = (
            select(entity).where(entity.university_id == university, *conditions).order_by(entity.sequence_index)
        )
        self._key = getattr(entity, column)

    async def batch_load_fn(self, keys: list[int]) -> list[list[Any]]:
        found = defaultdict(list)
        async with _sessions() as session:
            for entity in (await session.scalars(self._query.where(self._key.in_(keys)))).all():
                found[getattr(entity, self._column)].append(entity)
        return [found[key] for key in keys]


class _Loaders:
    def __init__(self, university: int) -> None:
        self.university = university
        self.roots = _Lists(ModuleEntity, "course_id", university, ModuleEntity.parent_module_id.is_(None))
        self.children = _Lists(ModuleEntity, "parent_module_id", university)
        self.items = _Lists(ItemEntity, "module_id", university)


Info = strawberry.Info[dict[str, Any], None]


@strawberry.interface
class ContentItem:
    id: strawberry.ID
    title: str
    sequence_index: int
    estimated_duration_seconds: int | None


@strawberry.type
class VideoContent(ContentItem):
    provider: str
    video_id: str
    url: str
    duration_seconds: int
    thumbnail_url: str | None


@strawberry.type
class Mastery:
    points: int
    threshold_correct_in_row: int
    max_attempts: int


@strawberry.type
class QuizContent(ContentItem):
    quiz_mode: str
    num_questions_per_attempt: int
    time_limit_seconds: int | None
    mastery: Mastery | None


@strawberry.type
class ParagraphBlock:
    text: str


@strawberry.type
class MathBlock:
    latex: str


TextBlock = Annotated[Union[ParagraphBlock, MathBlock], strawberry.union("TextBlock")]  # noqa: UP007


@strawberry.type
class TextContent(ContentItem):
    layout: str
    blocks: list[TextBlock]


@strawberry.type
class LabFile:
    path: str
    role: str


@strawberry.type
class EngineeringLabContent(ContentItem):
    lab_type: str
    runtime: str
    entrypoint: str
    files: list[LabFile]


@strawberry.type
class ResourceLink:
    label: str
    url: str
    kind: str


@strawberry.type
class ResourceContent(ContentItem):
    resources: list[ResourceLink]


Content = Annotated[
    Union[VideoContent, QuizContent, TextContent, EngineeringLabContent, ResourceContent],  # noqa: UP007
    strawberry.union("Content"),
]


def _block(data: dict[str, Any]) -> ParagraphBlock | MathBlock:
    return MathBlock(latex=data["latex"]) if data["type"] == "math" else ParagraphBlock(text=data["text"])


def _content(entity: ItemEntity) -> Any:
    data = entity.data_json
    shared: dict[str, Any] = {
        "id": strawberry.ID(str(entity.id)),
        "title": entity.title,
        "sequence_index": entity.sequence_index,
        "estimated_duration_seconds": entity.estimated_duration_seconds,
    }
    match entity.content_type:
        case "video":
            names = ("provider", "video_id", "url", "duration_seconds", "thumbnail_url")
            return VideoContent(**shared, **{name: data.get(name) for name in names})
        case "quiz":
            names = ("quiz_mode", "num_questions_per_attempt", "time_limit_seconds")
            rule = Mastery(**data["mastery"]) if data["mastery"] else None
            return QuizContent(**shared, **{name: data[name] for name in names}, mastery=rule)
        case "text":
            return TextContent(**shared, layout=data["layout"], blocks=[_block(block) for block in data["blocks"]])
        case "engineering_lab":
            names = ("lab_type", "runtime", "entrypoint")
            files = [LabFile(**file) for file in data["files"]]
            return EngineeringLabContent(**shared, **{name: data[name] for name in names}, files=files)
        case _:
            return ResourceContent(**shared, resources=[ResourceLink(**link) for link in data["resources"]])


@strawberry.type
class Module:
    entity: strawberry.Private[ModuleEntity]
    id: strawberry.ID
    title: str
    description: str | None
    module_type: str
    sequence_index: int

    @classmethod
    def of(cls, entity: ModuleEntity) -> "Module":
        return cls(
            entity=entity,
            id=strawberry.ID(str(entity.id)),
            title=entity.title,
            description=entity.description,
            module_type=entity.module_type,
            sequence_index=entity.sequence_index,
        )

    @strawberry.field
    async def children(self, info: Info) -> list["Module"]:
        return [Module.of(entity) for entity in await info.context["loaders"].children.load(self.entity.id)]

    @strawberry.field
    async def content_items(self, info: Info) -> list[Content]:
        return [_content(entity) for entity in await info.context["loaders"].items.load(self.entity.id)]


@strawberry.type
class Course:
    entity: strawberry.Private[CourseEntity]
    id: strawberry.ID
    title: str
    code: str
    description: str | None
    level: str

    @strawberry.field
    async def modules(self, info: Info) -> list[Module]:
        return [Module.of(entity) for entity in await info.context["loaders"].roots.load(self.entity.id)]


@strawberry.type
class Query:
    @strawberry.field
    async def course(self, info: Info, id: strawberry.ID) -> Course | None:  # noqa: A002
        async with _sessions() as session:
            entity = await session.get(CourseEntity, (info.context["loaders"].university, int(id)))
        if entity is None:
            return None
        return Course(
            entity=entity,
            id=strawberry.ID(str(entity.id)),
            title=entity.title,
            code=entity.code,
            description=entity.description,
            level=entity.level,
        )


class _Endpoint(GraphQL[dict[str, Any], None]):
    async def get_context(self, request: Any, response: Response) -> dict[str, Any]:
        return {"request": request, "loaders": _Loaders(int(request.headers["x-university-id"]))}


app = Starlette(routes=[Route("/graphql", _Endpoint(strawberry.Schema(Query, types=[Module])))])
