// A fetch that keeps what went over the wire.
import { readFileSync } from 'node:fs';

export function recorder() {
  const requests = [];
  const recordingFetch = async (address, options = {}) => {
    const url = new URL(address);
    const method = options.method ?? 'GET';
    const sent = method === 'GET' ? Object.fromEntries(url.searchParams) : JSON.parse(options.body);
    if (typeof sent.extensions === 'string') sent.extensions = JSON.parse(sent.extensions);
    const response = await fetch(address, options);
    const answer = await response.clone().json();
    requests.push({
      method,
      text: sent.query,
      variables: sent.variables,
      id: sent.documentId,
      hash: sent.extensions?.persistedQuery?.sha256Hash,
      status: response.status,
      code: answer.errors?.[0].extensions.code,
      data: answer.data,
    });
    return response;
  };
  return { requests, fetch: recordingFetch };
}

export async function answerTo(url, body) {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).json();
}

export const operation = (name) => readFileSync(new URL(`operations/${name}.graphql`, import.meta.url), 'utf8');
