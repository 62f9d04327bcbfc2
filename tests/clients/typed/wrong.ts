// Never run: each line has to be an error of types, or tsc complains of the comment above it.
import type { CourseBy, CourseByKeyQueryVariables, UniversityBy, UniversityByKeyQueryVariables } from '../build/typed/graphql.js';

// One key is given, neither none of them ...
// @ts-expect-error
export const noKey: CourseBy = {};
// @ts-expect-error
export const noUniversity: UniversityBy = {};
// ... nor null instead of one (a plain input would take these four) ...
// @ts-expect-error
export const nullKey: CourseBy = { code: null };
// @ts-expect-error
export const nullUniversity: UniversityBy = { shortCode: null };
// ... nor undefined, nor another one beside it, nor another's key.
// @ts-expect-error
export const undefinedKey: CourseBy = { code: undefined };
// @ts-expect-error
export const twoKeys: CourseBy = { code: 'ME101', shortCode: 'DEMO' };
// @ts-expect-error
export const foreignKey: UniversityBy = { code: 'DEMO' };

// The same holds where a document asks for them.
// @ts-expect-error
export const variables: CourseByKeyQueryVariables = { by: {} };
// @ts-expect-error
export const withoutBy: UniversityByKeyQueryVariables = { courses: 3 };

export const right: CourseByKeyQueryVariables = { by: { code: 'ME101' } };
