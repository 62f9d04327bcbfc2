// urql with graphcache, which knows the schema by introspection: a cache by id, relayPagination, coded errors.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, fetchExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { getIntrospectionQuery } from 'graphql';
import { PAGE, catalog, document, plain, syllabus, university, untyped, url, variablesOf } from './pages.js';
import { answerTo, recorder } from './recorded.js';

const { data: schema } = await answerTo(url, { query: getIntrospectionQuery() });
const embedded = () => null;
const keys = Object.fromEntries(schema.__schema.types
  .filter(({ kind, fields }) => kind === 'OBJECT' && !fields.some(({ name }) => name === 'id'))
  .map(({ name }) => [name, embedded]));

function urql() {
  const { requests, fetch } = recorder();
  const said = [];
  const course = (parent, args, cache, { fieldName }) =>
    (args.id ? { __typename: 'Course', id: args.id } : cache.resolve(parent, fieldName, args));
  const resolvers = { Query: { courses: relayPagination(), course } };
  const logger = (severity, message) => severity === 'debug' || said.push(`${severity}: ${message}`);
  const cache = cacheExchange({ schema, keys, resolvers, logger });
  const client = new Client({ url, fetch, exchanges: [cache, fetchExchange], preferGetMethod: false });
  return { requests, said, ask: (name, variables, options) => client.query(document(name), variables, options).toPromise() };
}

test('urql: a syllabus comes back from the cache as the server gave it', async () => {
  const { by, expected, items } = await syllabus();
  const { ask, requests, said } = urql();
  const asked = await ask('SyllabusQuery', { by });
  const again = await ask('SyllabusQuery', { by }, { requestPolicy: 'cache-only' });
  assert.deepEqual(untyped(asked.data), untyped(expected));
  assert.deepEqual(again.data, asked.data);
  assert.deepEqual([again.stale, requests.length, said], [false, 1, []]);
  assert.ok(items.length > 0);
});

test('urql: relayPagination merges two more pages and repeats nothing', async () => {
  const expected = await catalog();
  const { ask, requests, said } = urql();
  const first = await ask('Courses', { first: PAGE });
  const second = await ask('Courses', { first: PAGE, after: first.data.courses.pageInfo.endCursor });
  const third = await ask('Courses', { first: PAGE, after: second.data.courses.pageInfo.endCursor });
  const again = await ask('Courses', { first: PAGE, after: second.data.courses.pageInfo.endCursor });
  const nodes = (result) => untyped(result.data.courses.edges.map(({ node }) => node));
  const pages = [first, second, third, again].map(nodes);
  assert.deepEqual(pages, [expected.slice(0, PAGE), expected.slice(0, 2 * PAGE), expected, expected]);
  const cursors = [undefined, first.data.courses.pageInfo.endCursor, second.data.courses.pageInfo.endCursor];
  assert.deepEqual(variablesOf(requests).map(({ after }) => after), cursors);
  assert.deepEqual(said, []);
});

test('urql: one course reached by two queries is one entry', async () => {
  const [{ id, code, title }] = await catalog();
  const { course: { level, languageCode } } = await plain('CourseByKey', { by: { code } });
  const { ask, requests, said } = urql();
  await ask('Courses', { first: PAGE });
  await ask('CourseByKey', { by: { code } });
  const { data, stale } = await ask('CourseById', { id });  // fields of both, by id, without asking anybody
  assert.deepEqual(untyped(data), { course: { id, code, title, level, languageCode } });
  assert.deepEqual([stale, requests.length, said], [false, 2, []]);
});

test('urql: an error brings its code', async () => {
  const { ask, requests } = urql();
  const { error } = await ask('Courses', { first: 1000 });
  assert.deepEqual(error.graphQLErrors.map(({ path, extensions }) => [path, extensions.code]), [[['courses'], 'BAD_USER_INPUT']]);
  assert.equal(error.networkError, undefined);
  assert.equal(requests.length, 1);
});

test('urql: an error in one field leaves the others', async () => {
  const { data, error } = await urql().ask('UniversityByKey', { by: { shortCode: university }, courses: 1000 });
  assert.deepEqual([data.university.courses, typeof data.university.name], [null, 'string']);
  assert.deepEqual(error.graphQLErrors.map(({ path, extensions }) => [path, extensions.code]), [[['university', 'courses'], 'BAD_USER_INPUT']]);
});
