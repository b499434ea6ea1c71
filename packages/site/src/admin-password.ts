import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from './config.ts'
import type { Accounts } from './identity/accounts/accounts.ts'

/**
 * Makes Administrator at the first start: with the password that was set, or with one that is written to
 * `admin-password` in the data folder (mode 0600).
 *
 * @returns a sentence that says where the password lies, when one was written
 */
export async function ensureAdministrator(accounts: Accounts, config: Config): Promise<string | undefined> {
  if (await accounts.hasAdministrator()) return undefined
  if (config.adminPassword !== undefined) {
    await accounts.ensureAdministrator(config.adminPassword)
    return undefined
  }
  const password = randomBytes(18).toString('base64url')
  const path = join(config.dataFolder, 'admin-password')
  await mkdir(config.dataFolder, { recursive: true, mode: 0o700 })
  // Written first: a password that counts and that nobody knows would lock everyone out.
  await writeFile(path, `${password}\n`, { mode: 0o600 })
  const made = await accounts.ensureAdministrator(password)
  return made ? `The password of Administrator is in ${path}` : undefined
}
