"""What those who look after people and the platform need: accounts by their addresses.

`accounts_of` is how a university gets the login identity of somebody whom it invites or imports: lms_app may read no
address of `users`, and this tells it none. It waits for nobody who makes other accounts, and of those who make one
account at the same moment all get the same one.

Revision: 0019, after 0018
"""

from alembic import op
from sqlalchemy import text

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# plpgsql, since each of its statements sees what others have kept until then; a function in SQL has one moment.
# The accounts stay locked as a reference would lock them: nobody may erase one before it has its membership.
_ACCOUNTS = """
CREATE FUNCTION accounts_of(addresses text[], names text[]) RETURNS TABLE (place bigint, user_id bigint)
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO users (email, full_name, password_hash)
    SELECT DISTINCT ON (lower(given.address)) given.address, given.name, '!'
    FROM unnest(addresses, names) WITH ORDINALITY AS given (address, name, place)
    WHERE NOT EXISTS (SELECT FROM users AS u WHERE lower(u.email) = lower(given.address))
    ORDER BY lower(given.address), given.place
    ON CONFLICT DO NOTHING;
    RETURN QUERY
    SELECT given.place, u.id
    FROM unnest(addresses) WITH ORDINALITY AS given (address, place)
    JOIN users AS u ON lower(u.email) = lower(given.address)
    FOR KEY SHARE OF u;
END
$$
"""
_FUNCTIONS = {"accounts_of(text[], text[])": (_ACCOUNTS, "lms_app")}


def upgrade() -> None:
    """Create the functions."""
    for function, (definition, caller) in _FUNCTIONS.items():
        op.execute(text(definition.replace(":", r"\:")))
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {caller}")


def downgrade() -> None:
    """Drop it all."""
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
