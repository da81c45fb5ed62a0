/**
 * One Cedar expression as a closure. Each construct is compiled once; evaluating throws nothing and allocates nothing.
 * An evaluation error is `undefined` and passes through everything except what Cedar itself does not evaluate: the right
 * side of a settled `&&` or `||`, and the branch of an `if` that is not taken.
 */
import type { CedarInput, CedarRecord, CedarValue, EntityUid } from '../cedar-input.ts'
import { fieldsOf, Unsupported } from './subset.ts'
import {
  equal,
  includes,
  includesAll,
  includesAny,
  isEntity,
  isRecord,
  isSet,
  sameEntity,
} from './value.ts'
import type { Outcome } from './value.ts'

export type Expression = (input: CedarInput) => Outcome

/** Compiles the expressions of one rule set; what several of them ask is compiled, and found out, only once. */
export interface Compiler {
  readonly expression: (json: unknown) => Expression
  /** The attributes of what an expression gives; undefined where it errs or its value has none. */
  readonly attributes: (json: unknown) => (input: CedarInput) => CedarRecord | undefined
}

type Construct = (body: unknown, compiler: Compiler) => Expression

export function makeCompiler(): Compiler {
  const expressions = new Map<string, Expression>()
  const attributes = new Map<string, (input: CedarInput) => CedarRecord | undefined>()
  const compiler: Compiler = {
    expression: (json) =>
      expressions.getOrInsertComputed(JSON.stringify(json), () => compileAnew(json, compiler)),
    attributes: (json) =>
      attributes.getOrInsertComputed(JSON.stringify(json), () => {
        const expression = compiler.expression(json)
        return remembered(json, (input) => attributesOf(expression(input), input))
      }),
  }
  return compiler
}

function compileAnew(json: unknown, compiler: Compiler): Expression {
  const [entry, ...others] = Object.entries(fieldsOf(json, [...CONSTRUCTS.keys()]))
  const construct = entry === undefined ? undefined : CONSTRUCTS.get(entry[0])
  if (entry === undefined || construct === undefined || others.length > 0) {
    throw new Unsupported('an expression of no or several constructs')
  }
  return construct(entry[1], compiler)
}

/**
 * Inputs are never changed, so the same object has the same value. What asks neither who nor which action is the same
 * for both sides of a question, which share the rest.
 */
export function remembered<T>(
  json: unknown,
  find: (input: CedarInput) => T,
): (input: CedarInput) => T | undefined {
  return /"Var":"(?:principal|action)"/.test(JSON.stringify(json))
    ? rememberedForInput(find)
    : rememberedForQuestion(find)
}

function rememberedForInput<T>(
  find: (input: CedarInput) => T,
): (input: CedarInput) => T | undefined {
  let last: CedarInput | undefined
  let found: T | undefined
  return (input) => {
    if (last === input) return found
    found = find(input)
    last = input
    return found
  }
}

function rememberedForQuestion<T>(
  find: (input: CedarInput) => T,
): (input: CedarInput) => T | undefined {
  let last: Pick<CedarInput, 'context' | 'entities' | 'resource'> | undefined
  let found: T | undefined
  return (input) => {
    if (
      last?.context === input.context &&
      last.entities === input.entities &&
      last.resource === input.resource
    ) {
      return found
    }
    found = find(input)
    last = input
    return found
  }
}

const CONSTRUCTS: ReadonlyMap<string, Construct> = new Map<string, Construct>([
  ['Value', (body) => constant(literal(body))],
  ['Var', variable],
  ['Set', setOf],
  ['!', unary((value) => (typeof value === 'boolean' ? !value : undefined))],
  ['isEmpty', unary((value) => (isSet(value) ? value.length === 0 : undefined))],
  ['==', binary(equal)],
  ['!=', binary((left, right) => !equal(left, right))],
  ['<', ordered((left, right) => left < right)],
  ['<=', ordered((left, right) => left <= right)],
  ['>', ordered((left, right) => left > right)],
  ['>=', ordered((left, right) => left >= right)],
  ['&&', shortCircuit(false)],
  ['||', shortCircuit(true)],
  ['contains', binary((left, right) => (isSet(left) ? includes(left, right) : undefined))],
  ['containsAll', onSets(includesAll)],
  ['containsAny', onSets(includesAny)],
  ['.', attribute],
  ['has', hasAttribute],
  ['if-then-else', conditional],
])

function constant(value: CedarValue): Expression {
  return () => value
}

function literal(json: unknown): CedarValue {
  if (typeof json === 'boolean' || typeof json === 'string') return json
  if (typeof json === 'number') {
    // Cedar's Long is 64 bits wide; a number that JavaScript may have rounded is not compared with anything.
    if (!Number.isSafeInteger(json)) throw new Unsupported('a literal beyond 2^53')
    return json
  }
  const { type, id } = fieldsOf(fieldsOf(json, ['__entity'])['__entity'], ['type', 'id'])
  if (typeof type !== 'string' || typeof id !== 'string') throw new Unsupported('a literal')
  return { __entity: { type, id } }
}

function variable(name: unknown): Expression {
  switch (name) {
    case 'principal':
      return rememberedForInput((input) => ({ __entity: input.principal }))
    case 'action':
      return rememberedForInput((input) => ({ __entity: input.action }))
    case 'resource':
      return rememberedForQuestion((input) => ({ __entity: input.resource }))
    case 'context':
      return (input) => input.context
    default:
      throw new Unsupported('a variable')
  }
}

function setOf(body: unknown, { expression }: Compiler): Expression {
  if (!Array.isArray(body)) throw new Unsupported('a set')
  if (body.every(isLiteral)) return constant(body.map((json) => literal(json.Value)))
  const elements = body.map(expression)
  return (input) => {
    const values: CedarValue[] = []
    for (const element of elements) {
      const value = element(input)
      if (value === undefined) return undefined
      values.push(value)
    }
    return values
  }
}

function isLiteral(json: unknown): json is { readonly Value: unknown } {
  return typeof json === 'object' && json !== null && Object.hasOwn(json, 'Value')
}

function unary(apply: (value: CedarValue) => Outcome): Construct {
  return (body, { expression }) => {
    const arg = expression(fieldsOf(body, ['arg'])['arg'])
    return (input) => {
      const value = arg(input)
      return value === undefined ? undefined : apply(value)
    }
  }
}

function binary(apply: (left: CedarValue, right: CedarValue) => Outcome): Construct {
  return (body, { expression }) => {
    const { left, right } = sidesOf(body, expression)
    return (input) => {
      const one = left(input)
      if (one === undefined) return undefined
      const other = right(input)
      return other === undefined ? undefined : apply(one, other)
    }
  }
}

function ordered(compare: (left: number, right: number) => boolean): Construct {
  return binary((left, right) =>
    typeof left === 'number' && typeof right === 'number' ? compare(left, right) : undefined,
  )
}

function onSets(
  compare: (left: readonly CedarValue[], right: readonly CedarValue[]) => boolean,
): Construct {
  return binary((left, right) => (isSet(left) && isSet(right) ? compare(left, right) : undefined))
}

/** `&&` is settled by false, `||` by true; then the right side is not evaluated, whatever it is. */
function shortCircuit(settling: boolean): Construct {
  return (body, { expression }) => {
    const { left, right } = sidesOf(body, expression)
    return (input) => {
      const one = left(input)
      if (typeof one !== 'boolean') return undefined
      if (one === settling) return one
      const other = right(input)
      return typeof other === 'boolean' ? other : undefined
    }
  }
}

function conditional(body: unknown, { expression }: Compiler): Expression {
  const parts = fieldsOf(body, ['if', 'then', 'else'])
  const [test, yes, no] = [parts['if'], parts['then'], parts['else']].map(expression)
  if (test === undefined || yes === undefined || no === undefined) throw new Unsupported('an if')
  return (input) => {
    const value = test(input)
    if (typeof value !== 'boolean') return undefined
    return value ? yes(input) : no(input)
  }
}

function sidesOf(
  body: unknown,
  expression: Compiler['expression'],
): { readonly left: Expression; readonly right: Expression } {
  const { left, right } = fieldsOf(body, ['left', 'right'])
  return { left: expression(left), right: expression(right) }
}

function attribute(body: unknown, compiler: Compiler): Expression {
  const { left, name } = attributeOf(body)
  const attributesOfLeft = compiler.attributes(left)
  return remembered(body, (input) => {
    const attributes = attributesOfLeft(input)
    return attributes !== undefined && Object.hasOwn(attributes, name)
      ? attributes[name]
      : undefined
  })
}

function hasAttribute(body: unknown, compiler: Compiler): Expression {
  const { left, name } = attributeOf(body)
  const valueOfLeft = compiler.expression(left)
  const attributesOfLeft = compiler.attributes(left)
  return remembered(body, (input) => {
    const attributes = attributesOfLeft(input)
    if (attributes !== undefined) return Object.hasOwn(attributes, name)
    // An entity that is not there has no attributes; anything else can't have any.
    return isEntity(valueOfLeft(input)) ? false : undefined
  })
}

function attributeOf(body: unknown): { readonly left: unknown; readonly name: string } {
  const { left, attr } = fieldsOf(body, ['left', 'attr'])
  if (typeof attr !== 'string') throw new Unsupported('a path of attributes')
  return { left, name: attr }
}

function attributesOf(value: Outcome, input: CedarInput): CedarRecord | undefined {
  if (isEntity(value)) return entityAttributes(value.__entity, input)
  return isRecord(value) ? value : undefined
}

function entityAttributes(uid: EntityUid, { entities }: CedarInput): CedarRecord | undefined {
  for (const entity of entities) {
    if (sameEntity(entity.uid, uid)) return entity.attrs
  }
  return undefined
}
