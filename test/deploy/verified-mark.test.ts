/** What a verification leaves for the gateway's own gauge. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { readVerified, verifiedAge, verifiedFile } from '../../deploy/verified-mark.ts'
import { parsePins } from '../../gateway/console/pins.ts'
import { gongdao } from '../harness/command.ts'
import { KEYS, REGISTRY, openOn, putInstance } from '../harness/small-ledger.ts'
import { write } from '../harness/tamper/ledger.ts'

let data: string

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'gongdao-mark-'))
  const { chain } = await openOn(data, REGISTRY)
  await putInstance(chain)
  await chain.close()
  writeFileSync(join(data, 'ledger/keys.txt'), `${KEYS}\n`)
})

afterEach(() => rmSync(data, { recursive: true }))

test('a verification that finds nothing leaves when it began and how far each chain had grown', async () => {
  expect(readVerified(data)).toBeUndefined()
  const before = Date.now()
  const pin = join(data, 'pin.json')
  expect((await gongdao('verify', '--data', data, '--since', pin)).code).toBe(0)
  expect(parsePins(readFileSync(pin, 'utf8')).chains.get(REGISTRY)?.state.edge.size).toBe(1)
  const mark = readVerified(data)
  expect(mark?.chains).toEqual({ [REGISTRY]: 1 })
  expect(mark?.at).toBeGreaterThanOrEqual(before)
  expect(mark?.at).toBeLessThanOrEqual(Date.now())
})

test('one that finds something leaves the mark of the last good one', async () => {
  const good = '{"at":1,"chains":{},"v":1}\n'
  writeFileSync(verifiedFile(data), good)
  const segment = join(data, 'ledger/registry/00000001.seg')
  const bytes = readFileSync(segment)
  const at = bytes.indexOf('"registrar"')
  bytes[at + 1] = 0x52
  writeFileSync(segment, bytes)
  const pin = join(data, 'pin.json')
  expect((await gongdao('verify', '--data', data, '--since', pin)).code).toBe(1)
  expect(readFileSync(verifiedFile(data), 'utf8')).toBe(good)
  expect(existsSync(pin)).toBe(false)
})

test('where the mark cannot be written the verdict stands and standard error says so; a damaged one is none', async () => {
  mkdirSync(verifiedFile(data))
  const { code, error, out } = await gongdao('verify', '--data', data)
  expect([code, out]).toEqual([0, expect.stringContaining('good: ')])
  expect(error).toContain('could not be written')
  expect(readVerified(data)).toBeUndefined()
  rmSync(verifiedFile(data), { recursive: true })
  const rest = '"chains":{},"v":1'
  for (const damaged of [
    ...['', '{', 'null', '7', `{"at":"now",${rest}}`, `{${rest}}`, '{"at":1,"chains":{},"v":2}'],
    ...['{"at":1,"v":1}', '{"at":1,"chains":{"T/registry":"1"},"v":1}'],
  ]) {
    writeFileSync(verifiedFile(data), damaged)
    expect(readVerified(data)).toBeUndefined()
  }
})

test('a mark says nothing of another ledger, of one that was put back to less, or from a time to come', () => {
  const mark = { at: 1_000, chains: { [REGISTRY]: 7, 'T/exchange/x/1': 900 } }
  const here = { origin: REGISTRY, size: 7 }
  expect(verifiedAge(mark, here, 61_000)).toBe(60_000)
  expect(verifiedAge(mark, { ...here, size: 8 }, 1_000)).toBe(0)
  expect(verifiedAge(mark, { ...here, size: 6 }, 61_000)).toBeUndefined()
  expect(verifiedAge(mark, { ...here, origin: 'U/registry' }, 61_000)).toBeUndefined()
  expect(verifiedAge(mark, here, 999)).toBeUndefined()
})

test('what was exported is verified without a mark here: it was not this folder that was read', async () => {
  const tiles = join(data, 'tiles')
  expect((await gongdao('export', '--data', data, '--to', tiles)).code).toBe(0)
  const keys = join(data, 'ledger/keys.txt')
  const words = ['verify', '--data', data, '--tiles', tiles, '--keys', keys]
  expect(await gongdao(...words)).toMatchObject({ code: 0, error: '' })
  expect(readVerified(data)).toBeUndefined()
})

describe('the pin of --since', () => {
  let pin: string

  interface Told {
    readonly verdict: string
    readonly counts: { readonly leaves: number; readonly open: number }
    readonly findings: readonly { readonly chain: string; readonly kind: string }[]
  }

  beforeEach(async () => {
    rmSync(join(data, 'ledger'), { recursive: true })
    await write(data, { rounds: 2 })
    writeFileSync(join(data, 'ledger/keys.txt'), `${KEYS}\n`)
    pin = join(data, 'pin.json')
  })

  async function verified(): Promise<Told & { readonly code: number | null }> {
    const { code, out } = await gongdao('verify', '--data', data, '--since', pin, '--json')
    return { code, ...(JSON.parse(out) as Told) }
  }

  function kinds({ findings }: Told): readonly string[] {
    return [...new Set(findings.map(({ kind }) => kind))]
  }

  test('spares the next one what was read before, and is replaced as a whole', async () => {
    const first = await verified()
    expect([first.code, first.findings]).toEqual([0, []])
    const text = readFileSync(pin, 'utf8')
    // Whoever reads the pin meanwhile has all of the old one.
    writeFileSync(pin, `${text}\n`)
    const reading = openSync(pin, 'r')
    const again = await verified()
    expect([again.code, again.findings]).toEqual([0, []])
    expect(again.counts.leaves).toBeLessThan(first.counts.leaves / 4)
    expect(readFileSync(reading, 'utf8')).toBe(`${text}\n`)
    closeSync(reading)
    expect(readFileSync(pin, 'utf8')).toBe(text)
  })

  test('that is ahead of the ledger, or of another one, convicts it: neither pin nor mark is written', async () => {
    expect((await verified()).code).toBe(0)
    const mark = readFileSync(verifiedFile(data), 'utf8')
    const text = readFileSync(pin, 'utf8')
    rmSync(join(data, 'ledger'), { recursive: true })
    await write(data, { rounds: 1 })
    writeFileSync(join(data, 'ledger/keys.txt'), `${KEYS}\n`)
    const back = await verified()
    expect([back.code, kinds(back)]).toEqual([1, ['chain-truncated']])
    rmSync(join(data, 'ledger'), { recursive: true })
    await write(data, { rounds: 3, changed: 505 })
    writeFileSync(join(data, 'ledger/keys.txt'), `${KEYS}\n`)
    const other = await verified()
    expect([other.code, kinds(other)]).toEqual([1, ['history-rewritten']])
    expect(readFileSync(pin, 'utf8')).toBe(text)
    expect(readFileSync(verifiedFile(data), 'utf8')).toBe(mark)
  })

  test.each(['', '{"v":1', '{"v":2,"chains":{}}', '[]'])(
    'that is damaged (%j) is told, and stays as it is: nobody takes the ledger for verified',
    async (damaged) => {
      writeFileSync(pin, damaged)
      const { code, error, out } = await gongdao('verify', '--data', data, '--since', pin)
      expect([code, out]).toEqual([1, ''])
      expect(error).toContain('the pin is not a file that gongdao verify --since wrote')
      expect(readFileSync(pin, 'utf8')).toBe(damaged)
      expect(existsSync(verifiedFile(data))).toBe(false)
    },
  )
})
