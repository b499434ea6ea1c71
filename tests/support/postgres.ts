import { startPostgres, type RunningPostgres } from './brought-postgres.ts'

let running: RunningPostgres | undefined

/** Vitest calls this before all tests: where no server is named, it brings one, which every test process finds by the same setting. */
export async function setup(): Promise<void> {
  if (process.env['ANNEX_TEST_DATABASE_URL']) return
  running = await startPostgres()
  process.env['ANNEX_TEST_DATABASE_URL'] = running.url
}

export async function teardown(): Promise<void> {
  await running?.stop()
}
