/**
 * Random and damaged inputs for the gate. They start from whole ones and change them in places: to other values of the
 * same type (what the schema accepts), or to anything at all (attributes and entities gone, wrong types), which is where
 * two engines come apart.
 */
import type {
  CedarEntity,
  CedarInput,
  CedarRecord,
  CedarValue,
} from '../../policies/cedar-input.ts'
import { sampleInputs } from './sample-inputs.ts'

export interface Corpus {
  /** Of the schema; entities may be missing, which the schema doesn't notice. */
  readonly typed: () => CedarInput
  /** Of no schema. */
  readonly damaged: () => CedarInput
}

/** `literals`: the values that the rules compare with, so that random inputs meet them. Same seed, same corpus. */
export function makeCorpus(seed: number, literals: readonly CedarValue[]): Corpus {
  const chance = makeChance(seed)
  const samples = sampleInputs()
  const records = samples.flatMap(({ context, entities }) => [
    context,
    ...entities.map(({ attrs }) => attrs),
  ])
  const types = new Map(
    records.flatMap((record) =>
      Object.entries(record)
        .filter(([, value]) => !isList(value) || value.length > 0)
        .map(([name, value]) => [name, typeOf(value)]),
    ),
  )
  const changer: Changer = { chance, types, pool: [...literals, ...records.flatMap(valuesIn)] }
  return {
    typed() {
      const changed = times(chance.below(4), chance.pick(samples), (input) =>
        retype(input, changer),
      )
      return chance.below(10) === 0 ? withoutEntity(changed, chance) : changed
    },
    damaged() {
      const changed = times(chance.below(3), chance.pick(samples), (input) =>
        retype(input, changer),
      )
      return times(1 + chance.below(3), changed, (input) => damage(input, changer))
    },
  }
}

interface Chance {
  /** A whole number from 0 up to, not including, the limit. */
  below(limit: number): number
  pick<T>(list: readonly T[]): T
}

/** mulberry32: small, and the same on every machine. Not for secrets. */
export function makeChance(seed: number): Chance {
  let state = seed >>> 0
  function below(limit: number): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
  return {
    below,
    pick<T>(list: readonly T[]): T {
      const picked = list[below(list.length)]
      if (picked === undefined) throw new RangeError('nothing to pick from')
      return picked
    },
  }
}

interface Changer {
  readonly chance: Chance
  /** Type of each attribute that is not always an empty set. */
  readonly types: ReadonlyMap<string, string>
  readonly pool: readonly CedarValue[]
}

function times(
  count: number,
  input: CedarInput,
  change: (input: CedarInput) => CedarInput,
): CedarInput {
  return Array.from({ length: count }).reduce<CedarInput>(change, input)
}

/** One attribute gets another value of its own type, or the principal or resource becomes another one. */
function retype(input: CedarInput, changer: Changer): CedarInput {
  const { chance } = changer
  const choice = chance.below(8)
  const uidsOf = (type: string): CedarInput['principal'][] =>
    input.entities.map(({ uid }) => uid).filter((uid) => uid.type === type)
  if (choice === 0)
    return { ...input, principal: chance.pick(uidsOf('Member').concat(input.principal)) }
  if (choice === 1) {
    return { ...input, resource: chance.pick(uidsOf('Endpoint').concat(input.resource)) }
  }
  return changeSomeRecord(input, chance, (record) => {
    const [name, value] = chance.pick(Object.entries(record))
    return { ...record, [name]: another(name, value, changer) }
  })
}

function another(name: string, value: CedarValue, { chance, types, pool }: Changer): CedarValue {
  if (typeof value === 'boolean') return !value
  if (typeof value === 'number') return value + chance.pick([-1, 1, -YEAR_MS, YEAR_MS])
  const type = types.get(name) ?? typeOf(value)
  const alike = pool.filter((other) => typeOf(other) === type)
  if (!isList(value)) return chance.pick([value, ...alike])
  switch (chance.below(4)) {
    case 0:
      return chance.pick([value, ...alike])
    case 1:
      return value.toSpliced(chance.below(value.length + 1), 1)
    default: {
      const elements = pool.filter((other) => `${SET_OF}${typeOf(other)}` === type)
      return elements.length === 0 ? value : [...value, chance.pick(elements)]
    }
  }
}

const YEAR_MS = 31_536_000_000
const SET_OF = 'set of '

function typeOf(value: CedarValue): string {
  if (typeof value !== 'object') return typeof value
  if (isList(value)) return `${SET_OF}${value[0] === undefined ? 'nothing' : typeOf(value[0])}`
  return isReference(value) ? value.__entity.type : 'record'
}

/** Something that no schema would accept, or an entity gone. */
function damage(input: CedarInput, changer: Changer): CedarInput {
  const { chance } = changer
  switch (chance.below(5)) {
    case 0:
      return withoutEntity(input, chance)
    case 1:
      return changeSomeRecord(input, chance, (record) => without(record, chance))
    case 2:
      return { ...input, [chance.pick(['principal', 'resource'])]: chance.pick(STRANGERS) }
    default:
      return changeSomeRecord(input, chance, (record) => misplace(record, changer))
  }
}

function misplace(record: CedarRecord, { chance, pool }: Changer): CedarRecord {
  const names = Object.keys(record)
  if (names.length === 0) return { purpose: chance.pick(JUNK) }
  const value = chance.below(2) === 0 ? chance.pick(JUNK) : chance.pick(pool)
  return { ...record, [chance.pick(names)]: value }
}

const STRANGERS = [
  { type: 'Member', id: 'TW/GOV/NOBODY' },
  { type: 'Endpoint', id: 'nowhere' },
  { type: 'Subsystem', id: 'TW/GOV/C1/s1' },
  { type: 'Stranger', id: '' },
]

const JUNK: readonly CedarValue[] = [
  true,
  false,
  0,
  -1,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
  '',
  '031',
  '測試甲',
  [],
  [[]],
  ['031', 31, true],
  [['031'], ['031', '031']],
  {},
  { kind: 'controller' },
  { article6: 'PDPA-6-1-2', at: 0 },
  ...STRANGERS.map((uid) => ({ __entity: uid })),
]

function withoutEntity(input: CedarInput, chance: Chance): CedarInput {
  if (input.entities.length === 0) return input
  return { ...input, entities: input.entities.toSpliced(chance.below(input.entities.length), 1) }
}

function without(record: CedarRecord, chance: Chance): CedarRecord {
  const entries = Object.entries(record)
  return Object.fromEntries(entries.toSpliced(chance.below(entries.length + 1), 1))
}

/** The context half of the time, otherwise the attributes of some entity. */
function changeSomeRecord(
  input: CedarInput,
  chance: Chance,
  change: (record: CedarRecord) => CedarRecord,
): CedarInput {
  if (input.entities.length === 0 || chance.below(2) === 0) {
    return { ...input, context: change(input.context) }
  }
  const place = chance.below(input.entities.length)
  const entities = input.entities.map((entity, index): CedarEntity =>
    index === place ? { ...entity, attrs: change(entity.attrs) } : entity,
  )
  return { ...input, entities }
}

function valuesIn(record: CedarRecord): readonly CedarValue[] {
  return Object.values(record).flatMap((value) => (isList(value) ? [value, ...value] : [value]))
}

function isList(value: CedarValue): value is readonly CedarValue[] {
  return Array.isArray(value)
}

function isReference(value: object): value is { readonly __entity: { type: string; id: string } } {
  return Object.hasOwn(value, '__entity')
}
