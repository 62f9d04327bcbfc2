"""Certificates are signed: the key that did it, what it signed, and nobody gets one without having passed.

`credential_jwt` is the signed credential as it was handed out; null on certificates that came before this revision or
from elsewhere, and on those of erased people, whom it names. `key_id` stays, so that it can be told which it was.

Two triggers say what no key can: a certificate that is signed, or that lms_app adds, stands on a grade that is posted
and passed (`certified_grade`, where a grade set by hand wins over the one that was worked out); and what was signed
stays as it was, a revocation too. Whoever owns the database may still bring unsigned ones along from another system.

verify_certificate tells the application what it needs to look at the signature; what of that anybody is shown, the
schema says.

Revision: 0017, after 0011
"""

from alembic import op
from sqlalchemy import text

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_GRADE = """
CREATE FUNCTION certified_grade(university bigint, offering bigint, person bigint)
RETURNS TABLE (final_score numeric, letter_grade varchar, passed boolean)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT CASE WHEN o.user_id IS NULL THEN g.final_score ELSE o.final_score END,
           CASE WHEN o.user_id IS NULL THEN g.letter_grade ELSE o.letter_grade END,
           CASE WHEN o.user_id IS NULL THEN coalesce(g.passed, false) ELSE o.final_score >= coalesce(p.pass_mark, 60) END
    FROM course_grades g
    LEFT JOIN grade_overrides o ON o.university_id = university AND o.course_offering_id = offering AND o.user_id = person
    LEFT JOIN LATERAL (
        SELECT p.pass_mark FROM grading_policies p
        JOIN course_offerings f ON f.university_id = university AND f.id = offering
        WHERE p.university_id = university AND p.course_id = f.course_id
          AND (p.course_offering_id IS NULL OR p.course_offering_id = offering)
        ORDER BY p.course_offering_id NULLS LAST LIMIT 1) AS p ON true
    WHERE g.university_id = university AND g.course_offering_id = offering AND g.user_id = person
      AND g.posted_at <= now()
$$
"""
_REQUIRE_PASSED = """
CREATE FUNCTION require_passed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM certified_grade(NEW.university_id, NEW.course_offering_id, NEW.user_id) AS g
                   WHERE g.passed) THEN
        RAISE EXCEPTION 'a certificate needs a grade that is posted and passed'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'certificates_passed', TABLE = 'certificates', SCHEMA = 'public';
    END IF;
    RETURN NEW;
END
$$
"""
_KEEP_SIGNED = """
CREATE FUNCTION keep_signed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF ROW(NEW.university_id, NEW.id, NEW.user_id, NEW.course_offering_id, NEW.certificate_code, NEW.issued_at,
           NEW.expires_at, NEW.course_code, NEW.course_title, NEW.final_score, NEW.letter_grade, NEW.key_id)
       IS DISTINCT FROM
       ROW(OLD.university_id, OLD.id, OLD.user_id, OLD.course_offering_id, OLD.certificate_code, OLD.issued_at,
           OLD.expires_at, OLD.course_code, OLD.course_title, OLD.final_score, OLD.letter_grade, OLD.key_id)
       OR (NEW.recipient_name IS NOT NULL AND NEW.recipient_name IS DISTINCT FROM OLD.recipient_name)
       OR (NEW.credential_jwt IS NOT NULL AND NEW.credential_jwt IS DISTINCT FROM OLD.credential_jwt)
       OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at) THEN
        RAISE EXCEPTION 'what was signed stays as it was; revoke it, and issue another'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'certificates_signed', TABLE = 'certificates', SCHEMA = 'public';
    END IF;
    RETURN NEW;
END
$$
"""
_TRIGGERS = (
    "CREATE TRIGGER require_passed BEFORE INSERT ON certificates FOR EACH ROW"
    " WHEN (NEW.key_id IS NOT NULL OR current_user = 'lms_app') EXECUTE FUNCTION require_passed()",
    "CREATE TRIGGER keep_signed BEFORE UPDATE ON certificates FOR EACH ROW"
    " WHEN (OLD.key_id IS NOT NULL) EXECUTE FUNCTION keep_signed()",
)
_SHOWN_BEFORE = """
RETURNS TABLE (recipient_name text, course_title text, university_name text, issued_at timestamptz,
               expires_at timestamptz, revoked_at timestamptz)
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT c.recipient_name, c.course_title, u.name, c.issued_at, c.expires_at, c.revoked_at
"""
_SHOWN = """
RETURNS TABLE (recipient_name text, course_title text, university_name text, issued_at timestamptz,
               expires_at timestamptz, revoked_at timestamptz, user_id bigint, course_offering_id bigint,
               course_code text, final_score numeric, letter_grade text, key_id text, credential_jwt text)
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT c.recipient_name, c.course_title, u.name, c.issued_at, c.expires_at, c.revoked_at, c.user_id,
           c.course_offering_id, c.course_code, c.final_score, c.letter_grade, c.key_id, c.credential_jwt
"""
_FROM = """
    FROM public.universities u
    JOIN public.certificates c ON c.university_id = u.id AND c.certificate_code = code
    WHERE u.short_code = split_part(code, '-', 1)
$$
"""
_CONFLICTS = {
    "signed certificates": "SELECT FROM certificates WHERE key_id IS NOT NULL",
    "offerings whose certificates expire": "SELECT FROM course_offerings WHERE certificate_valid_days IS NOT NULL",
}


class MigrationRefusedError(Exception):
    """The data can't go to this revision; the message says why, in one line."""


def upgrade() -> None:
    """The columns, then what the database says of them."""
    op.execute("ALTER TABLE course_offerings ADD COLUMN certificate_valid_days integer")
    op.execute(
        "ALTER TABLE course_offerings ADD CONSTRAINT course_offerings_certificate_valid_days_check"
        " CHECK (certificate_valid_days BETWEEN 1 AND 36500)"
    )
    op.execute("ALTER TABLE certificates ADD COLUMN key_id varchar(64), ADD COLUMN credential_jwt text")
    op.execute(
        "ALTER TABLE certificates"
        " ADD CONSTRAINT certificates_key_id_check CHECK (credential_jwt IS NULL OR key_id IS NOT NULL),"
        " ADD CONSTRAINT certificates_certificate_code_check"
        " CHECK (key_id IS NULL OR certificate_code ~ '^[A-Z0-9]{2,24}-[0-9A-HJKMNP-TV-Z]{26}$')"
    )
    op.execute(
        "CREATE INDEX ix_certificates_withdrawn ON certificates (university_id, id)"
        " WHERE key_id IS NOT NULL AND (revoked_at IS NOT NULL OR credential_jwt IS NULL)"
    )
    for statement in (_GRADE, _REQUIRE_PASSED, _KEEP_SIGNED, *_TRIGGERS):
        op.execute(statement)
    _show(_SHOWN)


def downgrade() -> None:
    """Drop it all; refused while anything is signed, or would no longer expire."""
    _refuse_if(_CONFLICTS)
    _show(_SHOWN_BEFORE)
    for trigger in ("keep_signed", "require_passed"):
        op.execute(f"DROP TRIGGER {trigger} ON certificates")
        op.execute(f"DROP FUNCTION {trigger}()")
    op.execute("DROP FUNCTION certified_grade(bigint, bigint, bigint)")
    op.execute("DROP INDEX ix_certificates_withdrawn")
    op.execute(
        "ALTER TABLE certificates DROP CONSTRAINT certificates_certificate_code_check,"
        " DROP CONSTRAINT certificates_key_id_check, DROP COLUMN credential_jwt, DROP COLUMN key_id"
    )
    op.execute("ALTER TABLE course_offerings DROP COLUMN certificate_valid_days")


def _show(columns: str) -> None:
    """Have verify_certificate tell these columns."""
    op.execute("DROP FUNCTION verify_certificate(text)")
    op.execute(f"CREATE FUNCTION verify_certificate(code text){columns}{_FROM}")
    op.execute("REVOKE ALL ON FUNCTION verify_certificate(text) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION verify_certificate(text) TO lms_app")


def _refuse_if(conflicts: dict[str, str]) -> None:
    connection = op.get_bind()
    found = []
    for name, query in conflicts.items():
        count = connection.execute(text(f"SELECT count(*) FROM ({query}) AS conflict")).scalar_one()
        if count:
            found.append(f"{count} {name}")
    if found:
        raise MigrationRefusedError(f"revision 0017 can't be taken back and changed nothing: {'; '.join(found)}")
