import type { InboxEntry } from '../../stores/connector-store.ts'

/** Who is signed out at the site: one session of a browser (`sid`), whose person may not be named, or all of a person (`sub`). */
export type SignOut = {
  /** Of this very token. */
  readonly jti: string
} & ({ readonly sub: string; readonly sid: string | undefined } | { readonly sub: undefined; readonly sid: string })

/** Whose sessions end, by who they are at the site: all of theirs, or those of one browser session. */
export interface Ending {
  readonly subs: readonly string[]
  readonly sid: string | undefined
}

export const writeEnding = ({ subs, sid }: Ending): string => JSON.stringify({ subs, sid: sid ?? null })

/** An earlier release wrote one `sub`. */
export function readEnding({ payload }: Pick<InboxEntry, 'payload'>): Ending {
  const { sub, subs, sid } = JSON.parse(payload) as {
    readonly sub?: string
    readonly subs?: readonly string[]
    readonly sid: string | null
  }
  return { subs: subs ?? (sub === undefined ? [] : [sub]), sid: sid ?? undefined }
}
