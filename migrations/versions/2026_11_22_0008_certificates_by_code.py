"""A certificate by its code for anybody, and indexes that lists of reviews, threads and posts are walked by.

lms_app sees no certificate without a university, and a stranger names none. So one function reads as its owner: the
university whose short code the code begins with, the one certificate of it with this code, and of that the columns that
anybody who holds the code may see. What it names is written with its schema, its search_path is fixed, and only lms_app
may call it. Certificates of a closed university stay true, so they are found.

Revision: 0008, after 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_FUNCTION = """
CREATE FUNCTION verify_certificate(code text)
RETURNS TABLE (recipient_name text, course_title text, university_name text, issued_at timestamptz,
               expires_at timestamptz, revoked_at timestamptz)
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT c.recipient_name, c.course_title, u.name, c.issued_at, c.expires_at, c.revoked_at
    FROM public.universities u
    JOIN public.certificates c ON c.university_id = u.id AND c.certificate_code = code
    WHERE u.short_code = split_part(code, '-', 1)
$$
"""
_NEW_INDEXES = {
    "ix_course_reviews_created_at": "course_reviews (university_id, course_offering_id, created_at, id)",
    "ix_course_reviews_rating": "course_reviews (university_id, course_offering_id, rating, id)",
    "ix_discussion_threads_created_at": "discussion_threads (university_id, course_offering_id, created_at, id)",
    "ix_discussion_threads_pinned": "discussion_threads (university_id, course_offering_id, is_pinned, created_at, id)",
}
_LONGER_BY_ID = {
    "ix_course_reviews_course_offering": "course_reviews (university_id, course_offering_id{})",
    "ix_discussion_threads_course_offering": "discussion_threads (university_id, course_offering_id{})",
    "ix_discussion_threads_module_id": "discussion_threads (university_id, module_id{})",
    "ix_discussion_threads_content_item_id": "discussion_threads (university_id, content_item_id{})",
    "ix_discussion_posts_parent_post_id": "discussion_posts (university_id, thread_id, parent_post_id{})",
}
"""Indexes that give their rows by id from here on, which is the order of these lists."""


def upgrade() -> None:
    """Create the function and the indexes."""
    op.execute(_FUNCTION)
    op.execute("REVOKE ALL ON FUNCTION verify_certificate(text) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION verify_certificate(text) TO lms_app")
    for name, columns in _NEW_INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {columns}")
    _renew(", id")


def downgrade() -> None:
    """Drop them; no row changes."""
    _renew("")
    for name in _NEW_INDEXES:
        op.execute(f"DROP INDEX {name}")
    op.execute("DROP FUNCTION verify_certificate(text)")


def _renew(last: str) -> None:
    for name, columns in _LONGER_BY_ID.items():
        op.execute(f"DROP INDEX {name}")
        op.execute(f"CREATE INDEX {name} ON {columns.format(last)}")
