import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The gate is passed once for each rule set and kept, as an operator's is; what it was passed for is in the finding's name. */
export const GATE_CACHE = join(tmpdir(), 'gongdao-tests-gate')
