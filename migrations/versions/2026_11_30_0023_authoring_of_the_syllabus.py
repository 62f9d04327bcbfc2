"""What authoring a syllabus needs: versions and an archive of modules; assets with owners, uploads and known users.

A module's version counts what is said of it, and where it hangs, but not the places that its siblings give it. Which
assets the payload of a content item names is kept in a table by a trigger, whoever writes the payload, so that an asset
in use is found by an index and can't be deleted.

Revision: 0023, after 0022
"""

from alembic import op
from sqlalchemy import text

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_TENANT = "university_id = nullif(current_setting('lms.university_id', true), '')::bigint"
_SAID = ("module_type", "module_template_id", "title", "description", "is_published", "archived_at", "parent_module_id")
_CHANGED = (
    f"({', '.join(f'NEW.{column}' for column in _SAID)}) IS DISTINCT FROM"
    f" ({', '.join(f'OLD.{column}' for column in _SAID)})"
)
_MODULES = f"""
ALTER TABLE modules ADD COLUMN version integer NOT NULL DEFAULT 1, ADD COLUMN archived_at timestamptz;
CREATE TRIGGER count_version BEFORE UPDATE ON modules FOR EACH ROW
    WHEN ({_CHANGED}) EXECUTE FUNCTION count_version();
DROP TRIGGER set_updated_at ON modules;
CREATE TRIGGER set_updated_at BEFORE UPDATE ON modules FOR EACH ROW
    WHEN (NEW.updated_at = OLD.updated_at AND {_CHANGED}) EXECUTE FUNCTION set_updated_at()
"""
_FORMER_CLOCK = (
    "CREATE TRIGGER set_updated_at BEFORE UPDATE ON modules FOR EACH ROW WHEN (NEW.updated_at = OLD.updated_at"
    " AND NEW.effective_published = OLD.effective_published) EXECUTE FUNCTION set_updated_at()"
)
_ASSETS = """
ALTER TABLE assets
    ALTER COLUMN url DROP NOT NULL,
    ADD COLUMN course_id bigint,
    ADD COLUMN upload_id bigint,
    ADD COLUMN title varchar(255),
    ADD COLUMN is_staff_only boolean NOT NULL DEFAULT false,
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD CONSTRAINT assets_course_id_fkey FOREIGN KEY (university_id, course_id) REFERENCES courses (university_id, id),
    ADD CONSTRAINT assets_upload_id_fkey FOREIGN KEY (university_id, upload_id) REFERENCES uploads (university_id, id),
    ADD CONSTRAINT assets_place_check CHECK (num_nonnulls(url, upload_id) = 1);
CREATE INDEX ix_assets_course_id ON assets (university_id, course_id, id);
CREATE UNIQUE INDEX ux_assets_upload_id ON assets (university_id, upload_id);
CREATE TRIGGER count_version BEFORE UPDATE ON assets FOR EACH ROW EXECUTE FUNCTION count_version();
CREATE TABLE content_item_assets (
    university_id bigint NOT NULL, content_item_id bigint NOT NULL, asset_id bigint NOT NULL,
    CONSTRAINT content_item_assets_pkey PRIMARY KEY (university_id, content_item_id, asset_id),
    CONSTRAINT content_item_assets_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id),
    CONSTRAINT content_item_assets_content_item_id_fkey FOREIGN KEY (university_id, content_item_id)
        REFERENCES content_items (university_id, id) ON DELETE CASCADE,
    CONSTRAINT content_item_assets_asset_id_fkey FOREIGN KEY (university_id, asset_id)
        REFERENCES assets (university_id, id)
);
CREATE INDEX ix_content_item_assets_asset_id ON content_item_assets (university_id, asset_id, content_item_id);
ALTER TABLE content_item_assets ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON content_item_assets TO lms_app;
GRANT SELECT ON content_item_assets TO lms_platform
"""
_NAMED = """
CREATE FUNCTION named_assets(kind text, data jsonb) RETURNS bigint[] LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg(DISTINCT CASE WHEN found::text ~ '^[1-9][0-9]{0,18}$' AND found::numeric <= 9223372036854775807
                                   THEN found::numeric::bigint END)
    FROM (
        SELECT data -> 'asset_id' AS found WHERE kind = 'video'
        UNION ALL SELECT one -> 'asset_id'
        FROM jsonb_path_query(
            data,
            CASE kind WHEN 'text' THEN 'strict $.blocks[*]' WHEN 'engineering_lab' THEN 'strict $.files[*]' END::jsonpath,
            '{}', true
        ) AS one
        WHERE jsonb_typeof(one) = 'object'
    ) AS named
$$
"""
_KEEP = """
CREATE FUNCTION keep_named_assets() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    named bigint[] := public.named_assets(NEW.content_type::text, NEW.data_json);
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM public.content_item_assets AS kept
        WHERE kept.university_id = NEW.university_id AND kept.content_item_id = NEW.id
            AND (named IS NULL OR kept.asset_id <> ALL (array_remove(named, NULL)));
    END IF;
    INSERT INTO public.content_item_assets (university_id, content_item_id, asset_id)
    SELECT asset.university_id, NEW.id, asset.id FROM public.assets AS asset
    WHERE asset.university_id = NEW.university_id AND asset.id = ANY (named) FOR KEY SHARE
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$
"""
_NAMES_ANY = " OR ".join(
    f"NEW.data_json @? '{path}'" for path in ("$.asset_id", "$.blocks[*].asset_id", "$.files[*].asset_id")
)
_TRIGGERS = f"""
CREATE TRIGGER keep_named_assets AFTER INSERT ON content_items FOR EACH ROW
    WHEN ({_NAMES_ANY}) EXECUTE FUNCTION keep_named_assets();
CREATE TRIGGER keep_renamed_assets AFTER UPDATE OF data_json ON content_items FOR EACH ROW
    WHEN (NEW.data_json IS DISTINCT FROM OLD.data_json) EXECUTE FUNCTION keep_named_assets();
INSERT INTO content_item_assets (university_id, content_item_id, asset_id)
    SELECT item.university_id, item.id, asset.id FROM content_items AS item
    JOIN assets AS asset ON asset.university_id = item.university_id
        AND asset.id = ANY (named_assets(item.content_type::text, item.data_json))
"""
_DOWNGRADE_CONFLICTS = {
    "archived modules": "SELECT FROM modules WHERE archived_at IS NOT NULL",
    "assets that are uploads, are for staff only, or have a course or a title": (
        "SELECT FROM assets WHERE upload_id IS NOT NULL OR is_staff_only OR course_id IS NOT NULL OR title IS NOT NULL"
    ),
}


class MigrationRefusedError(Exception):
    """The data can't go to this revision; the message says why, in one line."""


def upgrade() -> None:
    """The columns, then what keeps the references, and those that there are."""
    for statement in (*_split(_MODULES), *_split(_ASSETS), _NAMED, _KEEP, *_split(_TRIGGERS)):
        op.execute(text(statement.replace(":", r"\:")))
    op.execute(
        text(
            f"CREATE POLICY tenant ON content_item_assets USING ({_TENANT}) WITH CHECK ({_TENANT})".replace(":", r"\:")
        )
    )


def downgrade() -> None:
    """Drop it all; refused while anything would be lost, or would be shown again."""
    connection = op.get_bind()
    found = []
    for name, query in _DOWNGRADE_CONFLICTS.items():
        count = connection.execute(text(f"SELECT count(*) FROM ({query}) AS conflict")).scalar_one()
        if count:
            found.append(f"{count} {name}")
    if found:
        raise MigrationRefusedError(f"revision 0023 can't be taken back and changed nothing: {'; '.join(found)}")
    op.execute("DROP TRIGGER keep_named_assets ON content_items")
    op.execute("DROP TRIGGER keep_renamed_assets ON content_items")
    op.execute("DROP FUNCTION keep_named_assets()")
    op.execute("DROP FUNCTION named_assets(text, jsonb)")
    op.execute("DROP TABLE content_item_assets")
    op.execute("DROP TRIGGER count_version ON assets")
    op.execute(
        "ALTER TABLE assets DROP COLUMN version, DROP COLUMN is_staff_only, DROP COLUMN title, DROP COLUMN upload_id,"
        " DROP COLUMN course_id, ALTER COLUMN url SET NOT NULL"
    )
    op.execute("DROP TRIGGER set_updated_at ON modules")
    op.execute("DROP TRIGGER count_version ON modules")
    op.execute("ALTER TABLE modules DROP COLUMN archived_at, DROP COLUMN version")
    op.execute(_FORMER_CLOCK)


def _split(statements: str) -> list[str]:
    return statements.strip().split(";\n")
