"""What lists are filtered and ordered by: columns that row-level security lets an index be used on, and a text search.

Only leakproof operators may be used on an index below a policy: not those of enums and numerics, nor lower() and @@. So
enums, grades and names get generated columns of text, bigint and text in normal form. Texts are searched in a table that
nobody may read, behind one function that returns ids, of the request's university only; who asks reads these rows again,
under policy. Triggers keep the table.

Adding a stored column writes its table anew under a lock: some seconds for a million rows.

Revision: 0007, after 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TENANT = "university_id = nullif(current_setting('lms.university_id', true), '')::bigint"


def _normal(text: str) -> str:
    """A text without accents and capitals, as SQL."""
    return f"lower(regexp_replace(normalize({text}, NFKD), '[\\u0300-\\u036f]', '', 'g'))"


def _label(column: str, enum: str, *labels: str) -> str:
    """An enum as text: a cast would depend on the enum's labels of the day, so no generated column may use one."""
    cases = " ".join(f"WHEN '{label}'::{enum} THEN '{label}'" for label in labels)
    return f"CASE {column} {cases} END"


_LEVEL = _label("level", "course_level_enum", "undergraduate", "graduate", "postgraduate", "certificate", "other")
_STATUS = _label("status", "enrollment_status_enum", "active", "completed", "dropped", "pending", "waitlisted")
# NOT NULL, so that an enum can't get a label that the column does not know.
_COLUMNS = {
    "courses": {
        "title_key": f'text COLLATE "C" NOT NULL GENERATED ALWAYS AS ({_normal("title")}) STORED',
        "level_key": f"text NOT NULL GENERATED ALWAYS AS ({_LEVEL}) STORED",
    },
    "course_offerings": {
        "opens_key": "timestamptz NOT NULL GENERATED ALWAYS AS (COALESCE(enrollment_start, '-infinity')) STORED",
        "closes_key": "timestamptz NOT NULL GENERATED ALWAYS AS (LEAST(enrollment_end, ends_at, 'infinity')) STORED",
    },
    "university_members": {
        "name_key": f'text COLLATE "C" NOT NULL GENERATED ALWAYS AS ({_normal("display_name")}) STORED',
    },
    "course_enrollments": {"status_key": f"text NOT NULL GENERATED ALWAYS AS ({_STATUS}) STORED"},
    "course_grades": {"score_key": "bigint GENERATED ALWAYS AS ((nullif(final_score, 'NaN') * 100)::bigint) STORED"},
}
_INDEXES = {
    "ix_courses_title": "courses (university_id, title_key, id)",
    "ix_courses_level": "courses (university_id, level_key, id)",
    "ix_courses_difficulty": "courses (university_id, difficulty, id)",
    "ix_courses_language": "courses (university_id, language_code, id)",
    "ix_courses_created_at": "courses (university_id, created_at, id)",
    "ix_courses_updated_at": "courses (university_id, updated_at, id)",
    "ix_courses_department": "courses (university_id, department_id, id)",
    "ix_courses_subject": "courses (university_id, primary_subject_id)",
    "ix_course_subjects_subject": "course_subjects (university_id, subject_id, course_id)",
    "ix_course_offerings_starts_at": "course_offerings (university_id, starts_at, id)",
    "ix_course_offerings_created_at": "course_offerings (university_id, created_at, id)",
    "ix_course_offerings_term": "course_offerings (university_id, term_id, id)",
    "ix_course_offerings_open": "course_offerings (university_id, closes_key, opens_key, course_id)",
    "ix_university_members_name": "university_members (university_id, name_key, user_id)",
    "ix_university_members_joined_at": "university_members (university_id, joined_at, user_id)",
    "ix_course_enrollments_offering_status": "course_enrollments (university_id, course_offering_id, status_key, id)",
    "ix_course_enrollments_enrolled_at": "course_enrollments (university_id, course_offering_id, enrolled_at, id)",
    "ix_course_grades_score": "course_grades (university_id, course_offering_id, score_key, id)",
}

# ---- the search ---------------------------------------------------------------------------------------------------------

_CONFIGURATIONS = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "fi": "finnish",
    "fr": "french", "hi": "hindi", "hu": "hungarian", "it": "italian", "nb": "norwegian", "nl": "dutch",
    "nn": "norwegian", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish",
    "tr": "turkish",
}  # fmt: skip
_CONFIGURATION = (
    "CASE split_part(lower({row}.language_code), '-', 1) "
    + " ".join(f"WHEN '{language}' THEN '{name}'" for language, name in _CONFIGURATIONS.items())
    + " ELSE 'simple' END"
)
# A lexeme of the university stands in every document, so that the index finds what matches in this one alone. It has a
# space, which no lexeme of a text or a search has.
_OF_UNIVERSITY = "array_to_tsvector(ARRAY['{entity} ' || {row}.university_id])"
_COURSE_DOCUMENT = (
    "setweight(to_tsvector(({config})::regconfig, {row}.code || ' ' || {row}.title), 'A')"
    " || setweight(to_tsvector(({config})::regconfig, coalesce({row}.description, '')), 'B')"
    f" || {_OF_UNIVERSITY.replace('{entity}', 'course')}"
).replace("{config}", _CONFIGURATION)
_MEMBER_DOCUMENT = (
    f"to_tsvector('simple', {_normal('{row}.display_name')}) || {_OF_UNIVERSITY.replace('{entity}', 'member')}"
)
_SEARCHED = {
    "course": ("courses", "id", _CONFIGURATION, _COURSE_DOCUMENT, "title, code, description, language_code"),
    "member": ("university_members", "user_id", "'simple'", _MEMBER_DOCUMENT, "display_name"),
}
_SAFE = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
_CONFIGURATION_NAMES = ", ".join(f"'{name}'" for name in sorted({*_CONFIGURATIONS.values(), "simple"}))
_SEARCH = f"""
CREATE FUNCTION search_ids(wanted text, words text) RETURNS SETOF bigint LANGUAGE sql STABLE ROWS 100 {_SAFE} AS $$
    SELECT found.entity_id
    FROM (SELECT nullif(current_setting('lms.university_id', true), '')::bigint AS id) AS university,
         unnest(ARRAY[{_CONFIGURATION_NAMES}]) AS used (configuration),
         websearch_to_tsquery(used.configuration::regconfig, words) AS query,
         LATERAL (
             SELECT entity_id FROM search_texts
             WHERE document @@ (query && ('''course ' || university.id || '''')::tsquery)
               AND university_id = university.id AND entity = 'course' AND configuration = used.configuration
             OFFSET 0  -- else all texts are read and joined
         ) AS found
    WHERE wanted = 'course' AND numnode(query) > 0
    UNION ALL
    SELECT found.entity_id
    FROM (SELECT nullif(current_setting('lms.university_id', true), '')::bigint AS id) AS university,
         (SELECT string_agg('''' || word || ''':*', ' & ')::tsquery AS query
          FROM regexp_split_to_table({_normal("words")}, '\\W+') AS word WHERE word <> '') AS named,
         LATERAL (
             SELECT entity_id FROM search_texts
             WHERE document @@ (named.query && ('''member ' || university.id || '''')::tsquery)
               AND university_id = university.id AND entity = 'member'
             OFFSET 0
         ) AS found
    WHERE wanted = 'member'
$$
"""


def _keep(entity: str) -> list[str]:
    """The statements that fill the table for an entity and keep it so."""
    table, key, configuration, document, columns = _SEARCHED[entity]

    def values(row: str) -> str:
        filled = (text.replace("{row}", row) for text in (configuration, document))
        return ", ".join([f"{row}.university_id", f"'{entity}'", f"{row}.{key}", *filled])

    names = "(university_id, entity, entity_id, configuration, document)"
    return [
        f"INSERT INTO search_texts {names} SELECT {values('t')} FROM {table} AS t",
        f"CREATE FUNCTION keep_{entity}_text() RETURNS trigger LANGUAGE plpgsql {_SAFE} AS $$ BEGIN"
        f" IF TG_OP = 'DELETE' THEN DELETE FROM search_texts WHERE university_id = OLD.university_id"
        f" AND entity = '{entity}' AND entity_id = OLD.{key}; RETURN NULL; END IF;"
        f" INSERT INTO search_texts {names} VALUES ({values('NEW')})"
        " ON CONFLICT (university_id, entity, entity_id) DO UPDATE"
        " SET configuration = excluded.configuration, document = excluded.document; RETURN NULL; END $$",
        f"CREATE TRIGGER keep_text AFTER INSERT OR DELETE OR UPDATE OF {columns} ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION keep_{entity}_text()",
    ]


def upgrade() -> None:
    """Columns, indexes, and the search."""
    for table, columns in _COLUMNS.items():
        added = ", ".join(f"ADD COLUMN {name} {definition}" for name, definition in columns.items())
        op.execute(f"ALTER TABLE {table} {added}")
    for name, definition in _INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {definition}")
    for statement in (
        "CREATE TABLE search_texts (university_id bigint NOT NULL, entity varchar(16) NOT NULL, entity_id bigint NOT NULL,"
        " configuration varchar(32) NOT NULL, document tsvector NOT NULL,"
        " CONSTRAINT search_texts_pkey PRIMARY KEY (university_id, entity, entity_id),"
        " CONSTRAINT search_texts_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id),"
        " CONSTRAINT search_texts_entity_check CHECK (entity IN ('course', 'member')))",
        *_keep("course"),
        *_keep("member"),
        "CREATE INDEX ix_search_texts_document ON search_texts USING gin (document)",
        "ALTER TABLE search_texts ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant ON search_texts USING ({_TENANT}) WITH CHECK ({_TENANT})",
        _SEARCH,
        "REVOKE ALL ON FUNCTION search_ids(text, text), keep_course_text(), keep_member_text() FROM PUBLIC",
        "GRANT EXECUTE ON FUNCTION search_ids(text, text) TO lms_app",
    ):
        op.execute(statement)


def downgrade() -> None:
    """Drop it all: everything in it follows from other columns."""
    op.execute("DROP FUNCTION search_ids(text, text)")
    for entity, (table, *_) in _SEARCHED.items():
        op.execute(f"DROP TRIGGER keep_text ON {table}")
        op.execute(f"DROP FUNCTION keep_{entity}_text()")
    op.execute("DROP TABLE search_texts")
    for name in _INDEXES:
        op.execute(f"DROP INDEX {name}")
    for table, columns in _COLUMNS.items():
        op.execute(f"ALTER TABLE {table} {', '.join(f'DROP COLUMN {name}' for name in columns)}")
