import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { compileProjection } from '../../gateway/exchange/minimise/compile-projection.ts'
import { project } from '../../gateway/exchange/minimise/project.ts'
import type { FieldRegistration } from '../../policies/service.ts'
import type { FieldName } from '../../policies/vocabulary.ts'
import {
  anyDocument,
  anyFields,
  Chance,
  MALFORMED,
  render,
  slowProjection,
  tokensOf,
  type Tree,
} from './json-documents.ts'
import { endpoint, field, names } from './registrations.ts'

/** A case is one number, so that a failure names it. */
function inEveryCase(
  runs: number,
  holds: (chance: Chance, fields: FieldRegistration[], permitted: ReadonlySet<FieldName>) => void,
): void {
  const property = fc.property(fc.integer(), (seed) => {
    const chance = new Chance(seed)
    const fields = anyFields(chance)
    holds(
      chance,
      fields,
      names(...fields.map(({ name }) => name).filter(() => chance.happens(0.6))),
    )
  })
  fc.assert(property, { numRuns: runs })
}

test('the walk over bytes agrees with a slow projection of the document, byte for byte', () => {
  const seen = { projected: 0, refused: 0 }
  inEveryCase(5000, (chance, fields, permitted) => {
    const document = anyDocument(chance, fields)
    const spaced = chance.happens(0.5)
    const text = render(document, () => (spaced ? chance.oneOf(['', '', ' ', '\n\t', '\r']) : ''))
    const compiled = compileProjection(endpoint({ fields }), permitted, 'fields')
    const answer = project(compiled, Buffer.from(text), undefined)
    if (answer.kind === 'refused') seen.refused += 1
    else if (answer.passed.length > 0) seen.projected += 1
    expect(answer.kind === 'projected' ? answer.body.toString() : answer.code).toBe(
      slowProjection(document, fields, permitted),
    )
    // The same plan, used again: nothing of the first answer is left in it.
    expect(JSON.stringify(project(compiled, Buffer.from(text), undefined))).toBe(
      JSON.stringify(answer),
    )
  })
  // The property is about something.
  expect(seen.projected).toBeGreaterThan(1500)
  expect(seen.refused).toBeGreaterThan(40)
})

test('fields passed, fields removed and other names account for everything that was there', () => {
  inEveryCase(3000, (chance, fields, permitted) => {
    const document = anyDocument(chance, fields)
    const compiled = compileProjection(endpoint({ fields }), permitted, 'fields')
    const answer = project(compiled, Buffer.from(render(document, () => '')), undefined)
    if (answer.kind === 'refused') return
    const there = fields.filter(({ pointer }) => stands(document, pointer)).map(({ name }) => name)
    expect(answer.passed).toEqual(there.filter((name) => permitted.has(name)).sort())
    expect(answer.removed).toEqual(there.filter((name) => !permitted.has(name)).sort())
    expect(answer.others).toEqual(otherNames(document, fields))
  })
})

/** Where something is registered below, the names of members that are on nobody's way. */
function otherNames(document: Tree, fields: readonly FieldRegistration[]): string[] {
  const paths = fields.map(({ pointer }) => tokensOf(pointer))
  return [...new Set(unwanted(document, paths))].sort()
}

function unwanted(value: Tree, paths: readonly (readonly string[])[]): string[] {
  const inside = (token: string): string[][] =>
    paths.filter(([first]) => first === token).map((path) => path.slice(1))
  if (value.kind === 'array') {
    const below = inside('*')
    return below.length === 0 ? [] : value.elements.flatMap((element) => unwanted(element, below))
  }
  const isObject = paths.some(([first]) => first !== '*' && first !== undefined)
  if (value.kind === 'scalar' || !isObject) return []
  return value.members.flatMap(({ name, value: member }) => {
    const below = inside(name)
    return below.length === 0 ? [name] : unwanted(member, below)
  })
}

function stands(value: Tree, pointer: string): boolean {
  if (pointer === '') return true
  const [, token = '', rest = ''] = /^\/([^/]*)(.*)$/su.exec(pointer) ?? []
  if (token === '*')
    return value.kind === 'array' && value.elements.some((element) => stands(element, rest))
  const name = token.replaceAll('~1', '/').replaceAll('~0', '~')
  return (
    value.kind === 'object' &&
    value.members.some((member) => member.name === name && stands(member.value, rest))
  )
}

test('a name that stands twice is refused at every depth, however it is spelled, in dropped parts too', () => {
  const compiled = compileProjection(endpoint({ fields: [] }), names(), 'fields')
  const spellings = ['"name"', '"n\\u0061me"', '"\\u006eame"', '"\\u006Eame"']
  const pairs = spellings.flatMap((one) => spellings.map((other) => [one, other] as const))
  for (const [one, other] of pairs) {
    for (const [depth, many] of [
      [0, 0],
      [1, 5],
      [3, 31],
      [4, 32],
      [5, 40],
      [8, 100],
    ] as const) {
      const filler = Array.from(
        { length: many },
        (_, at) => `"x${String(at)}":${String(at)},`,
      ).join('')
      const wrap = (inner: string): Buffer =>
        Buffer.from(`${'[{"deep":'.repeat(depth)}${inner}${'}]'.repeat(depth)}`)
      const twice = wrap(`{${one}:1,${filler}${other}:1}`)
      const once = wrap(`{${one}:1,${filler}"named":1}`)
      expect(project(compiled, twice, undefined)).toMatchObject({ code: MALFORMED })
      expect(project(compiled, once, undefined).kind).toBe('projected')
    }
  }
})

test('a record that falls out of step with the one before is read as strictly', () => {
  const fields = [field('a', '/*/a', { type: 'number' }), field('b', '/*/b', { type: 'number' })]
  const compiled = compileProjection(endpoint({ fields }), names('a'), 'fields')
  const first = '{"a":1,"x":2,"b":3,"\\u0079":4}'
  const good = [
    '{"a":1}',
    '{"x":2,"a":1}',
    '{"a":1,"x":2,"y":4,"b":3}',
    '{"a":1,"x":2,"b":3,"y":4,"z":5}',
    '{}',
  ]
  const bad = [
    '"a":1,"x":2,"x":2',
    '"a":1,"x":2,"a":1',
    '"a":1,"x":2,"b":3,"\\u0079":4,"y":4',
    '"x":2,"\\u0078":2',
  ]
  const nothing = compileProjection(endpoint({ fields: [] }), names(), 'fields')
  for (const plan of [compiled, nothing]) {
    const read = (second: string): string =>
      project(plan, Buffer.from(`[${first},${second},${first}]`), undefined).kind
    // What was known of the first record is forgotten once a second one has other names.
    expect(read('{"b":1},{"a":1,"x":2,"b":3,"\\u0079":4,"b":1}')).toBe('refused')
    expect(good.map(read)).toEqual(good.map(() => 'projected'))
    expect(bad.map((members) => read(`{${members}}`))).toEqual(bad.map(() => 'refused'))
  }
})
