import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { documentCrypto, signAgreement } from '../../gateway/registry/agreement-signatures.ts'
import type { Json } from '../../policies/canonical-json.ts'
import type { DocumentFile, Fault } from '../../policies/documents/documents.ts'
import { readDocuments } from '../../policies/documents/read-documents.ts'
import { MemberId } from '../../policies/vocabulary.ts'
import { signTemplates } from './sign-templates.ts'
import { documentsOf, keyOf, signedFiles, templates } from './world.ts'

type Members = Record<string, Json>

function faultsOf(files: readonly DocumentFile[]): readonly Fault[] {
  const read = readDocuments(files, documentCrypto)
  return read.kind === 'faulty' ? read.faults : []
}

function jsonOf(path: string): Members {
  const file = signedFiles.find((candidate) => candidate.path === path)
  return JSON.parse(file?.text ?? 'null') as Members
}

/** The demonstration with one document changed; a changed agreement is signed again. */
function withChanged(path: string, change: (document: Members) => void): readonly DocumentFile[] {
  const document = jsonOf(path)
  change(document)
  if (path.startsWith('agreements/')) resign(document)
  return withText(path, JSON.stringify(document))
}

function resign(document: Members): void {
  const agreement = document['agreement'] as Members
  document['signatures'] = ['consumerController', 'providerController'].map((party) => {
    const member = agreement[party] as MemberId
    return { ...signAgreement(agreement, member, keyOf(member)) }
  })
}

function withText(path: string, text: string): readonly DocumentFile[] {
  return signedFiles.map((file) => (file.path === path ? { path, text } : file))
}

/** Sets or (undefined) removes what a pointer names. */
function put(document: Members, pointer: string, value: Json | undefined): void {
  const steps = pointer.split('/').slice(1)
  const last = steps.pop() ?? ''
  let at = document
  for (const step of steps) at = at[step] as Members
  if (value === undefined) Reflect.deleteProperty(at, last)
  else at[last] = value
}

const NHI = 'services/nhi-enrolment.json'
const INCOME = 'services/income.json'
const HOUSEHOLD = 'services/household.json'
const TAIPEI = 'members/taipei-city.json'
const DOIT = 'members/taipei-city-doit.json'
const S1 = 'agreements/income-for-social-assistance.json'
const S3 = 'agreements/enrolment-for-labour-insurance.json'
const SECOND = 'purposes/pdpa-purposes-092-182.json'
const BASES = 'legal-bases/pdpa-legal-bases.json'
const PURPOSES = 'purposes/pdpa-purposes-001-091.json'

test('the documents of the demonstration are read, each with its address', () => {
  const documents = documentsOf(signedFiles)
  expect(documents.members.size).toBe(7)
  expect(documents.services.size).toBe(3)
  expect(documents.purposes.size).toBe(182)
  expect(documents.legalBases.size).toBe(17)
  expect(documents.agreements).toHaveLength(5)
  expect(documents.all).toHaveLength(signedFiles.length)
  expect(new Set(documents.all.map(({ hash }) => hash)).size).toBe(documents.all.length)
  for (const { text } of documents.all) expect(Buffer.byteLength(text)).toBeLessThan(60_000)
})

test('canonical texts read again give the same documents: the registry needs nothing else', () => {
  const documents = documentsOf(signedFiles)
  const again = documentsOf(documents.all.map(({ path, text }) => ({ path, text })))
  expect(again).toEqual(documents)
})

test('an agreement is addressed by what was agreed, not by who signed it', () => {
  const other = generateKeyPairSync('ed25519').privateKey
  const addressOf = (files: readonly DocumentFile[]): string | undefined =>
    documentsOf(files).agreements.find(({ path }) => path === S1)?.hash
  const { key, spki } = { ...keyEntry(other) }
  const files = withChanged('members/finance.json', (member) => {
    ;(member['signingKeys'] as Json[]).push({ key, spki })
  }).map((file) => {
    if (file.path !== S1) return file
    const document = JSON.parse(file.text) as Members
    const signatures = document['signatures'] as Json[]
    const member = MemberId.parse('TW/GOV/MOF')
    signatures[1] = { ...signAgreement(document['agreement'] ?? null, member, other) }
    return { path: S1, text: JSON.stringify(document) }
  })
  expect(addressOf(files)).toBe(addressOf(signedFiles))
})

function keyEntry(privateKey: Parameters<typeof signAgreement>[2]): { key: string; spki: string } {
  const { key } = signAgreement(null, MemberId.parse('TW/GOV/MOF'), privateKey)
  const spki = generateSpki(privateKey)
  return { key, spki }
}

function generateSpki(privateKey: Parameters<typeof signAgreement>[2]): string {
  const jwk = privateKey.export({ format: 'jwk' })
  const prefix = Buffer.from('302a300506032b6570032100', 'hex')
  return Buffer.concat([prefix, Buffer.from(jwk.x ?? '', 'base64url')]).toString('base64')
}

describe('texts that are no documents', () => {
  test.each<[string, string, { line: number; column: number }]>([
    ['nothing', '', { line: 1, column: 1 }],
    ['a comma too many', '{\n  "id": "a",\n}', { line: 3, column: 1 }],
    ['something after the end', '{}\n{}', { line: 2, column: 1 }],
    ['a comment', '{} // why', { line: 1, column: 4 }],
    ['a number with a leading zero', '{"a": 012}', { line: 1, column: 8 }],
    ['a number too large', '{"a": 1e999}', { line: 1, column: 12 }],
    ['a control character in a string', '{"a": "\u0007"}', { line: 1, column: 7 }],
    ['half a surrogate pair', '{"a": "\\ud800"}', { line: 1, column: 15 }],
    ['single quotes', "{'a': 1}", { line: 1, column: 2 }],
    ['too deep', '['.repeat(40), { line: 1, column: 34 }],
  ])('%s: with line and column', (_what, text, position) => {
    expect(faultsOf(withText(BASES, text))[0]).toMatchObject({ path: BASES, pointer: '', position })
  })

  test('a member name twice: each place is named, and none is taken', () => {
    const text = '{"id":"x","a/b":{"c":1,"c":2},"id":"y","bases":[]}'
    expect(faultsOf(withText(BASES, text)).slice(0, 2)).toEqual([
      { path: BASES, pointer: '/a~1b/c', expected: 'a member name that stands once' },
      { path: BASES, pointer: '/id', expected: 'a member name that stands once' },
    ])
  })

  test.each(['rules/x.json', 'members/x.txt', 'members/a/b.json', 'x.json', '../members/x.json'])(
    'a path of no kind: %s',
    (path) => {
      expect(faultsOf([...signedFiles, { path, text: '{}' }])).toMatchObject([
        { path, pointer: '' },
      ])
    },
  )

  test('one path twice', () => {
    expect(faultsOf([...signedFiles, ...signedFiles.slice(0, 1)])).not.toEqual([])
  })
})

const E = '/endpoints/0'
const CHANGES: readonly [path: string, pointer: string, value: Json | undefined, at?: string][] = [
  // Shapes.
  [TAIPEI, '/name', undefined],
  [TAIPEI, '/nickname', 'Taipei'],
  [TAIPEI, '/name/fr', 'Taïpei'],
  [TAIPEI, '/id', 'GOV/379000000A'],
  [TAIPEI, '/kind', 'citizen'],
  [TAIPEI, '/name/zh', ''],
  [TAIPEI, '/name/en', 'a\nb'],
  [TAIPEI, '/subsystems', {}],
  [TAIPEI, '/subsystems/0/id', 'TW/GOV/MOF/social-assistance'],
  [TAIPEI, '/onBehalfOf', ['TW/GOV/MOF']],
  [TAIPEI, '/signingKeys/0/key', 'short'],
  [DOIT, '/onBehalfOf', []],
  [DOIT, '/onBehalfOf', ['TW/GOV/GONGDAO'], '/onBehalfOf/0'],
  [DOIT, '/onBehalfOf', ['TW/GOV/379000000A', 'TW/GOV/379000000A'], '/onBehalfOf/1'],
  [PURPOSES, '/purposes/0/code', '1'],
  [PURPOSES, '/purposes/1/code', '001', '/purposes/1'],
  [PURPOSES, '/purposes/0/code', '182', `${SECOND}/purposes/90/code`],
  [PURPOSES, '/purposes/0/status', 'sure'],
  [PURPOSES, '/id', 'pdpa-purposes-092-182', SECOND],
  [BASES, '/bases/0/code', 'PDPA-7-1'],
  [BASES, '/bases/0/requiresConsent', 'no'],
  // Services.
  [NHI, '/controller', 'TW/GOV/379DOIT'],
  [NHI, '/controller', 'TW/GOV/MOF'],
  [NHI, '/id', 'TW/GOV/A21030000I/elsewhere/enrolment'],
  [NHI, '/deadlineMs', 0],
  [NHI, '/maxResponseBytes', 1.5],
  [NHI, '/endpoints', []],
  [NHI, `${E}/id`, 'GET /enrolments/{id}'],
  [NHI, `${E}/method`, 'TRACE'],
  [NHI, `${E}/path`, '/enrolments/{subjectId}/../all'],
  [NHI, `${E}/path`, '/enrolments//{subjectId}'],
  [NHI, `${E}/path`, '/enrolments/{other}'],
  [NHI, `${E}/path`, '/{subjectId}/{subjectId}'],
  [NHI, `${E}/parameters/0/required`, false, `${E}/parameters/0`],
  [NHI, `${E}/parameters/0/list`, true, `${E}/parameters/0`],
  [NHI, `${E}/parameters/0/type`, 'text', `${E}/subject`],
  [NHI, `${E}/parameters/0/in`, 'query', `${E}/path`],
  [NHI, `${E}/parameters/1/type`, 'national-id'],
  [NHI, `${E}/parameters/1/in`, 'path', `${E}/parameters/1`],
  [NHI, `${E}/parameters/1/name`, 'subjectId', `${E}/parameters/1`],
  [NHI, `${E}/parameters/1/pointer`, '/asOf'],
  [NHI, `${E}/parameters/1/codes`, ['A']],
  [NHI, `${E}/parameters/1/maxLength`, 10],
  [NHI, `${E}/subject`, 'nobody'],
  [NHI, `${E}/subject`, 'asOf'],
  [NHI, `${E}/subject`, 'none', `${E}/subjectInResponse`],
  [NHI, `${E}/subjectInResponse`, 'subjectId'],
  [NHI, `${E}/subjectInResponse`, '/icd10/of'],
  [NHI, `${E}/requestType`, 'application/json'],
  [NHI, `${E}/fields/1/pointer`, '/subjectId', `${E}/fields`],
  [NHI, `${E}/fields/1/pointer`, '/subjectId/x', `${E}/fields`],
  [NHI, `${E}/fields/1/pointer`, '/*', `${E}/fields`],
  [NHI, `${E}/fields/1/pointer`, 'isInsured'],
  [NHI, `${E}/fields/1/pointer`, '/a~2'],
  [NHI, `${E}/fields/1/name`, 'subjectId', `${E}/fields/1`],
  [NHI, `${E}/fields/1/maxLength`, 5],
  [NHI, `${E}/fields/2/maxLength`, undefined],
  [NHI, `${E}/fields/2/pattern`, undefined],
  [NHI, `${E}/fields/2/pattern`, '('],
  [NHI, `${E}/fields/2/pattern`, '(a+)+'],
  [NHI, `${E}/fields/2/pattern`, '(a)\\1'],
  [NHI, `${E}/fields/2/pattern`, '(?<=a)b'],
  [NHI, `${E}/fields/9/article6`, false],
  [NHI, `${E}/fields/9/category`, 'C1'],
  [NHI, `${E}/responseHeaders`, ['Location'], `${E}/responseHeaders/0`],
  [NHI, `${E}/responseHeaders`, ['x-road-error'], `${E}/responseHeaders/0`],
  [NHI, `${E}/responseHeaders`, ['set-cookie'], `${E}/responseHeaders/0`],
  [NHI, `${E}/responseHeaders`, ['ratelimit'], `${E}/responseHeaders/0`],
  [NHI, `${E}/responseHeaders`, ['ratelimit-policy'], `${E}/responseHeaders/0`],
  [INCOME, `${E}/parameters/2/codes`, undefined],
  [INCOME, `${E}/parameters/2/codes`, ['SELF', 'SELF'], `${E}/parameters/2/codes/1`],
  [INCOME, `${E}/parameters/0/list`, true, `${E}/subject`],
  [HOUSEHOLD, `${E}/requestType`, undefined],
  [HOUSEHOLD, `${E}/parameters/0/pointer`, undefined],
  [HOUSEHOLD, `${E}/parameters/0/pointer`, '/subjectId/*'],
  [HOUSEHOLD, `${E}/parameters/0/pointer`, '/*'],
  // Agreements.
  [S1, '/agreement/version', 0],
  [S1, '/agreement/consumer', 'TW/GOV/379000000A/unknown'],
  [S1, '/agreement/consumerController', 'TW/GOV/A17000000J'],
  [S1, '/agreement/service', 'TW/GOV/MOF/income/unknown'],
  [S1, '/agreement/providerController', 'TW/GOV/301000000A'],
  [S1, '/agreement/endpoints/0', 'GET /outcomes'],
  [S1, '/agreement/endpoints', [], '/agreement/endpoints'],
  [S1, '/agreement/fields/0', 'shoeSize'],
  [S1, '/agreement/collect/purposes/0', '999'],
  [S1, '/agreement/disclose/purposes/0', '999'],
  [S1, '/agreement/collect/basis', 'PDPA-16-1'],
  [S1, '/agreement/disclose/basis', 'PDPA-15-1'],
  [S1, '/agreement/article6', 'PDPA-15-1'],
  [S1, '/agreement/collect/duties', []],
  [S1, '/agreement/disclose/laws', []],
  [S1, '/agreement/validTo', '2026-01-01T00:00:00+08:00'],
  [S1, '/agreement/validFrom', '2026-02-30'],
  [S1, '/agreement/validFrom', '2026-02-03T24:00:00Z'],
  [S1, '/agreement/purposeDeclaration', 'implied'],
  [S1, '/agreement/retentionDays', 0],
  [S1, '/agreement/watermark', true],
  [S1, '/agreement/parameters/0/name', 'shoes'],
  [S1, '/agreement/parameters/0/name', 'id'],
  [S1, '/agreement/parameters/0/maxValues', 0],
  [S1, '/agreement/parameters/0/latestTaxYear/publishedOn', '13-01'],
  [S1, '/agreement/parameters/1/oneOf/0', 'COUSIN'],
  [S3, '/agreement/parameters/0/oneOf', ['2026-02-31'], '/agreement/parameters/0/oneOf/0'],
  [S1, '/agreement/parameters/1/range', { least: 1, most: 2 }],
  [S1, '/agreement/parameters/0/range', { least: 2, most: 1 }],
  [S3, '/agreement/parameters/0/latestTaxYear', { publishedOn: '05-01' }],
]

test.each(CHANGES)(
  '%s with %s = %j is refused, at its place',
  (path, pointer, value, at = pointer) => {
    const faults = faultsOf(withChanged(path, (document) => put(document, pointer, value)))
    const places = faults.map((fault) => `${fault.path}${fault.pointer}`)
    expect(places).toContain(at.includes('.json') ? at : `${path}${at}`)
    // Nothing that stood in a document is repeated in what is said about it.
    if (typeof value === 'string' && value.length > 8) {
      for (const { expected } of faults) expect(expected).not.toContain(value)
    }
  },
)

test('every fault of every document is reported at once', () => {
  const files = signedFiles.map((file) => {
    const document = JSON.parse(file.text) as Members
    if (file.path === TAIPEI) put(document, '/kind', 'citizen')
    if (file.path === NHI) {
      put(document, '/deadlineMs', 'soon')
      put(document, `${E}/method`, 'FETCH')
    }
    return { path: file.path, text: JSON.stringify(document) }
  })
  const places = faultsOf(files).map(({ path, pointer }) => `${path}${pointer}`)
  expect(places).toEqual(
    expect.arrayContaining([`${TAIPEI}/kind`, `${NHI}/deadlineMs`, `${NHI}${E}/method`]),
  )
})

test('two paths that one request could match are refused', () => {
  const files = withChanged(NHI, (document) => {
    const endpoints = document['endpoints'] as Members[]
    const twin = structuredClone(endpoints[0]!)
    put(twin, '/path', '/{subjectId}/subjectId')
    put(twin, '/id', 'GET /{subjectId}/subjectId')
    put(endpoints[0]!, '/path', '/enrolments/{subjectId}')
    endpoints.push(twin)
  })
  expect(faultsOf(files)[0]).toMatchObject({ path: NHI, pointer: '/endpoints/1/path' })
})

describe('two agreements', () => {
  const second = (change: Members): readonly Fault[] => {
    const document = jsonOf(S1)
    Object.assign(document['agreement'] as Members, { id: 'AG-OTHER', ...change })
    resign(document)
    return faultsOf([
      ...signedFiles,
      { path: 'agreements/other.json', text: JSON.stringify(document) },
    ])
  }

  test('that would answer one request at one time are refused', () => {
    expect(second({})).toMatchObject([
      { path: 'agreements/other.json', pointer: '/agreement/validFrom' },
    ])
  })

  test('may follow each other, differ in purpose, or be versions of one', () => {
    expect(
      second({ validFrom: '2031-01-01T00:00:00+08:00', validTo: '2036-01-01T00:00:00+08:00' }),
    ).toEqual([])
    expect(second({ collect: { basis: 'PDPA-15-1', duties: ['x'], purposes: ['072'] } })).toEqual(
      [],
    )
    expect(second({ id: 'AG-S1-INCOME', version: 2 })).toEqual([])
  })

  test('of one id and version are refused', () => {
    expect(second({ id: 'AG-S1-INCOME' })).not.toEqual([])
  })
})

describe('signatures', () => {
  const signed = (change: (signatures: Members[]) => void): readonly Fault[] => {
    const document = jsonOf(S1)
    change(document['signatures'] as Members[])
    return faultsOf(withText(S1, JSON.stringify(document)))
  }

  test('an unsigned agreement is refused', () => {
    expect(
      faultsOf(withText(S1, JSON.stringify({ agreement: jsonOf(S1)['agreement'] ?? null }))),
    ).toMatchObject([{ path: S1, pointer: '/signatures' }])
    expect(signed((signatures) => signatures.splice(0))).toMatchObject([{ pointer: '/signatures' }])
  })

  test('one that only one controller signed is refused', () => {
    expect(signed((signatures) => signatures.splice(1))).toMatchObject([{ pointer: '/signatures' }])
    expect(signed((signatures) => signatures.splice(1, 1, signatures[0]!))).not.toEqual([])
  })

  test('one whose content changed after it was signed is refused, on both signatures', () => {
    const document = jsonOf(S1)
    put(document, '/agreement/retentionDays', 3650)
    expect(faultsOf(withText(S1, JSON.stringify(document)))).toMatchObject([
      { pointer: '/signatures/0/value' },
      { pointer: '/signatures/1/value' },
    ])
  })

  test('a stranger’s signature, another’s key, or a claimed algorithm is refused', () => {
    const labour = MemberId.parse('TW/GOV/A17000000J')
    const agreement = jsonOf(S1)['agreement'] ?? null
    const stranger = { ...signAgreement(agreement, labour, keyOf(labour)) }
    expect(signed((signatures) => signatures.splice(1, 1, stranger))).toMatchObject([
      { pointer: '/signatures/1/member' },
      { pointer: '/signatures' },
    ])
    const posing = { ...stranger, member: 'TW/GOV/MOF' }
    expect(signed((signatures) => signatures.splice(1, 1, posing))).toMatchObject([
      { pointer: '/signatures/1/key' },
    ])
    expect(signed((signatures) => put(signatures[1]!, '/algorithm', 'RS256'))).toMatchObject([
      { pointer: '/signatures/1/value' },
    ])
  })

  test('a key that two members name signs for neither: one holder could agree with himself', () => {
    const one = generateKeyPairSync('ed25519').privateKey
    const faults = faultsOf(signTemplates(templates, () => one))
    expect(faults.length).toBeGreaterThan(1)
    expect(faults.every(({ expected }) => expected === 'a key of one member only')).toBe(true)
    const borrowed = withChanged(TAIPEI, (document) => {
      put(document, '/signingKeys/1', keyEntry(keyOf(MemberId.parse('TW/GOV/MOF'))))
    })
    expect(faultsOf(borrowed)).toContainEqual(
      expect.objectContaining({ path: S1, expected: 'a key of one member only' }),
    )
  })

  test('a member’s key whose digest is not its own is refused', () => {
    const files = withChanged(TAIPEI, (document) => {
      const { spki } = keyEntry(generateKeyPairSync('ed25519').privateKey)
      put(document, '/signingKeys/0/spki', spki)
    })
    expect(faultsOf(files).map(({ pointer }) => pointer)).toContain('/signatures/0/key')
  })
})
