/** What can be done to an export by somebody who writes files and has no key. */
import { chainIn } from '../../../adapters/ledger-tiles/layout.ts'
import { leafHashOf } from '../../../gateway/ledger/hash.ts'
import { TILE, bundleBytes, entriesOfBundle } from '../../../gateway/ledger/tile-tree.ts'
import type { Chance } from '../../exchange/json-documents.ts'
import { REGISTRY } from '../small-ledger.ts'
import { changed } from './attack.ts'
import type { Attack, Tampering, Truth } from './attack.ts'
import { flipped } from './journal-attacks.ts'
import { CLOSED, RUNNING } from './ledger.ts'
import type { TamperLedger } from './ledger.ts'

export const TILES_ATTACKS: readonly Attack[] = [
  tiles('flip a bit of an entry', 5, 0, (place) => flip(place, /\/tile\/entries\//)),
  tiles('flip a bit of a record', 5, 0, (place) => flip(place, /\/records\//)),
  tiles('flip a bit of a checkpoint', 4, TILE, (place) => flip(place, /\/checkpoints\//)),
  tiles('flip a bit of a hash', 4, TILE, (place) => flip(place, /\/tile\/[0-9]+\//)),
  tiles('flip a bit of the heads', 2, Infinity, (place) => flip(place, /\/checkpoints?$/)),
  tiles('drop a file', 3, TILE, dropFile),
  tiles('drop an entry', 3, 0, (place) => entries(place, (all, at) => all.toSpliced(at, 1))),
  tiles('swap two entries', 3, 0, (place) =>
    entries(place, (all, at) => all.toSpliced(at, 2, all[at + 1]!, all[at]!)),
  ),
  tiles('insert an entry', 3, 0, (place) =>
    entries(place, (all, at) => all.toSpliced(at, 0, place.random.oneOf(all))),
  ),
  tiles('repeat an entry', 2, 0, (place) =>
    entries(place, (all, at) => all.toSpliced(at, 0, all[at]!)),
  ),
  tiles('truncate entries', 2, TILE, (place) => entries(place, (all, at) => all.slice(0, at))),
  tiles('rewrite an entry and its tile', 4, TILE, (place) => rewrite(place, /000$|001$/)),
  tiles('rewrite an entry and the right-hand partial tile', 4, TILE, (place) =>
    rewrite(place, /\.p\//),
  ),
]

interface Place {
  readonly ledger: TamperLedger
  readonly random: Chance
}

function tiles(
  name: string,
  share: number,
  within: number,
  make: (place: Place) => Tampering | undefined,
): Attack {
  return {
    name: `tiles: ${name}`,
    share,
    within,
    over: 'tiles',
    make: (ledger, random) => make({ ledger, random }),
  }
}

interface File {
  readonly file: string
  readonly bytes: Buffer
  readonly truth: Truth
}

/** Files of the export whose path has the form, with the leaves that they tell of. */
function filesOf({ tiles: folder, files }: TamperLedger, form: RegExp): File[] {
  return [...files]
    .filter(([file]) => file.startsWith(folder) && form.test(file))
    .map(([file, bytes]) => ({ file, bytes, truth: truthOf(folder, file) }))
}

function truthOf(folder: string, file: string): Truth {
  const chain = [CLOSED, RUNNING, REGISTRY].find((origin) =>
    file.startsWith(chainIn(folder, origin)),
  )
  const [, level, number] =
    /\/(tile\/[0-9]+|tile\/entries|records|checkpoints)\/([0-9]{3})/.exec(file) ?? []
  const covers = TILE ** (level?.startsWith('tile/1') === true ? 2 : 1)
  const first = Number(number ?? 0) * covers
  return { chain: chain ?? '', first, last: number === undefined ? Infinity : first + covers - 1 }
}

function flip({ ledger, random }: Place, form: RegExp): Tampering {
  const { bytes, file, truth } = random.oneOf(filesOf(ledger, form))
  return { changes: changed([file, flipped(bytes, random.below(bytes.length), random)]), truth }
}

function dropFile({ ledger, random }: Place): Tampering {
  const { file, truth } = random.oneOf(filesOf(ledger, /./))
  return { changes: changed([file, undefined]), truth }
}

function entries(
  { ledger, random }: Place,
  rearrange: (all: readonly Buffer[], at: number) => Buffer[],
): Tampering {
  const { bytes, file, truth } = random.oneOf(filesOf(ledger, /\/tile\/entries\//))
  const all = entriesOfBundle(bytes).entries
  const at = random.below(all.length - 1)
  const own = rearrange(all, at)
  // The first that differs, or the first that is not there.
  const first = own.findIndex((entry, index) => all[index]?.equals(entry) !== true)
  const index = truth.first + (first < 0 ? own.length : first)
  return {
    changes: changed([file, bundleBytes(own)]),
    truth: { ...truth, first: index, last: index },
  }
}

/** Another leaf, and the tile of level 0 that names it. */
function rewrite({ ledger, random }: Place, form: RegExp): Tampering {
  const { bytes, file, truth } = random.oneOf(
    filesOf(ledger, /\/tile\/entries\//).filter((each) => form.test(each.file)),
  )
  const all = entriesOfBundle(bytes).entries
  const at = random.below(all.length)
  const leaf = (all[at] ?? Buffer.alloc(0)).toString('latin1')
  const other = leaf.replace(
    /"record":"(.)/,
    (_, letter: string) => `"record":"${letter === 'A' ? 'B' : 'A'}`,
  )
  const tile = file.replace('/tile/entries/', '/tile/0/')
  const hashes = Buffer.from(ledger.files.get(tile) ?? Buffer.alloc(0))
  hashes.write(leafHashOf(other), at * 32, 'latin1')
  const index = truth.first + at
  return {
    changes: changed([file, bundleBytes(all.with(at, Buffer.from(other)))], [tile, hashes]),
    truth: { ...truth, first: index, last: index },
  }
}
