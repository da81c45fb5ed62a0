/** What can be asked of a witness: C2SP tlog-witness, and beside it what departments and auditors need of one. */
import type { Express, NextFunction, Request, Response } from 'express'
import type { AddCheckpointAnswer } from '../witness/checkpoint-desk.ts'
import type { ComplaintAnswer } from '../witness/complaint-desk.ts'
import type { Desks } from '../witness/desks.ts'
import type { AddGenesisAnswer } from '../witness/genesis-desk.ts'
import { readBody } from './read-body.ts'

export interface WitnessRouteParts extends Desks {
  /** Names of the contradictions that are kept. */
  readonly contradictions: () => readonly string[]
  /** A fault of our own, for the operator's eyes. */
  readonly report: (fault: unknown) => void
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** 63 proof lines and a note of 64 KiB; a receipt with its record. */
const LONGEST_BODY = 192 * 1024

export function routeWitness(app: Express, parts: WitnessRouteParts): void {
  const { checkpoints, complaints, geneses } = parts
  const post = (path: string, answer: (body: string) => Promise<Answer>): void => {
    app.post(path, (request, response) => {
      readBody(request, response, LONGEST_BODY, (read) => {
        if (read.kind === 'gone') return
        const body = read.kind === 'read' ? (read.body ?? '').toString('utf8') : undefined
        const answered = body === undefined ? Promise.resolve(TOO_LARGE) : answer(body)
        void settle(response, answered, parts.report)
      })
    })
    app.all(path, (_request, response) => send(response, plain(405, 'POST it')))
  }
  const get = (path: string, answer: (request: Request) => Promise<Answer>): void => {
    app.get(path, (request, response) => settle(response, answer(request), parts.report))
  }

  post('/add-checkpoint', async (body) => checkpointAnswer(await checkpoints.add(body)))
  post('/add-genesis', async (body) => genesisAnswer(await geneses.add(body)))
  get('/complaints', async () => json(200, { complaints: await complaints.unanswered() }))
  get('/complaints/:number', async ({ params }) => {
    const complaint = await complaints.view(Number(params['number']))
    return complaint === undefined ? NOTHING_HERE : json(200, complaint)
  })
  post('/complaints', async (body) => complaintAnswer(await complaints.add(body)))
  get('/contradictions', async () => json(200, { contradictions: parts.contradictions() }))
  get('/:originHash/checkpoint', async ({ params }) => {
    const note = await checkpoints.newest(String(params['originHash']))
    return note === undefined ? NOTHING_HERE : { ...plain(200, ''), body: note }
  })
  get('/:originHash/complaints', async ({ params }) =>
    json(200, { complaints: await complaints.unanswered(String(params['originHash'])) }),
  )
  app.use((_request, response) => send(response, NOTHING_HERE))
  // A path that can't be decoded. Express knows an error handler by its four parameters; its own would show our stack.
  app.use((_fault: unknown, _request: Request, response: Response, _next: NextFunction) => {
    send(response, NOTHING_HERE)
  })
}

/** Statuses as C2SP tlog-witness has them. */
function checkpointAnswer(answer: AddCheckpointAnswer): Answer {
  switch (answer.kind) {
    case 'cosigned':
      return { ...plain(200, ''), body: answer.lines }
    case 'conflict':
      return { status: 409, type: 'text/x.tlog.size', body: `${answer.size}\n` }
    case 'malformed':
      return plain(400, 'the body is not of the form of c2sp.org/tlog-witness')
    case 'old-above-new':
      return plain(400, 'the old size is above the new one')
    case 'unknown-origin':
      return plain(404, 'no chain of this name is known here: show its genesis first')
    case 'unsigned':
      return plain(403, 'the checkpoint is not signed by the pinned key of its chain')
    case 'inconsistent':
      return plain(422, 'it is not shown to continue what was cosigned before')
  }
}

function genesisAnswer({ kind }: AddGenesisAnswer): Answer {
  switch (kind) {
    case 'learnt':
      return plain(200, 'the chain is known')
    case 'malformed':
      return plain(400, 'not the proof of a genesis leaf of a registry that is pinned here')
    case 'not-cosigned':
      return plain(403, 'the registry checkpoint that it ends in was not cosigned here')
    case 'contradicted':
      return plain(422, 'another genesis, or another end of its predecessor, is known')
  }
}

function complaintAnswer(answer: ComplaintAnswer): Answer {
  switch (answer.kind) {
    case 'kept':
      return json(202, answer.complaint)
    case 'covered':
      return json(200, { state: 'settled', settled: answer.settled })
    case 'malformed':
      return plain(400, 'not a receipt that a key pinned here has signed')
    case 'full':
      return plain(503, 'as many complaints about this chain are kept as there is room for')
  }
}

const TOO_LARGE = plain(413, 'the body is longer than any checkpoint or receipt')
const NOTHING_HERE = plain(404, 'nothing of this name is here')

function plain(status: number, words: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${words}\n` }
}

function json(status: number, value: object): Answer {
  return { status, type: 'application/json', body: `${JSON.stringify(value)}\n` }
}

async function settle(
  response: Response,
  answered: Promise<Answer>,
  report: (fault: unknown) => void,
): Promise<void> {
  try {
    send(response, await answered)
  } catch (fault) {
    report(fault)
    // Nothing was signed: what could not be remembered is not answered.
    send(response, plain(500, 'the witness could not remember it; try again later'))
  }
}

function send(response: Response, { body, status, type }: Answer): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  })
  response.end(body)
}
