/** JSON Schema of what stands at registered pointers: every step of a pointer is a member, `*` an array's element. */
import type {
  FieldRegistration,
  FieldType,
  ParameterRegistration,
  ParameterType,
} from '../../policies/service.ts'

export type Schema = Readonly<Record<string, unknown>>

export function parameterSchema(parameter: ParameterRegistration): Schema {
  const value: Schema = {
    ...TYPES[parameter.type],
    ...(parameter.codes === undefined ? {} : { enum: parameter.codes }),
    ...(parameter.maxLength === undefined ? {} : { maxLength: parameter.maxLength }),
  }
  return parameter.list ? { type: 'array', items: value } : value
}

export function bodySchema(parameters: readonly ParameterRegistration[]): Schema {
  return tree(
    parameters.map((parameter) => ({
      steps: stepsOf((parameter.pointer ?? `/${parameter.name}`).replace(/\/\*$/, '')),
      schema: parameterSchema(parameter),
      required: parameter.required,
    })),
  )
}

export function fieldSchema(fields: readonly FieldRegistration[]): Schema {
  return tree(
    fields.map((field) => ({
      steps: stepsOf(field.pointer),
      schema: scalarOf(field),
      required: false,
    })),
  )
}

function scalarOf(field: FieldRegistration): Schema {
  const { type, ...rest } = TYPES[field.type]
  return {
    ...rest,
    type: field.nullable ? [type, 'null'] : type,
    title: `${field.title.zh} ${field.title.en}`,
    ...(field.maxLength === undefined ? {} : { maxLength: field.maxLength }),
    ...(field.pattern === undefined ? {} : { pattern: `^(?:${field.pattern})$` }),
  }
}

const TYPES: Readonly<Record<FieldType | ParameterType, Schema>> = {
  'national-id': { type: 'string', pattern: '^[A-Z][0-9]{9}$' },
  text: { type: 'string' },
  code: { type: 'string' },
  date: { type: 'string', format: 'date' },
  year: { type: 'integer' },
  integer: { type: 'integer' },
  number: { type: 'number' },
  boolean: { type: 'boolean' },
}

interface Place {
  readonly steps: readonly string[]
  readonly schema: Schema
  readonly required: boolean
}

function stepsOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function tree(places: readonly Place[]): Schema {
  const here = places.find((place) => place.steps.length === 0)
  if (here !== undefined) return here.schema
  const below = Map.groupBy(places, (place) => place.steps[0] ?? '')
  const elements = below.get('*')
  if (elements !== undefined) return { type: 'array', items: tree(elements.map(stepDown)) }
  const names = [...below.keys()]
  const required = names.filter((name) => below.get(name)?.some((place) => place.required) === true)
  return {
    type: 'object',
    properties: Object.fromEntries(
      [...below].map(([name, group]) => [name, tree(group.map(stepDown))]),
    ),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  }
}

function stepDown(place: Place): Place {
  return { ...place, steps: place.steps.slice(1) }
}
