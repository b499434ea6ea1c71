const SECOND = 1_000_000
const DAY = 86_400 * SECOND

/** How long things hold, in microseconds (provider.md section 4). */
export const LIFETIMES = {
  code: 60 * SECOND,
  access: 3600 * SECOND,
  /** A refresh token that nobody uses. */
  idle: 30 * DAY,
  /** A grant, however much it is used. */
  grant: 90 * DAY,
  /** An open consent page. */
  pending: 600 * SECOND,
} as const
