import { afterAll, beforeAll, describe } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import { backendReadingContract } from '../backend/backend.contract.ts'
import { PEOPLE } from '../documents/documents.fixture.ts'
import { startOtherSite, type OtherSite } from './upstream.fixture.ts'
import { Upstream } from './upstream.ts'

describe.each(engines)('Another site on %s', (engine) => {
  let other: OtherSite
  beforeAll(async () => {
    other = await startOtherSite(engine)
  })
  afterAll(() => other.site.close())

  backendReadingContract(`Upstream of a site on ${engine}`, async () => {
    const backend = new Upstream({ url: other.site.url, key: other.key })
    return { as: (who) => ({ backend, principal: PEOPLE[who] }), close: async () => {} }
  })
})
