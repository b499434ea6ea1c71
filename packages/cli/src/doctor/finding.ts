/** What one check of the doctor found, in words a person can act on. */
export interface Finding {
  /** `unknown`: it could not be examined from here, and why. */
  readonly verdict: 'good' | 'bad' | 'unknown'
  readonly subject: string
  readonly words: string
}

export const good = (subject: string, words: string): Finding => ({ verdict: 'good', subject, words })
export const bad = (subject: string, words: string): Finding => ({ verdict: 'bad', subject, words })
export const unknown = (subject: string, words: string): Finding => ({ verdict: 'unknown', subject, words })
