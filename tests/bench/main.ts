import { writeFile } from 'node:fs/promises'
import { runBench } from './bench.ts'
import { parseOptions, USAGE } from './options.ts'
import { textOf } from './report.ts'

/** `npm run bench`: how fast a site is beside the least that could answer the same requests. */
async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) return void process.stdout.write(`${USAGE}\n`)
  const options = parseOptions(args)
  const report = await runBench(options, (line) => process.stderr.write(`  ${line}\n`))
  process.stdout.write(`${textOf(report)}\n`)
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`)
}

// Ends by itself, so that what it made is taken away.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
