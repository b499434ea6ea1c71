import type { InboxEntry } from '../../stores/connector-store.ts'

/** What the site says of a person; a hint, until the site is asked. */
export interface Notice {
  readonly about: 'ended' | 'narrowed'
  /** The person, as in the id_token. */
  readonly sub: string
  readonly reason: string
}

export const writeNotice = (notice: Notice): string => JSON.stringify(notice)

export const readNotice = ({ payload }: InboxEntry): Notice => JSON.parse(payload) as Notice
