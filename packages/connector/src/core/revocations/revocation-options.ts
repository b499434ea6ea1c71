import { checkSecrets } from '../webhooks/webhook-options.ts'

/** How an app hears of access that ends: at `POST <basePath>/events` and `POST <basePath>/backchannel-logout`, and what is forgotten then. */
export interface RevocationOptions {
  /**
   * What the site signs its event calls with (`event_secret`, `whsec_…`): the new one, and the one before while it changes
   * over. Without any, event calls are refused, and logout tokens and renewals alone tell of an end.
   */
  readonly eventSecrets?: readonly string[]
  /** What becomes of the docnames that a person had kept once their access has ended; `drop` when absent. */
  readonly docnames?: 'drop' | 'keep'
}

/** Below `basePath`. */
export const LOGOUT_PATH = '/backchannel-logout'

/** @throws {Error} one sentence that names the option which is wrong, and what to write instead */
export function checkRevocations({ eventSecrets = [], docnames = 'drop' }: RevocationOptions): void {
  checkSecrets('revocations.eventSecrets', eventSecrets)
  if (docnames !== 'drop' && docnames !== 'keep') throw new Error(`revocations.docnames ${String(docnames)} must be 'drop' or 'keep'`)
}

/** Where the app hears of sign-outs; undefined when it is not set to hear of any. */
export const logoutUriOf = (revocations: RevocationOptions | undefined, origin: string, basePath: string): string | undefined =>
  revocations && `${origin}${basePath}${LOGOUT_PATH}`
