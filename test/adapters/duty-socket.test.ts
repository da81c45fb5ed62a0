/** The door for officers' commands: what it says and hears, and that nobody keeps it open. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { knockAtDutyDoor, openDutyDoor } from '../../adapters/duty-socket/duty-socket.ts'

let data = ''

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'gongdao-door-'))
})
afterEach(() => {
  rmSync(data, { recursive: true })
})

/** As no command of ours would be: it reads nothing unless told, and never leaves by itself. */
async function stranger(): Promise<Socket> {
  const socket = connect({ path: join(data, 'duties.sock'), allowHalfOpen: true })
  await once(socket, 'connect')
  socket.on('error', () => undefined)
  return socket
}

/** `once` would throw what the socket says of its end. */
function closed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => {
    socket.once('close', resolve)
  })
}

test('what is said is heard whole and in order, however it is cut on the way', async () => {
  const said = [{ a: '道' }, { b: 'x'.repeat(70_000) }, { c: 3 }]
  const heard: unknown[] = []
  const door = await openDutyDoor(data, async (conversation) => {
    while (heard.length < said.length) heard.push(await conversation.receive())
    conversation.send({ long: '公'.repeat(100_000) })
  })
  const client = (await knockAtDutyDoor(data))!
  for (const message of said) client.send(message)
  expect(await client.receive()).toEqual({ long: '公'.repeat(100_000) })
  expect(heard).toEqual(said)
  await expect(client.receive()).rejects.toThrow('gone')
  client.close()
  await door.close()
  expect(await knockAtDutyDoor(data)).toBeUndefined()
})

test('what is no JSON is not repeated, and what has no end is cut off', async () => {
  const faults: string[] = []
  const door = await openDutyDoor(data, async (conversation) => {
    await conversation.receive().catch((fault: unknown) => faults.push(String(fault)))
  })
  const one = await stranger()
  one.end('A000000018\n')
  one.resume()
  await closed(one)
  const other = await stranger()
  other.write(Buffer.alloc(17 * 1024 * 1024, 'x'))
  await closed(other)
  await door.close()
  expect(faults).toEqual([
    expect.stringContaining('not JSON'),
    expect.stringMatching(/gone|failed/),
  ])
  expect(faults.join()).not.toContain('A000000018')
})

test('a command that was suspended, and neither reads nor leaves, holds up no stop', async () => {
  const door = await openDutyDoor(data, async (conversation) => {
    conversation.send({ copies: 'x'.repeat(5_000_000) })
    await conversation.receive().catch(() => undefined)
  })
  const suspended = await stranger()
  suspended.pause()
  const began = performance.now()
  await door.close()
  expect(performance.now() - began).toBeLessThan(3000)
  suspended.destroy()
})
