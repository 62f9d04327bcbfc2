// Trusted documents: a server that runs nothing else, asked by the ids that the clients' own compilers made.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { generatePersistedQueryIdsFromManifest } from '@apollo/persisted-query-lists';
import { Client, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import relay from 'relay-runtime';
import typescript from 'typescript';
import { answerTo, operation, recorder } from './recorded.js';

const url = process.argv[2];
const built = (name) => new URL(`build/${name}`, import.meta.url);
const json = (name) => JSON.parse(readFileSync(built(name), 'utf8'));
const catalog = await answerTo(url, { documentId: Object.keys(json('relay.json'))[0] });
const variables = { code: catalog.data.courses.edges[0].node.code };
const operations = { CatalogQuery: {}, CourseQuery: variables };

async function asks(client, texts, ask) {
  for (const [name, given] of Object.entries(operations)) {
    const { requests, fetch } = recorder();
    const data = await ask(fetch, name, given);
    const text = texts.find((one) => one.includes(`query ${name}`));
    const byText = await answerTo(url, { query: text, variables: given });  // the same text runs, too
    const [request] = requests;
    assert.deepEqual([requests.length, request.text, request.status], [1, undefined, 200]);
    assert.deepEqual(request.data, byText.data);
    assert.equal(name === 'CourseQuery' ? request.data.course.code : variables.code, variables.code);
    assert.ok(name === 'CourseQuery' ? request.data.course.modules.length : data.courses.edges.length);
    console.log(`${client}: ${name} by ${request.method} with ${request.id ?? request.hash}`);
  }
}

// Apollo: the ids of its manifest go where automatic persisted queries put hashes.
const manifest = json('apollo.json');
await asks('Apollo Client', manifest.operations.map((one) => one.body), async (fetch, name, given) => {
  const ids = generatePersistedQueryIdsFromManifest({ loadManifest: () => Promise.resolve(manifest) });
  const link = new PersistedQueryLink({ ...ids, useGETForHashedQueries: true });
  const client = new ApolloClient({ cache: new InMemoryCache(), link: link.concat(new HttpLink({ uri: url, fetch })) });
  return (await client.query({ query: gql(operation(name)), variables: given })).data;
});

// Relay: its artifacts have no text any more; the network layer is the application's own.
await asks('Relay', Object.values(json('relay.json')), async (fetch, name, given) => {
  const { default: request } = await import(built(`relay/__generated__/${name}.graphql.js`));
  assert.equal(request.params.text, null);
  const network = relay.Network.create(async ({ id }, sent) => {
    const headers = { 'content-type': 'application/json' };
    return (await fetch(url, { method: 'POST', headers, body: JSON.stringify({ documentId: id, variables: sent }) })).json();
  });
  const environment = new relay.Environment({ network, store: new relay.Store(new relay.RecordSource()) });
  return relay.fetchQuery(environment, request, given).toPromise();
});

// GraphQL Code Generator: the hashes stand in its documents; urql sends them as documentId, or where hashes go.
const ids = { sha256: /^sha256:[0-9a-f]{64}$/, sha1: /^[0-9a-f]{40}$/ };
for (const [algorithm, pattern] of Object.entries(ids)) {
  const source = readFileSync(built(`${algorithm}/graphql.ts`), 'utf8');
  const compiled = typescript.transpileModule(source, { compilerOptions: { module: 'esnext', target: 'es2022' } });
  writeFileSync(built(`${algorithm}/graphql.js`), compiled.outputText);
  const documents = await import(built(`${algorithm}/graphql.js`));
  const texts = Object.values(json(`${algorithm}/persisted-documents.json`));
  await asks(`urql, ${algorithm}`, texts, async (fetch, name, given) => {
    const document = { kind: 'Document', definitions: [], documentId: documents[`${name}Document`].__meta__.hash };
    assert.match(document.documentId, pattern);
    const client = new Client({ url, fetch, exchanges: [fetchExchange], preferGetMethod: true });
    return (await client.query(document, given).toPromise()).data;
  });
  if (algorithm === 'sha1') continue;  // urql would find the first document of the same text, with its SHA-256
  await asks(`urql's exchange, ${algorithm}`, texts, async (fetch, name, given) => {
    const generateHash = async (_, document) => document.__meta__.hash;
    const exchange = persistedExchange({ generateHash, enforcePersistedQueries: true, preferGetForPersistedQueries: true });
    const client = new Client({ url, fetch, exchanges: [exchange, fetchExchange] });
    return (await client.query(documents[`${name}Document`], given).toPromise()).data;
  });
}

// Whatever else is sent is refused, and Apollo's client says so after it has tried with the text.
const refused = await answerTo(url, { query: '{ viewer { roles } }' });
assert.equal(refused.errors[0].extensions.code, 'DOCUMENT_NOT_TRUSTED');
const { requests, fetch } = recorder();
const link = new PersistedQueryLink({ generateHash: () => 'not in the manifest' });
const client = new ApolloClient({ cache: new InMemoryCache(), link: link.concat(new HttpLink({ uri: url, fetch })) });
await assert.rejects(client.query({ query: gql('query Unknown { viewer { roles } }') }));
assert.deepEqual(requests.map(({ code }) => code), ['PERSISTED_QUERY_NOT_FOUND', 'DOCUMENT_NOT_TRUSTED']);
console.log('all others are refused');
