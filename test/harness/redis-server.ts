/** A real Redis for tests, on a port that the system chose; `kill`, `pause`, `resume`, `start` again where it was. */
import { startRedis, type Redis } from '../../deploy/services/redis.ts'
import { serverFolder } from './run-folder.ts'

/** Yours: stop it with `redis.stop()` in `afterAll`. It is ready in a tenth of a second. */
export function ownRedis(): Promise<Redis> {
  return startRedis(serverFolder('redis'))
}
