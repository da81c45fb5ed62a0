/** How busy or full the machine is that runs the tests is no finding of theirs; whoever tests those bounds gives some of his own. */
import type { GatewayConfig } from '../../deploy/config.ts'
import { HEALTH_BOUNDS } from '../../deploy/config/health.ts'

export const PATIENT = {
  health: {
    ...HEALTH_BOUNDS,
    host: '127.0.0.1',
    port: 0,
    diskFreeBytes: 0,
    eventLoopMs: 86_400_000,
  },
  limits: { handshakeMs: 60_000 },
} satisfies Partial<GatewayConfig>
