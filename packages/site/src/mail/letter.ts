/** What one person is told by mail. */
export interface Letter {
  readonly to: string
  readonly subject: string
  /** Plain text. */
  readonly text: string
}
