"""The catalog of a database as sorted lines of text: what two databases are compared by."""

_QUERIES = [
    # columns
    """
    SELECT format('column %s.%s %s%s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                  CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
                  CASE WHEN d.adbin IS NULL THEN ''
                       ELSE (CASE a.attgenerated WHEN 's' THEN ' GENERATED ' ELSE ' DEFAULT ' END)
                            || pg_get_expr(d.adbin, d.adrelid) END,
                  coalesce(' COMMENT ' || md5(col_description(c.oid, a.attnum)), ''))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
      AND a.attnum > 0 AND NOT a.attisdropped
      AND c.relname <> 'alembic_version'
    """,
    # constraints; PostgreSQL 18 lists NOT NULL as constraints too
    """
    SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
      AND conrelid <> 0 AND conrelid::regclass::text <> 'alembic_version'
      AND NOT (SELECT relispartition FROM pg_class c WHERE c.oid = conrelid)
    """,
    """
    SELECT 'index ' || pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version' AND NOT c.relispartition
    """,
    # how tables are partitioned; the partitions come and go with time
    """
    SELECT format('partitioned %s %s', partrelid::regclass, pg_get_partkeydef(partrelid)) FROM pg_partitioned_table
    """,
    """
    SELECT format('enum %s %s', t.typname, string_agg(e.enumlabel, ' ' ORDER BY e.enumsortorder))
    FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.typname
    """,
    """
    SELECT format('option %s %s', relname, array_to_string(reloptions, ' ')) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND reloptions IS NOT NULL
    """,
]

_SECURITY = [
    """
    SELECT format('policy %s %s %s using %s check %s', tablename, policyname, cmd, qual, with_check)
    FROM pg_policies WHERE schemaname = 'public'
    """,
    """
    SELECT format('row security %s%s', relname, CASE WHEN relforcerowsecurity THEN ' FORCED' ELSE '' END)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity
    """,
    """
    SELECT format('grant %s %s %s', grantee, privilege_type, table_name) FROM information_schema.role_table_grants
    WHERE table_schema = 'public' AND grantee LIKE 'lms\\_%' AND grantee <> 'lms_owner'
    """,
    """
    SELECT format('grant %s %s %s.%s', grantee, privilege_type, table_name, column_name)
    FROM information_schema.role_column_grants
    WHERE table_schema = 'public' AND table_name = 'users' AND grantee LIKE 'lms\\_%' AND grantee <> 'lms_owner'
    """,
]


async def listing(driver, *, security: bool = False) -> list[str]:
    """Columns, constraints, indexes, enums and storage options; with `security` also policies and grants."""
    lines = []
    for query in _QUERIES + (_SECURITY if security else []):
        lines += [row[0] for row in await driver.fetch(query)]
    return sorted(lines)
