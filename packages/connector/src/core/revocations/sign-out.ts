import type { InboxEntry } from '../../stores/connector-store.ts'

/** Who is signed out at the site: one session of a browser (`sid`), whose person may not be named, or all of a person (`sub`). */
export type SignOut = {
  /** Of this very token. */
  readonly jti: string
} & (Ended | { readonly sub: undefined; readonly sid: string })

interface Ended {
  readonly sub: string
  readonly sid: string | undefined
}

export const writeSignOut = ({ sub, sid }: Ended): string => JSON.stringify({ sub, sid: sid ?? null })

export function readSignOut({ payload }: Pick<InboxEntry, 'payload'>): Ended {
  const { sub, sid } = JSON.parse(payload) as { readonly sub: string; readonly sid: string | null }
  return { sub, sid: sid ?? undefined }
}
