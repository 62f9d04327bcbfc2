"""Templates have versions, and what is made from one knows which: so that it can be brought up to date.

A version is a whole tree, a list of nodes, each before those below it; nodes keep their `key` from one version to the
next. A version never changes: lms_app may add one and no more. Where a node has been made into a module or an item,
that one has the key as its `template_node`; the topmost module of an instance also tells which version it met. What is
customised is not kept: it is what differs from that version.

Templates of before have a version 1 of their title and their description, met by all modules that were made of them.
`default_data` says nothing that a module has, and stays as it is.

Revision: 0026, after 0025
"""

from alembic import op
from sqlalchemy import text

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_TENANT = "university_id = nullif(current_setting('lms.university_id', true), '')::bigint"
_TABLE = """
CREATE TABLE module_template_versions (
    id bigserial NOT NULL, template_id bigint NOT NULL, university_id bigint, version integer NOT NULL,
    title varchar(255) NOT NULL, notes text, tree jsonb NOT NULL, node_count integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT module_template_versions_pkey PRIMARY KEY (id),
    CONSTRAINT uq_module_template_versions_version UNIQUE (template_id, version),
    CONSTRAINT module_template_versions_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id),
    CONSTRAINT module_template_versions_template_id_fkey FOREIGN KEY (template_id) REFERENCES module_templates (id),
    CONSTRAINT module_template_versions_owner_fkey
        FOREIGN KEY (university_id, template_id) REFERENCES module_templates (university_id, id),
    CONSTRAINT module_template_versions_version_check CHECK (version >= 1),
    CONSTRAINT module_template_versions_node_count_check CHECK (node_count >= 1),
    CONSTRAINT module_template_versions_tree_check
        CHECK (jsonb_typeof(tree) = 'array' AND jsonb_array_length(tree) = node_count)
);
CREATE INDEX ix_module_template_versions_owner ON module_template_versions (university_id, template_id, version)
"""
_KEY = "'^[A-Za-z0-9_-]{1,64}$'"
_FIRST_VERSIONS = """
INSERT INTO module_template_versions (template_id, university_id, version, title, tree, node_count)
SELECT id, university_id, 1, title, jsonb_build_array(jsonb_build_object(
           'key', replace(gen_random_uuid()::text, '-', ''), 'kind', 'module', 'parent', null,
           'type', template_type::text, 'title', title, 'description', description)), 1
FROM module_templates
"""
_FIRST_INSTANCES = """
UPDATE modules SET template_version = 1, template_node = v.tree -> 0 ->> 'key'
FROM module_template_versions v WHERE v.template_id = modules.module_template_id
"""
_DOWNGRADE_CONFLICTS = {
    "versions of templates": "SELECT FROM module_template_versions WHERE version > 1 OR node_count > 1",
    "drafts of templates": "SELECT FROM module_templates WHERE draft IS NOT NULL",
    "archived templates": "SELECT FROM module_templates WHERE archived_at IS NOT NULL",
    "modules of a template's node": "SELECT FROM modules WHERE template_node IS NOT NULL AND template_version IS NULL",
    "items of a template's node": "SELECT FROM content_items WHERE template_node IS NOT NULL",
}


class MigrationRefusedError(Exception):
    """The data can't go to this revision; the message says why, in one line."""


def upgrade() -> None:
    """The versions behind the wall, the columns, then version 1 of what is there."""
    op.execute("DROP INDEX ix_module_templates_university_id")
    op.execute("CREATE UNIQUE INDEX ix_module_templates_university_id ON module_templates (university_id, id)")
    for statement in _TABLE.strip().split(";\n"):
        op.execute(statement)
    op.execute("ALTER TABLE module_template_versions ENABLE ROW LEVEL SECURITY")
    policy = f"USING (university_id IS NULL OR {_TENANT}) WITH CHECK ({_TENANT})"
    op.execute(text(f"CREATE POLICY tenant ON module_template_versions {policy}".replace(":", r"\:")))
    op.execute("GRANT SELECT, INSERT ON module_template_versions TO lms_app")
    op.execute("GRANT SELECT ON module_template_versions TO lms_platform")
    op.execute("GRANT USAGE ON SEQUENCE module_template_versions_id_seq TO lms_app")
    op.execute(
        "ALTER TABLE module_templates ADD COLUMN draft jsonb, ADD COLUMN archived_at timestamptz,"
        " ADD COLUMN version integer NOT NULL DEFAULT 1,"
        " ADD CONSTRAINT module_templates_draft_check CHECK (jsonb_typeof(draft) = 'array')"
    )
    op.execute(
        "ALTER TABLE modules ADD COLUMN template_version integer, ADD COLUMN template_node varchar(64),"
        f" ADD CONSTRAINT modules_template_node_check CHECK (template_node ~ {_KEY}),"
        " ADD CONSTRAINT modules_template_version_check CHECK"
        " (template_version IS NULL OR (module_template_id IS NOT NULL AND template_node IS NOT NULL)),"
        " ADD CONSTRAINT modules_template_version_fkey FOREIGN KEY (module_template_id, template_version)"
        " REFERENCES module_template_versions (template_id, version)"
    )
    op.execute(
        "ALTER TABLE content_items ADD COLUMN template_node varchar(64),"
        f" ADD CONSTRAINT content_items_template_node_check CHECK (template_node ~ {_KEY})"
    )
    op.execute(_FIRST_VERSIONS)
    op.execute(_FIRST_INSTANCES)
    op.execute("CREATE INDEX ix_modules_template_version ON modules (module_template_id, template_version)")
    op.execute(
        "CREATE INDEX ix_modules_template_instances ON modules (university_id, module_template_id, id)"
        " WHERE template_version IS NOT NULL"
    )
    op.execute(
        "CREATE TRIGGER count_version BEFORE UPDATE ON module_templates FOR EACH ROW EXECUTE FUNCTION count_version()"
    )


def downgrade() -> None:
    """Drop it all; refused while anything would be lost."""
    _refuse_if(_DOWNGRADE_CONFLICTS)
    op.execute("DROP TRIGGER count_version ON module_templates")
    op.execute("ALTER TABLE content_items DROP COLUMN template_node")
    op.execute("ALTER TABLE modules DROP COLUMN template_version, DROP COLUMN template_node")
    op.execute("ALTER TABLE module_templates DROP COLUMN draft, DROP COLUMN archived_at, DROP COLUMN version")
    op.execute("DROP TABLE module_template_versions")
    op.execute("DROP INDEX ix_module_templates_university_id")
    op.execute("CREATE INDEX ix_module_templates_university_id ON module_templates (university_id, id)")


def _refuse_if(conflicts: dict[str, str]) -> None:
    connection = op.get_bind()
    found = []
    for name, query in conflicts.items():
        count = connection.execute(text(f"SELECT count(*) FROM ({query}) AS conflict")).scalar_one()
        if count:
            found.append(f"{count} {name}")
    if found:
        raise MigrationRefusedError(f"revision 0026 can't be taken back and changed nothing: {'; '.join(found)}")
