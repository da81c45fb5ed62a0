/**
 * `Exchange-Receipt` (design §2). The provider's proves the intent and opens the commitment to the request; the
 * consumer's proves the outcome and opens the commitment to the body released, so that it convicts on its own.
 */
import { buildReceiptHeader } from '../ledger/receipt.ts'
import type { Denied, Intent } from './3-record-intent.ts'
import type { RecordedOutcome } from './6-record-outcome.ts'
import { digestOf } from './commitment.ts'

export function intentReceipt({ written, recorded, nonces }: Intent): string {
  return buildReceiptHeader(recorded, {
    recordText: written.text,
    opening: {
      digest: digestOf(written.requestText),
      nonce: nonces.request.toString('base64url'),
      of: 'request',
    },
  })
}

export function denialReceipt({ written, recorded }: Denied): string {
  return buildReceiptHeader(recorded, { recordText: written.text })
}

export function outcomeReceipt({ recordText, recorded, opening }: RecordedOutcome): string {
  return buildReceiptHeader(recorded, {
    recordText,
    ...(opening && { opening: { ...opening, of: 'released' } }),
  })
}
