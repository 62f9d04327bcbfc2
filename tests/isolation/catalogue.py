"""What the database's own catalogue says of the second wall: everything that would let somebody through, by name."""

from collections.abc import Mapping

import asyncpg

READS_AS_OWNER: Mapping[str, str] = {
    "accounts_of": "gives ids of accounts to who knows their addresses, and not whether they were there before",
    "search_ids": "gives ids of the setting's university alone, which loaders read again under their policies",
    "own_identity": "gives the login of the person whom the transaction acts for, for their own export",
    "own_acts": "gives what that person did, as the audit log has it, for their own export",
    "erase_identity": "empties the login of a person who has been erased here and is no active member elsewhere",
    "erase_from_audit_log": "empties what the audit log says of a person who has been erased here",
    "verify_certificate": "gives one certificate to who knows its code, which says the university",
}
"""The functions that lms_app may call and that row-level security does not bind, each with its reason."""

_REFERENCE = ("countries", "universities", "domains", "subjects")
OWN_ROWS: Mapping[str, str] = {
    "university_members.own_row": "people see where they belong, before a university is chosen",
    "user_university_roles.own_row": "people see what they are there, before a university is chosen",
    "service_tokens.recognition": "for lms_auth alone, which finds whose a token is before any university is chosen",
    "invitations.recognition": "for lms_auth alone, which finds whose an invitation is before any university is chosen",
    **{f"{table}.everybody": "belongs to no university" for table in _REFERENCE},
    **{f"{table}.platform": "belongs to no university; for administrators of the platform" for table in _REFERENCE},
    "universities.own": "the university itself, by its id",
    **{
        f"{table}.{policy}": reason
        for table in ("module_templates", "module_template_versions")
        for policy, reason in {
            "everybody": "the platform's library, of no university, to be read",
            "platform": "the same, to be written by administrators of the platform",
        }.items()
    },
    "platform_audit_log.platform": "belongs to no university; nobody reads it as lms_app",
}
"""Policies that do not ask for the setting's university, each with its reason."""

_TENANT_TABLES = """
    SELECT c.oid, c.oid::regclass::text AS name, c.relrowsecurity FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'university_id' AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace::regnamespace::text !~ '^pg_|^information'
"""
_CHECKS: Mapping[str, str] = {
    "has no row-level security": f"SELECT name FROM ({_TENANT_TABLES}) AS t WHERE NOT relrowsecurity",
    "has no policy for a command": f"""
        SELECT name || ' ' || command::text FROM ({_TENANT_TABLES}) AS t, unnest('{{r,a,w,d}}'::"char"[]) AS command
        WHERE NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = t.oid AND polpermissive AND polcmd IN ('*', command))
    """,
    "is a policy that asks for no university": r"""
        SELECT polrelid::regclass || '.' || polname FROM pg_policy
        WHERE polpermissive AND (
            pg_get_expr(polqual, polrelid) IS NOT NULL
                AND pg_get_expr(polqual, polrelid) !~ 'university_id = .*current_setting\(''lms\.university_id'
            OR polcmd IN ('*', 'a', 'w')
                AND coalesce(pg_get_expr(polwithcheck, polrelid), pg_get_expr(polqual, polrelid), '')
                    !~ 'university_id = .*current_setting\(''lms\.university_id')
            AND NOT polrelid::regclass || '.' || polname = ANY ($1)
    """,
    "is a reference without its university": f"""
        SELECT conname FROM pg_constraint k WHERE contype = 'f' AND conparentid = 0
          AND conrelid IN (SELECT oid FROM ({_TENANT_TABLES}) AS t)
          AND confrelid IN (SELECT attrelid FROM pg_attribute JOIN pg_index ON indrelid = attrelid AND indisprimary
                            WHERE attname = 'university_id' AND attnum = ANY (indkey))
          AND NOT EXISTS (SELECT FROM unnest(conkey, confkey) AS pair (ours, theirs)
            JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = ours AND a.attname = 'university_id'
            JOIN pg_attribute b ON b.attrelid = confrelid AND b.attnum = theirs AND b.attname = 'university_id')
    """,
    "reads as its owner": """
        SELECT oid::regclass::text FROM pg_class WHERE relnamespace::regnamespace::text !~ '^pg_|^information'
          AND (relkind = 'm'
            OR relkind = 'v' AND NOT coalesce(reloptions, '{}') && '{security_invoker=true,security_invoker=on}')
          AND has_table_privilege('lms_app', oid, 'SELECT')
    """,
    "is a function that reads as its owner": """
        SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace::regnamespace::text !~ '^pg_|^information'
          AND has_function_privilege('lms_app', oid, 'EXECUTE') AND NOT proname = ANY ($1)
    """,
    "leaves the meaning of names to its caller": r"""
        SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace::regnamespace::text !~ '^pg_|^information'
          AND NOT EXISTS (SELECT FROM unnest(proconfig) AS setting WHERE setting ~ '^search_path=pg_catalog,.*pg_temp$')
    """,
    "is a partition with rights of its own": """
        SELECT c.oid::regclass || ' ' || CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END
        FROM pg_class c, aclexplode(relacl) WHERE relispartition AND grantee <> relowner
    """,
    "is lms_app's own": """
        SELECT classid::regclass || ' ' || objid FROM pg_shdepend
        WHERE refobjid = 'lms_app'::regrole AND refclassid = 'pg_authid'::regclass AND deptype = 'o'
          AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    """,
    "is more than lms_app may be": """
        SELECT 'lms_app' FROM pg_roles WHERE rolname = 'lms_app'
          AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
        UNION ALL SELECT 'member of ' || roleid::regrole FROM pg_auth_members WHERE member = 'lms_app'::regrole
    """,
}
_ALLOWED = {
    "is a policy that asks for no university": list(OWN_ROWS),
    "is a function that reads as its owner": list(READS_AS_OWNER),
}


async def holes(driver: asyncpg.Connection) -> list[str]:
    """Each thing that is wrong, as a sentence that begins with its name."""
    found = []
    for wrong, query in _CHECKS.items():
        allowed = [_ALLOWED[wrong]] if wrong in _ALLOWED else []
        found += [f"{row[0]} {wrong}" for row in await driver.fetch(query, *allowed)]
    return sorted(found)
