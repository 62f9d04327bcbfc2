// What the tests of pages and caches ask, and what a request without any client answers.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { answerTo } from './recorded.js';

export const url = process.env.LMS_CLIENT_TEST_URL;
export const PAGE = 2;
export const university = new URL(url).pathname.split('/')[2];
export const built = (name) => new URL(`build/${name}`, import.meta.url);
export const json = (name) => JSON.parse(readFileSync(built(name), 'utf8'));
export const document = (name) => readFileSync(new URL(`documents/${name}.graphql`, import.meta.url), 'utf8');

export async function plain(name, variables) {
  const { data, errors } = await answerTo(url, { query: document(name), variables });
  assert.equal(errors, undefined);
  return data;
}

/** Three pages' worth of the catalog: enough that two pages follow the first. */
export async function catalog() {
  const { courses } = await plain('Courses', { first: 3 * PAGE });
  assert.ok(courses.edges.length > 2 * PAGE, 'the demo has too few courses for three pages');
  return courses.edges.map(({ node }) => node);
}

/** A course whose syllabus has unions within lists at every level. */
export async function syllabus() {
  const by = { code: (await catalog())[0].code };
  const expected = await plain('SyllabusQuery', { by });
  const modules = flat(expected.course.modules);
  const kinds = new Set(modules.flatMap(({ contentItems }) => contentItems.map((item) => item.__typename)));
  assert.ok(modules.length > expected.course.modules.length && kinds.has('TextContent') && kinds.size >= 4);
  return { by, expected, modules, items: modules.flatMap(({ contentItems }) => contentItems) };
}

export const flat = (modules) => modules.flatMap((module) => [module, ...flat(module.children ?? [])]);

/** The data without the type names that a client has added; a copy, in which nothing is frozen. */
export function untyped(data) {
  return JSON.parse(JSON.stringify(data, (key, value) => (key === '__typename' ? undefined : value)));
}

export const variablesOf = (requests) => requests.map(({ variables }) => variables ?? {});
