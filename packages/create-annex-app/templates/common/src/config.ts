import { existsSync } from 'node:fs'

export interface Config {
  readonly site: string
  readonly url: string
  readonly port: number
  /** The address it listens on: this computer's own, unless another is given. */
  readonly host: string
  /** Absent: the app registers itself. */
  readonly client: { readonly id: string; readonly secret: string } | undefined
  readonly webhookSecret: string | undefined
  /** The folder of everything that has to outlive the process. */
  readonly data: string
}

/** Reads `.env` and the environment, which counts more. Throws one sentence that names the setting which is wrong. */
export function readConfig(): Config {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const { SITE_URL = '{{upstream}}', PORT = '3000', CLIENT_ID, CLIENT_SECRET, WEBHOOK_SECRET, DATA = 'data' } = process.env
  const host = process.env['HOST'] || '127.0.0.1'
  const port = Number(PORT)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`PORT ${PORT} must be a port`)
  const { APP_URL = `http://localhost:${port}` } = process.env
  if (!URL.canParse(APP_URL) || new URL(APP_URL).origin !== APP_URL)
    throw new Error(`APP_URL ${APP_URL} must be an origin such as http://localhost:3000, without a path`)
  if (Boolean(CLIENT_ID) !== Boolean(CLIENT_SECRET)) throw new Error('CLIENT_ID and CLIENT_SECRET belong together: set both, or neither')
  const client = CLIENT_ID && CLIENT_SECRET ? { id: CLIENT_ID, secret: CLIENT_SECRET } : undefined
  return { site: SITE_URL, url: APP_URL, port, host, client, webhookSecret: WEBHOOK_SECRET || undefined, data: DATA }
}
