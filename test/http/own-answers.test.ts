/** What is asked of the gateway itself is answered once it is admitted, and not before: a refusal costs nobody the work. */
import { expect, test } from '@jest/globals'
import type { Reply } from '../../gateway/exchange/call.ts'
import { makePki } from '../harness/pki.ts'
import { ask, CONSUMER, listening, OK, rawClient } from './listening.ts'

const TOO_MANY: Reply = { status: 429, headers: [], body: Buffer.alloc(0) }

test.each([
  ['admitted', '/TW/listClients', 200, 1],
  ['refused', '/TW/listClients', 429, 0],
  ['admitted', '/exchange/receipts/019a3c5e-7b1d-7c3e-8f00-1234567890ab', 200, 1],
  ['refused', '/exchange/receipts/019a3c5e-7b1d-7c3e-8f00-1234567890ab', 429, 0],
] as const)(
  'who is %s and asks for %s is told %i, after %i answers',
  async (what, path, status, worked) => {
    let answers = 0
    const answer = (): Reply => {
      answers += 1
      return OK
    }
    const pki = await makePki()
    await using gate = await listening(pki, {
      admit: (_peer, work) => (what === 'refused' ? Promise.resolve(TOO_MANY) : work()),
      metaservices: (asked) => (asked.path === '/TW/listClients' ? answer : undefined),
      receipts: () => Promise.resolve(answer()),
    })
    const reply = await ask(gate.port, await pki.issueSubsystem(CONSUMER), `GET ${path} HTTP/1.1`)
    expect([reply.slice(0, 12), answers]).toEqual([`HTTP/1.1 ${String(status)}`, worked])
  },
)

test.each(['/TW/listClients', '/exchange/receipts/019a3c5e-7b1d-7c3e-8f00-1234567890ab'])(
  'who asks %s whether to send a body is answered, and what comes next is not taken for that body',
  async (path) => {
    const pki = await makePki()
    await using gate = await listening(pki, {
      metaservices: (asked) => (asked.path === '/TW/listClients' ? () => OK : undefined),
      receipts: () => Promise.resolve(OK),
    })
    const client = await rawClient(gate.port, await pki.issueSubsystem(CONSUMER))
    client.send(
      `GET ${path} HTTP/1.1\r\nHost: gateway\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
    )
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 .*\r\nConnection: close\r\n/s)
  },
)

test.each(['/TW/listClients', '/exchange/receipts/019a3c5e-7b1d-7c3e-8f00-1234567890ab'])(
  'a fault of ours while %s is answered is told to the operator, and not to who asked',
  async (path) => {
    const pki = await makePki()
    const failing = (): never => {
      throw new Error('the registry can’t be read')
    }
    await using gate = await listening(pki, {
      metaservices: (asked) => (asked.path === '/TW/listClients' ? failing : undefined),
      receipts: failing,
    })
    const reply = await ask(gate.port, await pki.issueSubsystem(CONSUMER), `GET ${path} HTTP/1.1`)
    expect(reply).toMatch(/^HTTP\/1\.1 500 /)
    expect(reply).not.toContain('registry')
    expect(gate.faults).toMatchObject([{ message: 'the registry can’t be read' }])
  },
)
