/** The closures against cedar-wasm on random policies: what Cedar means by each construct, errors included. */
import { isAuthorized, policyToText } from '@cedar-policy/cedar-wasm/nodejs'
import type { AuthorizationCall, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { CedarInput } from '../../policies/cedar-input.ts'
import { compileRules, Unsupported } from '../../policies/closures.ts'

const A = { type: 'Member', id: 'a' }
const B = { type: 'Member', id: 'b' }
const GONE = { type: 'Member', id: 'gone' }
const NAMES = ['kind', 'at', 'fields', 'who', 'inner', '__proto__', 'toString']

const scalar = fc.oneof(
  fc.boolean(),
  fc.constantFrom(-1, 0, 1, 31, Number.MAX_SAFE_INTEGER),
  fc.constantFrom('', '031', 'a', '測試甲'),
  fc.constantFrom(A, B, GONE).map((uid) => ({ __entity: uid })),
)
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('kind', 'at', 'inner'), tie('value'), { maxKeys: 3 }),
  ),
}))
const record = fc.dictionary(fc.constantFrom(...NAMES.slice(0, 5)), value, { maxKeys: 5 })

const pair = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<{ left: T; right: T }> =>
  fc.record({ left: of, right: of })

const { expression } = fc.letrec((tie) => {
  const some = tie('expression')
  const binary = [
    '==',
    '!=',
    '<',
    '<=',
    '>',
    '>=',
    '&&',
    '||',
    'contains',
    'containsAll',
    'containsAny',
  ]
  const attribute = fc.record({ left: some, attr: fc.constantFrom(...NAMES) })
  return {
    expression: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      { weight: 2, arbitrary: scalar.map((literal) => ({ Value: literal })) },
      {
        weight: 4,
        arbitrary: fc
          .constantFrom('principal', 'action', 'resource', 'context')
          .map((name) => ({ Var: name })),
      },
      { weight: 4, arbitrary: attribute.map((body) => ({ '.': body })) },
      { weight: 2, arbitrary: attribute.map((body) => ({ has: body })) },
      {
        weight: 6,
        arbitrary: fc
          .tuple(fc.constantFrom(...binary), pair(some))
          .map(([op, body]) => ({ [op]: body })),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom('!', 'isEmpty'), some)
          .map(([op, arg]) => ({ [op]: { arg } })),
      },
      {
        weight: 1,
        arbitrary: fc.array(some, { maxLength: 3 }).map((elements) => ({ Set: elements })),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(some, some, some)
          .map(([test, then, other]) => ({ 'if-then-else': { if: test, then, else: other } })),
      },
    ),
  }
})

const scope = fc.constantFrom(
  { op: 'All' },
  { op: '==', entity: A },
  { op: 'is', entity_type: 'Member' },
  { op: 'is', entity_type: 'Endpoint' },
)
const actionScope = fc.constantFrom(
  { op: 'All' },
  { op: '==', entity: { type: 'Action', id: 'collect' } },
)
const policy = fc.record({
  effect: fc.constantFrom('permit', 'forbid'),
  principal: scope,
  action: actionScope,
  resource: fc.constant({ op: 'All' }),
  conditions: fc.array(fc.record({ kind: fc.constantFrom('when', 'unless'), body: expression }), {
    maxLength: 2,
  }),
})
const input = fc.record({
  principal: fc.constantFrom(A, B, GONE),
  action: fc.constantFrom({ type: 'Action', id: 'collect' }, { type: 'Action', id: 'disclose' }),
  resource: fc.constantFrom(A, { type: 'Endpoint', id: 'e' }),
  context: record,
  entities: fc.tuple(record, record).map(([a, b]) => [
    { uid: A, attrs: a, parents: [] },
    { uid: B, attrs: b, parents: [] },
  ]),
})

test('closures answer as cedar-wasm does, in decision, reasons and errors, whatever the policies', () => {
  let errors = 0
  let allowed = 0
  fc.assert(
    fc.property(fc.array(policy, { minLength: 1, maxLength: 4 }), input, (drawn, asked) => {
      const policies = Object.fromEntries(
        drawn.map((json, index) => [`F0${String(index)}-drawn`, json as PolicyJson]),
      )
      const call = { ...asked, policies: { staticPolicies: policies } }
      const answer = isAuthorized(call as unknown as AuthorizationCall)
      if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors))
      const { decision, diagnostics } = answer.response
      const judged = {
        decision,
        reasons: diagnostics.reason.toSorted(),
        errors: diagnostics.errors.map(({ policyId }) => policyId).toSorted(),
      }
      errors += judged.errors.length > 0 ? 1 : 0
      allowed += decision === 'allow' ? 1 : 0
      const closed = compileRules(policies)('collect', asked as unknown as CedarInput)
      expect(closed).toEqual(judged)
    }),
    { numRuns: 4000 },
  )
  // Otherwise it would have compared nothing.
  expect(errors).toBeGreaterThan(400)
  expect(allowed).toBeGreaterThan(400)
})

const when = (body: unknown): Record<string, unknown> => ({
  'F00-one': {
    effect: 'permit',
    principal: { op: 'All' },
    action: { op: 'All' },
    resource: { op: 'All' },
    conditions: [{ kind: 'when', body }],
  },
})
const two = { left: { Value: 1 }, right: { Value: 1 } }

test.each<[string, unknown]>([
  ['addition', { '+': two }],
  ['subtraction', { '-': two }],
  ['multiplication', { '*': two }],
  ['negation', { neg: { arg: { Value: 1 } } }],
  ['like', { like: { left: { Value: 'a' }, pattern: ['Wildcard'] } }],
  ['in', { in: two }],
  ['is', { is: { left: { Var: 'principal' }, entity_type: 'Member' } }],
  ['tags', { hasTag: two }],
  ['records', { Record: {} }],
  ['slots', { Slot: '?principal' }],
  ['extension functions', { decimal: [{ Value: '1.0' }] }],
  ['a path of attributes', { has: { left: { Var: 'context' }, attr: ['a', 'b'] } }],
  ['a literal that JavaScript would round', { Value: 2 ** 53 }],
  ['an unknown variable', { Var: 'time' }],
  ['two constructs in one', { Value: true, Var: 'context' }],
  ['nothing', {}],
  ['no object', 'true'],
])('what the closures do not speak is refused when compiled: %s', (_what, body) => {
  expect(() => compileRules(when(body))).toThrow(Unsupported)
})

test.each<[string, Record<string, unknown>]>([
  ['a scope by hierarchy', { principal: { op: 'in', entity: A } }],
  ['a slot in the scope', { principal: { op: '==', slot: '?principal' } }],
  ['is … in …', { principal: { op: 'is', entity_type: 'Member', in: { entity: A } } }],
  ['several actions', { action: { op: 'in', entities: [A] } }],
  ['another clause', { conditions: [{ kind: 'whenever', body: { Value: true } }] }],
  ['another effect', { effect: 'oblige' }],
  ['something that came with a later Cedar', { priority: 1 }],
])('what the closures do not speak is refused when compiled: %s', (_what, change) => {
  const [json] = Object.values(when({ Value: true }))
  expect(() => compileRules({ 'F00-one': { ...(json as object), ...change } })).toThrow(Unsupported)
})

const E1 = { __entity: A }
test.each<[unknown, unknown]>([
  [
    [1, 2],
    [2, 1],
  ],
  [[1, 1], [1]],
  [[1], [1, 2]],
  [[1, 2], [1]],
  [[], []],
  [[], [[]]],
  [
    [[1], [2]],
    [[2], [1], [1]],
  ],
  [[1], ['1']],
  [[true], [1]],
  [
    { a: 1, b: [E1] },
    { b: [E1, E1], a: 1 },
  ],
  [{ a: 1 }, { a: 1, b: 2 }],
  [{ a: 1, b: 2 }, { a: 1 }],
  [{}, []],
  [E1, { __entity: { type: 'Endpoint', id: 'a' } }],
  [E1, { type: 'Member', id: 'a' }],
  [0, false],
])('%j == %j, contains and the rest mean what Cedar means', (one, other) => {
  for (const op of ['==', '!=', 'contains', 'containsAll', 'containsAny', '<', '&&']) {
    const of = (attr: string): unknown => ({ '.': { left: { Var: 'context' }, attr } })
    const policies = when({ [op]: { left: of('one'), right: of('other') } })
    const asked = {
      principal: A,
      action: { type: 'Action', id: 'collect' },
      resource: B,
      context: { one, other },
      entities: [],
    }
    const call = { ...asked, policies: { staticPolicies: policies } }
    const answer = isAuthorized(call as unknown as AuthorizationCall)
    if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors))
    const { decision, diagnostics } = answer.response
    expect(compileRules(policies)('collect', asked as unknown as CedarInput)).toEqual({
      decision,
      reasons: diagnostics.reason,
      errors: diagnostics.errors.map(({ policyId }) => policyId),
    })
  }
})

test('the drawn policies are Cedar: the engine writes one of them out', () => {
  const [json] = Object.values(when({ '==': two }))
  expect(policyToText(json as PolicyJson)).toMatchObject({ type: 'success' })
})
