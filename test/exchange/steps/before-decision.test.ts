/** What fails before a decision is counted by member and code, and leaves no trace beside (design §2, "What becomes a leaf"). */
import { describe, expect, test } from '@jest/globals'
import type { Standing } from '../../../certs/peer.ts'
import type { Call } from '../../../gateway/exchange/call.ts'
import { REFUSALS, type Refusal } from '../../../policies/refusal.ts'
import {
  CITY,
  codeOf,
  ENROLMENTS,
  enrolment,
  headerOf,
  household,
  income,
  INCOMES,
  jsonOf,
  LABOUR,
  peerOf,
} from '../../harness/calls.ts'
import { makeWorld, type World } from '../../harness/world.ts'

const HOUSEHOLD_TWICE = '{"subjectId":"F300000037","subjectId":"A000000018"}'

const CALLS: readonly (readonly [Refusal, string, Call])[] = [
  [
    'Client.Identity.UnknownSubsystem',
    'a subsystem that is not registered',
    enrolment({ consumer: 'TW/GOV/A17000000J/other' }),
  ],
  [
    'Client.Identity.ClientMismatch',
    'a header that names another client',
    enrolment({ headers: { 'X-Road-Client': CITY } }),
  ],
  [
    'Client.Request.ClientMissing',
    'no X-Road-Client',
    enrolment({ headers: { 'X-Road-Client': undefined } }),
  ],
  [
    'Client.Request.DuplicateHeader',
    'X-Road-Client twice',
    enrolment({ rawHeaders: ['X-Road-Client', LABOUR, 'x-road-client', LABOUR] }),
  ],
  [
    'Client.Request.MalformedHeader',
    'a purpose of two digits',
    enrolment({ headers: { 'Exchange-Purpose': '31' } }),
  ],
  [
    'Client.Request.UnknownSecurityServer',
    'another security server',
    enrolment({ headers: { 'X-Road-Security-Server': 'TW/GOV/GONGDAO/gateway-2' } }),
  ],
  [
    'Client.Request.MalformedPath',
    'a path that climbs',
    enrolment({ path: `${ENROLMENTS}/enrolments/../enrolments/A000000018` }),
  ],
  [
    'Client.Request.UnknownService',
    'a service that nobody offers',
    enrolment({ path: '/r1/TW/GOV/MOF/income/other/x' }),
  ],
  [
    'Client.Request.UnknownEndpoint',
    'a path that is not registered',
    enrolment({ path: `${ENROLMENTS}/other` }),
  ],
  ['Client.Request.MethodNotAllowed', 'another method', enrolment({ method: 'DELETE' })],
  [
    'Client.Request.MethodNotAllowed',
    'HEAD, which no service can register',
    enrolment({ method: 'HEAD' }),
  ],
  [
    'Client.Request.PurposeMissing',
    'no purpose where none is implied',
    enrolment({ headers: { 'Exchange-Purpose': undefined } }),
  ],
  [
    'Client.Request.PurposeUnknown',
    'a purpose of no list',
    enrolment({ headers: { 'Exchange-Purpose': '999' } }),
  ],
  [
    'Client.Request.PartyUnknown',
    'a represented party that nobody registered',
    enrolment({ headers: { 'X-Road-Represented-Party': 'GOV/A300000014' } }),
  ],
  [
    'Client.Request.FieldUnknown',
    'a field that nobody registered, though it has the form of a name',
    enrolment({ headers: { 'Exchange-Fields': 'isInsured,A000000018' } }),
  ],
  [
    'Client.Request.DuplicateLocator',
    'the subject twice in the query',
    income({ query: 'id=A300000014&id=A000000018&years=114&relation=SELF' }),
  ],
  [
    'Client.Request.DuplicateLocator',
    'the subject twice in the body',
    household({ body: HOUSEHOLD_TWICE }),
  ],
  [
    'Client.Request.DuplicateLocator',
    'the subject in the body and in the query',
    household({ query: 'subjectId=A000000018' }),
  ],
  ['Client.Request.LocatorMissing', 'no subject', income({ query: 'years=114&relation=SELF' })],
  [
    'Client.Request.SubjectMalformed',
    'a number that nobody can have',
    enrolment({ path: `${ENROLMENTS}/enrolments/A123456788` }),
  ],
  [
    'Client.Request.ParameterMissing',
    'a parameter left out',
    income({ query: 'id=A300000014&relation=SELF' }),
  ],
  [
    'Client.Request.ParameterUnregistered',
    'a parameter that is not registered',
    income({ query: 'id=A300000014&years=114&relation=SELF&debug=1' }),
  ],
  [
    'Client.Request.ParameterRepeated',
    'a parameter twice',
    income({ query: 'id=A300000014&years=114&years=113&relation=SELF' }),
  ],
  [
    'Client.Request.ParameterMalformed',
    'a year that is none',
    income({ query: 'id=A300000014&years=now&relation=SELF' }),
  ],
  ['Client.Request.BodyMalformed', 'a body that is no JSON', household({ body: '{"subjectId":' })],
  [
    'Client.Request.BodyMalformed',
    'a body where none is registered',
    enrolment({ body: '{}', headers: { 'Content-Type': 'application/json' } }),
  ],
  [
    'Client.Request.BodyTooLarge',
    'a body above what is registered',
    household({ body: `{"subjectId":"F300000037"}${' '.repeat(4096)}` }),
  ],
  [
    'Client.Request.UnsupportedMediaType',
    'a body of another type',
    household({ headers: { 'Content-Type': 'text/xml' } }),
  ],
]

const STANDINGS: readonly Exclude<Standing, 'good'>[] = [
  'Client.Identity.CertificateExpired',
  'Client.Identity.CertificateNotYetValid',
  'Client.Identity.CertificateRevoked',
  'Server.Identity.RevocationListStale',
]

describe('a call that is no decision', () => {
  for (const [code, what, call] of CALLS) {
    test(`${what} is told ${code}, counted under its member, and no leaf`, async () => {
      const world = makeWorld()
      const reply = await world.exchange(call)
      expect([reply.status, codeOf(reply)]).toEqual([REFUSALS[code].status, code])
      expect(world.refusedEarly).toEqual([`${code} ${call.peer.subsystem}`])
      expectNoTrace(world)
    })
  }

  for (const code of STANDINGS) {
    test(`${code} is found before a header is read`, async () => {
      const world = makeWorld()
      world.standing = code
      const reply = await world.exchange(enrolment({ rawHeaders: [] }))
      expect([reply.status, codeOf(reply)]).toEqual([REFUSALS[code].status, code])
      expect(world.refusedEarly).toEqual([`${code} ${LABOUR}`])
      expectNoTrace(world)
    })
  }
})

function expectNoTrace(world: World): void {
  expect(world.ledger.memory.entries).toHaveLength(0)
  expect(world.provider.asked).toHaveLength(0)
  expect(world.keys.asked).toBe(0)
  expect(world.faults).toHaveLength(0)
}

test('a method that is not registered is answered with those that are', async () => {
  const reply = await makeWorld().exchange(enrolment({ method: 'DELETE' }))
  expect(headerOf(reply.headers, 'Allow')).toBe('GET')
})

test('a refusal repeats nothing that the caller sent', async () => {
  const world = makeWorld()
  for (const [, , call] of CALLS) {
    const reply = await world.exchange(call)
    expect(reply.headers.join('\n') + reply.body.toString()).not.toMatch(
      /A000000018|A123456788|A300000014|F300000037|debug|gateway-2/,
    )
  }
})

test('a refusal is told in XML to whoever asks for XML', async () => {
  const reply = await makeWorld().exchange(
    income({ path: INCOMES, query: undefined, headers: { Accept: 'text/xml' } }),
  )
  expect(headerOf(reply.headers, 'Content-Type')).toBe('text/xml;charset=utf-8')
  expect(reply.body.toString()).toContain('<type>Client.Request.LocatorMissing</type>')
})

test('the certificate decides who asks, whatever the header says', async () => {
  const world = makeWorld()
  const reply = await world.exchange({ ...income(), peer: peerOf(LABOUR) })
  expect(codeOf(reply)).toBe('Client.Identity.ClientMismatch')
  expect(jsonOf(reply)).toMatchObject({ type: 'Client.Identity.ClientMismatch', status: 403 })
})
