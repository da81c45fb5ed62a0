/** The witness's door over HTTPS: statuses and types as in C2SP tlog-witness, and strangers who send anything. */
import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startWitness, type RunningWitness } from '../../deploy/start-witness.ts'
import { systemClock } from '../../deploy/system.ts'
import { parseNote, parseVkey, signersOf } from '../../gateway/ledger/note.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { cosignerOf, cosignerVkey } from '../../gateway/witness/cosignature.ts'
import { GatewayId } from '../../policies/vocabulary.ts'
import { makePki, type TlsFiles } from '../harness/pki.ts'
import { TestLog } from '../harness/test-log.ts'

const cosigner = cosignerOf('audit.example/w1', Buffer.alloc(32, 7))
const LOG = new TestLog('T/registry').grow(9)

let data: string
let tls: TlsFiles
let witness: RunningWitness

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'gongdao-door-'))
  tls = await (await makePki()).issueGateway(GatewayId.parse('TW/GOV/AUDIT/w1'))
  witness = await startWitness(
    {
      data,
      listen: { host: '127.0.0.1', port: 0 },
      cosigner,
      keys: parsePinnedKeys(LOG.vkey),
      tls,
    },
    { clock: systemClock(), report: () => undefined },
  )
})

afterAll(async () => {
  await witness.close()
  rmSync(data, { recursive: true })
})

interface Answered {
  readonly status: number
  readonly type: string
  readonly body: string
}

function ask(method: string, path: string, body?: string | Buffer): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = witness.url
    const sent = request({ hostname, port, path, method, ca: tls.ca, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const type = response.headers['content-type'] ?? ''
        resolve({ status: response.statusCode ?? 0, type, body: Buffer.concat(chunks).toString() })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

test('a checkpoint is answered by signature lines, a conflict by the size, and monitors read the note', async () => {
  const cosigned = await ask('POST', '/add-checkpoint', LOG.request(0))
  expect(cosigned.status).toBe(200)
  const note = parseNote(LOG.note() + cosigned.body)!
  expect(signersOf(note, [parseVkey(cosignerVkey(cosigner))!])).toHaveLength(1)
  expect(await ask('POST', '/add-checkpoint', LOG.request(0))).toEqual({
    status: 409,
    type: 'text/x.tlog.size',
    body: '9\n',
  })
  const read = await ask('GET', `/${hash('sha256', 'T/registry')}/checkpoint`)
  expect(read).toMatchObject({ status: 200, body: LOG.note() + cosigned.body })
  const fork = await ask('POST', '/add-checkpoint', LOG.forkedAt(2).request(9))
  expect(fork.status).toBe(422)
  const { contradictions } = JSON.parse((await ask('GET', '/contradictions')).body) as {
    contradictions: string[]
  }
  expect(contradictions).toEqual([expect.stringMatching(/^fork-/)])
})

describe('a stranger', () => {
  test.each<[string, number, string, string | Buffer]>([
    ['who sends nothing', 400, 'POST /add-checkpoint', ''],
    ['who sends bytes', 400, 'POST /add-checkpoint', Buffer.alloc(1000, 0xff)],
    ['with another log', 404, 'POST /add-checkpoint', new TestLog('U/registry').grow(1).request(0)],
    [
      'with another key',
      403,
      'POST /add-checkpoint',
      new TestLog('T/registry', [], 3).grow(1).request(0),
    ],
    ['who sends too much', 413, 'POST /add-checkpoint', Buffer.alloc(300_000, 0x41)],
    ['who gets what is posted', 405, 'GET /add-checkpoint', ''],
    ['with a path that is none', 404, 'GET /%E0%A4%A/checkpoint', ''],
    ['who asks for another chain', 404, `GET /${hash('sha256', 'other')}/checkpoint`, ''],
    ['who climbs', 404, 'GET /..%2f..%2fwitness.key/checkpoint', ''],
    ['who asks for a name of Object', 404, 'GET /complaints/__proto__', ''],
    ['who asks for half a complaint', 404, 'GET /complaints/0.5', ''],
    ['who complains of nothing', 400, 'POST /complaints', '{}'],
    ['who opens nothing', 400, 'POST /add-genesis', 'x'],
    ['who deletes', 404, 'DELETE /contradictions', ''],
  ])(
    '%s is answered %d in one line, and nothing of ours is in it',
    async (_what, status, line, body) => {
      const [method = '', path = ''] = line.split(' ')
      const answered = await ask(method, path, body)
      expect(answered.status).toBe(status)
      expect(answered.body).not.toMatch(/at .*\.ts|node_modules|<html|\/tmp/)
      expect(answered.body.split('\n')).toHaveLength(2)
    },
  )
})

test('a second witness on the same folder does not start, and a folder that was damaged is not gone on with', async () => {
  const config = {
    data,
    listen: { host: '127.0.0.1', port: 0 },
    cosigner,
    keys: parsePinnedKeys(LOG.vkey),
    tls,
  }
  const parts = { clock: systemClock(), report: () => undefined }
  await expect(startWitness(config, parts)).rejects.toThrow(/in use/)
  const other = mkdtempSync(join(tmpdir(), 'gongdao-door-'))
  const one = await startWitness({ ...config, data: other }, parts)
  await one.close()
  // Whatever stopped a start, the next one finds the folder free.
  const taken = {
    ...config,
    data: other,
    listen: { host: '127.0.0.1', port: Number(witness.url.port) },
  }
  for (let tries = 0; tries < 2; tries += 1)
    await expect(startWitness(taken, parts)).rejects.toThrow(/EADDRINUSE/)
  writeFileSync(join(other, 'geneses', '000000000000.lines'), 'not JSON\n')
  for (let tries = 0; tries < 2; tries += 1)
    await expect(startWitness({ ...config, data: other }, parts)).rejects.toThrow(
      /is not what was written/,
    )
  rmSync(other, { recursive: true })
})
