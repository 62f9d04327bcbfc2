// Relay's own hooks on its own compiler's artifacts: pages of a connection, refetching by id, a store by id.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Suspense, createElement } from 'react';
import hooks from 'react-relay/hooks.js';
import { act, create } from 'react-test-renderer';
import relay from 'relay-runtime';
import { PAGE, built, catalog, plain, syllabus, university, untyped, url, variablesOf } from './pages.js';
import { recorder } from './recorded.js';

globalThis.IS_REACT_ACT_ENVIRONMENT = true;
globalThis.IS_REACT_NATIVE_TEST_ENVIRONMENT = true;  // or the renderer says that it is meant for React Native

const artifact = async (name) => (await import(built(`pages/__generated__/${name}.graphql.js`))).default;

function relayed(t) {
  const { requests, fetch } = recorder();
  const headers = { 'content-type': 'application/json' };
  const ask = async ({ text, name }, variables) =>
    (await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: text, operationName: name, variables }) })).json();
  const store = new relay.Store(new relay.RecordSource());
  const environment = new relay.Environment({ network: relay.Network.create(ask), store });
  const said = [];
  for (const level of ['warn', 'error']) t.mock.method(console, level, (...words) => said.push(words.join(' ')));
  return { environment, requests, said, kept: () => store.getSource().toJSON() };
}

/** Renders what `hook` gives for the fragment within the answer, and gives a function to its newest result. */
async function rendered(environment, query, variables, hook) {
  const request = await artifact(query);
  const data = await relay.fetchQuery(environment, request, variables).toPromise();
  let newest;
  function Component() {
    newest = hook(data);
    return null;
  }
  const suspended = createElement(Suspense, { fallback: null }, createElement(Component));
  const provided = createElement(hooks.RelayEnvironmentProvider, { environment }, suspended);
  const retained = environment.retain(relay.createOperationDescriptor(request, variables));
  const root = await act(() => create(provided));
  return { newest: () => newest, async end() { await act(() => root.unmount()); retained.dispose(); } };
}

async function finished(start) {
  let onComplete;
  const completed = new Promise((resolve, reject) => {
    onComplete = (error) => (error ? reject(error) : resolve());
  });
  await act(() => start({ onComplete }));  // a refetch begins when it is rendered, after the act
  await act(() => completed);
}

async function turnsTwoPages({ newest }, expected) {
  const codes = () => newest().data.courses.edges.map(({ node }) => node.code);
  assert.deepEqual([codes(), newest().hasNext], [expected.slice(0, PAGE), true]);
  await finished((options) => newest().loadNext(PAGE, options));
  assert.deepEqual([codes(), newest().hasNext], [expected.slice(0, 2 * PAGE), true]);
  await finished((options) => newest().loadNext(PAGE, options));
  assert.deepEqual(codes(), expected);
}

test('Relay: usePaginationFragment loads two more pages of the catalog', async (t) => {
  const expected = await catalog();
  const { environment, requests, said, kept } = relayed(t);
  const fragment = await artifact('CoursePages_catalog');
  const page = await rendered(environment, 'CoursePagesQuery', { count: PAGE }, (data) => hooks.usePaginationFragment(fragment, data));
  await turnsTwoPages(page, expected.map(({ code }) => code));
  await page.end();
  const cursors = variablesOf(requests).map(({ cursor }) => cursor);
  assert.equal(new Set(cursors).size, 3);
  assert.deepEqual(said, []);
  const courses = Object.values(kept()).filter((record) => record.__typename === 'Course');
  assert.deepEqual(courses.map((record) => record.__id), expected.map(({ id }) => id));
});

test('Relay: a connection of a node is paged by node(id:)', async (t) => {
  const expected = await catalog();
  const { environment, requests, said, kept } = relayed(t);
  const fragment = await artifact('UniversityPages_university');
  const variables = { shortCode: university, count: PAGE };
  const hook = (data) => hooks.usePaginationFragment(fragment, data.university);
  const page = await rendered(environment, 'UniversityPagesQuery', variables, hook);
  await turnsTwoPages(page, expected.map(({ code }) => code));
  await page.end();
  const ids = Object.values(kept()).filter((record) => record.__typename === 'University').map((record) => record.__id);
  assert.equal(ids.length, 1);
  assert.deepEqual(variablesOf(requests).map(({ id }) => id), [undefined, ids[0], ids[0]]);
  assert.ok(requests.slice(1).every(({ text }) => text.includes('node(id: $id)')));
  assert.deepEqual(said, []);
});

test('Relay: from the end of the catalog loadPrevious leads back to its start', async (t) => {
  const expected = (await catalog()).slice(0, 2 * PAGE).map(({ code }) => code);
  const { courses } = await plain('Courses', { first: 2 * PAGE + 1 });
  const { environment, requests, said } = relayed(t);
  const fragment = await artifact('CourseWindow_catalog');
  const variables = { last: PAGE, before: courses.edges[2 * PAGE].cursor };
  const page = await rendered(environment, 'CourseWindowQuery', variables, (data) => hooks.usePaginationFragment(fragment, data));
  const codes = () => page.newest().data.courses.edges.map(({ node }) => node.code);
  assert.deepEqual([codes(), page.newest().hasPrevious], [expected.slice(PAGE), true]);
  await finished((options) => page.newest().loadPrevious(PAGE, options));
  assert.deepEqual([codes(), page.newest().hasPrevious], [expected, false]);
  await page.end();
  // What is not meant is sent as null, and counts as not sent.
  const { first, after, last, before } = requests[1].variables;
  assert.deepEqual([first, after, last, typeof before], [null, null, PAGE, 'string']);
  assert.deepEqual(said, []);
});

test('Relay: a fragment is refetched by node(id:) into the same record', async (t) => {
  const [{ id, code, title }] = await catalog();
  const { course: { level } } = await plain('CourseByKey', { by: { code } });
  const { environment, requests, said, kept } = relayed(t);
  const fragment = await artifact('CourseCard_course');
  const card = await rendered(environment, 'CourseCardQuery', { code }, (data) => hooks.useRefetchableFragment(fragment, data.course));
  assert.deepEqual(card.newest()[0], { id, title });
  await finished((options) => card.newest()[1]({ withLevel: true }, options));
  assert.deepEqual(card.newest()[0], { id, title, level });
  await card.end();
  assert.deepEqual(variablesOf(requests), [{ code }, { id, withLevel: true }]);
  assert.ok(requests[1].text.includes('node(id: $id)'));
  const { title: keptTitle, level: keptLevel } = kept()[id];
  assert.deepEqual([keptTitle, keptLevel], [title, level]);
  assert.deepEqual(said, []);
});

test('Relay: a syllabus comes back from the store as the server gave it', async (t) => {
  const { by, expected, modules, items } = await syllabus();
  const { environment, requests, said, kept } = relayed(t);
  const [request, fragment] = [await artifact('SyllabusQuery'), await artifact('SyllabusQuery_outline')];
  const outline = (reference) => environment.lookup(relay.getSingularSelector(fragment, reference)).data;
  const opened = (module) => {
    const children = module.children?.map(opened);
    return { ...outline(module), ...(children && { children }) };
  };
  const { course } = await relay.fetchQuery(environment, request, { by }).toPromise();
  const { id, code, title } = course;
  const read = { course: { id, code, title, modules: course.modules.map(opened) } };
  assert.deepEqual(untyped(read), untyped(expected));
  assert.equal(requests.length, 1);
  const records = kept();
  for (const { id: one } of [...modules, ...items, course]) assert.equal(records[one].id, one);
  assert.equal(Object.values(records).filter((record) => record.__typename === 'Course').length, 1);
  assert.deepEqual(said, []);
});

test('Relay: one course reached by two queries is one record', async (t) => {
  const [{ id, code }] = await catalog();
  const { environment, kept } = relayed(t);
  for (const [name, variables] of [['CoursePagesQuery', { count: 1 }], ['CourseCardQuery', { code }]]) {
    await relay.fetchQuery(environment, await artifact(name), variables).toPromise();
  }
  const root = kept()[relay.ROOT_ID];
  assert.deepEqual(root[`course(by:{"code":"${code}"})`], { __ref: id });
  const courses = Object.values(kept()).filter((record) => record.__typename === 'Course');
  assert.deepEqual(courses.map((record) => [record.__id, record.code]), [[id, code]]);
});

test('Relay: an error brings its code', async (t) => {
  const { environment } = relayed(t);
  const request = await artifact('CoursePagesQuery');
  await assert.rejects(relay.fetchQuery(environment, request, { count: 1000 }).toPromise(), ({ source }) => {
    assert.deepEqual(source.errors.map(({ extensions }) => extensions.code), ['BAD_USER_INPUT']);
    return true;
  });
});
