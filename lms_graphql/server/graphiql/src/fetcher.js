/** A GraphiQL fetcher for one JSON answer per request. An HTTP error with a GraphQL body is an answer like any other. */
export function createFetcher(endpoint) {
  return async (params, { headers: edited } = {}) => {
    const headers = new Headers({
      'Content-Type': 'application/json',
      Accept: 'application/graphql-response+json, application/json;q=0.9',
    });
    for (const [name, value] of Object.entries(edited ?? {})) headers.set(name, value);
    const response = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify(params) });
    const text = await response.text();
    try {
      return JSON.parse(text);
    } catch {
      throw new Error(`${response.status} ${response.statusText}: ${text.slice(0, 500) || '(empty answer)'}`);
    }
  };
}
