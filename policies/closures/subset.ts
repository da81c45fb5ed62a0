/** The policy uses something of Cedar that the closures do not speak. Found when a rule set is activated, never later. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported'
  constructor(what: string) {
    super(`closures can't evaluate ${what}`)
  }
}

/** The members of one JSON object of Cedar's form; one that is not among `names` is a construct we don't know. */
export function fieldsOf(
  json: unknown,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new Unsupported('something that is not an object')
  }
  const unknown = Object.keys(json).find((name) => !names.includes(name))
  if (unknown !== undefined) throw new Unsupported(unknown)
  return Object.fromEntries(Object.entries(json))
}
