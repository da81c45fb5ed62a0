// The one table of folders: what each may import, which outside packages live in it, and whether it
// is pure. The boundary rules (.dependency-cruiser.cjs) and the lint rules for pure folders
// (.config/eslint.config.js) are made from it; test/house/folder-table.test.ts checks that every
// folder that exists has a row.

export type Folder = {
  readonly path: string
  /** Folders on the same step may not import each other; every step may import all steps below. */
  readonly step: number
  /** Outside packages. A package stands in one row only, so it stays replaceable. */
  readonly packages?: readonly string[]
  /** Node's own modules, without `node:`. Absent: all of them. */
  readonly builtins?: readonly string[]
  /** Lower folders, where not all of them are allowed. */
  readonly only?: readonly string[]
  /** Takes time, chance and the outside world as arguments: replay depends on it. */
  readonly pure?: true
}

const COMPUTING_ONLY = ['assert', 'buffer', 'crypto', 'events', 'stream', 'string_decoder', 'util']

/** `adapters/*` is a row for each adapter that has none of its own. */
export const FOLDERS: readonly Folder[] = [
  { path: 'policies', step: 0, builtins: [], pure: true },
  {
    path: 'certs',
    step: 1,
    packages: ['node-forge', '@peculiar/x509', 'reflect-metadata'],
  },
  {
    path: 'gateway/ledger',
    step: 2,
    only: ['policies'],
    builtins: ['crypto', 'buffer'],
    pure: true,
  },
  { path: 'gateway/ports', step: 3 },
  { path: 'gateway/projections', step: 4, builtins: COMPUTING_ONLY, pure: true },
  { path: 'gateway/pages', step: 5 },
  { path: 'gateway/exchange', step: 6, builtins: COMPUTING_ONLY, pure: true },
  { path: 'gateway/registry', step: 6 },
  { path: 'gateway/portal', step: 6, pure: true },
  { path: 'gateway/console', step: 6, pure: true },
  { path: 'gateway/disclosure', step: 6 },
  { path: 'gateway/mydata', step: 6 },
  { path: 'gateway/replication', step: 6, builtins: COMPUTING_ONLY, pure: true },
  { path: 'gateway/witness', step: 6, builtins: COMPUTING_ONLY, pure: true },
  { path: 'gateway/erasure', step: 6, builtins: COMPUTING_ONLY, pure: true },
  { path: 'gateway/http', step: 7, packages: ['express'] },
  { path: 'adapters/*', step: 8 },
  { path: 'adapters/cedar-engine', step: 8, packages: ['@cedar-policy/cedar-wasm'] },
  { path: 'adapters/provider-rest', step: 8, packages: ['undici'] },
  { path: 'adapters/ledger-kafka', step: 8, packages: ['kafkajs'] },
  { path: 'adapters/limits', step: 8, packages: ['rate-limiter-flexible', 'cockatiel'] },
  { path: 'adapters/log-pino', step: 8, packages: ['pino'] },
  { path: 'adapters/state-redis', step: 8, packages: ['ioredis'] },
  { path: 'adapters/telemetry-otel', step: 8, packages: ['@opentelemetry'] },
  { path: 'adapters/timestamp-rfc3161', step: 8, packages: ['pkijs', 'asn1js'] },
  { path: 'deploy', step: 9, packages: ['commander', 'zod'] },
  { path: 'test', step: 10 },
]

/** Tests may use any package that package.json names, and anything below. */
const TEST = 'test'

/** Where a program starts. A file that none of these reaches is dead. */
export const ENTRY_POINTS: readonly string[] = [
  '^deploy/gongdao\\.ts$',
  '^deploy/set-up\\.mjs$',
  '^deploy/services/services\\.ts$',
  '^test/.+\\.test\\.ts$',
  '^test/bench/bench\\.ts$',
  '^test/bench/replay-speed\\.ts$',
  '^test/campaigns/.+\\.ts$',
  // Started as a process or a worker thread, which no import statement shows.
  '\\.(program|worker)\\.ts$',
]

export type Rule = {
  readonly name: string
  readonly severity: 'error'
  readonly comment: string
  readonly from: Condition
  readonly to: Condition
}

type Condition = {
  readonly path?: string | readonly string[]
  readonly pathNot?: string | readonly string[]
  readonly dependencyTypes?: readonly string[]
  readonly dependencyTypesNot?: readonly string[]
  readonly circular?: boolean
  readonly couldNotResolve?: boolean
  readonly reachable?: boolean
}

export function boundaryRules(folders: readonly Folder[]): Rule[] {
  return [
    ...folders.flatMap((folder) => [
      importsInwards(folder, folders),
      namedPackagesOnly(folder),
      namedBuiltinsOnly(folder),
    ]),
    ...WHOLE_TREE,
  ]
}

const OURS = '^(policies|certs|gateway|adapters|deploy|test)/'

function importsInwards(folder: Folder, folders: readonly Folder[]): Rule {
  const below = folders
    .filter((other) => other.step < folder.step)
    .filter((other) => folder.only === undefined || folder.only.includes(other.path))
    .map((other) => insideOf(other.path))
  return {
    name: `${ruleName(folder)}: our own code, inwards only`,
    severity: 'error',
    comment: `${folder.path} may import itself and the folders on lower steps of .config/folder-table.ts`,
    from: { ...startingIn(folder, folders) },
    to: { path: OURS, pathNot: [itself(folder), ...below] },
  }
}

function namedPackagesOnly(folder: Folder): Rule {
  const allowed = (folder.packages ?? []).flatMap((name) => [
    `node_modules/${name}/`,
    `node_modules/@types/${name}/`,
  ])
  const everything = folder.path === TEST ? ['node_modules/'] : []
  return {
    name: `${ruleName(folder)}: its own packages only`,
    severity: 'error',
    comment: 'Each outside package is imported in one folder only, so that it stays replaceable',
    from: { ...startingIn(folder, FOLDERS) },
    to: { path: 'node_modules/', pathNot: [...allowed, ...everything] },
  }
}

function namedBuiltinsOnly(folder: Folder): Rule {
  const allowed = folder.builtins?.map((name) => `^(node:)?${name}(/|$)`) ?? ['.']
  return {
    name: `${ruleName(folder)}: its own part of Node only`,
    severity: 'error',
    comment: 'A pure folder is handed the outside world; it does not reach for it',
    from: { ...startingIn(folder, FOLDERS) },
    to: { dependencyTypes: ['core'], pathNot: allowed },
  }
}

const WHOLE_TREE: readonly Rule[] = [
  {
    name: 'no circles',
    severity: 'error',
    comment: 'Two files that need each other are one file. Type-only imports count',
    from: {},
    to: { circular: true },
  },
  {
    name: 'no dead files',
    severity: 'error',
    comment:
      'Neither a program nor a test reaches this file (ENTRY_POINTS in .config/folder-table.ts)',
    from: { path: ENTRY_POINTS },
    to: { path: OURS, pathNot: [...ENTRY_POINTS, '\\.d\\.m?ts$'], reachable: false },
  },
  {
    name: 'no import that leads nowhere',
    severity: 'error',
    comment: 'The file or package does not exist',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'no package by accident',
    severity: 'error',
    comment: 'Imported, but only there because another package brought it: name it in package.json',
    from: {},
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'no tool in the product',
    severity: 'error',
    comment: 'A development dependency is not there where the product runs (its types may be)',
    from: { path: OURS, pathNot: `^${TEST}/` },
    to: { dependencyTypes: ['npm-dev'], pathNot: 'node_modules/@types/' },
  },
]

function startingIn(folder: Folder, folders: readonly Folder[]): Condition {
  if (!folder.path.endsWith('/*')) return { path: insideOf(folder.path) }
  const rowsOfTheirOwn = folders
    .filter((other) => other !== folder && insideOf(other.path).startsWith(parentOf(folder)))
    .map((other) => insideOf(other.path))
  return { path: `${parentOf(folder)}([^/]+)/`, pathNot: rowsOfTheirOwn }
}

/** `$1` is the folder that the rule's `from` matched: an adapter may not import another. */
function itself(folder: Folder): string {
  return folder.path.endsWith('/*') ? `${parentOf(folder)}$1/` : insideOf(folder.path)
}

function insideOf(path: string): string {
  return path.endsWith('/*') ? `^${path.slice(0, -1)}[^/]+/` : `^${path}/`
}

function parentOf(folder: Folder): string {
  return `^${folder.path.slice(0, -1)}`
}

function ruleName(folder: Folder): string {
  return folder.path.replace('/*', '/…')
}
