import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { openIdentityHouse, type IdentityHouse } from '../identity.fixture.ts'
import { Visitor } from '../own-account/visitor.fixture.ts'
import { Letters } from './letters.ts'

describe.each(engines)('Letters about sign-ins from new places, on %s', (engine) => {
  let house: IdentityHouse
  beforeAll(async () => {
    house = await openIdentityHouse(engine)
  })
  afterAll(() => house.close())

  it('are ten an hour for one user, from however many networks somebody signs in with the password', async () => {
    const receivers: string[] = []
    const outbox = {
      insert: async (_connection: unknown, { receiver }: { receiver: string }): Promise<void> => void receivers.push(receiver),
    }
    const letters = new Letters({ database: house.database, outbox })
    const [user, other] = [await Visitor.person(house), await Visitor.person(house)]
    const signIn = (whose: string, network: number): Promise<void> =>
      house.database.transaction((connection) =>
        letters.signedIn(connection, whose, { ip: `192.0.${network}.1`, browser: 'Firefox on Linux' }),
      )
    for (let network = 0; network < 30; network += 1) await signIn(user, network)
    await signIn(other, 1)
    // Whom an earlier release let be named so.
    for (const several of ['a@x.example,b@x.example', 'a@x.example b@x.example']) await signIn(several, 1)
    expect(receivers).toEqual([...Array.from({ length: 10 }, () => `letters ${user}`), `letters ${other}`])
  })
})
