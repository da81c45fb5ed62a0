/** Carries an order out where no gateway runs: this process locks the data folder and opens keys and registry itself. */
import { readFileSync } from 'node:fs'
import { openKeyStore } from '../../adapters/key-store-sqlite/key-store-sqlite.ts'
import { ledgerFolder } from '../../adapters/ledger-journal/folders.ts'
import { keysFile } from '../../adapters/ledger-journal/keys-file.ts'
import { lockFolder } from '../../adapters/ledger-journal/lock.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { ed25519Signer } from '../../gateway/ledger/signer.ts'
import { foldersOf } from '../config.ts'
import { HighWater } from '../high-water.ts'
import { logKey } from '../log-keys.ts'
import { openRegistry } from '../open-registry.ts'
import { systemChance, systemClock } from '../system.ts'
import { Duties } from './duties.ts'
import type { DutyHost } from './host.ts'
import { ownGateway } from './own-gateway.ts'

/** Throws `FolderLocked` where another process holds the folder. */
export async function withoutGateway<Answer>(
  data: string,
  work: (duties: Duties) => Promise<Answer>,
): Promise<Answer> {
  return withHost(data, async (host) => {
    const duties = new Duties(host)
    await duties.finish()
    return work(duties)
  })
}

export async function withHost<Answer>(
  data: string,
  work: (host: DutyHost) => Promise<Answer>,
): Promise<Answer> {
  const closing: (() => Promise<void> | void)[] = []
  const lock = await lockFolder(ledgerFolder(data))
  closing.push(() => lock.release())
  try {
    return await work(await openHost(data, closing))
  } finally {
    for (const close of closing.toReversed()) await close()
  }
}

async function openHost(data: string, closing: (() => Promise<void> | void)[]): Promise<DutyHost> {
  // Nothing is signed on a ledger that was put back to an earlier state.
  new HighWater({ data }).check()
  const folder = foldersOf(data).keys
  const chance = systemChance()
  const file = `${folder}/keys.sqlite`
  const clock = systemClock()
  const keys = openKeyStore({ file, expect: 'existing', chance, clock })
  closing.push(() => keys.close())
  const { gateway, instance, registry } = await openRegistryAlone(data)
  closing.push(() => registry.chain.close())
  const settled = (): Promise<undefined> => Promise.resolve(undefined)
  return { data, gateway, instance, chance, keys, registry, settled, clock: registry.clock }
}

/** The caller has locked the folder. */
async function openRegistryAlone(data: string): Promise<
  Pick<DutyHost, 'gateway' | 'instance'> & {
    readonly registry: Awaited<ReturnType<typeof openRegistry>>
  }
> {
  const file = keysFile(data)
  const pinned = parsePinnedKeys(readFileSync(file, 'utf8'), file)
  const instance = pinned.registry?.name.slice(0, -'/registry'.length) ?? ''
  const signer = ed25519Signer(logKey(`${foldersOf(data).keys}/registrar-log.key`, false))
  if (!Buffer.from(signer.publicKey).equals(pinned.registry?.publicKey ?? Buffer.of()))
    throw new NotRegistrar()
  const registry = await openRegistry(
    { data, instance },
    // The registry is there: its first leaf, which names the authority, is not written again.
    { issuing: '', root: '' },
    {
      clock: systemClock(),
      signer,
      onFatal: (fault) => {
        process.stderr.write(`gongdao: ${fault.message}\n`)
        process.exit(70)
      },
    },
  )
  return { gateway: ownGateway(data), instance, registry }
}

/** Whose registry another process writes; here it is only followed. */
export class NotRegistrar extends Error {
  override readonly name = 'NotRegistrar'
  constructor() {
    super(
      'this gateway follows a registry that another process writes: start it, and say the same again; it asks the registrar for what must be recorded',
    )
  }
}
