/** Where the operator's four acts are played: what was honest before, who has seen it, and what they say afterwards. */
import { hash } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkpointsFolder } from '../../../adapters/checkpoints-folder/checkpoints-folder.ts'
import {
  makeWitnessClient,
  type WitnessClient,
} from '../../../adapters/witness-client/witness-client.ts'
import type { Finding } from '../../../gateway/ledger/finding.ts'
import { parseVkey } from '../../../gateway/ledger/note.ts'
import { askWitness, type Cosigned } from '../../../gateway/witness/ask-witness.ts'
import { verifyLedger } from '../../verify-ledger.ts'
import { witnessedLog } from '../../open-witnessing.ts'
import type { Forged } from './operator.ts'
import type { DemoWitness, DemoWitnesses } from './witness-processes.ts'

export interface Kept {
  /** Index of the leaf that the receipt shows. */
  readonly index: number
  /** Path. */
  readonly file: string
}

export interface StageParts {
  /** The gateway's data folder, as it was when it stopped. */
  readonly honest: string
  readonly chain: string
  /** File of the verifier keys that everybody got at the beginning. */
  readonly keys: string
  readonly witnesses: DemoWitnesses
  /** Receipts that a department has kept of the honest chain, oldest first. */
  readonly receipts: readonly Kept[]
}

export class Stage {
  readonly honest: string
  readonly chain: string
  readonly receipts: readonly Kept[]
  readonly #parts: StageParts
  readonly #clients: readonly { readonly witness: DemoWitness; readonly client: WitnessClient }[]

  constructor(parts: StageParts) {
    this.#parts = parts
    this.honest = parts.honest
    this.chain = parts.chain
    this.receipts = parts.receipts
    const ca = readFileSync(parts.witnesses.ca, 'utf8')
    this.#clients = parts.witnesses.all.map((witness) => {
      const { key: vkey, url } = witness
      return { witness, client: makeWitnessClient({ vkey, url, ca }) }
    })
  }

  /** A folder with all that the gateway has, for the operator to do with as it likes. What it kept to warn itself goes first. */
  copy(act: string): string {
    const folder = join(this.honest, 'acts', act)
    for (const part of ['certs', 'documents', 'keys', 'ledger']) {
      cpSync(join(this.honest, part), join(folder, part), { recursive: true })
    }
    rmSync(checkpointsFolder(folder), { recursive: true, force: true })
    rmSync(join(folder, 'keys', 'high-water.json'), { force: true })
    return folder
  }

  /** What somebody was given, as a file. */
  keep(name: string, text: string): string {
    return keepFile(this.honest, name, text)
  }

  /** The operator brings its newest checkpoint to every witness. */
  async bring({ archive, origin }: Forged): Promise<readonly Cosigned[]> {
    const note = archive.checkpoint() ?? ''
    return Promise.all(
      this.#clients.map(({ client: witness }) => {
        const key = parseVkey(witness.vkey)
        if (key === undefined) throw new RangeError('not the verifier key of a witness')
        const log = witnessedLog(origin, archive)
        const genesis = (): Promise<undefined> => Promise.resolve(undefined)
        return askWitness({ witness, key, log, note, remembered: 0, genesis })
      }),
    )
  }

  /** A department brings a receipt to the first witness; what that answers, in words. */
  async complain(receiptFile: string): Promise<string> {
    const [first] = this.#clients
    const reply = await first?.client.post('complaints', readFileSync(receiptFile, 'utf8'))
    if (reply?.kind !== 'answered' || reply.status >= 400) return 'it is not taken'
    const { number, state } = JSON.parse(reply.body) as { number?: number; state: string }
    return number === undefined ? 'its leaf is in what was cosigned' : `number ${number}, ${state}`
  }

  /** The newest note of the chain, which the first witness serves to anybody: as a file. */
  async note(): Promise<string> {
    const [first] = this.#clients
    const reply = await first?.client.get(`${hash('sha256', this.chain)}/checkpoint`)
    return this.keep('witness-note', reply?.kind === 'answered' ? reply.body : '')
  }

  async verify(
    data: string,
    evidence: { readonly receipts?: readonly string[]; readonly notes?: readonly string[] },
  ): Promise<readonly Finding[]> {
    const keys = readFileSync(this.#parts.keys, 'utf8')
    const { findings } = await verifyLedger({ data, keys, ...evidence, now: Date.now() })
    return findings
  }

  /** What the witnesses have kept against the operator, each sentence once. */
  contradictions(): readonly string[] {
    return [...new Set(this.#parts.witnesses.all.flatMap((witness) => witness.contradictions()))]
  }

  close(): void {
    for (const { client } of this.#clients) client.close()
  }
}

export function keepFile(honest: string, name: string, text: string): string {
  const folder = join(honest, 'receipts')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${name}.txt`)
  writeFileSync(file, text)
  return file
}
