// What tsc made of `typed/keys.ts`: the keys that the types take are those that the server takes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { built, catalog, plain, syllabus, university, url } from './pages.js';

const { codesAt, levelOf, videoProviders } = await import(built('out/typed/keys.js'));
const wrong = await import(built('out/typed/wrong.js'));

test('codegen: the keys that the types take find a course and a university', async () => {
  const expected = await catalog();
  const { course } = await plain('CourseByKey', { by: { code: expected[0].code } });
  assert.equal(await levelOf(url, { code: expected[0].code }), course.level);
  assert.deepEqual(await codesAt(url, { shortCode: university }), expected.slice(0, 3).map(({ code }) => code));
});

test('codegen: a union narrows by its type name', async () => {
  const { by, items } = await syllabus();
  const videos = items.filter((item) => item.__typename === 'VideoContent');
  assert.ok(videos.length > 0);
  assert.deepEqual((await videoProviders(url, by)).sort(), videos.map(({ provider }) => provider).sort());
});

test('codegen: the server refuses what the types refuse', async () => {
  const { noKey, noUniversity, nullKey, nullUniversity, twoKeys, foreignKey } = wrong;
  for (const by of [noKey, nullKey, twoKeys]) await refused(levelOf(url, by));
  for (const by of [noUniversity, nullUniversity, foreignKey]) await refused(codesAt(url, by));
});

async function refused(asked) {
  await assert.rejects(asked, ({ graphQLErrors: [error] }) => {
    assert.equal(error.extensions.code, 'BAD_USER_INPUT');
    return true;
  });
}
