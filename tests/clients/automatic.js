// Automatic persisted queries: the first client registers a text, the next one needs its hash only.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { Client, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { answerTo, operation, recorder } from './recorded.js';

const url = process.argv[2];
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

function apollo(text, accept) {
  return async (fetch) => {
    const headers = accept && { accept };
    const link = new PersistedQueryLink({ sha256, useGETForHashedQueries: true });
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      link: link.concat(new HttpLink({ uri: url, fetch, headers })),
    });
    return (await client.query({ query: gql(text) })).data;
  };
}

function urql(text) {
  return async (fetch) => {
    const exchanges = [persistedExchange({ preferGetForPersistedQueries: true }), fetchExchange];
    const result = await new Client({ url, fetch, exchanges }).query(text, {}).toPromise();
    assert.equal(result.error, undefined);
    return result.data;
  };
}

async function registersOnce(name, text, ask, missStatus) {
  const expected = (await answerTo(url, { query: text })).data;
  assert.ok(expected.courses.edges.length > 0);
  const [first, second] = [recorder(), recorder()];
  const data = await ask(first.fetch);
  assert.deepEqual(data.courses.edges.map((edge) => edge.node.code), expected.courses.edges.map((edge) => edge.node.code));
  const [miss, registration] = first.requests;
  assert.equal(first.requests.length, 2);
  assert.deepEqual([miss.method, miss.text, miss.status, miss.code], ['GET', undefined, missStatus, 'PERSISTED_QUERY_NOT_FOUND']);
  assert.equal(registration.hash, sha256(registration.text));
  assert.deepEqual([registration.hash, registration.status], [miss.hash, 200]);
  assert.deepEqual(await ask(second.fetch), data);
  assert.equal(second.requests.length, 1);
  const [hit] = second.requests;
  assert.deepEqual([hit.method, hit.text, hit.hash, hit.status], ['GET', undefined, miss.hash, 200]);
  assert.deepEqual(hit.data, registration.data);
  console.log(`${name}: a miss (${missStatus}), registered by ${registration.method}; the next client by its hash only`);
}

const catalog = operation('CatalogQuery');
const again = catalog.replaceAll('CatalogQuery', 'CatalogAgainQuery');
await registersOnce('Apollo Client', catalog, apollo(catalog), 400);
await registersOnce('Apollo Client, plain JSON', again, apollo(again, 'application/json'), 200);
await registersOnce('urql', catalog, urql(catalog), 400);
