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

/** The chain that belongs there; undefined where none does. */
export function originOfPath(instance: string, path: readonly string[]): string | undefined {
  const [kind = '', gateway = '', ...rest] = path
  const name = gateway === '' ? [kind] : [kind, decodeURIComponent(gateway), ...rest]
  const origin = [instance, ...name].join('/')
  try {
    return chainPath(origin).join('/') === path.join('/') ? origin : undefined
  } catch (fault) {
    if (fault instanceof RangeError) return undefined
    throw fault
  }
}
