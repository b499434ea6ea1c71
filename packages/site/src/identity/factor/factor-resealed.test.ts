import { TOTP, Secret } from 'otpauth'
import { expect, it } from 'vitest'
import { exchangeSealed } from '../../doctypes/tables/sealed-table-store.ts'
import type { Sealer } from '../../documents/secrets/sealer.ts'
import { testSealer } from '../../oauth/keys/sealing/sealer.fixture.ts'
import { openIdentityHouse } from '../identity.fixture.ts'
import { FACTOR_SECRETS } from './factor-secrets.ts'
import { SecondFactors } from './second-factors.ts'

const USER = 'ann@example.com'

// On SQLite nobody else writes within a transaction.
it('a code is taken while its secret is sealed anew, on postgres', async () => {
  const house = await openIdentityHouse('postgres')
  const { connection } = house.database
  const sealer = testSealer()
  const reseals: Promise<boolean>[] = []
  const interrupted: Sealer = {
    ...sealer,
    open: async (within, sealed, place) => {
      const secret = await sealer.open(within, sealed, place)
      const row = { key: [USER], place, ...sealed }
      const next = await sealer.seal(connection, secret, place)
      if (reseals.length === 0) reseals.push(exchangeSealed(connection, FACTOR_SECRETS, row, next))
      await Promise.all(reseals)
      return secret
    },
  }
  try {
    const now = (): number => Date.now() * 1000
    const factors = new SecondFactors({ ...house, sealer: interrupted, now })
    const { secret } = await factors.enrol(USER, 'Site', 'a session')
    const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate()
    const codes = await factors.confirm(USER, 'a session', code, async () => {})
    expect([codes.length, await Promise.all(reseals)]).toEqual([10, [true]])
    expect(await house.database.transaction((within) => factors.take(within, USER, code))).toBeUndefined()
  } finally {
    await house.close()
  }
})
