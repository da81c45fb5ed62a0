/** Changes an agreement in a data folder of the demo, as its members would: a new version, signed by both with their own keys. */
import { createPrivateKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { layoutOf, safeName } from '../../adapters/certs-folder/layout.ts'
import { identityOf } from '../../certs/identity.ts'
import { signAgreement } from '../../gateway/registry/agreement-signatures.ts'
import type { Json, JsonObject } from '../../policies/canonical-json.ts'
import { MemberId } from '../../policies/vocabulary.ts'

/** `name`: of its file. */
export function agreeAnew(
  data: string,
  name: string,
  change: (agreement: JsonObject) => JsonObject,
): void {
  const file = join(data, 'documents/agreements', name)
  const { agreement: before } = JSON.parse(readFileSync(file, 'utf8')) as { agreement: JsonObject }
  const agreement: JsonObject = {
    ...change(before),
    version: (before['version'] as number) + 1,
  }
  const { issued } = layoutOf(join(data, 'certs'))
  const parties = [agreement['consumerController'], agreement['providerController']] as string[]
  const signatures = parties.map((party): Json => {
    const key = readFileSync(join(issued, `${safeName(identityOf('member', party))}.key`))
    return { ...signAgreement(agreement, MemberId.parse(party), createPrivateKey(key)) }
  })
  writeFileSync(file, JSON.stringify({ agreement, signatures }))
}
