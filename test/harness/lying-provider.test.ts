import { expect, test } from '@jest/globals'
import { request } from 'node:https'
import { GatewayId, SubsystemId } from '../../policies/vocabulary.ts'
import { endlessLies, json, lies, lyingProvider } from './lying-provider.ts'
import { makePki } from './pki.ts'
import type { TlsFiles } from './pki.ts'

const HONEST = { subjectId: 'A000000018', isInsured: true }

async function world(): Promise<{
  gateway: TlsFiles
  provider: Awaited<ReturnType<typeof lyingProvider>>
}> {
  const pki = await makePki()
  const files = await pki.issueSubsystem(SubsystemId.parse('TW/GOV/A21030000I/nhi-enrolment'))
  return {
    gateway: await pki.issueGateway(GatewayId.of('TW', 'GOV', 'GONGDAO', 'gateway-1')),
    provider: await lyingProvider(files),
  }
}

/** What a client sees, or `broken` when no whole answer comes within 300 ms. */
async function ask(url: URL, files: TlsFiles, body = ''): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(
      new URL('/x?y=z', url),
      { ...files, method: 'POST', agent: false },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', () => resolve('broken'))
        answer.on('end', () => resolve(`${answer.statusCode} ${Buffer.concat(chunks).toString()}`))
      },
    )
    sent.on('error', () => resolve('broken'))
    sent.setTimeout(300, () => sent.destroy())
    setTimeout(() => sent.destroy(), 300).unref()
    sent.end(body)
  })
}

test('a lying provider answers what it is told, and keeps what it was asked', async () => {
  const { gateway, ...made } = await world()
  await using provider = made.provider
  provider.answer = ({ body }) => json({ text: `{"a":1,"a":2,"said":"${body}"}` }, { status: 418 })
  expect(await ask(provider.url, gateway, 'hello')).toBe('418 {"a":1,"a":2,"said":"hello"}')
  expect(provider.heard).toMatchObject([{ method: 'POST', target: '/x?y=z', body: 'hello' }])
})

test('each of its lies can be told, and no two are the same', async () => {
  const { gateway, ...made } = await world()
  await using provider = made.provider
  const all = lies(HONEST, { secret: 'CANARY-77', other: 'A000000027' })
  const seen = new Map<string, string>()
  for (const [name, lie] of all) {
    provider.answer = () => lie
    seen.set(name, await ask(provider.url, gateway))
  }
  expect(seen.get('half a body')).toBe('broken')
  expect(seen.get('a reset')).toBe('broken')
  expect(seen.get('a field name')).toBe(
    '200 {"subjectId":"A000000018","isInsured":true,"CANARY-77":1}',
  )
  expect(new Set([...all.values()].map((lie) => JSON.stringify(lie))).size).toBe(all.size)
})

test('endless answers do not end', async () => {
  const { gateway, ...made } = await world()
  await using provider = made.provider
  for (const [, lie] of endlessLies(HONEST)) {
    provider.answer = () => lie
    expect(await ask(provider.url, gateway)).toBe('broken')
  }
})
