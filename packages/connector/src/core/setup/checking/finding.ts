/** One thing that was looked at: good, bad, or not to be told from here. */
export interface Finding {
  readonly what: 'site' | 'client' | 'redirect' | 'secret' | 'scopes' | 'sign-in' | 'webhooks' | 'store'
  readonly verdict: 'good' | 'bad' | 'unknown'
  /** What is so; and, unless it is good, what to do. */
  readonly sentence: string
}

type Found = (what: Finding['what'], sentence: string) => Finding

export const good: Found = (what, sentence) => ({ what, verdict: 'good', sentence })
export const bad: Found = (what, sentence) => ({ what, verdict: 'bad', sentence })
export const unknown: Found = (what, sentence) => ({ what, verdict: 'unknown', sentence })
