/** The store of persons' keys. */
import { z } from 'zod'
import { whole } from './pieces.ts'

export const keys = z
  .strictObject({
    backupDays: whole(1, 30, 'after how many days at most a backup of the keys opens to nobody'),
  })
  .describe('the store of persons’ keys: {"backupDays": …}')

export type Keys = z.infer<typeof keys>
