/** Everything that the variants share: certificates, documents, the rotating subjects, all in one folder. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { layoutOf, safeName } from '../../adapters/certs-folder/layout.ts'
import { identityOf } from '../../certs/identity.ts'
import { foldersOf } from '../../deploy/config.ts'
import { prepareWorld } from '../../deploy/demo/prepare-world.ts'
import { systemClock } from '../../deploy/system.ts'
import { GatewayId } from '../../policies/vocabulary.ts'
import { benchDocuments } from './documents.ts'

export const GATEWAY = GatewayId.parse('TW/GOV/BENCH-A/gateway-1')

export interface BenchWorld {
  readonly folder: string
  readonly data: string
  /** Path of root and issuing CA, PEM. */
  readonly chain: string
  readonly pair: (
    kind: string,
    id: string,
  ) => { readonly certificate: string; readonly key: string }
}

export async function benchWorld(folder: string): Promise<BenchWorld> {
  const data = join(folder, 'data')
  const templates = join(folder, 'templates')
  const shared = new URL('../../deploy/demo/documents/', import.meta.url)
  for (const kind of ['purposes', 'legal-bases']) {
    cpSync(new URL(`${kind}/`, shared), join(templates, kind), { recursive: true })
  }
  for (const [path, document] of Object.entries(benchDocuments())) {
    mkdirSync(dirname(join(templates, path)), { recursive: true })
    writeFileSync(join(templates, path), JSON.stringify(document))
  }
  await prepareWorld(data, GATEWAY, systemClock().now(), pathToFileURL(`${templates}/`))
  const layout = layoutOf(foldersOf(data).certs)
  const chain = join(folder, 'chain.pem')
  const authorities = [layout.rootCertificate, layout.issuingCertificate]
  writeFileSync(chain, authorities.map((path) => readFileSync(path, 'utf8')).join(''))
  return {
    folder,
    data,
    chain,
    pair: (kind, id) => {
      const path = join(layout.issued, safeName(identityOf(kind, id)))
      return { certificate: `${path}.crt`, key: `${path}.key` }
    },
  }
}

const LETTER_A = 10
const WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 1]

/** Synthetic national numbers (second digit 0, never issued), with their check digit. */
export function syntheticSubjects(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => {
    const digits = `0${String(at + 1).padStart(7, '0')}`
    const letter = Math.floor(LETTER_A / 10) + (LETTER_A % 10) * 9
    const sum = WEIGHTS.reduce(
      (total, weight, place) => total + weight * Number(digits[place]),
      letter,
    )
    return `A${digits}${String((10 - (sum % 10)) % 10)}`
  })
}
