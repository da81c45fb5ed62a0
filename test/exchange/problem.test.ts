import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { SaxesParser } from 'saxes'
import { acceptIn, problem } from '../../gateway/exchange/problem.ts'
import { isRefusal, REFUSALS, type Refusal } from '../../policies/refusal.ts'
import { ExchangeId } from '../../policies/vocabulary.ts'

const EXCHANGE = ExchangeId.parse('0b6b0f5e-8a5e-4c0e-9a2f-3b1c5d7e9f01')
const CODES = Object.keys(REFUSALS).filter(isRefusal)

function golden(name: string): string {
  return readFileSync(new URL(`golden/${name}`, import.meta.url), 'utf8')
}

function headerOf(headers: readonly string[], name: string): string | undefined {
  const at = headers.findIndex((each, index) => index % 2 === 0 && each === name)
  return at < 0 ? undefined : headers[at + 1]
}

/** The text of each element under the root, by name; throws for what is not well-formed. */
function elementsOf(xml: string): Record<string, string> {
  const elements: Record<string, string> = {}
  const path: string[] = []
  const parser = new SaxesParser()
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', ({ name }) => path.push(name))
  parser.on('closetag', () => path.pop())
  parser.on('text', (text) => {
    const [root, name] = path
    if (root === 'error' && name !== undefined) elements[name] = (elements[name] ?? '') + text
  })
  parser.write(xml).close()
  return elements
}

test('a refusal in JSON is the golden document', () => {
  const reply = problem('Client.Policy.PurposeMismatch', { exchange: EXCHANGE })
  expect(`${reply.body.toString()}\n`).toBe(golden('problem.json'))
  expect(reply.status).toBe(403)
  expect(headerOf(reply.headers, 'Content-Type')).toBe('application/problem+json')
  expect(headerOf(reply.headers, 'X-Road-Error')).toBe('Client.Policy.PurposeMismatch')
})

test('a refusal in XML is the golden document, and X-Road finds its three elements', () => {
  const reply = problem('Client.Policy.PurposeMismatch', { exchange: EXCHANGE, accept: 'text/xml' })
  expect(reply.body.toString()).toBe(golden('problem.xml'))
  expect(elementsOf(reply.body.toString())).toMatchObject({
    type: 'Client.Policy.PurposeMismatch',
    message: 'Purpose not in the agreement',
    detail: 'The declared purpose is not one of the agreement.',
  })
})

test.each([
  ['text/xml', 'text/xml;charset=utf-8'],
  ['application/xml', 'application/xml;charset=utf-8'],
  ['text/*', 'text/xml;charset=utf-8'],
  ['application/json, application/xml;q=0.1, text/xml', 'application/xml;charset=utf-8'],
  ['TEXT/XML ; q=0', 'text/xml;charset=utf-8'],
  ['application/json', 'application/problem+json'],
  ['text/html, */*', 'application/problem+json'],
  ['application/xhtml+xml', 'application/problem+json'],
  ['', 'application/problem+json'],
  [undefined, 'application/problem+json'],
])('Accept %j is answered with %s (first XML entry wins, q ignored)', (accept, type) => {
  expect(headerOf(problem('Server.Internal', { accept }).headers, 'Content-Type')).toBe(type)
})

test('several Accept lines count as one list', () => {
  expect(acceptIn(['accept', 'a/b', 'X', 'y', 'ACCEPT', 'text/xml'])).toBe('a/b,text/xml')
  expect(acceptIn(['X', 'y'])).toBeUndefined()
})

test.each(CODES)('%s says the same in JSON and in XML', (code: Refusal) => {
  const json = JSON.parse(problem(code).body.toString()) as Record<string, unknown>
  const xml = elementsOf(problem(code, { accept: 'text/xml' }).body.toString())
  expect(json).toMatchObject({ type: code, status: REFUSALS[code].status })
  expect(json['message']).toBe(json['title'])
  expect(xml).toEqual(
    Object.fromEntries(Object.entries(json).map(([name, value]) => [name, String(value)])),
  )
})

test('each status says what HTTP demands of it', () => {
  expect(problem('Client.Identity.CertificateMissing').headers).toContain('WWW-Authenticate')
  const allow = problem('Client.Request.MethodNotAllowed', { allow: ['GET', 'POST'] })
  expect(headerOf(allow.headers, 'Allow')).toBe('GET, POST')
  const later = problem('Server.Ledger.Unavailable', { retryAfter: 7 })
  expect(headerOf(later.headers, 'Retry-After')).toBe('7')
  expect(headerOf(problem('Server.Overloaded').headers, 'Retry-After')).toMatch(/^\d+$/)
  expect(headerOf(problem('Server.Internal', { close: true }).headers, 'Connection')).toBe('close')
})

test("a provider's own status passes with our words", () => {
  const reply = problem('Server.Provider.Refused', { status: 404 })
  expect(reply.status).toBe(404)
  expect(JSON.parse(reply.body.toString())).toMatchObject({ status: 404 })
})
