import { DAY, SECOND } from '../storage/durations.ts'

/** How long things hold, in microseconds (provider.md section 4). */
export const LIFETIMES = {
  code: 60 * SECOND,
  /** A grant, however much it is used, unless its client says otherwise. */
  grant: 90 * DAY,
  /** An open consent page. */
  pending: 600 * SECOND,
  /** A device that waits for its user. */
  device: 600 * SECOND,
} as const
