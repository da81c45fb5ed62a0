/** Who writes the registry (design §4). Absent: this process, for itself alone. */
import { z } from 'zod'
import { parseVkey } from '../../gateway/ledger/note.ts'
import { ED25519 } from '../../gateway/ledger/signer.ts'
import { GatewayId } from '../../policies/vocabulary.ts'
import { port, text, url, word } from './pieces.ts'

const listen = z
  .strictObject({ listen: z.strictObject({ host: text('an address of this machine'), port }) })
  .describe('this process writes the registry, and other gateways reach it here')

const other = z
  .strictObject({
    url: url(['https:'], 'where the registrar listens: an https URL'),
    gateway: word(GatewayId, 'the id of the gateway that is the registrar'),
    key: z
      .string()
      .refine((vkey) => parseVkey(vkey)?.algorithm === ED25519)
      .describe("the registry's verifier key: the first line of the registrar's ledger/keys.txt"),
  })
  .describe('another process writes the registry: {"url": …, "gateway": …, "key": …}')

export const registrar = z
  .union([listen, other])
  .describe(
    'either {"listen": {"host": …, "port": …}}: other gateways open their chains here; or {"url": …, "gateway": …, "key": …}: this one opens its chains there',
  )

export type RegistrarSection = z.infer<typeof registrar>
export type OtherRegistrar = z.infer<typeof other>

/** Undefined: this process writes the registry. */
export function registrarOf(config: {
  readonly registrar?: RegistrarSection
}): OtherRegistrar | undefined {
  const { registrar: section } = config
  return section !== undefined && 'url' in section ? section : undefined
}
