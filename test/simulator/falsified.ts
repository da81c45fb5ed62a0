/** What somebody between a registrar and a gateway could show instead of the registry: no key is needed for any of it. */
import { EntryWriter, placeOf } from '../../gateway/ledger/entry-bytes.ts'
import { parseLeaf } from '../../gateway/ledger/leaf.ts'
import type { Commit } from '../../gateway/ports/chain-journal.ts'
import type { Random } from './random.ts'

type Falsify = (commit: Commit, random: Random) => Commit

/** The first commit is another one than the registrar's; those behind it are as they were. */
export function falsified(commits: readonly Commit[], random: Random): readonly Commit[] {
  const [first, second, ...rest] = commits
  if (first === undefined) return commits
  if (second !== undefined && random.isLess(0.3)) return [second, ...rest]
  return [random.pick(WAYS)(first, random), ...commits.slice(1)]
}

const WAYS: readonly Falsify[] = [anotherLeaf, anotherBit, anotherSignature]

/** Every leaf whole and beside its own record; only the root under the registrar's signature tells that one is not his. */
function anotherLeaf({ count, first, payload }: Commit, random: Random): Commit {
  const writer = new EntryWriter()
  const other = random.between(0, count - 1)
  let at = 0
  for (let entry = 0; entry < count; entry += 1) {
    const place = placeOf(payload, at, payload.length)
    if (place === undefined) throw new RangeError('the registrar shows what is no commit')
    const leaf = parseLeaf(payload.toString('latin1', place.hashedAt + 1, place.end))
    const record = payload.toString('utf8', place.record, place.recordEnd)
    const kind = leaf?.kind ?? 'cut'
    writer.entry({ kind, record: entry === other ? record.replace(/^\{/, '{"a":0,') : record })
    at = place.end
  }
  return { count, first, payload: Buffer.concat([writer.written(), payload.subarray(at)]) }
}

function anotherBit({ count, first, payload }: Commit, random: Random): Commit {
  const changed = Buffer.from(payload)
  const at = random.between(0, payload.length - 1)
  changed.writeUInt8(changed.readUInt8(at) ^ (1 << random.between(0, 7)), at)
  return { count, first, payload: changed }
}

/** Of nobody who is known: whoever only counts the known ones would keep it. */
function anotherSignature({ count, first, payload }: Commit): Commit {
  const line = `— somebody ${Buffer.alloc(68, 1).toString('base64')}\n`
  return { count, first, payload: Buffer.concat([payload, Buffer.from(line)]) }
}
