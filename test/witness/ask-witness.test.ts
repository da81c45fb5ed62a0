/** What a log makes of witnesses that are away, slow or lying: nothing of it counts, and nobody else is held up by it. */
import { hash } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, test } from '@jest/globals'
import { makeWitnessClient } from '../../adapters/witness-client/witness-client.ts'
import { consistencyProof } from '../../gateway/ledger/proofs.ts'
import { parseNote, parseVkey } from '../../gateway/ledger/note.ts'
import type { CheckpointStore, PublishedCheckpoint } from '../../gateway/ports/checkpoint-store.ts'
import type { Witness, WitnessReply, WitnessedLog } from '../../gateway/ports/witness.ts'
import { parseAddCheckpoint } from '../../gateway/witness/add-checkpoint.ts'
import { askWitness, type Cosigned } from '../../gateway/witness/ask-witness.ts'
import { cosignatureLine, cosignerOf, cosignerVkey } from '../../gateway/witness/cosignature.ts'
import { checkpointIn } from '../../gateway/witness/parts.ts'
import { Publisher, type PublisherParts } from '../../gateway/witness/publisher.ts'
import { GatewayId } from '../../policies/vocabulary.ts'
import { makePki, type TlsFiles } from '../harness/pki.ts'
import { quiet } from '../harness/settled.ts'
import { SteadyClock } from '../harness/steady.ts'
import { TestLog } from '../harness/test-log.ts'

function cosignerNumber(number: number): ReturnType<typeof cosignerOf> {
  return cosignerOf(`w${number}.example`, Buffer.alloc(32, number))
}

function logOf(log: TestLog): WitnessedLog {
  return {
    origin: log.origin,
    checkpoint: () => (log.leaves.length === 0 ? undefined : log.note()),
    consistency: (old, note) => consistencyProof(log.node, old, checkpointIn(note).size),
    receipt: () => Promise.resolve(undefined),
  }
}

type Reply = Partial<Extract<WitnessReply, { kind: 'answered' }>>
type Answer = (body: string, call: number) => Reply | Promise<Reply>

function witnessThat(answer: Answer, number = 1): Witness {
  let calls = 0
  return {
    vkey: cosignerVkey(cosignerNumber(number)),
    async post(_path, body) {
      calls += 1
      const reply = await answer(body, calls)
      return { kind: 'answered', status: 200, contentType: 'text/plain', body: '', ...reply }
    },
    get: () => Promise.resolve({ kind: 'away', why: 'unreachable' }),
  }
}

function honest(number: number, after?: Promise<void>): Witness {
  return witnessThat(async (body) => {
    await after
    const { note } = parseAddCheckpoint(body)!
    return { body: cosignatureLine(cosignerNumber(number), note.text, 1_795_000_000) }
  }, number)
}

function asking(witness: Witness, log: TestLog, remembered = 0): Promise<Cosigned> {
  return askWitness({
    witness,
    key: parseVkey(witness.vkey)!,
    log: logOf(log),
    note: log.note(),
    remembered,
    genesis: () => Promise.resolve(undefined),
  })
}

const LOG = new TestLog('T/registry').grow(9)
const text = parseNote(LOG.note())!.text
const own = cosignerNumber(1)

describe('from an answer is taken', () => {
  test('the line of the pinned key, and nothing else that stands beside it', async () => {
    const line = cosignatureLine(own, text, 5)
    const others = cosignatureLine(cosignerNumber(2), text, 5)
    const witness = witnessThat(() => ({ body: others + line + others }))
    expect(await asking(witness, LOG)).toEqual({ kind: 'cosigned', line })
  })

  test.each<[string, string]>([
    ['another key', cosignatureLine(cosignerNumber(2), text, 5)],
    [
      'another key under its name',
      cosignatureLine({ ...cosignerNumber(2), name: own.name }, text, 5),
    ],
    ['another text', cosignatureLine(own, parseNote(LOG.note(8))!.text, 5)],
    ['a time of zero', cosignatureLine(own, text, 0)],
    ['the log’s own signature', LOG.note().split('\n\n')[1]!],
    ['nothing', ''],
    ['a page', '<html>\n</html>\n'],
    ['another note', `${LOG.note()}\n${cosignatureLine(own, text, 5)}`],
  ])('nothing where it is signed by, or over: %s', async (_what, body) => {
    expect(
      await asking(
        witnessThat(() => ({ body })),
        LOG,
      ),
    ).toMatchObject({ kind: 'lying' })
  })

  test('the size of a conflict, once; one after the other is a lie, and so is a conflict without another size', async () => {
    const conflict = (size: string, type = 'text/x.tlog.size'): Reply => ({
      status: 409,
      contentType: type,
      body: size,
    })
    const sizes: number[] = []
    const witness = witnessThat((body, call) => {
      sizes.push(parseAddCheckpoint(body)!.old)
      return call === 1 ? conflict('4\n') : { body: cosignatureLine(own, text, 5) }
    })
    expect(await asking(witness, LOG)).toMatchObject({ kind: 'cosigned' })
    expect(sizes).toEqual([0, 4])
    for (const reply of [
      conflict('0\n'),
      conflict('-1\n'),
      conflict('x'),
      conflict('4\n', 'text/html'),
    ]) {
      expect(
        await asking(
          witnessThat(() => reply),
          LOG,
        ),
      ).toMatchObject({ kind: 'lying' })
    }
    const restless = witnessThat((_body, call) => conflict(`${call}\n`))
    expect(await asking(restless, LOG)).toMatchObject({ kind: 'lying' })
    expect(
      await asking(
        witnessThat(() => conflict('10\n')),
        LOG,
      ),
    ).toEqual({ kind: 'ahead', size: 10 })
    expect(
      await asking(
        witnessThat(() => ({ status: 422 })),
        LOG,
      ),
    ).toEqual({ kind: 'contradicted' })
    expect(
      await asking(
        witnessThat(() => ({ status: 500 })),
        LOG,
      ),
    ).toEqual({ kind: 'away', why: 'faulty' })
  })
})

interface Round {
  readonly publisher: Publisher
  readonly published: PublishedCheckpoint[]
  readonly reports: string[]
  readonly disk: { isFull: boolean }
}

function publishing(
  witnesses: readonly Witness[],
  require: number,
  log: TestLog | WitnessedLog = LOG,
  time: Partial<Pick<PublisherParts, 'clock' | 'elapsed'>> = {},
): Round {
  const published: PublishedCheckpoint[] = []
  const reports: string[] = []
  const disk = { isFull: false }
  const store: CheckpointStore = {
    get length() {
      return published.length
    },
    async publish(checkpoint) {
      if (disk.isFull) throw new Error('the disk is full')
      return published.push(checkpoint) - 1
    },
    read: (from) => published.slice(from),
    close: () => Promise.resolve(),
  }
  const publisher = new Publisher({
    witnesses,
    require,
    store,
    clock: new SteadyClock('2026-11-22T12:00:00+08:00'),
    elapsed: () => performance.now(),
    pause: (milliseconds) => pause(milliseconds / 10),
    report: (sentence) => reports.push(sentence),
    ...time,
  })
  publisher.add(log instanceof TestLog ? logOf(log) : log)
  return { publisher, published, reports, disk }
}

function signers({ note }: PublishedCheckpoint): string[] {
  return parseNote(note)!.signatures.map(({ name }) => name)
}

describe('a round', () => {
  test('keeps what came, and is not held up by a witness that never answers once enough have cosigned', async () => {
    const never = witnessThat(() => pause(60_000, {}, { ref: false }), 3)
    const { publisher, published } = publishing([honest(1), honest(2), never], 2)
    await publisher.round()
    expect(published.map(signers)).toEqual([['T/registry', 'w1.example', 'w2.example']])
    expect(publisher.status).toMatchObject({
      behindMs: 0,
      witnesses: [{ state: 'cosigning' }, { state: 'cosigning' }, { state: 'not-asked' }],
    })
    await publisher.round()
    expect(published).toHaveLength(1)
  })

  test('publishes again with what a slow witness said late', async () => {
    let speak: () => void = () => undefined
    const spoken = new Promise<void>((resolve) => {
      speak = resolve
    })
    const { publisher, published } = publishing([honest(1), honest(2, spoken)], 1)
    await publisher.round()
    expect(published.map(signers)).toEqual([['T/registry', 'w1.example']])
    speak()
    await quiet()
    await publisher.round()
    expect(published.map(signers)[1]).toEqual(['T/registry', 'w1.example', 'w2.example'])
  })

  test('counts no liar: what is waited for does not come, and the operator is told once', async () => {
    const liar = witnessThat(() => ({ body: cosignatureLine(cosignerNumber(9), text, 5) }), 2)
    const { publisher, published, reports } = publishing([honest(1), liar], 2)
    let isCovered = false
    void publisher.covers('T/registry', 0).then(() => (isCovered = true))
    await publisher.round()
    await publisher.round()
    await quiet()
    expect(published.map(signers)).toEqual([['T/registry', 'w1.example']])
    expect([isCovered, publisher.cosigned('T/registry')]).toEqual([false, undefined])
    expect(publisher.status.behindMs).toBeGreaterThan(0)
    expect(reports.toSorted()).toEqual([
      'witness w1.example cosigns',
      'witness w2.example is lying: it answers with no cosignature of this checkpoint by its pinned key: nothing of it is counted',
    ])
  })

  test('of a chain that another process writes takes a witness that knows more of it for what it is', async () => {
    const conflict = { status: 409, contentType: 'text/x.tlog.size', body: '12\n' }
    const { publisher, reports } = publishing([witnessThat(() => conflict)], 1)
    publisher.add({ ...logOf(LOG), isFollowed: true })
    await publisher.round()
    expect(reports).toEqual([])
    expect(publisher.cosigned('T/registry')).toBeUndefined()
  })

  test('asks again and tells how long it has waited, though the clock was set back by an hour', async () => {
    const clock = new SteadyClock('2026-11-22T12:00:00+08:00')
    let isBack = false
    const shy: Witness = {
      ...honest(1),
      post: async (path, body) =>
        isBack ? honest(1).post(path, body) : { kind: 'away', why: 'timeout' },
    }
    let elapsed = 0
    const { publisher, published } = publishing([shy], 1, LOG, { clock, elapsed: () => elapsed })
    await publisher.round()
    clock.advance(-3_600_000)
    elapsed = 5_000
    expect(publisher.status.behindMs).toBe(5_000)
    isBack = true
    await publisher.round()
    expect(published.map(signers)).toEqual([['T/registry'], ['T/registry', 'w1.example']])
    expect(publisher.status.behindMs).toBe(0)
  })

  test('of a chain that does not move publishes nothing twice', async () => {
    const log = new TestLog('T/registry').grow(3)
    const { publisher, published } = publishing([honest(1)], 1, log)
    for (let round = 0; round < 3; round += 1) await publisher.round()
    expect(published).toHaveLength(1)
    log.grow(1)
    await publisher.round()
    expect(published.map(({ size }) => size)).toEqual([3, 4])
  })

  test('whose checkpoint can’t be kept is told once and seen in the status, holds no other chain up, and goes on when there is room', async () => {
    const { disk, published, publisher, reports } = publishing([honest(1)], 1)
    publisher.add(logOf(new TestLog('T/consent').grow(2)))
    disk.isFull = true
    for (let round = 0; round < 3; round += 1) await publisher.round()
    expect(publisher.status.unkept).toMatchObject({ why: 'the disk is full' })
    expect(reports.filter((each) => each.includes('disk'))).toEqual([
      'checkpoints are not published: the disk is full',
    ])
    expect(publisher.cosigned('T/registry')).toBeUndefined()
    disk.isFull = false
    await publisher.round()
    expect(published.map(signers).toSorted()).toEqual([
      ['T/consent', 'w1.example'],
      ['T/registry', 'w1.example'],
    ])
    expect([publisher.status.unkept, reports.at(-1)]).toEqual([
      undefined,
      'checkpoints are published again',
    ])
  })

  test('counts a witness no more that has forgotten what it cosigned: its memory was put back', async () => {
    let memory = 0
    const forgetful = witnessThat((body) => {
      const { checkpoint, note, old } = parseAddCheckpoint(body)!
      if (old !== memory)
        return { status: 409, contentType: 'text/x.tlog.size', body: `${memory}\n` }
      memory = checkpoint.size
      return { body: cosignatureLine(own, note.text, 5) }
    })
    const log = new TestLog('T/registry').grow(9)
    const { published, publisher, reports } = publishing([forgetful], 1, log)
    await publisher.round()
    memory = 4
    log.grow(1)
    await publisher.round()
    expect(published.map(signers)).toEqual([['T/registry', 'w1.example'], ['T/registry']])
    expect(reports.at(-1)).toMatch(/is lying: it answers with fewer leaves than it has cosigned/)
  })

  test('asks two processes that write one chain for one story: the second is contradicted', async () => {
    const remembered = { size: 0 }
    const shared = witnessThat((body) => {
      const { checkpoint, note, old } = parseAddCheckpoint(body)!
      if (old !== remembered.size)
        return { status: 409, contentType: 'text/x.tlog.size', body: `${remembered.size}\n` }
      if (checkpoint.size < old || note.text.includes('never')) return { status: 422 }
      remembered.size = checkpoint.size
      return { body: cosignatureLine(own, note.text, 5) }
    })
    const first = publishing([shared], 1, new TestLog('T/registry').grow(9))
    const clone = publishing([shared], 1, new TestLog('T/registry').grow(5))
    await first.publisher.round()
    await clone.publisher.round()
    expect(clone.reports[0]).toMatch(
      /contradicting: it remembers 9 leaves of T\/registry, more than are here/,
    )
    expect(clone.publisher.cosigned('T/registry')).toBeUndefined()
  })
})

describe('complaints', () => {
  const place = (index: number, chain = LOG.origin): object => ({ chain, index })

  /** A witness that has cosigned, and lists these complaints. */
  async function complaining(
    list: readonly unknown[],
    its: Partial<Witness & WitnessedLog>,
  ): Promise<Round & { readonly asked: string[]; readonly posted: string[] }> {
    const asked: string[] = []
    const posted: string[] = []
    const witness: Witness = {
      ...honest(1),
      async get(path) {
        asked.push(path)
        const body = JSON.stringify({ complaints: list })
        return Promise.resolve({ kind: 'answered', status: 200, contentType: '', body })
      },
      async post(path, body) {
        if (path === 'add-checkpoint') return honest(1).post(path, body)
        posted.push(body)
        return its.post?.(path, body) ?? { kind: 'away', why: 'timeout' }
      },
    }
    const log = {
      ...logOf(LOG),
      receipt: (index: number) => Promise.resolve(`leaf ${String(index)}`),
      ...its,
    }
    const round = publishing([witness], 1, log)
    await round.publisher.round()
    return { ...round, asked, posted }
  }

  const TAKEN: WitnessReply = { kind: 'answered', status: 200, contentType: '', body: '' }

  test('are answered for our own leaves alone, whatever a witness lists', async () => {
    const list = [place(3), place(9), place(-1), place(0.5), place(4, 'other'), 'x', null, place(4)]
    const { asked, posted, publisher } = await complaining(list, {
      post: () => Promise.resolve(TAKEN),
    })
    await publisher.answerComplaints()
    expect(asked).toEqual([`${hash('sha256', LOG.origin)}/complaints`])
    expect(posted).toEqual(['leaf 3', 'leaf 4'])
  })

  test('at a witness that does not answer are left for later, and asked for by nobody else meanwhile', async () => {
    let answer: (reply: WitnessReply) => void = () => undefined
    const post = (): Promise<WitnessReply> =>
      new Promise((resolve) => {
        answer = resolve
      })
    const { asked, posted, publisher } = await complaining([place(3), place(4)], { post })
    const answering = publisher.answerComplaints()
    await quiet()
    await publisher.answerComplaints()
    expect(asked).toHaveLength(1)
    answer({ kind: 'away', why: 'timeout' })
    await answering
    expect(posted).toEqual(['leaf 3'])
  })

  test('about leaves that can’t be read now are told once, and end nothing', async () => {
    const receipt = (): Promise<never> => Promise.reject(new Error('EMFILE'))
    const { publisher, reports } = await complaining([place(3)], { receipt })
    for (let count = 0; count < 2; count += 1) await publisher.answerComplaints()
    expect(reports.filter((each) => each.includes('EMFILE'))).toEqual([
      'complaints are not answered: EMFILE',
    ])
  })
})

async function tls(): Promise<TlsFiles> {
  const pki = await makePki()
  return pki.issueGateway(GatewayId.parse('TW/GOV/AUDIT/w1'))
}

describe('over HTTPS', () => {
  const servers: Server[] = []

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  async function client(
    handler: Parameters<typeof createServer>[1],
    ca?: string,
  ): Promise<Witness> {
    const { ca: all, cert, key } = await tls()
    const server = createServer({ cert, key }, handler)
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const url = new URL(`https://127.0.0.1:${port}/prefix/`)
    return makeWitnessClient({
      vkey: cosignerVkey(own),
      url,
      ca: ca ?? all.join(''),
      deadlineMs: 400,
    })
  }

  test('an answer comes back whole, from below the submission prefix', async () => {
    const witness = await client((request, response) => {
      response.writeHead(409, { 'Content-Type': 'text/x.tlog.size' }).end(`${request.url ?? ''}\n`)
    })
    expect(await witness.post('add-checkpoint', 'x')).toEqual({
      kind: 'answered',
      status: 409,
      contentType: 'text/x.tlog.size',
      body: '/prefix/add-checkpoint\n',
    })
  })

  test.each<[string, string, Parameters<typeof createServer>[1]]>([
    ['never answers', 'timeout', () => undefined],
    [
      'sends a byte now and then',
      'timeout',
      (_request, response) => {
        response.writeHead(200)
        const timer = setInterval(() => response.write('x'), 50)
        response.on('close', () => {
          clearInterval(timer)
        })
      },
    ],
    [
      'answers without end',
      'too-large',
      (_request, response) => response.end('x'.repeat(1_000_000)),
    ],
    [
      'breaks off',
      'broken',
      (request, response) => {
        response.writeHead(200, { 'Content-Length': '100' })
        response.write('x', () => request.socket.destroy())
      },
    ],
    ['hangs up', 'unreachable', (request) => request.socket.destroy()],
  ])('one that %s is away: %s', async (_what, why, handler) => {
    const witness = await client(handler)
    const began = performance.now()
    expect(await witness.post('add-checkpoint', LOG.request(0))).toEqual({ kind: 'away', why })
    expect(performance.now() - began).toBeLessThan(3_000)
  })

  test('one with a certificate of another CA is not trusted', async () => {
    const witness = await client((_request, response) => response.end(), (await tls()).ca.join(''))
    expect(await witness.post('add-checkpoint', '')).toEqual({ kind: 'away', why: 'untrusted' })
  })
})
