"""What the authoring of questions needs: a version of each pool, and the quizzes that draw from one, by an index.

Revision: 0025, after 0023
"""

from alembic import op

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The column with what counts it up, and the index."""
    op.execute("ALTER TABLE question_pools ADD COLUMN version integer NOT NULL DEFAULT 1")
    op.execute(
        "CREATE TRIGGER count_version BEFORE UPDATE ON question_pools FOR EACH ROW EXECUTE FUNCTION count_version()"
    )
    op.execute(
        "CREATE INDEX ix_content_items_question_pool ON content_items"
        " (university_id, (data_json -> 'question_pool_id')) WHERE (data_json -> 'question_pool_id') IS NOT NULL"
    )


def downgrade() -> None:
    """Drop both; nothing that anybody wrote is lost."""
    op.execute("DROP INDEX ix_content_items_question_pool")
    op.execute("DROP TRIGGER count_version ON question_pools")
    op.execute("ALTER TABLE question_pools DROP COLUMN version")
