import type { Connection, Database, Generation } from '@annex/database'
import { invalid, notFound, notPermitted } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import type { Sealer } from '../../documents/secrets/sealer.ts'
import type { Principal } from '../../policy/principal.ts'
import { placeOf } from './factor-secrets.ts'
import {
  advanceFactor,
  countRecoveryCodes,
  isFactorOn,
  putFactor,
  putRecoveryCodes,
  readFactor,
  removeFactor,
  takeRecoveryCode,
  type FactorRow,
} from './factor-store.ts'
import { removePendingOf } from './pending-store.ts'
import { newRecoveryCodes, recoveryHash } from './recovery-codes.ts'

export interface SecondFactorsParts {
  readonly database: Database
  readonly audit: Audit
  readonly sealer: Sealer
  /** Who has a factor is kept in memory with what users are judged by. */
  readonly generation: Pick<Generation, 'bump'>
  /** UTC microseconds. */
  readonly now: () => number
}

/** What a user's app must be told, to make codes. */
export interface Enrolment {
  /** Base32, to be typed. */
  readonly secret: string
  /** The same as an address that apps open. */
  readonly uri: string
}

const PERIOD = 30
const FORM = { algorithm: 'SHA1', digits: 6, period: PERIOD }

/** Codes of an app on the user's phone, asked for besides the password (RFC 6238: six digits, thirty seconds). */
export class SecondFactors {
  readonly #parts: SecondFactorsParts

  constructor(parts: SecondFactorsParts) {
    this.#parts = parts
  }

  async isOn(user: string): Promise<boolean> {
    return isFactorOn(this.#parts.database.connection, user)
  }

  /** How many recovery codes are left. */
  async recoveryCodesLeft(user: string): Promise<number> {
    return countRecoveryCodes(this.#parts.database.connection, user)
  }

  /**
   * A new secret, which counts once `confirm` was given a code of it. Of two at once each has its own, and the later one counts.
   *
   * @param by - hash of the session, or of the sign-in, that alone is told the secret and may confirm it
   * @throws {FrappeError} `ValidationError` when the user has a factor already
   */
  async enrol(user: string, site: string, by: string): Promise<Enrolment> {
    const { Secret } = await import('otpauth')
    const secret = new Secret({ size: 20 }).base32
    const { database, sealer } = this.#parts
    const isKept = await database.transaction(
      async (connection) => {
        const { keyId, text } = await sealer.seal(connection, secret, placeOf(user))
        return putFactor(connection, { user, secret: text, key_id: keyId, confirmed: 0, begun_by: by, last_counter: 0 })
      },
      { durable: true },
    )
    if (!isKept) throw invalid('Your second factor is set up already; turn it off first')
    return enrolmentOf(user, site, secret)
  }

  /** What is to be shown to who began until the factor is confirmed; undefined when there is nothing to confirm. */
  async enrolment(user: string, site: string, by: string): Promise<Enrolment | 'elsewhere' | undefined> {
    const { connection } = this.#parts.database
    const row = await readFactor(connection, user)
    if (!row || row.confirmed === 1) return undefined
    if (row.begun_by !== by) return 'elsewhere'
    return enrolmentOf(user, site, await this.#secretOf(connection, row))
  }

  /**
   * Turns the factor on by a first code. Ten recovery codes come back, which nobody can read again.
   *
   * @param by - as `enrol` was told
   * @param endOthers - ends, in the same transaction, the user's sessions that were begun without a code
   * @throws {FrappeError} `ValidationError` when the code is not right, or there is nothing to confirm here
   */
  async confirm(user: string, by: string, code: string, endOthers: (connection: Connection) => Promise<void>): Promise<string[]> {
    const codes = await this.#parts.database.transaction(
      async (connection) => {
        const confirmed = await this.confirmWithin(connection, user, by, code)
        if (confirmed) await endOthers(connection)
        return confirmed
      },
      { durable: true },
    )
    if (!codes) throw invalid('The code is not right; wait for the next one, and check the clock of your phone')
    return codes
  }

  /**
   * The same as a part of something greater; undefined when the code is not right.
   *
   * @throws {FrappeError} `ValidationError` when there is nothing to confirm, or another session or sign-in was told the secret
   */
  async confirmWithin(connection: Connection, user: string, by: string, code: string): Promise<string[] | undefined> {
    const { audit, generation } = this.#parts
    const row = await readFactor(connection, user)
    if (!row || row.confirmed === 1) throw invalid('There is nothing to confirm any more; begin anew with another secret')
    if (row.begun_by !== by) throw invalid('The second factor is being set up elsewhere; begin anew here with another secret')
    if (!(await this.#takeCode(connection, row, code))) return undefined
    const codes = newRecoveryCodes()
    await putRecoveryCodes(
      connection,
      user,
      codes.flatMap((one) => recoveryHash(user, one) ?? []),
    )
    await audit.write(connection, { event: 'second factor on', user })
    await generation.bump(connection)
    return codes
  }

  /** Takes a code of the app, or a recovery code, which is used up. Undefined when it is not good, or was taken before. */
  async take(connection: Connection, user: string, code: string): Promise<'code' | 'recovery code' | undefined> {
    const row = await readFactor(connection, user)
    if (row?.confirmed !== 1) return undefined
    const hash = recoveryHash(user, code)
    if (hash !== undefined) return (await takeRecoveryCode(connection, user, hash)) ? 'recovery code' : undefined
    return (await this.#takeCode(connection, row, code)) ? 'code' : undefined
  }

  async turnOff(user: string): Promise<void> {
    const { database, audit, generation } = this.#parts
    await database.transaction(
      async (connection) => {
        await removeFactor(connection, user)
        await generation.bump(connection)
        await audit.write(connection, { event: 'second factor off', user })
      },
      { durable: true },
    )
  }

  /**
   * Takes the factor from a user who lost it. The password alone signs in then; who has a role that asks for a factor sets up another first.
   *
   * @throws {FrappeError} `PermissionError` unless a System Manager asks (for Administrator, unless Administrator does);
   *   `DoesNotExistError` when the user has none
   */
  async reset(principal: Principal, user: string): Promise<void> {
    if (!principal.roles.has('System Manager')) throw notPermitted('Only a System Manager may reset a second factor; ask one')
    if (principal.token) throw notPermitted('No app may reset a second factor; do it without the app')
    if (user === 'Administrator' && principal.user !== user)
      throw notPermitted('Administrator’s factor is reset on the machine of the site: annex user reset-factor Administrator')
    const { database, audit, generation } = this.#parts
    await database.transaction(
      async (connection) => {
        if (!(await readFactor(connection, user))) throw notFound('Second factor of', user)
        await removeFactor(connection, user)
        await removePendingOf(connection, user)
        await generation.bump(connection)
        await audit.write(connection, { event: 'second factor reset', user: principal.user, about: user })
      },
      { durable: true },
    )
  }

  /** A phone's clock may be half a minute off. */
  async #takeCode(connection: Connection, row: FactorRow, code: string): Promise<boolean> {
    const { TOTP } = await import('otpauth')
    const timestamp = Math.floor(this.#parts.now() / 1000)
    const token = code.replace(/\s/g, '')
    if (!/^\d{6}$/.test(token)) return false
    const secret = await this.#secretOf(connection, row)
    const delta = new TOTP({ ...FORM, secret }).validate({ token, timestamp, window: 1 })
    if (delta === null) return false
    const counter = Math.floor(timestamp / 1000 / PERIOD) + delta
    if (await advanceFactor(connection, row, counter)) return true
    // Sealed anew meanwhile, it is the same secret as another text.
    const now = await readFactor(connection, row.user)
    if (!now || now.secret === row.secret || (await this.#secretOf(connection, now)) !== secret) return false
    return advanceFactor(connection, now, counter)
  }

  async #secretOf(connection: Connection, { user, secret, key_id: keyId }: FactorRow): Promise<string> {
    return this.#parts.sealer.open(connection, { keyId, text: secret }, placeOf(user))
  }
}

async function enrolmentOf(user: string, site: string, secret: string): Promise<Enrolment> {
  const { TOTP } = await import('otpauth')
  return { secret, uri: new TOTP({ ...FORM, issuer: site, label: user, secret }).toString() }
}
