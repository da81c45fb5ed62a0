import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { FOLDERS } from '../../.config/folder-table.ts'
import { ROOT, filesInTheTree } from './tree.ts'

const CODE = /^(policies|certs|gateway|adapters|deploy|test)\/.*\.(ts|mjs|cjs|js)$/

describe('the table of folders', () => {
  test('names every folder that holds code', () => {
    const homeless = filesInTheTree()
      .filter((path) => CODE.test(path))
      .filter((path) => !FOLDERS.some((folder) => path.startsWith(prefixOf(folder.path, path))))
    expect(homeless).toEqual([])
  })

  test('gives each outside package one home', () => {
    const homes = FOLDERS.flatMap((folder) => folder.packages ?? [])
    expect(homes).toEqual([...new Set(homes)])
  })
})

describe('a boundary that is crossed is found', () => {
  let world = ''

  beforeAll(async () => {
    world = await mkdtemp(join(tmpdir(), 'gongdao-boundaries-'))
    for (const path of ['.dependency-cruiser.cjs', '.config', 'package.json', 'tsconfig.json']) {
      await cp(join(ROOT, path), join(world, path), { recursive: true })
    }
    await symlink(join(ROOT, 'node_modules'), join(world, 'node_modules'))
    for (const [path, text] of Object.entries(PLANTED)) {
      await mkdir(dirname(join(world, path)), { recursive: true })
      await writeFile(join(world, path), text)
    }
  })

  afterAll(async () => rm(world, { recursive: true, force: true }))

  test('and nothing else is', async () => {
    expect(await violations(world)).toEqual([...FOUND].sort())
  })
})

/** A small tree with one crossing of each kind, and beside each what is allowed. */
const PLANTED = {
  'policies/law.ts': `import { readFileSync } from 'node:fs'
    import type { Ledger } from '../gateway/ledger/ledger.ts'
    import './word.ts'
    export const law: unknown = readFileSync, ledger: Ledger = 1`,
  'policies/word.ts': `export {}`,
  'certs/identity.ts': `import '../policies/word.ts'
    import 'node-forge'
    import 'express'`,
  'gateway/ledger/ledger.ts': `import 'node:crypto'
    import 'node:os'
    import '../../policies/word.ts'
    import '../../certs/identity.ts'
    export type Ledger = 1`,
  'gateway/ports/port.ts': `import type { Ledger } from '../ledger/ledger.ts'
    export type Port = Ledger`,
  'gateway/registry/member.ts': `import type { Port } from '../ports/port.ts'
    export type Member = Port`,
  'gateway/exchange/exchange.ts': `import type { Port } from '../ports/port.ts'
    import type { Member } from '../registry/member.ts'
    import 'undici'
    export type Exchange = Port | Member`,
  'gateway/http/listener.ts': `import 'express'
    import type { Request } from 'express'
    import type { Exchange } from '../exchange/exchange.ts'
    import './one.ts'
    export type Listener = Exchange | Request`,
  'gateway/http/one.ts': `import type { Two } from './two.ts'
    export type One = Two`,
  'gateway/http/two.ts': `import type { One } from './one.ts'
    export type Two = One[]`,
  'adapters/provider-rest/rest.ts': `import 'undici'
    import '../state-memory/memory.ts'`,
  'adapters/state-memory/memory.ts': `import '../../gateway/http/listener.ts'
    import '../../deploy/wire.ts'
    import './near.ts'`,
  'adapters/state-memory/near.ts': `import '../ledger-memory/other.ts'`,
  'adapters/ledger-memory/other.ts': `import 'undici'`,
  'deploy/wire.ts': `import 'commander'
    import 'fast-check'
    export {}`,
  'deploy/forgotten.ts': `export {}`,
  'deploy/nowhere.ts': `import './not-there.ts'`,
  'test/whole.test.ts': `import 'fast-check'
    import '../policies/law.ts'
    import '../adapters/provider-rest/rest.ts'
    import '../deploy/nowhere.ts'`,
  'test/policies/second.test.ts': `import '../../policies/word.ts'`,
}

const FOUND = [
  'adapters/…: its own packages only: adapters/ledger-memory/other.ts → undici',
  'adapters/…: our own code, inwards only: adapters/state-memory/memory.ts → deploy/wire.ts',
  'adapters/…: our own code, inwards only: adapters/state-memory/near.ts → adapters/ledger-memory/other.ts',
  'adapters/provider-rest: our own code, inwards only: adapters/provider-rest/rest.ts → adapters/state-memory/memory.ts',
  'certs: its own packages only: certs/identity.ts → express',
  'deploy: its own packages only: deploy/wire.ts → fast-check',
  'gateway/exchange: its own packages only: gateway/exchange/exchange.ts → undici',
  'gateway/exchange: our own code, inwards only: gateway/exchange/exchange.ts → gateway/registry/member.ts',
  'gateway/ledger: its own part of Node only: gateway/ledger/ledger.ts → os',
  'gateway/ledger: our own code, inwards only: gateway/ledger/ledger.ts → certs/identity.ts',
  'no circles: gateway/http/one.ts → gateway/http/two.ts',
  'no dead files: deploy/forgotten.ts',
  'no import that leads nowhere: deploy/nowhere.ts → ./not-there.ts',
  'no tool in the product: deploy/wire.ts → fast-check',
  'policies: its own part of Node only: policies/law.ts → fs',
  'policies: our own code, inwards only: policies/law.ts → gateway/ledger/ledger.ts',
]

type Cruised = {
  readonly summary: {
    readonly violations: readonly {
      readonly rule: { readonly name: string }
      readonly from: string
      readonly to: string
    }[]
  }
}

/** The same command as `npm run check`, on another tree. Answers `rule: from → to`, sorted. */
async function violations(folder: string): Promise<string[]> {
  const program = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
  const folders = ['policies', 'certs', 'gateway', 'adapters', 'deploy', 'test']
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders]
  const printed = await new Promise<string>((resolve) => {
    const options = { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26 } as const
    execFile(process.execPath, [program, ...args], options, (_failure, stdout) => resolve(stdout))
  })
  const { summary } = JSON.parse(printed) as Cruised
  const lines = summary.violations.map(({ rule, from, to }) => {
    return `${rule.name}: ${from}${from === to ? '' : ` → ${plain(to)}`}`
  })
  return [...new Set(lines)].sort()
}

/** `…/node_modules/undici/index.js` is undici. */
function plain(path: string): string {
  const inPackage = /node_modules\/(?:@types\/)?((?:@[^/]+\/)?[^/]+)/.exec(path)
  return inPackage?.[1] ?? path.replace(/^node:/, '')
}

function prefixOf(row: string, path: string): string {
  if (!row.endsWith('/*')) return `${row}/`
  const parent = row.slice(0, -1)
  return `${parent}${path.slice(parent.length).split('/')[0] ?? ''}/`
}
