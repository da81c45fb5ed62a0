/**
 * What a killed process wrote and did not sync is read back like everything else, and a power cut can still take it: the newest frame,
 * and the names of new files. It must be durable before anything is built on it: a closure that states its size, a copy elsewhere.
 */
import * as path from 'node:path'
import type { Disk } from './disk.ts'
import { segmentNumbers } from './recover.ts'
import { SPARES, segmentName } from './segments.ts'

export async function makeTailDurable(disk: Disk, folder: string): Promise<void> {
  // A frame is synced before the next one begins; behind the segment in use there are spares only, and one that was being made.
  const newest = segmentNumbers(disk, folder).slice(-2 - SPARES)
  for (const number of newest) {
    const file = disk.open(path.join(folder, segmentName(number)), 'update')
    try {
      await file.sync()
    } finally {
      file.close()
    }
  }
  if (newest.length > 0) await disk.syncFolder(folder)
}
