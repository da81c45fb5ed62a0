import { test } from '@jest/globals'
import { hasKafkaJars } from '../../deploy/services/kafka/java.ts'
import { isOnThePath } from './on-the-path.ts'

/**
 * A test that uses a program of the machine, e.g. `testNeeding('strace')('…', async () => …)`; `kafka`: Java and the
 * broker's jars; `mount`: the right to use it as well. Without it the test is skipped and says why; under CI a skipped test fails the run.
 */
export function testNeeding(
  program: string,
): (name: string, body: () => Promise<void>, timeout?: number) => void {
  if (isHere(program)) return (name, body, timeout) => test(name, body, timeout)
  return (name, body) => test.skip(`${name} (skipped: ${program} is not on this machine)`, body)
}

/** For `beforeAll`: `if (isHere('kafka')) kafka = await sharedKafka()`. */
export function isHere(program: string): boolean {
  if (program === 'mount') return isOnThePath(program) && process.getuid?.() === 0
  if (program !== 'kafka') return isOnThePath(program)
  if (process.env['KAFKA_BROKERS'] !== undefined) return true
  return isOnThePath('java') && hasKafkaJars()
}
