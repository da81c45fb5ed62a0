/** What a decision costs, for information: both verdicts, by the closures and by cedar-wasm, with few and many agreements. */
import { decide } from '../../policies/decide.ts'
import type { Evaluate } from '../../policies/cedar-input.ts'
import { makeRuleBook } from '../../policies/rule-book.ts'
import { AgreementId, Instant, SubsystemId } from '../../policies/vocabulary.ts'
import { closures, documentsOf, judge, rules, S1, S3, signedFiles } from '../policies/world.ts'

const documents = documentsOf(signedFiles)
const [model] = documents.agreements
if (model === undefined) throw new Error('no agreement')

console.log('agreements  engine      µs CPU a decision (S3, S1)')
for (const count of [0, 20_000]) {
  const others = Array.from({ length: count }, (_, index) => ({
    ...model,
    document: {
      ...model.document,
      id: AgreementId.parse(`AG-${String(index)}`),
      consumer: SubsystemId.parse(`TW/GOV/379000000A/s${String(index % 2000)}`),
    },
  }))
  const agreements = [...documents.agreements, ...others]
  const book = makeRuleBook({ ...documents, agreements }, rules)
  const cost = (evaluate: Evaluate, rounds: number): string =>
    [S3, S1]
      .map((question) => {
        const run = (times: number): void => {
          for (let index = 0; index < times; index += 1) {
            decide({ ...question, at: Instant.ofMilliseconds(question.at + index) }, book, evaluate)
          }
        }
        run(rounds / 10)
        const before = process.cpuUsage()
        run(rounds)
        const { user, system } = process.cpuUsage(before)
        return ((user + system) / rounds).toFixed(1)
      })
      .join(', ')
  const label = String(agreements.length).padEnd(10)
  console.log(`${label}  closures    ${cost(closures, 100_000)}`)
  console.log(`${label}  cedar-wasm  ${cost(judge, 1000)}`)
}
