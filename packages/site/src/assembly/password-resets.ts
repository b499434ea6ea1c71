import type { CredentialsListener } from '../identity/accounts/user-controller.ts'
import { PasswordResets } from '../identity/password-reset/password-resets.ts'
import type { Rooms } from '../rooms.ts'
import type { Issuer } from './issuer.ts'

/** What a new password ends: apps of before need a new consent. */
export const endGrants =
  ({ grants }: Rooms): CredentialsListener =>
  (connection, user) =>
    grants.revokeForUser(connection, user, 'credentials_changed')

/** Links by mail or from the command line to a new password. */
export const passwordResets = (rooms: Rooms, issuer: Issuer): PasswordResets =>
  new PasswordResets({
    ...rooms,
    endGrants: endGrants(rooms),
    issuer: issuer.read,
    now: () => rooms.clock.now(),
    onPasswordChanged: (connection, user) => rooms.letters.passwordChanged(connection, user),
  })
