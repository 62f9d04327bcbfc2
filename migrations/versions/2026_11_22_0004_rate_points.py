"""Rate points: the buckets that all workers lease from.

Of no tenant and without row-level security: a bucket's name is all that it tells, and no query of the API reads it.

Revision: 0004, after 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; UNLOGGED, since what a crash forgets is a full bucket."""
    op.execute(
        "CREATE UNLOGGED TABLE rate_points (bucket varchar(96) NOT NULL, points bigint NOT NULL, granted bigint NOT NULL,"
        " counted_at timestamptz NOT NULL, CONSTRAINT rate_points_pkey PRIMARY KEY (bucket),"
        " CONSTRAINT rate_points_points_check CHECK (points >= 0))"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON rate_points TO lms_app")


def downgrade() -> None:
    """Drop the table; everybody's bucket is full again afterwards."""
    op.execute("DROP TABLE rate_points")
