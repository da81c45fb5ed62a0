/**
 * C2SP tlog-policy: which witnesses a verifier trusts, and how many of them, in what groups, must have cosigned.
 *
 *     log <vkey> [<url>]                       passed over here: chains' keys are pinned by prefix (pinned-keys.ts)
 *     witness <name> <vkey> [<url>]
 *     group <name> <k>|any|all <name>…
 *     quorum <name>|none
 */
import { parseVkey } from './note.ts'
import type { NoteKey } from './note.ts'
import { COSIGNATURE } from './signer.ts'

export interface WitnessPolicy {
  readonly witnesses: readonly NoteKey[]
  /** Whether these are enough; names of keys whose cosignatures were verified. */
  isMet(signers: readonly string[]): boolean
}

type IsMet = WitnessPolicy['isMet']

/** Throws RangeError with the number of the line that is wrong. */
export function parseWitnessPolicy(text: string): WitnessPolicy {
  const reading = new PolicyReading()
  for (const [at, line] of text.split('\n').entries()) {
    const words = line.split(/[ \t]+/).filter((word) => word !== '')
    if (words[0] === undefined || words[0].startsWith('#')) continue
    const why = reading.take(words)
    if (why !== undefined) throw new RangeError(`line ${at + 1} of the witness policy ${why}`)
  }
  const { quorum, witnesses } = reading
  if (quorum === undefined) throw new RangeError('the witness policy has no line quorum')
  return { witnesses, isMet: quorum }
}

/** k of n, as `parseWitnessPolicy` reads it. */
export function witnessPolicyText(vkeys: readonly string[], require: number): string {
  const lines = vkeys.map((vkey, at) => `witness w${at + 1} ${vkey}`)
  const names = vkeys.map((_, at) => `w${at + 1}`)
  return [...lines, `group witnesses ${require} ${names.join(' ')}`, 'quorum witnesses', ''].join(
    '\n',
  )
}

class PolicyReading {
  readonly witnesses: NoteKey[] = []
  quorum: IsMet | undefined
  readonly #names = new Map<string, IsMet>()
  /** Each name counts in one place only. */
  readonly #used = new Set<string>()

  /** Why the line is wrong. */
  take([word, ...rest]: readonly string[]): string | undefined {
    if (word === 'log') return undefined
    if (word === 'witness') return this.#witness(rest)
    if (word === 'group') return this.#group(rest)
    if (word === 'quorum') return this.#quorum(rest)
    return 'begins with none of log, witness, group, quorum'
  }

  #witness([name, vkey = '']: readonly string[]): string | undefined {
    const key = parseVkey(vkey)
    if (key?.algorithm !== COSIGNATURE) return 'has no verifier key of a witness'
    // One key under two names, or two keys under one, could count twice.
    if (this.witnesses.some((known) => isSame(known, key))) return 'has a key that stands above'
    this.witnesses.push(key)
    return this.#name(name, (signers) => signers.includes(key.name))
  }

  #group([name, count = '', ...members]: readonly string[]): string | undefined {
    const known = members.flatMap((member) => this.#names.get(member) ?? [])
    if (known.length === 0 || known.length < members.length)
      return 'names a member that is not above'
    for (const member of members) {
      if (this.#used.has(member)) return `has ${member}, which is a member already`
      this.#used.add(member)
    }
    const least = leastOf(count, known.length)
    if (least === undefined) return 'has no number from 1 to n'
    return this.#name(name, (signers) => known.filter((isMet) => isMet(signers)).length >= least)
  }

  #quorum([name = '', ...more]: readonly string[]): string | undefined {
    if (this.quorum !== undefined || more.length > 0) return 'is not the one line quorum <name>'
    this.quorum = name === 'none' ? () => true : this.#names.get(name)
    return this.quorum === undefined ? 'names what is not above' : undefined
  }

  #name(name: string | undefined, isMet: IsMet): string | undefined {
    if (name === undefined || name === 'none' || this.#names.has(name))
      return 'has no name of its own'
    this.#names.set(name, isMet)
    return undefined
  }
}

function leastOf(count: string, members: number): number | undefined {
  const least = count === 'all' ? members : count === 'any' ? 1 : Number(count)
  return Number.isInteger(least) && least >= 1 && least <= members ? least : undefined
}

function isSame(one: NoteKey, other: NoteKey): boolean {
  return one.name === other.name || Buffer.compare(one.publicKey, other.publicKey) === 0
}
