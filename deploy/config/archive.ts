/** What guards the ledger against being put back from an old copy. */
import { z } from 'zod'
import { text } from './pieces.ts'

export const archive = z
  .strictObject({
    highWater: text(
      'a file, on another disk than the ledger, that notes how far its chains have grown',
    ).exactOptional(),
  })
  .describe('what guards the ledger against old copies: {"highWater": …}')

export type ArchiveSection = z.infer<typeof archive>
