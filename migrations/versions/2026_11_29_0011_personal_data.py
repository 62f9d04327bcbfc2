"""Erasures and disclosures: two tables that are only added to, and what erasing a person needs.

A member may be erased, for good. A certificate without a name is that of an erased person: it still holds, and says
so. lms_app may not touch login identities, and a university must not erase one that another still needs; so one
function does it as its owner, for a person whom the university of the setting has erased, when no other one has them
as a member and they don't look after the platform. Its lock makes two universities that erase one person take turns,
so that the second does it. With a login go its sessions and the identities that issuers have for it. Another function
tells the person of the setting, and nobody else, what is held of their login, without any secret. Two more do with the audit log, which lms_app may not read, what is due to its people: what it says of a
person's own profile is told to them, and taken out of it when they are erased; that something was done, by whom and
when, stays.

Disclosures are partitioned by month, and no key leads from them to a person (see revision 0009).

Revision: 0011, after 0010
"""

from alembic import op
from sqlalchemy import text

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TENANT = "university_id = nullif(current_setting('lms.university_id', true), '')::bigint"
_MEMBER = "FOREIGN KEY (university_id, {0}) REFERENCES university_members (university_id, user_id)"
_TABLES = f"""
CREATE TABLE erasures (
    university_id bigint NOT NULL, user_id bigint NOT NULL, erased_at timestamptz NOT NULL, erased_by bigint,
    reason text NOT NULL, request_id varchar(64) NOT NULL,
    CONSTRAINT erasures_pkey PRIMARY KEY (university_id, user_id),
    CONSTRAINT erasures_user_id_fkey {_MEMBER.format("user_id")},
    CONSTRAINT erasures_erased_by_fkey {_MEMBER.format("erased_by")},
    CONSTRAINT erasures_reason_check CHECK (length(reason) > 0),
    CONSTRAINT erasures_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE INDEX ix_erasures_erased_by ON erasures (university_id, erased_by);
CREATE TABLE disclosures (
    university_id bigint NOT NULL, id bigserial NOT NULL, user_id bigint NOT NULL, viewer_id bigint NOT NULL,
    kind varchar(32) NOT NULL, at timestamptz NOT NULL DEFAULT now(), request_id varchar(64) NOT NULL,
    CONSTRAINT disclosures_pkey PRIMARY KEY (university_id, at, id),
    CONSTRAINT disclosures_viewer_check CHECK (user_id <> viewer_id),
    CONSTRAINT disclosures_kind_check CHECK (kind ~ '^[a-z_]+$'),
    CONSTRAINT disclosures_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
) PARTITION BY RANGE (at);
CREATE TABLE disclosures_default PARTITION OF disclosures DEFAULT;
CREATE INDEX ix_disclosures_user_id ON disclosures (university_id, user_id, at, id);
CREATE INDEX ix_disclosures_viewer_id ON disclosures (university_id, viewer_id)
"""
_GRANTS = (
    "GRANT INSERT, SELECT (university_id, user_id, erased_at) ON erasures TO lms_app",
    "GRANT SELECT, INSERT ON disclosures TO lms_app",
    "GRANT USAGE ON SEQUENCE disclosures_id_seq TO lms_app",
    "GRANT SELECT ON erasures, disclosures TO lms_platform",
)
_STATUS = "ALTER TABLE university_members DROP CONSTRAINT university_members_status_check,"
_SAFE = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
_ERASE = f"""
CREATE FUNCTION erase_identity(person bigint, at timestamptz)
RETURNS TABLE (users bigint, external_identities bigint, session_tokens bigint, sessions bigint)
LANGUAGE plpgsql VOLATILE {_SAFE} AS $$
BEGIN
    users := 0; external_identities := 0; session_tokens := 0; sessions := 0;
    PERFORM FROM public.users AS u WHERE u.id = person FOR UPDATE;
    IF EXISTS (SELECT FROM public.university_members AS m WHERE m.user_id = person AND m.status = 'erased'
               AND m.university_id = nullif(current_setting('lms.university_id', true), '')::bigint)
       AND NOT EXISTS (SELECT FROM public.university_members AS m WHERE m.user_id = person
                       AND m.status IN ('invited', 'active'))
       AND NOT EXISTS (SELECT FROM public.platform_administrators AS a WHERE a.user_id = person)
    THEN
        DELETE FROM public.external_identities AS e WHERE e.user_id = person;
        GET DIAGNOSTICS external_identities = ROW_COUNT;
        PERFORM FROM public.sessions AS s WHERE s.user_id = person FOR UPDATE; -- first, as who refreshes one does
        DELETE FROM public.session_tokens AS t
        WHERE t.session_id IN (SELECT s.id FROM public.sessions AS s WHERE s.user_id = person);
        GET DIAGNOSTICS session_tokens = ROW_COUNT;
        DELETE FROM public.sessions AS s WHERE s.user_id = person;
        GET DIAGNOSTICS sessions = ROW_COUNT;
        UPDATE public.users AS u
        SET email = 'erased-' || u.id || '@erased.invalid', full_name = 'Erased person ' || u.id, password_hash = '!',
            locale = 'en', time_zone = 'UTC', is_active = false, updated_at = at
        WHERE u.id = person AND u.full_name <> 'Erased person ' || u.id;
        GET DIAGNOSTICS users = ROW_COUNT;
    END IF;
    RETURN NEXT;
END
$$
"""
_TELL = f"""
CREATE FUNCTION own_identity() RETURNS jsonb LANGUAGE sql STABLE {_SAFE} AS $$
    SELECT jsonb_build_object(
        'users', (SELECT jsonb_agg(to_jsonb(u) - 'password_hash') FROM public.users AS u WHERE u.id = me.id),
        'platform_administrators',
        (SELECT coalesce(jsonb_agg(to_jsonb(a)), '[]') FROM public.platform_administrators AS a WHERE a.user_id = me.id),
        'external_identities',
        (SELECT coalesce(jsonb_agg(to_jsonb(e) ORDER BY e.issuer, e.subject), '[]')
         FROM public.external_identities AS e WHERE e.user_id = me.id),
        'sessions',
        (SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.id), '[]') FROM public.sessions AS s WHERE s.user_id = me.id),
        'session_tokens',
        (SELECT coalesce(jsonb_agg(to_jsonb(t) - 'access_digest' - 'refresh_digest' ORDER BY t.id), '[]')
         FROM public.session_tokens AS t JOIN public.sessions AS s ON s.id = t.session_id WHERE s.user_id = me.id))
    FROM (SELECT nullif(current_setting('lms.user_id', true), '')::bigint AS id) AS me
$$
"""
_HERE = "a.university_id = nullif(current_setting('lms.university_id', true), '')::bigint"
_ERASE_FROM_LOG = f"""
CREATE FUNCTION erase_from_audit_log(person bigint) RETURNS bigint LANGUAGE sql VOLATILE {_SAFE} AS $$
    WITH changed AS (
        UPDATE public.audit_log AS a SET old_values = NULL, new_values = NULL
        WHERE {_HERE} AND a.entity = 'User' AND a.entity_id = person
          AND num_nonnulls(a.old_values, a.new_values) > 0
          AND EXISTS (SELECT FROM public.university_members AS m WHERE m.university_id = a.university_id
                      AND m.user_id = person AND m.status = 'erased')
        RETURNING 1)
    SELECT count(*) FROM changed
$$
"""
_TELL_ACTS = f"""
CREATE FUNCTION own_acts()
RETURNS TABLE (at timestamptz, act text, entity text, entity_id bigint, own boolean, old_values jsonb, new_values jsonb,
               request_id text)
LANGUAGE sql STABLE {_SAFE} AS $$
    SELECT a.at, a.act, a.entity, a.entity_id, a.user_id IS NOT DISTINCT FROM me.id,
           CASE WHEN about.me THEN a.old_values END, CASE WHEN about.me THEN a.new_values END, a.request_id
    FROM (SELECT nullif(current_setting('lms.user_id', true), '')::bigint AS id) AS me
    JOIN public.audit_log AS a ON a.user_id = me.id OR (a.entity = 'User' AND a.entity_id = me.id),
         LATERAL (SELECT a.entity = 'User' AND a.entity_id = me.id AS me) AS about
    WHERE {_HERE}
    ORDER BY a.at, a.id
$$
"""
_FUNCTIONS = {
    "erase_identity(bigint, timestamptz)": _ERASE,
    "own_identity()": _TELL,
    "erase_from_audit_log(bigint)": _ERASE_FROM_LOG,
    "own_acts()": _TELL_ACTS,
}
_DOWNGRADE_CONFLICTS = {
    "erasures": "SELECT FROM erasures",
    "disclosures": "SELECT FROM disclosures",
    "erased members": "SELECT FROM university_members WHERE status = 'erased'",
    "certificates without a name": "SELECT FROM certificates WHERE recipient_name IS NULL",
}


class MigrationRefusedError(Exception):
    """The data can't go to this revision; the message says why, in one line."""


def upgrade() -> None:
    """Create the tables behind the wall, then what erasing needs."""
    for statement in _TABLES.strip().split(";\n"):
        op.execute(statement)
    for table in ("erasures", "disclosures"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            text(f"CREATE POLICY tenant ON {table} USING ({_TENANT}) WITH CHECK ({_TENANT})".replace(":", r"\:"))
        )
    for statement in _GRANTS:
        op.execute(statement)
    op.execute(
        f"{_STATUS} ADD CONSTRAINT university_members_status_check"
        " CHECK (status IN ('invited', 'active', 'inactive', 'erased'))"
    )
    op.execute("ALTER TABLE certificates ALTER COLUMN recipient_name DROP NOT NULL")
    for function, definition in _FUNCTIONS.items():
        op.execute(text(definition.replace(":", r"\:")))
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO lms_app")


def downgrade() -> None:
    """Drop it all; refused while anything would be lost, or somebody is erased."""
    _refuse_if(_DOWNGRADE_CONFLICTS)
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("ALTER TABLE certificates ALTER COLUMN recipient_name SET NOT NULL")
    op.execute(
        f"{_STATUS} ADD CONSTRAINT university_members_status_check CHECK (status IN ('invited', 'active', 'inactive'))"
    )
    op.execute("DROP TABLE erasures, disclosures")


def _refuse_if(conflicts: dict[str, str]) -> None:
    connection = op.get_bind()
    found = []
    for name, query in conflicts.items():
        count = connection.execute(text(f"SELECT count(*) FROM ({query}) AS conflict")).scalar_one()
        if count:
            found.append(f"{count} {name}")
    if found:
        raise MigrationRefusedError(f"revision 0011 can't be taken back and changed nothing: {'; '.join(found)}")
