/** L7: an older ledger in the place of the newer one is found by what others hold, and the honest one agrees with all of it. */
import { readChain } from '../../adapters/ledger-journal/read-chain.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import type { Evidence } from '../../gateway/console/evidence.ts'
import type { Finding, FindingKind } from '../../gateway/ledger/finding.ts'
import { Broken, type Observed } from './observed.ts'
import { DATA } from './sim-config.ts'
import type { SimGateway } from './sim-gateway.ts'
import { REQUIRED } from './sim-witnessing.ts'

type Verify = (evidence: Evidence) => Promise<readonly Finding[]>

const CONVICTS = new Set<FindingKind>(['chain-truncated', 'chain-in-secret', 'history-rewritten'])

/** The newest receipt, the notes of each witness, what was published: any one of them convicts. */
export async function checkHistory(
  gateway: SimGateway,
  receipt: string,
  { honest, older }: { readonly honest: Verify; readonly older: Verify },
): Promise<void> {
  const receipts = [{ name: 'a receipt', text: receipt }]
  const notes = gateway.witnesses.map(({ memory }) =>
    memory.chains().map((chain) => ({ name: 'a witness', text: memory.newestOf(chain) ?? '' })),
  )
  const published = gateway.published.map(({ note }) => note)
  const [wrong] = await honest({ receipts, notes: notes.flat(), published })
  if (wrong !== undefined) throw new Broken('L7', `of an honest ledger: ${wrong.sentence}`)
  const alone: Evidence[] = [{ receipts }, ...notes.map((of) => ({ notes: of }))]
  if (gateway.witnesses.length > 0) alone.push({ published })
  for (const each of alone) {
    if ((await older(each)).some(({ kind }) => CONVICTS.has(kind))) continue
    throw new Broken('L7', `rolled back, and not found with ${Object.keys(each).join()} alone`)
  }
}

/** D7: what somebody has a receipt of stands in a chain whose genesis enough witnesses have cosigned; none of them saw two stories. */
export function checkWitnessed(gateway: SimGateway, origin: string, observed: Observed): void {
  if (gateway.witnesses.length === 0) return
  const registry = `${gateway.config.instance}/registry`
  const genesis = indexOfGenesis(gateway, registry, origin)
  const knowing = gateway.witnesses.filter(
    ({ memory }) => Number(memory.newestOf(registry)?.split('\n')[1] ?? 0) > genesis,
  )
  if (knowing.length < REQUIRED)
    observed.fail(
      new Broken('L7', `${origin} was written before ${REQUIRED} witnesses saw it opened`),
    )
  const [contradiction] = gateway.witnesses.flatMap(({ memory }) => memory.contradictions())
  if (contradiction !== undefined)
    observed.fail(new Broken('L6', `a witness keeps ${contradiction}`))
}

function indexOfGenesis({ disk }: SimGateway, registry: string, origin: string): number {
  let found = Infinity
  readChain({
    disk,
    folder: chainFolder(DATA, registry),
    origin: registry,
    twoPhase: true,
    visit: ({ index, leaf, record }) => {
      if (leaf.kind === 'genesis' && record.includes(`"${origin}"`)) found = Math.min(found, index)
    },
  })
  return found
}
