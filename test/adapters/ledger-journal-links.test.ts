/** What chains say of one another: an operator who signs the contradiction himself is caught all the same. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { NoFile, nodeDisk } from '../../adapters/ledger-journal/disk.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { verifyData } from '../../adapters/ledger-journal/verify-data.ts'
import type { Chain } from '../../gateway/ledger/entry.ts'
import type { Finding } from '../../gateway/ledger/finding.ts'
import { vkeyText } from '../../gateway/ledger/note.ts'
import { decisionEntry, digest, exchangeId, outcomeEntry } from '../harness/records.ts'
import {
  GATEWAY,
  KEYS,
  REGISTRY,
  THEN,
  exchange,
  exchangeOrigin,
  openOn,
  put,
  putGenesis,
  putHeads,
  putInstance,
  putOpening,
  registrar,
} from '../harness/small-ledger.ts'

let data: string
let registry: Chain
let chain: Chain

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'gongdao-links-'))
  registry = (await openOn(data, REGISTRY)).chain
  await putInstance(registry)
  chain = (await openOn(data, exchangeOrigin(1))).chain
  await putOpening(chain, await putGenesis(registry, 1), 1)
  await putHeads(chain, registry.head())
})

afterEach(async () => {
  await registry.close()
  await chain.close()
  rmSync(data, { recursive: true })
})

async function verify(now = THEN + 1e6): Promise<readonly Finding[]> {
  const verified = await verifyData({ data, keys: KEYS, now, settle: () => Promise.resolve() })
  return verified.findings
}

test('a ledger whose gateway is running has no finding', async () => {
  await exchange(chain, 1)
  expect(await verify()).toEqual([])
})

describe('pairs', () => {
  test('an open intent is counted until its gateway has recorded on behind its deadline, and found after it', async () => {
    const { index } = await chain.append(decisionEntry(1, THEN, 'permit'))
    expect(await verify(THEN + 100_000)).toEqual([])
    await exchange(chain, 2, THEN + 50_000)
    expect(await verify(THEN + 4000)).toEqual([])
    expect(await verify(THEN + 100_000)).toMatchObject([{ kind: 'outcome-missing', first: index }])
  })

  test('a second outcome, one of no intent, and one of another exchange are found', async () => {
    const { index } = await chain.append(decisionEntry(1, THEN, 'permit'))
    await chain.append(outcomeEntry({ number: 1, at: THEN, intent: index }))
    const second = await chain.append(outcomeEntry({ number: 1, at: THEN, intent: index }))
    const other = await chain.append(decisionEntry(2, THEN, 'permit'))
    const wrong = await chain.append(outcomeEntry({ number: 3, at: THEN, intent: other.index }))
    expect(await verify(THEN)).toMatchObject([
      { kind: 'outcome-wrong', first: second.index },
      { kind: 'outcome-wrong', first: wrong.index },
    ])
  })

  test('of an earlier chain only unknown can be said, and only after the deadline', async () => {
    const { index } = await chain.append(decisionEntry(1, THEN, 'permit'))
    const again = await chain.append(decisionEntry(2, THEN, 'permit'))
    const closed = chain.head()
    const { root, size } = closed
    await put(registry, 'closure', {
      at: THEN,
      chain: chain.origin,
      root,
      sealed: false,
      size,
      v: 1,
    })
    const next = (await openOn(data, exchangeOrigin(2))).chain
    await putOpening(next, await putGenesis(registry, 2, closed), 2)
    const of = { intentChain: chain.origin, outcome: 'unknown' } as const
    await next.append(outcomeEntry({ number: 1, at: THEN + 4000, intent: index, ...of }))
    const released = { ...of, outcome: 'released' } as const
    await next.append(
      outcomeEntry({ number: 2, at: THEN + 9000, intent: again.index, ...released }),
    )
    await next.close()
    expect(await verify()).toMatchObject([
      { chain: next.origin, kind: 'outcome-wrong', first: 1 },
      { chain: next.origin, kind: 'outcome-wrong', first: 2 },
    ])
  })
})

describe('records', () => {
  test('a commitment that is not of the record, a record that is not canonical, and one without its members are found', async () => {
    const { public: _, ...bare } = decisionEntry(1, THEN, 'deny')
    await chain.append({ ...bare, public: digest('x') })
    await chain.append(bare)
    await chain.append({ kind: 'heads', record: '{"v":1,"revocations":1}' })
    expect(await verify()).toMatchObject([
      { kind: 'public-mismatch', first: 2 },
      { kind: 'public-mismatch', first: 3 },
      { kind: 'record-not-canonical', first: 4 },
    ])
  })

  test('members that are missing are found, whoever signed', async () => {
    await put(chain, 'heads', { v: 1 })
    await put(chain, 'denial', { v: 1 })
    await put(registry, 'genesis', { at: THEN, v: 1 })
    const found = await verify()
    expect(found.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['record-malformed', 'genesis-wrong']),
    )
  })

  test('kinds stand in their own chain, the opening first, the seal last', async () => {
    await put(chain, 'manifest', { at: THEN, v: 1 })
    await putOpening(chain, 1, 1)
    await put(chain, 'seal', { at: THEN, v: 1 })
    await exchange(chain, 1)
    const found = await verify()
    expect(found.map(({ first, kind }) => [first, kind])).toEqual([
      [2, 'kind-wrong'],
      [3, 'opening-wrong'],
      [5, 'kind-wrong'],
      [6, 'kind-wrong'],
    ])
  })

  test('time does not go back by more than the queue explains', async () => {
    await chain.append(decisionEntry(1, THEN + 50_000, 'deny'))
    await chain.append(decisionEntry(2, THEN + 45_000, 'deny'))
    const { index } = await chain.append(decisionEntry(3, THEN + 30_000, 'deny'))
    expect(await verify()).toMatchObject([{ kind: 'time-backwards', first: index }])
    expect(exchangeId(3)).toMatch(/3$/)
  })
})

describe('links', () => {
  test('heads that the registry never had are found', async () => {
    await putHeads(chain, { origin: REGISTRY, size: 2, root: digest('r') })
    await putHeads(chain, { origin: REGISTRY, size: 77, root: digest('r') })
    expect(await verify()).toMatchObject([
      { kind: 'heads-wrong', first: 2 },
      { kind: 'heads-wrong', first: 3 },
    ])
  })

  test('a chain that grew after its closure, or shrank, is found', async () => {
    const { root, size } = chain.head()
    await put(registry, 'closure', {
      at: THEN,
      chain: chain.origin,
      root,
      sealed: false,
      size,
      v: 1,
    })
    expect(await verify()).toEqual([])
    await exchange(chain, 1)
    expect(await verify()).toMatchObject([{ kind: 'closure-wrong', first: size }])
  })

  test('a second successor of one chain is found', async () => {
    const closed = chain.head()
    const { root, size } = closed
    await put(registry, 'closure', {
      at: THEN,
      chain: chain.origin,
      root,
      sealed: false,
      size,
      v: 1,
    })
    await putGenesis(registry, 2, closed)
    const twice = await putGenesis(registry, 3, closed)
    expect(await verify()).toMatchObject([{ chain: REGISTRY, kind: 'genesis-wrong', first: twice }])
  })

  test('a number that was left out is found: its chain was never opened in public', async () => {
    const closed = chain.head()
    const { root, size } = closed
    const closure = { at: THEN, chain: chain.origin, root, sealed: false, size, v: 1 }
    await put(registry, 'closure', closure)
    const third = await putGenesis(registry, 3, closed)
    expect(await verify()).toMatchObject([{ chain: REGISTRY, kind: 'number-gap', first: third }])
  })

  test.each([
    ['number 0', 0],
    ['a negative number', -1],
    ['a fraction', 1.5],
    ['half a character', '\ud800'],
    ['more than a file name holds', 'x'.repeat(300)],
  ])(
    'a genesis of a chain that can have no name (%s) is found, and the rest is read',
    async (_what, odd) => {
      const n = typeof odd === 'number' ? odd : 2
      const gateway = typeof odd === 'number' ? GATEWAY : `T/GOV/A300000014/${odd}`
      const name = `T/exchange/${gateway}/${n}`
      const key = vkeyText(name, registrar.publicKey)
      await put(registry, 'genesis', { at: THEN + 9, chain: name, gateway, key, n, v: 1 })
      const findings = await verify()
      expect(findings).toMatchObject([{ chain: REGISTRY, kind: 'genesis-wrong', first: 2 }])
    },
  )

  test('a folder with a name that is none, or in the place of a segment, is found', async () => {
    const folder = chainFolder(data, chain.origin)
    mkdirSync(join(folder, '00000009.seg'))
    mkdirSync(join(data, 'ledger/exchange/%/1'), { recursive: true })
    const findings = await verify()
    const kinds = findings.map(({ kind }) => kind)
    expect(kinds.toSorted()).toEqual(['chain-in-secret', 'segment-damaged'])
    const segment = findings.find(({ kind }) => kind === 'segment-damaged')
    expect(segment?.sentence).toContain('it is no file')
  })

  test('a pipe in the place of a segment is found, and nobody waits for what comes out of it', async () => {
    execFileSync('mkfifo', [join(chainFolder(data, chain.origin), '00000009.seg')])
    expect(await verify()).toMatchObject([{ kind: 'segment-damaged' }])
  })

  test('a socket in the place of a segment is found', async () => {
    const socket = createServer().listen(join(chainFolder(data, chain.origin), '00000009.seg'))
    await once(socket, 'listening')
    const findings = await verify()
    socket.close()
    expect(findings).toMatchObject([{ kind: 'segment-damaged' }])
  })

  test('a folder in the place of a segment is nothing to write to', () => {
    const folder = chainFolder(data, chain.origin)
    expect(() => nodeDisk.open(folder, 'update')).toThrow(NoFile)
  })

  test('a successor of a chain that was not closed, or closed otherwise, is found', async () => {
    await putGenesis(registry, 2, chain.head())
    expect(await verify()).toMatchObject([{ kind: 'genesis-wrong' }])
  })

  test('a chain that begins before its genesis is found', async () => {
    const second = (await openOn(data, exchangeOrigin(2))).chain
    await putOpening(second, 9, 2)
    const { root, size } = chain.head()
    await put(registry, 'closure', {
      at: THEN,
      chain: chain.origin,
      root,
      sealed: false,
      size,
      v: 1,
    })
    await putGenesis(registry, 2, chain.head())
    await second.close()
    expect(await verify()).toMatchObject([
      { chain: exchangeOrigin(2), kind: 'opening-wrong', first: 0 },
    ])
  })
})
