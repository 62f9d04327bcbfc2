// Peer: mercurius with graphql-jit over pg: prepared statements, batching loaders, no authorization.
// SHAPE=levels: a statement for each level, as its loaders are meant; SHAPE=tree: the whole syllabus in two statements.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import pg from 'pg'
import { readFileSync } from 'node:fs'

pg.types.setTypeParser(1184, text => text.replace(' ', 'T')) // no Date object for each moment that is only passed on
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8 })
const TREE = process.env.SHAPE === 'tree'
const schema = readFileSync(new URL('./mercurius.graphql', import.meta.url), 'utf8')

const rows = async (name, text, ...values) => (await pool.query({ name, text, values })).rows

// A list for each key, in the order of the keys.
const grouped = (found, keys, column, shape) => {
  const lists = new Map(keys.map(key => [key, []]))
  for (const row of found) lists.get(row[column]).push(shape(row))
  return keys.map(key => lists.get(key))
}
// A row for each key.
const single = (found, keys, column, shape) => {
  const by = new Map()
  for (const row of found) by.set(row[column], shape(row))
  return keys.map(key => by.get(key) ?? null)
}
const distinct = keys => [...new Set(keys)]
const connection = nodes => ({ edges: nodes.map(node => ({ node })) })

// ---- the syllabus ----

const TYPES = { video: 'VideoContent', quiz: 'QuizContent', text: 'TextContent', engineering_lab: 'EngineeringLabContent', resource: 'ResourceContent' }
const MODULE = 'id,title,description,module_type,sequence_index'
const ITEM = 'id,module_id,title,content_type,sequence_index,estimated_duration_seconds,data_json'
const SQL = {
  course: 'select id,title,code,level,description from courses where university_id=$1 and id=$2',
  roots: `select course_id,${MODULE} from modules where university_id=$1 and course_id=any($2::bigint[]) and parent_module_id is null order by sequence_index`,
  children: `select parent_module_id,${MODULE} from modules where university_id=$1 and parent_module_id=any($2::bigint[]) order by sequence_index`,
  items: `select ${ITEM} from content_items where university_id=$1 and module_id=any($2::bigint[]) order by sequence_index`,
  treeModules: `select parent_module_id,${MODULE} from modules where university_id=$1 and course_id=$2 order by depth,sequence_index`,
  treeItems: `select ${ITEM} from content_items where university_id=$1 and course_id=$2 order by sequence_index`
}

const module = row => ({ id: row.id, title: row.title, description: row.description, moduleType: row.module_type, sequenceIndex: row.sequence_index })

const block = found => found.type === 'math'
  ? { __typename: 'MathBlock', latex: found.latex }
  : { __typename: 'ParagraphBlock', text: found.text }

const item = row => {
  const data = row.data_json
  const shared = { __typename: TYPES[row.content_type], id: row.id, title: row.title, sequenceIndex: row.sequence_index, estimatedDurationSeconds: row.estimated_duration_seconds }
  switch (row.content_type) {
    case 'video':
      return { ...shared, provider: data.provider, videoId: data.video_id, url: data.url, durationSeconds: data.duration_seconds, thumbnailUrl: data.thumbnail_url }
    case 'quiz':
      return { ...shared, quizMode: data.quiz_mode, numQuestionsPerAttempt: data.num_questions_per_attempt, timeLimitSeconds: data.time_limit_seconds,
        mastery: data.mastery && { points: data.mastery.points, thresholdCorrectInRow: data.mastery.threshold_correct_in_row, maxAttempts: data.mastery.max_attempts } }
    case 'text':
      return { ...shared, layout: data.layout, blocks: data.blocks.map(block) }
    case 'engineering_lab':
      return { ...shared, labType: data.lab_type, runtime: data.runtime, entrypoint: data.entrypoint, files: data.files }
    default:
      return { ...shared, resources: data.resources }
  }
}

const tree = async (university, id) => {
  const modules = await rows('treeModules', SQL.treeModules, university, id)
  const items = await rows('treeItems', SQL.treeItems, university, id)
  const by = new Map()
  const roots = []
  for (const row of modules) {
    const node = { ...module(row), children: [], contentItems: [] }
    by.set(row.id, node)
    if (row.parent_module_id === null) roots.push(node)
    else by.get(row.parent_module_id).children.push(node)
  }
  for (const row of items) by.get(row.module_id).contentItems.push(item(row))
  return roots
}

const syllabusByLevels = {
  Course: {
    modules: async (queries, { university }) => {
      const ids = queries.map(({ obj }) => obj.id)
      return grouped(await rows('roots', SQL.roots, university, ids), ids, 'course_id', module)
    }
  },
  Module: {
    children: async (queries, { university }) => {
      const ids = queries.map(({ obj }) => obj.id)
      return grouped(await rows('children', SQL.children, university, ids), ids, 'parent_module_id', module)
    },
    contentItems: async (queries, { university }) => {
      const ids = queries.map(({ obj }) => obj.id)
      return grouped(await rows('items', SQL.items, university, ids), ids, 'module_id', item)
    }
  }
}
const syllabusAsTree = {
  Course: { modules: (queries, { university }) => Promise.all(queries.map(({ obj }) => tree(university, obj.id))) }
}

const syllabus = TREE ? syllabusAsTree : syllabusByLevels

// ---- the pages ----

const OFFERING = 'id,course_id,term_name,starts_at,ends_at,visibility'
const ENROLLMENT = 'id,user_id,course_offering_id,status'
Object.assign(SQL, {
  courses: 'select id,title,code,level,description,credit_hours,university_id,department_id,primary_subject_id from courses where university_id=$1 order by id limit $2',
  coursesById: 'select id,title,code from courses where university_id=$1 and id=any($2::bigint[])',
  universities: 'select id,name,short_code from universities where id=any($1::bigint[])',
  departments: 'select id,code,name from departments where university_id=$1 and id=any($2::bigint[])',
  subjects: 'select id,code,name from subjects where id=any($1::bigint[])',
  offeringsByCourse: `select o.* from unnest($2::bigint[]) as c (id) cross join lateral (select ${OFFERING} from course_offerings where university_id=$1 and course_id=c.id order by id limit $3) as o`,
  offerings: `select ${OFFERING} from course_offerings where university_id=$1 and id=any($2::bigint[])`,
  enrollmentsOfUser: `select ${ENROLLMENT} from course_enrollments where university_id=$1 and user_id=$2 order by id limit $3`,
  enrollmentsByOffering: `select e.* from unnest($2::bigint[]) as o (id) cross join lateral (select ${ENROLLMENT} from course_enrollments where university_id=$1 and course_offering_id=o.id order by id limit $3) as e`,
  users: 'select user_id,display_name,student_number from university_members where university_id=$1 and user_id=any($2::bigint[])',
  grades: 'select e.id as enrollment_id,g.final_score,g.letter_grade,g.passed from course_enrollments e join course_grades g on g.university_id=e.university_id and g.user_id=e.user_id and g.course_offering_id=e.course_offering_id where e.university_id=$1 and e.id=any($2::bigint[])',
  progress: 'select e.id as enrollment_id,p.* from course_enrollments e cross join lateral (select content_item_id,progress_percent,attempts_count from user_content_progress where university_id=e.university_id and course_offering_id=e.course_offering_id and user_id=e.user_id order by content_item_id limit $3) as p where e.university_id=$1 and e.id=any($2::bigint[])',
  itemsById: 'select id,title,content_type,sequence_index,estimated_duration_seconds from content_items where university_id=$1 and id=any($2::bigint[])'
})

const course = row => ({ id: row.id, title: row.title, code: row.code, level: row.level, description: row.description, creditHours: row.credit_hours, universityId: row.university_id, departmentId: row.department_id, subjectId: row.primary_subject_id })
const university = row => ({ id: row.id, name: row.name, shortCode: row.short_code })
const named = row => ({ id: row.id, code: row.code, name: row.name })
const offering = row => ({ id: row.id, courseId: row.course_id, termName: row.term_name, startsAt: row.starts_at, endsAt: row.ends_at, visibility: row.visibility })
const enrollment = row => ({ id: row.id, status: row.status, userId: row.user_id, offeringId: row.course_offering_id })
const user = row => ({ id: row.user_id, displayName: row.display_name, studentNumber: row.student_number })
const grade = row => ({ finalScore: row.final_score, letterGrade: row.letter_grade, passed: row.passed })
const progress = row => ({ progressPercent: row.progress_percent, attemptsCount: row.attempts_count, itemId: row.content_item_id })
const lightItem = row => ({ __typename: TYPES[row.content_type], id: row.id, title: row.title, sequenceIndex: row.sequence_index, estimatedDurationSeconds: row.estimated_duration_seconds })

// One of the request's university for each key that the parents carry.
const one = (name, key, column, shape) => async (queries, { university }) => {
  const keys = queries.map(({ obj }) => obj[key])
  return single(await rows(name, SQL[name], university, distinct(keys)), keys, column, shape)
}
// One of no university.
const shared = (name, key, shape) => async queries => {
  const keys = queries.map(({ obj }) => obj[key])
  return single(await rows(name, SQL[name], distinct(keys)), keys, 'id', shape)
}
// A first page for each parent.
const page = (name, column, shape) => async (queries, { university }) => {
  const keys = queries.map(({ obj }) => obj.id)
  const found = await rows(name, SQL[name], university, keys, queries[0].params.first)
  return grouped(found, keys, column, shape).map(connection)
}

const pages = {
  Course: {
    university: shared('universities', 'universityId', university),
    department: one('departments', 'departmentId', 'id', named),
    primarySubject: shared('subjects', 'subjectId', named),
    offerings: page('offeringsByCourse', 'course_id', offering)
  },
  Offering: {
    course: one('coursesById', 'courseId', 'id', course),
    enrollments: page('enrollmentsByOffering', 'course_offering_id', enrollment)
  },
  Enrollment: {
    user: one('users', 'userId', 'user_id', user),
    offering: one('offerings', 'offeringId', 'id', offering),
    grade: one('grades', 'id', 'enrollment_id', grade),
    contentProgress: page('progress', 'enrollment_id', progress)
  },
  ContentProgress: { contentItem: one('itemsById', 'itemId', 'id', lightItem) }
}

// ---- the server ----

// Whatever was faster when measured: the syllabus with mercurius's cache of a request, the pages without.
const loaders = Object.fromEntries(Object.entries(syllabus).map(([type, fields]) => [type, { ...fields }]))
for (const [type, fields] of Object.entries(pages)) {
  for (const [field, loader] of Object.entries(fields)) (loaders[type] ??= {})[field] = { loader, opts: { cache: false } }
}

const app = Fastify()
app.register(mercurius, {
  schema,
  jit: 1,
  context: request => ({ university: request.headers['x-university-id'], user: request.headers['x-user-id'] }),
  resolvers: {
    Content: { resolveType: found => found.__typename },
    ContentItem: { resolveType: found => found.__typename },
    TextBlock: { resolveType: found => found.__typename },
    Viewer: {
      enrollments: async (_, { first }, { university, user }) =>
        connection((await rows('enrollmentsOfUser', SQL.enrollmentsOfUser, university, user, first)).map(enrollment))
    },
    Query: {
      course: async (_, { id }, { university }) => (await rows('course', SQL.course, university, id))[0] ?? null,
      courses: async (_, { first }, { university }) => connection((await rows('courses', SQL.courses, university, first)).map(course)),
      offering: async (_, { id }, { university }) => (await rows('offerings', SQL.offerings, university, [id])).map(offering)[0] ?? null,
      viewer: () => ({})
    }
  },
  loaders
})
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
