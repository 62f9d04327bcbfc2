"""The statements that bring an instance up to date: as many for a large one as for a small one."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Integer,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from lms_graphql.content.models import ContentItem, content_type_enum
from lms_graphql.interop.models import ExternalKey
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.models import Module, module_type_enum


def _given(**kinds: Any) -> Any:
    """Rows from arrays that are bound by the columns' names in the plural."""
    arrays = [bindparam(f"{name}s", type_=ARRAY(kind)) for name, kind in kinds.items()]
    table = func.unnest(*arrays).table_valued(*(column(name, kind) for name, kind in kinds.items()))
    return table.render_derived(name="given")


def _one_of(model: Any) -> tuple[ColumnElement[bool], ...]:
    return model.university_id == UNIVERSITY, model.id == any_(bindparam("ids", type_=ARRAY(BigInteger)))


def _also(model: Any, *pairs: tuple[Any, Any]) -> ColumnElement[bool]:
    """That a row is the given one, and does not say so already."""
    differs = or_(*(mine.is_distinct_from(given) for mine, given in pairs[1:]))
    return and_(model.university_id == UNIVERSITY, model.id == pairs[0][1], differs)


_COURSE = bindparam("course_id", type_=BigInteger)

DRAW = Statement(
    text(
        "SELECT ARRAY(SELECT nextval('modules_id_seq') FROM generate_series(1, :modules)) AS modules,"
        " ARRAY(SELECT nextval('content_items_id_seq') FROM generate_series(1, :items_)) AS content_items"
    ).bindparams(bindparam("modules", type_=Integer), bindparam("items_", type_=Integer))
)

_NEW = _given(
    id=BigInteger,
    place=Integer,
    type=Text,
    title=Text,
    description=Text,
    shown=Boolean,
    archived=DateTime(timezone=True),
    node=Text,
)
ADD_MODULES = Statement(
    insert(Module).from_select(
        [
            *("university_id", "course_id", "parent_module_id", "depth", "id", "sequence_index", "module_type"),
            *("title", "description", "is_published", "archived_at", "template_node"),
        ],
        select(
            UNIVERSITY,
            _COURSE,
            bindparam("root_id", type_=BigInteger),
            bindparam("depth", type_=Integer),
            _NEW.c.id,
            _NEW.c.place,
            cast(_NEW.c.type, module_type_enum),
            *(_NEW.c.title, _NEW.c.description, _NEW.c.shown, _NEW.c.archived, _NEW.c.node),
        ),
        include_defaults=False,
    )
)
"""All right under the topmost module at first, behind all others: `PLACE_MODULES` puts everything where it belongs."""

_NEW_ITEM = _given(
    id=BigInteger,
    module=BigInteger,
    place=Integer,
    type=Text,
    title=Text,
    description=Text,
    second=Integer,
    data=Text,
    node=Text,
)
ADD_ITEMS = Statement(
    insert(ContentItem).from_select(
        [
            *("university_id", "course_id", "id", "module_id", "sequence_index", "content_type", "title"),
            *("description", "estimated_duration_seconds", "data_json", "template_node"),
        ],
        select(
            UNIVERSITY,
            _COURSE,
            *(_NEW_ITEM.c.id, _NEW_ITEM.c.module, _NEW_ITEM.c.place),
            cast(_NEW_ITEM.c.type, content_type_enum),
            *(_NEW_ITEM.c.title, _NEW_ITEM.c.description, _NEW_ITEM.c.second),
            cast(_NEW_ITEM.c.data, JSONB),
            _NEW_ITEM.c.node,
        ),
        include_defaults=False,
    )
)

_PLACED = _given(id=BigInteger, parent=BigInteger, place=Integer, depth=Integer)
PLACE_MODULES = Statement(
    update(Module)
    .where(
        _also(
            Module,
            (Module.id, _PLACED.c.id),
            (Module.parent_module_id, _PLACED.c.parent),
            (Module.sequence_index, _PLACED.c.place),
            (Module.depth, _PLACED.c.depth),
        )
    )
    .values(parent_module_id=_PLACED.c.parent, sequence_index=_PLACED.c.place, depth=_PLACED.c.depth)
)
_PLACED_ITEM = _given(id=BigInteger, parent=BigInteger, place=Integer)
PLACE_ITEMS = Statement(
    update(ContentItem)
    .where(
        _also(
            ContentItem,
            (ContentItem.id, _PLACED_ITEM.c.id),
            (ContentItem.module_id, _PLACED_ITEM.c.parent),
            (ContentItem.sequence_index, _PLACED_ITEM.c.place),
        )
    )
    .values(module_id=_PLACED_ITEM.c.parent, sequence_index=_PLACED_ITEM.c.place)
)

_SAID = _given(id=BigInteger, type=Text, title=Text, description=Text)
CHANGE_MODULES = Statement(
    update(Module)
    .where(Module.university_id == UNIVERSITY, Module.id == _SAID.c.id)
    .values(module_type=cast(_SAID.c.type, module_type_enum), title=_SAID.c.title, description=_SAID.c.description)
)

_SAID_OF_ITEM = _given(id=BigInteger, title=Text, description=Text, second=Integer, data=Text)
CHANGE_ITEMS = Statement(
    update(ContentItem)
    .where(ContentItem.university_id == UNIVERSITY, ContentItem.id == _SAID_OF_ITEM.c.id)
    .values(
        title=_SAID_OF_ITEM.c.title,
        description=_SAID_OF_ITEM.c.description,
        estimated_duration_seconds=_SAID_OF_ITEM.c.second,
        data_json=cast(_SAID_OF_ITEM.c.data, JSONB),
    )
    .returning(ContentItem.id, ContentItem.revision)
)
"""The database keeps what they said before, and counts their revisions."""

FORGET_MODULES = Statement(
    delete(ExternalKey).where(
        ExternalKey.university_id == UNIVERSITY,
        ExternalKey.entity == "module",
        ExternalKey.entity_id == any_(bindparam("ids", type_=ARRAY(BigInteger))),
    )
)
DELETE_MODULES = Statement(delete(Module).where(*_one_of(Module)))
RETIRE_MODULES = Statement(
    update(Module).where(*_one_of(Module)).values(is_published=False, archived_at=func.now(), template_node=null())
)
RETIRE_ITEMS = Statement(update(ContentItem).where(*_one_of(ContentItem)).values(is_active=False, template_node=null()))
DETACH_MODULES = Statement(update(Module).where(*_one_of(Module)).values(template_node=null()))
DETACH_ITEMS = Statement(update(ContentItem).where(*_one_of(ContentItem)).values(template_node=null()))
MEET = Statement(
    update(Module)
    .where(Module.university_id == UNIVERSITY, Module.id == bindparam("root_id", type_=BigInteger))
    .values(template_version=bindparam("version_met", type_=Integer))
)
STORED_MODULES = Statement(select(*columns(Module)).where(*_one_of(Module)).order_by(Module.depth, Module.id))
STORED_ITEMS = Statement(
    select(*columns(ContentItem), cast(ContentItem.data_json, Text).label("data"))
    .where(*_one_of(ContentItem))
    .order_by(ContentItem.id)
)
