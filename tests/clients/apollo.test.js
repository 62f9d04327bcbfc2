// Apollo Client 4: a cache by id, unions from the schema's possible types, relayStylePagination, coded errors.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';
import { filter, firstValueFrom } from 'rxjs';
import { PAGE, catalog, document, json, plain, syllabus, university, untyped, url, variablesOf } from './pages.js';
import { recorder } from './recorded.js';

const { possibleTypes } = json('possible-types.json');
const ask = Object.fromEntries(['Courses', 'CourseByKey', 'CourseById', 'SyllabusQuery'].map((name) => [name, gql(document(name))]));

function apollo() {
  const { requests, fetch } = recorder();
  const courses = relayStylePagination();
  const course = (found, { args, toReference }) => found ?? (args.id && toReference({ __typename: 'Course', id: args.id }));
  const typePolicies = { Query: { fields: { courses, course } } };
  const cache = new InMemoryCache({ possibleTypes, typePolicies });
  return { client: new ApolloClient({ cache, link: new HttpLink({ uri: url, fetch }) }), cache, requests };
}

test('Apollo Client: a syllabus comes back from the cache as the server gave it', async () => {
  const { by, expected, modules, items } = await syllabus();
  const { client, cache, requests } = apollo();
  const options = { query: ask.SyllabusQuery, variables: { by } };
  await client.query(options);
  const again = await client.query({ ...options, fetchPolicy: 'cache-only' });
  assert.deepEqual(untyped(again.data), untyped(expected));
  assert.equal(requests.length, 1);
  const entries = Object.keys(cache.extract());
  const kept = (prefix) => entries.filter((key) => key.startsWith(prefix)).sort();
  assert.deepEqual(kept('Module:'), modules.map(({ id }) => `Module:${id}`).sort());
  assert.deepEqual(entries.filter((key) => /Content:/.test(key)).sort(), items.map((item) => `${item.__typename}:${item.id}`).sort());
  assert.deepEqual(kept('Course:'), [`Course:${expected.course.id}`]);
});

test('Apollo Client: fetchMore merges two more pages and repeats nothing', async () => {
  const expected = await catalog();
  const { client, requests } = apollo();
  const pages = client.watchQuery({ query: ask.Courses, variables: { first: PAGE } });
  const shown = pages.pipe(filter(({ dataState, loading }) => dataState === 'complete' && !loading));
  const lengths = new Set();
  const subscription = shown.subscribe(({ data }) => lengths.add(data.courses.edges.length));
  const courses = async (length) => {
    const { data } = await firstValueFrom(shown.pipe(filter((result) => result.data.courses.edges.length === length)));
    return data.courses;
  };
  const more = (after) => pages.fetchMore({ variables: { after } });
  const cursors = [undefined, (await courses(PAGE)).pageInfo.endCursor];
  await more(cursors[1]);
  cursors.push((await courses(2 * PAGE)).pageInfo.endCursor);
  await more(cursors[2]);
  await courses(expected.length);
  await more(cursors[2]);  // clicked twice
  const merged = client.readQuery({ query: ask.Courses, variables: { first: PAGE } });
  assert.deepEqual(untyped(merged.courses.edges.map(({ node }) => node)), expected);
  subscription.unsubscribe();
  assert.deepEqual([...lengths], [PAGE, 2 * PAGE, expected.length]);
  assert.deepEqual(variablesOf(requests).map(({ after }) => after), [...cursors, cursors[2]]);
});

test('Apollo Client: one course reached by two queries is one entry', async () => {
  const [{ id, code, title }] = await catalog();
  const { client, cache, requests } = apollo();
  await client.query({ query: ask.Courses, variables: { first: PAGE } });
  const { course } = await plain('CourseByKey', { by: { code } });
  await client.query({ query: ask.CourseByKey, variables: { by: { code } } });
  const { level, languageCode } = course;
  const kept = cache.extract();
  const key = `Course:${id}`;
  assert.deepEqual(kept[key], { __typename: 'Course', id, code, title, level, languageCode, university: kept[key].university });
  assert.equal(kept.ROOT_QUERY.courses.edges[0].node.__ref, key);
  // Fields of both, by id, without asking anybody.
  const { data } = await client.query({ query: ask.CourseById, variables: { id } });
  assert.deepEqual(untyped(data), { course: { id, code, title, level, languageCode } });
  assert.equal(requests.length, 2);
});

test('Apollo Client: an error brings its code', async () => {
  const { client, requests } = apollo();
  await assert.rejects(client.query({ query: ask.Courses, variables: { first: 1000 } }), (error) => {
    assert.ok(CombinedGraphQLErrors.is(error));
    const [{ path, extensions }] = error.errors;
    assert.deepEqual([path, extensions.code], [['courses'], 'BAD_USER_INPUT']);
    return true;
  });
  await assert.rejects(client.query({ query: gql`{ nothingOfTheKind }` }), (error) => {
    assert.ok(CombinedGraphQLErrors.is(error));
    assert.equal(error.errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
    return true;
  });
  assert.deepEqual(requests.map(({ status }) => status), [200, 400]);
});

test('Apollo Client: an error in one field leaves the others', async () => {
  const query = gql(document('UniversityByKey'));
  const variables = { by: { shortCode: university }, courses: 1000 };
  const { data, error } = await apollo().client.query({ query, variables, errorPolicy: 'all' });
  assert.deepEqual([data.university.courses, typeof data.university.name], [null, 'string']);
  assert.deepEqual(error.errors.map(({ path, extensions }) => [path, extensions.code]), [[['university', 'courses'], 'BAD_USER_INPUT']]);
});
