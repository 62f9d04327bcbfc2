// What an application writes on the documents of GraphQL Code Generator; `typed.test.js` runs what tsc makes of it.
import { Client, fetchExchange } from '@urql/core';
import {
  CourseByKeyDocument,
  SyllabusQueryDocument,
  SyllabusQuery_OutlineFragmentDoc,
  UniversityByKeyDocument,
} from '../build/typed/graphql.js';
import { useFragment } from '../build/typed/fragment-masking.js';
import type { CourseBy, CourseLevel, UniversityBy } from '../build/typed/graphql.js';

const client = (url: string) => new Client({ url, exchanges: [fetchExchange], preferGetMethod: false });

export async function levelOf(url: string, by: CourseBy): Promise<CourseLevel | undefined> {
  const { data, error } = await client(url).query(CourseByKeyDocument, { by }).toPromise();
  if (error) throw error;
  return data?.course?.level;
}

export async function codesAt(url: string, by: UniversityBy): Promise<string[]> {
  const { data, error } = await client(url).query(UniversityByKeyDocument, { by, courses: 3 }).toPromise();
  if (error) throw error;
  return data?.university?.courses?.edges.map(({ node }) => node.code) ?? [];
}

export async function videoProviders(url: string, by: CourseBy): Promise<string[]> {
  const { data, error } = await client(url).query(SyllabusQueryDocument, { by }).toPromise();
  if (error) throw error;
  const below = (data?.course?.modules ?? []).flatMap((module) => [module, ...module.children.flatMap((child) => [child, ...child.children])]);
  return below
    .flatMap((module) => useFragment(SyllabusQuery_OutlineFragmentDoc, module).contentItems)
    .flatMap((item) => (item.__typename === 'VideoContent' ? [item.provider ?? 'unknown'] : []));
}
