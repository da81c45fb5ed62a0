/** An RFC 3161 time-stamping authority over HTTP. What it answers is believed only as far as `checkToken` goes. */
import { createHash } from 'node:crypto'
import * as asn1js from 'asn1js'
import { AlgorithmIdentifier, MessageImprint, TimeStampReq } from 'pkijs'
import type { Chance, Clock } from '../../gateway/ports/clock.ts'
import type {
  CheckStamp,
  Stamped,
  StampRefused,
  TimestampAuthority,
} from '../../gateway/ports/timestamp-authority.ts'
import { checkToken, refused } from './check-token.ts'
import type { TokenRules } from './check-token.ts'
import { post } from './post.ts'

export interface AuthorityOptions extends TokenRules {
  /** http: or https:. */
  readonly url: URL
  readonly timeoutMs: number
  /** How far the authority's clock may be from ours. */
  readonly toleranceMs: number
  readonly clock: Clock
  readonly chance: Chance
}

const NONCE_BYTES = 16

export function timestampAuthority(options: AuthorityOptions): TimestampAuthority {
  return { stamp: (content, signal) => stamp(options, content, signal) }
}

export function stampChecker(rules: TokenRules): CheckStamp {
  return (token, content) => checkToken(token, { content }, rules)
}

async function stamp(
  options: AuthorityOptions,
  content: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Stamped> {
  const { chance, clock, timeoutMs, url } = options
  const nonce = nonceFrom(chance.bytes(NONCE_BYTES))
  const timeout = AbortSignal.timeout(timeoutMs)
  const sentAt = clock.now()
  let answer: Buffer
  try {
    const either = signal === undefined ? timeout : AbortSignal.any([timeout, signal])
    answer = await post(url, question(content, nonce), either)
  } catch {
    return refused('unreachable', `the time-stamping authority at ${url.host} gave no answer`)
  }
  const token = tokenOf(answer)
  if ('kind' in token) return token
  const checked = await checkToken(token, { content, nonce }, options)
  if (checked.kind === 'refused') return checked
  const { accuracyMs, at } = checked.stamp
  const slack = options.toleranceMs + accuracyMs
  if (at < sentAt - slack || at > clock.now() + slack)
    return refused('time', 'the time of the authority is not that of our clock: compare both')
  return { kind: 'stamped', stamp: checked.stamp, token }
}

/** As the bytes of a positive DER integer of full length. */
function nonceFrom(random: Uint8Array): Uint8Array {
  const nonce = Uint8Array.from(random)
  nonce[0] = ((nonce[0] ?? 0) & 0x3f) | 0x40
  return nonce
}

function question(content: Uint8Array, nonce: Uint8Array): Uint8Array {
  const imprint = createHash('sha256').update(content).digest()
  const request = new TimeStampReq({
    version: 1,
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({
        algorithmId: '2.16.840.1.101.3.4.2.1',
        algorithmParams: new asn1js.Null(),
      }),
      hashedMessage: new asn1js.OctetString({ valueHex: new Uint8Array(imprint).buffer }),
    }),
    nonce: new asn1js.Integer({ valueHex: new Uint8Array(nonce).buffer }),
    certReq: true,
  })
  return new Uint8Array(request.toSchema().toBER())
}

/** TimeStampResp ::= SEQUENCE { status PKIStatusInfo, timeStampToken OPTIONAL } (RFC 3161 §2.4.2). */
function tokenOf(answer: Buffer): Uint8Array | StampRefused {
  const malformed = refused('malformed', 'the authority answered something else than RFC 3161')
  const { offset, result } = asn1js.fromBER(new Uint8Array(answer))
  if (offset !== answer.length || !(result instanceof asn1js.Sequence)) return malformed
  const [info, token] = result.valueBlock.value
  const status = info instanceof asn1js.Sequence ? info.valueBlock.value[0] : undefined
  if (!(status instanceof asn1js.Integer)) return malformed
  const code = status.valueBlock.valueDec
  if (code !== 0 && code !== 1)
    return refused('rejected', `the authority refuses, with PKIStatus ${String(code)}`)
  return token instanceof asn1js.Sequence ? new Uint8Array(token.toBER()) : malformed
}
