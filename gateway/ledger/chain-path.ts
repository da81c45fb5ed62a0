/**
 * Names of chains as paths: `<instance>/registry` → `registry`, `<instance>/consent` → `consent`,
 * `<instance>/exchange/<gateway>/<n>` → `exchange`, `<gateway, percent-encoded once more>`, `<n>`.
 */

/** Throws RangeError for any other name. */
export function chainPath(origin: string): readonly string[] {
  const [, ...rest] = origin.split('/')
  const kind = rest.join('/')
  if (kind === 'registry' || kind === 'consent') return [kind]
  const number = rest.at(-1) ?? ''
  const gateway = rest.slice(1, -1).join('/')
  if (rest[0] !== 'exchange' || gateway === '' || !/^[1-9][0-9]{0,14}$/.test(number)) {
    throw new RangeError('not the name of a chain: <instance>/exchange/<gateway>/<n>')
  }
  return ['exchange', encodeURIComponent(gateway), number]
}

/** Of a file name, in characters. */
const LONGEST_NAME = 255

/** Whether a chain of this name has a path: attacker-controlled, where a leaf says it. */
export function isChainName(origin: string): boolean {
  const path = pathIfAny(() => chainPath(origin))
  return path?.every(({ length }) => length <= LONGEST_NAME) === true
}

/** The chain that belongs there; undefined where none does. */
export function originOfPath(instance: string, path: readonly string[]): string | undefined {
  const [kind = '', gateway = '', ...rest] = path
  const origin = pathIfAny(() => {
    const name = gateway === '' ? [kind] : [kind, decodeURIComponent(gateway), ...rest]
    return [instance, ...name].join('/')
  })
  if (origin === undefined) return undefined
  return pathIfAny(() => chainPath(origin))?.join('/') === path.join('/') ? origin : undefined
}

/** URIError: half of a surrogate pair, or a `%` that stands for nothing. */
function pathIfAny<Path>(make: () => Path): Path | undefined {
  try {
    return make()
  } catch (fault) {
    if (fault instanceof RangeError || fault instanceof URIError) return undefined
    throw fault
  }
}
