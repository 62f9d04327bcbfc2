"""What the authoring of questions needs: a version of each pool, and the quizzes that draw from one, by an index.

The number of a quiz's pool gets a column of its own, since behind row-level security an index serves no condition on
what is taken out of JSON.

Revision: 0025, after 0024
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_POOL = """CASE WHEN jsonb_typeof(data_json -> 'question_pool_id') = 'number'
    AND (data_json ->> 'question_pool_id') ~ '^[0-9]{1,18}$' THEN (data_json ->> 'question_pool_id')::bigint END"""


def upgrade() -> None:
    """The version with what counts it up, and the pool's number with its index."""
    op.execute("ALTER TABLE question_pools ADD COLUMN version integer NOT NULL DEFAULT 1")
    op.execute(
        "CREATE TRIGGER count_version BEFORE UPDATE ON question_pools FOR EACH ROW EXECUTE FUNCTION count_version()"
    )
    op.execute(f"ALTER TABLE content_items ADD COLUMN pool_key bigint GENERATED ALWAYS AS ({_POOL}) STORED")
    op.execute(
        "CREATE INDEX ix_content_items_pool ON content_items (university_id, pool_key) WHERE pool_key IS NOT NULL"
    )


def downgrade() -> None:
    """Drop them; nothing that anybody wrote is lost."""
    op.execute("ALTER TABLE content_items DROP COLUMN pool_key")
    op.execute("DROP TRIGGER count_version ON question_pools")
    op.execute("ALTER TABLE question_pools DROP COLUMN version")
