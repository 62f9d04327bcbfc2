const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** The longest list of objects in a GraphQL answer (JSON text) and where it is; the first one among equals. */
export function longestList(response) {
  let found = { path: '', rows: [] };
  function walk(value, path) {
    if (Array.isArray(value)) {
      if (value.length > found.rows.length && value.every(isObject)) found = { path, rows: value };
      value.forEach((item, index) => walk(item, `${path}[${index}]`));
    } else if (isObject(value)) {
      for (const [key, item] of Object.entries(value)) walk(item, path ? `${path}.${key}` : key);
    }
  }
  try {
    walk(JSON.parse(response ?? 'null')?.data, '');
  } catch {
    // Half an answer, or an error in plain text: no table.
  }
  return found;
}

/** Column names and rows of plain values. Objects become `a.b` columns, an edge is shown as its node, lists stay JSON. */
export function toTable(rows) {
  const flat = rows.map((row) => Object.fromEntries(flatten(isObject(row.node) ? { ...row, ...row.node, node: undefined } : row)));
  const columns = [...new Set(flat.flatMap(Object.keys))];
  return { columns, cells: flat.map((row) => columns.map((name) => row[name])) };
}

function flatten(object, prefix = '') {
  return Object.entries(object).flatMap(([key, value]) => {
    if (value === undefined) return [];
    if (isObject(value)) return flatten(value, `${prefix}${key}.`);
    return [[prefix + key, Array.isArray(value) ? JSON.stringify(value) : value]];
  });
}

/** RFC 4180, with a byte order mark so that spreadsheets read UTF-8. */
export function toCsv(columns, cells) {
  return '\ufeff' + [columns, ...cells].map((row) => row.map(csvField).join(',')).join('\r\n') + '\r\n';
}

function csvField(value) {
  let text = String(value ?? '');
  // A spreadsheet would run text that begins like this as a formula. Numbers keep their minus sign.
  if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
