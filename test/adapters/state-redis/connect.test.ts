/** A connection for what may be lost: nobody waits for it, nothing is said twice, and it comes back by itself. */
import { afterEach, expect, test } from '@jest/globals'
import {
  connectRedis,
  type RedisConnection,
  type RedisSettings,
} from '../../../adapters/state-redis/connect.ts'
import { GatewayId } from '../../../policies/vocabulary.ts'
import { makePki } from '../../harness/pki.ts'
import { ownRedis } from '../../harness/redis-server.ts'
import { scriptedRedis, type ScriptedRedis } from '../../harness/scripted-redis.ts'
import { until } from '../../harness/until.ts'

/** Longer than any test: what ends earlier was not ended by it. */
const NEVER_MS = 60_000

let connection: RedisConnection | undefined
let changes: boolean[] = []

afterEach(() => {
  connection?.close()
  connection = undefined
  changes = []
})

function connect(url: string, settings: Partial<RedisSettings> = {}): RedisConnection {
  connection = connectRedis({
    url: new URL(url),
    timeoutMs: NEVER_MS,
    onChange: (isThere) => changes.push(isThere),
    ...settings,
  })
  return connection
}

async function connected(
  { port }: Pick<ScriptedRedis, 'port'>,
  settings: Partial<RedisSettings> = {},
  scheme = 'redis',
): Promise<RedisConnection> {
  const opened = connect(`${scheme}://127.0.0.1:${String(port)}`, settings)
  await until(() => opened.isThere(), 'it is there')
  return opened
}

function times(redis: ScriptedRedis, name: string): number {
  return redis.asked.filter(([first]) => first?.toUpperCase() === name).length
}

test('what is asked while it is away fails at once, and is not said later', async () => {
  await using redis = await scriptedRedis()
  const { client, isThere } = await connected(redis)
  redis.answer = () => 'close'
  await expect(client.incr('a')).rejects.toThrow()
  await until(() => !isThere(), 'it is away')
  // From now on it would be answered.
  redis.answer = () => undefined
  await expect(client.incr('b')).rejects.toThrow()
  expect(isThere()).toBe(false)
  await until(isThere, 'it is there again')
  await client.ping()
  expect(redis.asked.flat()).not.toContain('b')
})

test('what was asked when the connection broke fails, and is not asked again: it may have been counted', async () => {
  await using redis = await scriptedRedis()
  const { client, isThere } = await connected(redis)
  redis.answer = ([name]) => (name?.toUpperCase() === 'INCR' ? 'close' : undefined)
  await expect(client.incr('a')).rejects.toThrow()
  await until(isThere, 'it is there again')
  await client.ping()
  expect(times(redis, 'INCR')).toBe(1)
})

test('what is not answered in time fails, though the connection stands', async () => {
  await using redis = await scriptedRedis()
  const { client, isThere } = await connected(redis, { timeoutMs: 50 })
  redis.answer = ([name]) => (name?.toUpperCase() === 'INCR' ? 'silence' : undefined)
  await expect(client.incr('a')).rejects.toThrow('timed out')
  expect(isThere()).toBe(true)
})

test('it is told once that it goes away and once that it is there again, and nothing is printed', async () => {
  const redis = await ownRedis()
  try {
    const opened = connect(redis.url)
    await until(() => opened.isThere(), 'it is there')
    expect(changes).toEqual([])
    let tries = 0
    opened.client.on('reconnecting', () => (tries += 1))
    await redis.kill()
    await until(() => tries > 3, 'it was tried again and again')
    expect(changes).toEqual([false])
    await redis.start()
    await until(() => opened.isThere(), 'it is there again')
    expect(changes).toEqual([false, true])
    // Errors that nobody listens to are printed by the library.
    expect(opened.client.listenerCount('error')).toBe(1)
  } finally {
    await redis.stop()
  }
})

test('however long it was away, it is tried again within two seconds', () => {
  const { client } = connect('redis://127.0.0.1:9')
  const after = (tries: number): unknown => client.options.retryStrategy?.(tries)
  expect([1, 5, 20, 1_000_000].map(after)).toEqual([100, 500, 2000, 2000])
})

test('a connection that we close ends at both sides, is not tried again and is told to nobody', async () => {
  await using redis = await scriptedRedis()
  const { client, close } = await connected(redis)
  let tries = 0
  client.on('reconnecting', () => (tries += 1))
  close()
  await until(() => redis.sockets.size === 0, 'it is closed')
  await until(() => client.status === 'end', 'it has ended')
  expect([tries, changes]).toEqual([0, []])
})

test('it says who it is: a user and the password, or the password alone', async () => {
  await using redis = await scriptedRedis()
  await connected(redis, { username: 'gateway-1', password: 'of a test' })
  connection?.close()
  await connected(redis, { password: 'of a test' })
  const greetings = redis.asked.filter(([name]) => name === 'hello')
  expect(greetings.map((words) => words.slice(-3))).toEqual([
    ['AUTH', 'gateway-1', 'of a test'],
    ['AUTH', 'default', 'of a test'],
  ])
})

test('over TLS it speaks only to the server whose certificate leads to the CA that was named', async () => {
  const [pki, other] = await Promise.all([makePki(), makePki()])
  const { cert, key } = await pki.issueGateway(GatewayId.parse('TW/GOV/GONGDAO/gateway-1'))
  await using redis = await scriptedRedis({ cert, key })
  await connected(redis, { ca: pki.trust.pem.join('') }, 'rediss')
  connection?.close()
  expect(redis.asked.length).toBeGreaterThan(0)
  redis.asked.length = 0
  for (const ca of [undefined, other.trust.pem.join('')]) {
    changes = []
    connect(`rediss://127.0.0.1:${String(redis.port)}`, ca === undefined ? {} : { ca })
    await until(() => changes.length > 0, 'it was refused')
    expect([changes, redis.asked]).toEqual([[false], []])
    connection?.close()
  }
})
