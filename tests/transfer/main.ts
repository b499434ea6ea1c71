import * as postgres from '../support/postgres.ts'
import { proveTransfer } from './prove-transfer.ts'

// npm run prove:transfer: moves a large site through every command that moves one and changes its largest table, with the time and
// the memory that each takes. ANNEX_PROVE_DOCUMENTS says how many documents it has, ANNEX_PROVE_MINUTES how long that may take,
// ANNEX_PROVE_HEAP how many megabytes each command may use for its objects (what Node allows, when it is left out).
const documents = Number(process.env['ANNEX_PROVE_DOCUMENTS'] ?? 1_000_000)
const minutes = Number(process.env['ANNEX_PROVE_MINUTES'] ?? 120)

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(): Promise<void> {
  if (!(Number.isInteger(documents) && documents > 0)) throw new Error('ANNEX_PROVE_DOCUMENTS must be a whole number above 0')
  if (!(minutes > 0)) throw new Error('ANNEX_PROVE_MINUTES must be above 0')
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => interrupted.abort(new Error('Interrupted; what was made is taken away.')))
  const late = setTimeout(() => interrupted.abort(new Error(`It took more than ${minutes} minutes.`)), minutes * 60_000)
  try {
    await postgres.setup()
    say(`${documents} documents, Node ${process.versions.node}`)
    await proveTransfer({ documents, signal: interrupted.signal, say })
  } finally {
    clearTimeout(late)
    await postgres.teardown()
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
