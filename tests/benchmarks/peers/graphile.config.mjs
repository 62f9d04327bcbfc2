// Peer: PostGraphile 5 as its documentation sets it up.
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { makePgService } from 'postgraphile/adaptors/pg'

export default {
  extends: [PostGraphileAmberPreset],
  // It hides the ways down along keys that no index leads word for word; ours have indexes that serve them.
  disablePlugins: ['PgIndexBehaviorsPlugin'],
  pgServices: [makePgService({ connectionString: process.env.DATABASE_URL, schemas: ['public'] })],
  grafserv: { port: Number(process.env.PORT), host: '127.0.0.1', graphqlPath: '/graphql', websockets: false },
  grafast: { explain: false }
}
