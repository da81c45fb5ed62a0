/**
 * JSON documents as trees that remember how each token is spelled, and a slow projection of such trees: what the walk over
 * bytes is compared with. Nothing here is shared with the product but the registration.
 */
import type { FieldRegistration } from '../../policies/service.ts'
import { field } from './registrations.ts'

export type Tree =
  | { readonly kind: 'object'; readonly members: readonly Member[] }
  | { readonly kind: 'array'; readonly elements: readonly Tree[] }
  | { readonly kind: 'scalar'; readonly text: string }

export interface Member {
  readonly name: string
  readonly spelled: string
  readonly value: Tree
}

export const MALFORMED = 'Server.Provider.Malformed'

/** Few names, so that documents meet registrations; some that only an escape can spell, some that bite in JavaScript. */
const NAMES = [
  'a',
  'b',
  'ab',
  'id',
  '名',
  '__proto__',
  '"',
  '\n',
  '',
  'a/b',
  '~',
  '😀',
  '0',
  'constructor',
]
const STRINGS = [
  '',
  'x',
  '測試甲',
  '範例乙 王示範',
  'a"b\\c/d',
  '\u2028\u0000',
  '😀é',
  '123',
  'null',
  '}],"',
]
const NUMBERS = ['0', '-0', '1.10', '1E400', '9007199254740993123', '1e-7', '-12', '2026']

/** Chance from a seed (mulberry32), so that a counterexample is one number. */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  happens(probability: number): boolean {
    return this.next() < probability
  }

  oneOf<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!
  }
}

/** Fields at random pointers that do not contradict each other, with types that let nearly everything through. */
export function anyFields(chance: Chance): FieldRegistration[] {
  const taken: string[][] = []
  for (let tries = 1 + chance.below(12); tries > 0; tries -= 1) {
    const path = Array.from({ length: 1 + chance.below(4) }, () =>
      chance.oneOf([...NAMES, '*', '*', '*', '*']),
    )
    if (!taken.some((other) => collide(path, other))) taken.push(path)
  }
  return taken.map((path, at) => {
    const pointer = path
      .map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`)
      .join('')
    const type = chance.oneOf(['text', 'number'] as const)
    return field(`field${String(at)}`, pointer, { type, nullable: chance.happens(0.5) })
  })
}

/** One stands inside the other, or one place is an array and an object. */
function collide(one: readonly string[], other: readonly string[]): boolean {
  const split = one.findIndex((token, at) => token !== other[at])
  if (split < 0 || split >= other.length) return true
  return one[split] === '*' || other[split] === '*'
}

/** A document that mostly has what is registered, in repeated records, beside what is not, and seldom is wrong. */
export function anyDocument(chance: Chance, fields: readonly FieldRegistration[]): Tree {
  return grow(
    chance,
    fields.map((of) => ({ of, path: tokensOf(of.pointer) })),
    0,
  )
}

function grow(chance: Chance, wanted: readonly Wanted[], depth: number): Tree {
  if (depth > 0 && (wanted.length === 0 || chance.happens(0.01))) return stray(chance, depth)
  const [first] = wanted
  if (first?.path.length === 0) return growScalar(chance, first.of)
  if (first?.path[0] !== '*') return growObject(chance, wanted, depth)
  const elements = Array.from({ length: chance.below(4) }, () =>
    grow(chance, wanted.map(below), depth + 1),
  )
  // Most records repeat the first one's names; each has its own values now and then.
  const like = elements.map((element) => (chance.happens(0.6) ? (elements[0] ?? element) : element))
  return { kind: 'array', elements: like }
}

function growObject(chance: Chance, wanted: readonly Wanted[], depth: number): Tree {
  const known = [...new Set(wanted.map(({ path }) => path[0] ?? ''))].filter(() =>
    chance.happens(0.85),
  )
  const extra = NAMES.filter((name) => !known.includes(name) && chance.happens(0.15))
  const twins = chance.happens(0.005) ? [chance.oneOf(NAMES), ...known.slice(0, 1)] : []
  const all = [...known, ...extra, ...twins].sort(() => chance.next() - 0.5)
  const members = all.map((name) => {
    const inside = wanted.filter(({ path }) => path[0] === name).map(below)
    return {
      name,
      spelled: spell(name, () => chance.happens(0.05)),
      value: grow(chance, inside, depth + 1),
    }
  })
  return { kind: 'object', members }
}

function growScalar(chance: Chance, { type, nullable }: FieldRegistration): Tree {
  if (chance.happens(0.01)) return stray(chance, 4)
  if (nullable && chance.happens(0.2)) return { kind: 'scalar', text: 'null' }
  const text =
    type === 'text'
      ? spell(chance.oneOf(STRINGS), () => chance.happens(0.1))
      : chance.oneOf(NUMBERS)
  return { kind: 'scalar', text }
}

/** Anything at all. */
function stray(chance: Chance, depth: number): Tree {
  const kind = depth > 6 ? 9 : chance.below(10)
  if (kind === 0) return growObject(chance, [], depth + 1)
  if (kind === 1) {
    return {
      kind: 'array',
      elements: Array.from({ length: chance.below(3) }, () => stray(chance, depth + 1)),
    }
  }
  const texts = [
    'true',
    'false',
    'null',
    ...NUMBERS,
    ...STRINGS.map((text) => JSON.stringify(text)),
  ]
  return { kind: 'scalar', text: chance.oneOf(texts) }
}

/** The JSON string of a text, some characters written as escapes. */
export function spell(text: string, escapes: () => boolean): string {
  // By character: half of a surrogate pair is never written.
  const spelled = Array.from(text, (character) => {
    if (!escapes()) return JSON.stringify(character).slice(1, -1)
    const units = character
      .split('')
      .map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'))
    return units.map((unit) => `\\u${unit}`).join('')
  })
  return `"${spelled.join('')}"`
}

/** With `space` between all tokens. */
export function render(value: Tree, space: () => string): string {
  const inner = (text: string): string => `${space()}${text}${space()}`
  if (value.kind === 'scalar') return value.text
  const parts =
    value.kind === 'array'
      ? value.elements.map((element) => inner(render(element, space)))
      : value.members.map(
          ({ spelled, value: of }) => `${inner(spelled)}:${inner(render(of, space))}`,
        )
  const text = parts.length === 0 ? space() : parts.join(',')
  return value.kind === 'array' ? `[${text}]` : `{${text}}`
}

function hasTwins(value: Tree): boolean {
  if (value.kind === 'scalar') return false
  if (value.kind === 'array') return value.elements.some(hasTwins)
  const distinct = new Set(value.members.map(({ name }) => name)).size
  return distinct < value.members.length || value.members.some((member) => hasTwins(member.value))
}

/** Tokens of a pointer (never the product's reader). */
export function tokensOf(pointer: string): string[] {
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The text that may leave, or `MALFORMED`. */
export function slowProjection(
  document: Tree,
  fields: readonly FieldRegistration[],
  permitted: ReadonlySet<string>,
): string {
  if (hasTwins(document)) return MALFORMED
  const open = fields
    .filter(({ name }) => permitted.has(name))
    .map((of) => ({ of, path: tokensOf(of.pointer) }))
  const root = {
    kind: document.kind,
    ...(document.kind === 'array' ? { elements: [] } : { members: [] }),
  } as Tree
  const picked = open.length === 0 ? root : pick(document, open)
  return picked === undefined || picked === MALFORMED || document.kind === 'scalar'
    ? MALFORMED
    : render(picked, () => '')
}

interface Wanted {
  readonly of: FieldRegistration
  readonly path: readonly string[]
}

function pick(value: Tree, wanted: readonly Wanted[]): Tree | typeof MALFORMED | undefined {
  const [first] = wanted
  if (first?.path.length === 0) return fitsField(value, first.of) ? value : MALFORMED
  if (value.kind === 'scalar') return value.text === 'null' ? undefined : MALFORMED
  const kind = first?.path[0] === '*' ? 'array' : 'object'
  if (value.kind !== kind) return MALFORMED
  return value.kind === 'array'
    ? pickElements(value.elements, wanted.map(below))
    : pickMembers(value.members, wanted)
}

function pickElements(
  elements: readonly Tree[],
  wanted: readonly Wanted[],
): Tree | typeof MALFORMED {
  const picked: Tree[] = []
  for (const element of elements) {
    const one = pick(element, wanted) ?? MALFORMED
    if (one === MALFORMED) return MALFORMED
    picked.push(one)
  }
  return { kind: 'array', elements: picked }
}

function pickMembers(
  members: readonly Member[],
  wanted: readonly Wanted[],
): Tree | typeof MALFORMED {
  const picked: Member[] = []
  for (const member of members) {
    const inside = wanted.filter(({ path }) => path[0] === member.name).map(below)
    const one = inside.length === 0 ? undefined : pick(member.value, inside)
    if (one === MALFORMED) return MALFORMED
    if (one !== undefined) picked.push({ ...member, value: one })
  }
  return { kind: 'object', members: picked }
}

function below({ of, path }: Wanted): Wanted {
  return { of, path: path.slice(1) }
}

function fitsField(value: Tree, { type, nullable }: FieldRegistration): boolean {
  if (value.kind !== 'scalar') return false
  if (value.text === 'null') return nullable
  return type === 'text' ? value.text.startsWith('"') : /^[-0-9]/.test(value.text)
}
