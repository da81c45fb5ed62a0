/** What an alarm of replication asks, and of whom: log line and readiness say the same. */
import type { Urgency } from '../gateway/ports/telemetry.ts'
import type { Alarm } from '../gateway/replication/replication.ts'

interface Meaning {
  /** A backlog grows only so far, and what log servers lose somebody has to find out. */
  readonly urgency: Urgency
  readonly whatToDo: string
}

export const ALARMS: Readonly<Record<Alarm, Meaning>> = {
  unreachable: {
    urgency: 'today',
    whatToDo: 'Look at the log servers and the network to them; what waits is sent by itself.',
  },
  unread: {
    urgency: 'watch',
    whatToDo: 'Look at the log servers: they acknowledged what cannot be read back yet.',
  },
  unpublished: {
    urgency: 'watch',
    whatToDo:
      'Look whether the reading principal may read the topic of published checkpoints (gongdao kafka init gives it that).',
  },
  lost: {
    urgency: 'today',
    whatToDo: 'Ask who runs the log servers what became of it; it was sent again.',
  },
  truncated: {
    urgency: 'today',
    whatToDo:
      'Ask who runs the log servers who deleted records: nothing there may ever be deleted.',
  },
  'rolled-back': {
    urgency: 'today',
    whatToDo:
      'Ask who runs the log servers which backup was put back; what was missing was sent again.',
  },
  foreign: {
    urgency: 'today',
    whatToDo:
      'Find out who else may write to the ledger’s topics, and take that right away (gongdao kafka init names them).',
  },
  diverged: {
    urgency: 'now',
    whatToDo:
      'Stop, keep every file, and run gongdao verify: two ledgers carry this gateway’s name.',
  },
}
