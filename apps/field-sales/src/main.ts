import { readConfig } from './config.ts'
import { startFieldSales } from './field-sales.ts'

const { PORT, FIELD_SALES_DATA = '.annex/field-sales', FIELD_SALES_CONFIG = '.annex/field-sales.json' } = process.env

const log = (line: string): void => void process.stderr.write(`${line}\n`)

async function run(): Promise<void> {
  const config = await readConfig(FIELD_SALES_CONFIG)
  const app = await startFieldSales({ config, data: FIELD_SALES_DATA, ...(PORT === undefined ? {} : { port: parsePort(PORT) }), log })
  let stopping = false
  // A terminal's interrupt and whoever started us may both say it.
  const stop = (): void => {
    if (!stopping) void app.close().then(() => process.exit(0))
    stopping = true
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  process.stdout.write(`listening on ${app.url}\n`)
}

function parsePort(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new Error(`PORT: ${text} must be a port from 1 to 65535`)
}

run().catch((error: unknown) => {
  process.stderr.write(`field-sales: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
