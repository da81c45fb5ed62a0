/** Commands that work as pasted while the demo runs: a call, a refusal, a receipt checked offline, the auditor's tools. */
import { join, relative } from 'node:path'
import { layoutOf, safeName } from '../../adapters/certs-folder/layout.ts'
import { identityOf } from '../../certs/identity.ts'
import { foldersOf } from '../config.ts'

export function toPaste(data: string, gateway: URL, taxYear: number): string {
  const enrolment = 'r1/TW/GOV/A21030000I/nhi-enrolment/enrolment/enrolments/A000000018'
  const income = `r1/TW/GOV/MOF/income/annual-income/incomes?id=A300000014&years=${String(taxYear)}&relation=SELF`
  const receipt = shown(join(data, 'receipt.txt'))
  const folder = shown(data)
  const labour = curl(data, 'TW/GOV/A17000000J/labour-insurance')
  const city = curl(data, 'TW/GOV/379000000A/social-assistance')
  return `Paste these into another terminal, in this folder:

# S3: is this person insured?
${labour} -H 'Exchange-Purpose: 031' '${gateway.origin}/${enrolment}' -i

# the same, asking for the diagnosis too: refused, and the refusal is on record
${labour} -H 'Exchange-Purpose: 031' -H 'Exchange-Fields: isInsured, icd10' '${gateway.origin}/${enrolment}' -i

# S1: income for a subsidy; the receipt goes to a file, and is checked without the gateway
${city} -H 'Exchange-Purpose: 074' '${gateway.origin}/${income}' -o /dev/null -D - | sed -n 's/^[Ee]xchange-[Rr]eceipt: //p' | tr -d '\\r' > ${receipt}
npm run --silent gongdao -- receipt ${receipt} --keys ${shown(join(data, 'ledger', 'keys.txt'))}

# the auditor's tools
npm run --silent gongdao -- verify --data ${folder}
npm run --silent gongdao -- replay --data ${folder}
`
}

function curl(data: string, subsystem: string): string {
  const layout = layoutOf(foldersOf(data).certs)
  const own = join(layout.issued, safeName(identityOf('subsystem', subsystem)))
  return `curl -sS --cacert ${shown(layout.rootCertificate)} --cert ${shown(`${own}.crt`)} --key ${shown(`${own}.key`)} -H 'X-Road-Client: ${subsystem}'`
}

/** For a shell: a folder's name may hold anything. */
function shown(path: string): string {
  return `'${relative('.', path).replaceAll("'", "'\\''")}'`
}
