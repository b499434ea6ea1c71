import type { Connection } from '@annex/database'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Engine } from '../../../../../tests/support/databases.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

/** Names that no other test of the file has. */
export interface Round {
  readonly ann: string
  readonly app: string
  readonly connection: () => Connection
  readonly id: (name: string) => string
}

/** One provider for the tests of a store, and in each test names of its own, so that none sees another's rows. */
export function useRounds(engine: Engine): Round {
  let provider: Provider
  let round = 0
  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  beforeEach(() => {
    round += 1
  })
  afterAll(() => provider.close())
  return {
    get ann() {
      return `ann${round}`
    },
    get app() {
      return `app${round}`
    },
    connection: () => provider.database.connection,
    id: (name) => `${name}-${round}`,
  }
}
