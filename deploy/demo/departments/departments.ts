/** The demo's department systems, each a server of its own with its own certificate; all data is synthetic and in memory. */
import { SubsystemId } from '../../../policies/vocabulary.ts'
import type { Answer, Asked, DepartmentTls } from './department-server.ts'
import { startDepartment } from './department-server.ts'
import { answerHousehold } from './household.ts'
import { answerIncome } from './income.ts'
import { answerEnrolment } from './nhi-enrolment.ts'

export interface Departments {
  /** Where each subsystem answers. */
  readonly addresses: ReadonlyMap<SubsystemId, URL>
  /** Exchanges that a subsystem answered with data. */
  readonly answered: (subsystem: SubsystemId) => number
  close(): Promise<void>
}

const SYSTEMS: readonly (readonly [string, (asked: Asked) => Answer])[] = [
  ['TW/GOV/A21030000I/nhi-enrolment', answerEnrolment],
  ['TW/GOV/MOF/income', answerIncome],
  ['TW/GOV/301000000A/household', answerHousehold],
]

/** `tlsOf`: certificate and key of a subsystem, and the CA; PEM. */
export async function startDepartments(
  tlsOf: (subsystem: SubsystemId) => DepartmentTls,
): Promise<Departments> {
  const started = await Promise.all(
    SYSTEMS.map(async ([id, answer]) => {
      const subsystem = SubsystemId.parse(id)
      return [subsystem, await startDepartment(tlsOf(subsystem), answer)] as const
    }),
  )
  const servers = new Map(started)
  return {
    addresses: new Map(started.map(([id, { url }]) => [id, url])),
    answered: (subsystem) => servers.get(subsystem)?.answered() ?? 0,
    async close() {
      await Promise.all(started.map(([, server]) => server.close()))
    },
  }
}
