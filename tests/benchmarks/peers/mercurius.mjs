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

const app = Fastify()
app.register(mercurius, {
  schema,
  jit: 1,
  context: request => ({ university: request.headers['x-university-id'] }),
  resolvers: {
    Content: { resolveType: found => found.__typename },
    ContentItem: { resolveType: found => found.__typename },
    TextBlock: { resolveType: found => found.__typename },
    Query: {
      course: async (_, { id }, { university }) => (await rows('course', SQL.course, university, id))[0] ?? null
    }
  },
  loaders: { ...syllabus }
})
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
