import { writeFile } from 'node:fs/promises'
import { runBench } from './bench.ts'
import { runConnectorBench, textOfConnector } from './connector/report.ts'
import { parseOptions, USAGE, type BenchOptions } from './options.ts'
import { textOf } from './report.ts'

const say = (line: string): void => void process.stderr.write(`  ${line}\n`)

/** `npm run bench`: how fast a site is beside the least that could answer the same requests, and what the connector costs an app. */
async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) return void process.stdout.write(`${USAGE}\n`)
  const options = parseOptions(args)
  const { report, text } = options.connector === true ? await measureConnector(options) : await measureSite(options)
  process.stdout.write(`${text}\n`)
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`)
}

interface Measured {
  readonly report: object
  readonly text: string
}

async function measureSite(options: BenchOptions): Promise<Measured> {
  const report = await runBench(options, say)
  return { report, text: textOf(report) }
}

async function measureConnector({ documents, seconds }: BenchOptions): Promise<Measured> {
  const report = await runConnectorBench({ documents, seconds, calls: 20_000, callers: 200, expiries: 20 }, say)
  return { report, text: textOfConnector(report) }
}

// Ends by itself, so that what it made is taken away.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
