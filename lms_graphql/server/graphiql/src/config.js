/**
 * What the server says about itself: `{endpoint, identities: [{label, headers}], tabs: [{title, query, variables}], notice}`.
 * Throws an Error whose message is meant for the reader of the page.
 */
export async function loadConfig() {
  const url = new URL('workbench.json', document.baseURI);
  const response = await fetch(url).catch((error) => {
    throw new Error(`The server does not answer at ${url.pathname} (${error.message}).`);
  });
  if (!response.ok) throw new Error(`The server answers ${response.status} ${response.statusText} at ${url.pathname}.`);
  return response.json().catch(() => {
    throw new Error(`What the server sends at ${url.pathname} is not JSON.`);
  });
}

/** The text of the headers editor for one identity; empty without an identity. */
export function headersText(identity) {
  return identity ? JSON.stringify(identity.headers, null, 2) : '';
}

/** An example as GraphiQL wants it. GraphiQL names a tab after its operation; a title that says more becomes a comment. */
export function exampleTab({ title, query, variables }) {
  const operationName = /^\s*(?:query|mutation|subscription)\s+(\w+)/m.exec(query)?.[1];
  return { query: title === operationName ? query : `# ${title}\n${query}`, variables };
}
