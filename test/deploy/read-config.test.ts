import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { EXAMPLE } from '../../deploy/config/example.ts'
import { readConfig, SHAPE, type Place } from '../../deploy/config/read-config.ts'
import { LIMITS } from '../../gateway/http/limits.ts'

const LEAST = {
  gateway: 'TW/GOV/GONGDAO/gateway-1',
  listen: { host: '127.0.0.1', port: 8443 },
  addresses: {},
  revocationGraceMs: 0,
}

function faultsOf(value: unknown): readonly string[] {
  const read = readConfig(typeof value === 'string' ? value : JSON.stringify(value))
  return read.kind === 'read' ? [] : read.faults.map(({ pointer, words }) => `${pointer} ${words}`)
}

test('the least configuration is a gateway with safe defaults and everything embedded', () => {
  const read = readConfig(JSON.stringify(LEAST))
  expect(read).toMatchObject({
    kind: 'read',
    config: { instance: 'TW', syntheticIds: false, data: '.gongdao', rememberedExchanges: 100_000 },
  })
  for (const section of ['admission', 'health', 'replication', 'stop', 'witnesses']) {
    expect(read).not.toHaveProperty(`config.${section}`)
  }
})

test('the example is good, and every member that is known stands in it', () => {
  expect(faultsOf(EXAMPLE)).toEqual([])
  expect(missingIn(EXAMPLE, SHAPE, '')).toEqual([])
})

test('what deploy/README.md shows of a configuration is taken as it stands there', () => {
  const text = readFileSync(new URL('../../deploy/README.md', import.meta.url), 'utf8')
  const blocks = [...text.matchAll(/^```json\n([^]*?)^```$/gm)].map(([, block = '']) => block)
  expect(blocks.length).toBeGreaterThanOrEqual(2)
  for (const block of blocks) {
    // A whole configuration, or a section of one.
    const shown = JSON.parse(block.startsWith('{') ? block : `{${block}}`) as object
    expect(faultsOf({ ...LEAST, ...shown })).toEqual([])
  }
})

/** Where a member has alternatives, one of them is enough. */
function missingIn(value: unknown, place: Place, pointer: string): readonly string[] {
  const choices = place.oneOf ?? place.anyOf
  if (choices !== undefined) {
    return least(choices.map((choice) => missingIn(value, choice, pointer)))
  }
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) {
    const { items = {} } = place
    return least(value.map((one) => missingIn(one, items, `${pointer}/*`)))
  }
  const members = value as Readonly<Record<string, unknown>>
  return Object.entries(place.properties ?? {}).flatMap(([name, inner]) =>
    Object.hasOwn(members, name)
      ? missingIn(members[name], inner, `${pointer}/${name}`)
      : [`${pointer}/${name}`],
  )
}

function least(found: readonly (readonly string[])[]): readonly string[] {
  return found.toSorted((a, b) => a.length - b.length)[0] ?? []
}

test('a member that is left out of the example is noticed', () => {
  const { limits: _, ...without } = EXAMPLE
  expect(missingIn(without, SHAPE, '')).toContain('/limits')
})

test('every limit can be configured', () => {
  const limits = Object.fromEntries(Object.entries(LIMITS).map(([name, value]) => [name, value]))
  expect(faultsOf({ ...LEAST, limits })).toEqual([])
})

test('every fault is told at once, each at its place with what to write there', () => {
  const faults = faultsOf({
    gateway: 'gateway-1',
    listen: { host: '', port: 70_000 },
    addresses: { 'TW/GOV': 'https://x', 'TW/GOV/A/b': 'http://x', 'TW/GOV/A/b/c': 'https://u:p@x' },
    revocationGraceMs: 1.5,
    syntheticIds: 'no',
    limits: { inFlight: 0 },
  })
  expect(faults.map((fault) => fault.replace(/;.*/, ''))).toEqual([
    '/gateway is wrong',
    '/listen/host is wrong',
    '/listen/port is wrong',
    '/addresses/TW~1GOV is wrong',
    '/addresses/TW~1GOV~1A~1b is wrong',
    '/addresses/TW~1GOV~1A~1b~1c is wrong',
    '/syntheticIds is wrong',
    '/revocationGraceMs is wrong',
    '/limits/inFlight is wrong',
  ])
  for (const fault of faults) expect(fault).toMatch(/; write: .{10}/)
})

test('what is missing is called missing', () => {
  expect(faultsOf({}).map((fault) => fault.replace(/;.*/, ''))).toEqual([
    '/gateway is missing',
    '/listen is missing',
    '/addresses is missing',
    '/revocationGraceMs is missing',
  ])
})

test('a member that nobody knows is refused, and those that are known are named', () => {
  expect(faultsOf({ ...LEAST, limit: {}, listen: { ...LEAST.listen, 'a/b~': 1 } })).toEqual([
    '/listen/a~1b~0 is not known; known here: host, port',
    expect.stringMatching(/^\/limit is not known; known here: data, .*limits/),
  ])
})

test.each([
  ['{"gateway": "a", "gateway": "b"}', '/gateway stands twice; keep one'],
  ['{"gateway": }', ' not JSON: line 1, column 13: expected'],
  ['', ' not JSON: line 1, column 1: expected'],
  ['[]', ' is wrong; write: '],
])('%s: %s', (text, fault) => {
  expect(faultsOf(text).join()).toContain(fault)
})

test('a password in a URL is refused: it belongs into a file of its own', () => {
  const redis = { url: 'redis://user:secret@127.0.0.1:6379', share: 0.5 }
  const [fault, ...others] = faultsOf({ ...LEAST, admission: { redis } })
  expect(others).toEqual([])
  expect(fault).toMatch(/^\/admission\/redis\/url is wrong/)
  expect(fault).not.toContain('secret')
})

test.each(['0.0.0.0', '::', '192.0.2.1', 'example.org', '127.0.0.1.example.org', '127.0.0.999'])(
  'health is told on this machine only, not on %s',
  (host) => {
    expect(faultsOf({ ...LEAST, health: { host, port: 9090 } })).toHaveLength(1)
  },
)
