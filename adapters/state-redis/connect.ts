/**
 * A connection to Redis for what may be lost. It never queues: a command that can't be sent now fails now, and one that is not
 * answered in time fails as well. It connects again by itself.
 */
import { Redis } from 'ioredis'

export interface RedisSettings {
  /** `redis://` or `rediss://`, without credentials. */
  readonly url: URL
  readonly username?: string
  readonly password?: string
  /** PEM of the CA that the server's certificate leads to. */
  readonly ca?: string
  readonly timeoutMs: number
  /** Told once when it goes away and once when it is there again. */
  readonly onChange: (isThere: boolean) => void
}

export interface RedisConnection {
  readonly client: Redis
  readonly isThere: () => boolean
  close(): void
}

const LONGEST_WAIT_MS = 2000

export function connectRedis(settings: RedisSettings): RedisConnection {
  const { ca, password, timeoutMs, url, username } = settings
  const client = new Redis(url.href, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: timeoutMs,
    connectTimeout: Math.max(timeoutMs, 1000),
    // Its timer would outlive the stream that it waits for, where that is gone already.
    disconnectTimeout: 100,
    retryStrategy: (times) => Math.min(times * 100, LONGEST_WAIT_MS),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(url.protocol === 'rediss:' && { tls: ca === undefined ? {} : { ca } }),
  })
  let known = true
  function note(isThere: boolean): void {
    if (isThere === known) return
    known = isThere
    settings.onChange(isThere)
  }
  client.on('ready', () => {
    note(true)
  })
  const onClose = (): void => {
    note(false)
  }
  client.on('close', onClose)
  // Each is followed by `close`; without a listener ioredis prints it, each time.
  client.on('error', () => undefined)
  return {
    client,
    isThere: () => client.status === 'ready',
    close() {
      client.off('close', onClose)
      client.disconnect()
    },
  }
}
