/** Runs the scenarios one after the other, as the department systems would, and says for each whether it went as expected. */
import { ask, type Asked } from './ask.ts'
import type { DemoWorld } from './prepare-world.ts'
import type { Scenario } from './scenarios.ts'

export interface Ran {
  readonly scenario: Scenario
  readonly asked: Asked
  readonly exchange: string
  readonly receipt: string
  readonly asExpected: boolean
}

export async function runScenarios(
  scenarios: readonly Scenario[],
  gateway: URL,
  world: DemoWorld,
  onRan: (ran: Ran) => void,
): Promise<readonly Ran[]> {
  const all: Ran[] = []
  for (const scenario of scenarios) {
    const asked = await ask(world.identityOf('subsystem', scenario.consumer), {
      url: new URL(scenario.path, gateway),
      method: scenario.method,
      headers: { 'X-Road-Client': scenario.consumer, ...scenario.headers },
      body: scenario.body,
    })
    const ran: Ran = {
      scenario,
      asked,
      exchange: headerOf(asked, 'exchange-id'),
      receipt: headerOf(asked, 'exchange-receipt'),
      asExpected: isAsExpected(scenario, asked),
    }
    all.push(ran)
    onRan(ran)
  }
  return all
}

function isAsExpected({ expected }: Scenario, asked: Asked): boolean {
  if (asked.status !== expected.status || headerOf(asked, 'exchange-receipt') === '') return false
  return headerOf(asked, 'x-road-error') === (expected.code ?? '')
}

function headerOf({ headers }: Asked, name: string): string {
  const value = headers[name]
  return typeof value === 'string' ? value : ''
}
