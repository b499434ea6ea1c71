// Who may import whom, types included. The table stands in ARCHITECTURE.md too; a change needs a decision page.

const packages = {
  protocol: [],
  database: [],
  connector: ['protocol', 'database'],
  site: ['protocol', 'database', 'connector'],
  cli: ['site', 'connector'],
  'create-annex-app': [],
}

/** Rooms of the site. Every one may also use itself and the package `protocol`. */
const rooms = {
  http: [],
  pages: [],
  outgoing: [],
  doctypes: ['database'],
  policy: ['doctypes'],
  audit: ['database', 'policy'],
  backend: ['doctypes', 'policy', 'audit'],
  documents: ['database', 'doctypes', 'policy', 'backend'],
  upstream: ['connector', 'doctypes', 'policy', 'backend'],
  identity: ['database', 'http', 'pages', 'doctypes', 'policy', 'audit', 'documents', 'outgoing', 'webhooks'],
  oauth: ['database', 'http', 'pages', 'doctypes', 'policy', 'audit', 'documents', 'identity', 'outgoing', 'webhooks'],
  transfer: ['database', 'doctypes'],
  webhooks: ['database', 'documents', 'outgoing'],
  mail: ['webhooks'],
  hooks: ['doctypes', 'policy', 'backend'],
  api: ['http', 'doctypes', 'policy', 'backend'],
}

/** Rooms of the connector's core. Every one may also use itself, `errors.ts`, the types of its store, and the package `protocol`. */
const coreRooms = {
  sealing: [],
  leases: ['sealing/base64'],
  upstream: [],
  setup: ['sealing', 'leases', 'upstream/transport'],
  tokens: [
    'leases',
    'setup/(?:client|discovery|registration|site)',
    'sealing',
    'upstream/(?:transport|credentials|leave)',
    'connector/events',
  ],
  'sign-in': ['setup', 'sealing', 'tokens', 'upstream/transport'],
  docnames: ['upstream', 'connector/(?:room|events)'],
  links: ['upstream', 'docnames', 'sign-in/(?:cookies|sessions)', 'connector/(?:room|events)'],
  webhooks: ['leases', 'docnames', 'upstream', 'connector/(?:room|events|answering/read-body)'],
  revocations: ['setup', 'sealing', 'tokens', 'sign-in/(?:id-token|sessions)', 'upstream', 'webhooks', 'connector/(?:room|events)'],
  scripts: ['sealing', 'sign-in/(?:cookies|sessions)', 'connector/(?:room|events)'],
  connector: ['sealing', 'upstream', 'setup', 'tokens', 'sign-in', 'links', 'docnames', 'webhooks', 'revocations', 'scripts'],
}
/** What an edge runtime can load. */
const core =
  '^packages/(?:connector/src/(?:core/|public-client/|react/|index|stores/(?:memory|redis|connector-store)|adapters/(?:hono|next))|protocol/src/)'

/** Of the room `backend` these two see the interface, not the guard. */
const interfaceAlone = ['documents', 'upstream']

const anyOf = (names) => `(?:${names.join('|')})`
// Tests put real parts together, so they may reach further than the room they lie in.
const notTests = '\\.(?:test|contract|fixture)\\.ts$'
const frontDoors =
  '^packages/(?:[^/]+/src/index|connector/src/(?:stores/(?:sql|redis)|public-client/(?:browser|script-caller|device|frappe-sdk)|react/index|testing/index|adapters/(?:node|express|fastify|hono|next)))\\.ts$'

const packageRules = Object.entries(packages).map(([name, allowed]) => ({
  name: `package-${name}`,
  comment: `${name} may import ${allowed.join(', ') || 'nothing of ours'}`,
  severity: 'error',
  from: { path: `^packages/${name}/src/`, pathNot: notTests },
  to: { path: '^(?:packages|apps|tests|tools)/', pathNot: `^packages/${anyOf([name, ...allowed])}/` },
}))

const roomRules = Object.entries(rooms).flatMap(([room, allowed]) => {
  const from = { path: `^packages/site/src/${room}/`, pathNot: notTests }
  const packagesAllowed = ['protocol', ...allowed.filter((name) => name in packages)]
  const roomsAllowed = [room, ...allowed.filter((name) => name in rooms)]
  const comment = `${room} may import ${[...allowed, 'protocol'].join(', ')}`
  const rules = [
    {
      name: `room-${room}`,
      comment,
      severity: 'error',
      from,
      to: { path: '^packages/site/src/', pathNot: `^packages/site/src/${anyOf(roomsAllowed)}/` },
    },
    {
      name: `room-${room}-packages`,
      comment,
      severity: 'error',
      from,
      to: { path: '^packages/(?!site/)', pathNot: `^packages/${anyOf(packagesAllowed)}/` },
    },
  ]
  if (!allowed.includes('database')) {
    rules.push({
      name: `room-${room}-sql`,
      comment: `${room} keeps nothing in a database`,
      severity: 'error',
      from,
      to: { path: 'node_modules/(?:kysely|better-sqlite3|pg)/' },
    })
  }
  if (interfaceAlone.includes(room)) {
    const pathNot = '^packages/site/src/backend/(?:backend|method)\\.ts$'
    rules.push({
      name: `room-${room}-interface`,
      comment: `${room} implements the backend's interface and never sees the guard`,
      severity: 'error',
      from,
      to: { path: '^packages/site/src/backend/', pathNot },
    })
  }
  return rules
})

const coreRoomRules = Object.entries(coreRooms).map(([room, allowed]) => ({
  name: `core-${room}`,
  comment: `${room} of the connector's core may import ${allowed.join(', ') || 'no other room'}`,
  severity: 'error',
  from: { path: `^packages/connector/src/core/${room}/`, pathNot: notTests },
  to: { path: '^packages/connector/src/core/[^/]+/', pathNot: `^packages/connector/src/core/${anyOf([room, ...allowed])}[/.]` },
}))

const connectorRules = [
  ...coreRoomRules,
  {
    name: 'connector-no-node',
    comment: 'the core of the connector runs wherever fetch and Web Crypto are',
    severity: 'error',
    from: { path: core, pathNot: notTests },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'connector-core',
    comment: "the core of the connector knows the types of its store, and neither a store's home nor an adapter",
    severity: 'error',
    from: { path: '^packages/connector/src/(?:core|public-client|react)/', pathNot: notTests },
    to: { path: '^packages/connector/src/(?!core/|public-client/|react/|stores/connector-store\\.ts$)' },
  },
  {
    name: 'connector-database',
    comment: 'only stores/sql and the command line of the connector reach the database',
    severity: 'error',
    from: { path: '^packages/connector/src/', pathNot: `^packages/connector/src/(?:stores/sql|command/)|${notTests}` },
    to: { path: '^packages/database/|node_modules/(?:kysely|better-sqlite3|pg)/' },
  },
  {
    name: 'connector-jose',
    comment: 'jose is for the proof of id_tokens and logout tokens alone, and for the fake site that signs them',
    severity: 'error',
    from: {
      path: '^packages/connector/src/',
      pathNot: `/core/(?:setup/site-keys|sign-in/id-token|revocations/logout-tokens)\\.ts$|/src/testing/|${notTests}`,
    },
    to: { path: 'node_modules/jose/' },
  },
  {
    name: 'connector-jose-late',
    comment: 'what brings jose is loaded when a token has to be proven, by await import',
    severity: 'error',
    from: { path: '^packages/connector/src/', pathNot: `/core/(?:sign-in/id-token|revocations/logout-tokens)\\.ts$|${notTests}` },
    to: {
      path: '/core/(?:setup/site-keys|sign-in/id-token|revocations/logout-tokens)\\.ts$',
      dynamic: false,
      dependencyTypesNot: ['type-only'],
    },
  },
  {
    name: 'no-unknown-core-room',
    comment: "a folder of the connector's core that is not in the table above",
    severity: 'error',
    from: { path: '^packages/connector/src/core/[^/]+/', pathNot: `^packages/connector/src/core/${anyOf(Object.keys(coreRooms))}/` },
    to: {},
  },
]

export default {
  forbidden: [
    ...packageRules,
    ...roomRules,
    ...connectorRules,
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unknown-room',
      comment: 'a folder of the site that is neither in the table above nor where rooms are put together',
      severity: 'error',
      from: { path: '^packages/site/src/[^/]+/', pathNot: `^packages/site/src/${anyOf(['assembly', ...Object.keys(rooms)])}/` },
      to: {},
    },
    {
      name: 'no-stranger',
      comment: 'config reads the environment and imports no room',
      severity: 'error',
      from: { path: '^packages/site/src/config\\.ts$' },
      to: { path: '^packages/(?!protocol/)' },
    },
    {
      name: 'front-door',
      comment: 'a package is reached by its front door',
      severity: 'error',
      from: { path: '^(?:packages|apps)/([^/]+)/', pathNot: notTests },
      to: { path: '^(?:packages|apps)/(?!$1/)', pathNot: frontDoors },
    },
    {
      name: 'apps',
      comment: 'an app imports the connector alone',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: notTests },
      to: { path: '^(?:packages|apps|tests|tools)/', pathNot: '^(?:packages/connector|apps/$1)/' },
    },
    { name: 'no-dead-end', comment: 'an import that resolves to nothing', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    // TypeScript 7 has no API that this program can load; without swc it sees no module and finds no fault.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // Templates become programs of their own, with their layers put together.
    exclude: { path: '^(?:packages|apps)/[^/]+/dist/|^packages/create-annex-app/templates/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json', '.d.ts'],
    },
  },
}
