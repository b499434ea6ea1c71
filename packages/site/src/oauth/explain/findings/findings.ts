import type { Right } from '@annex/protocol'

/** What has a say in whether an app may do something. */
export type Check =
  | 'api access'
  | 'token'
  | 'grant'
  | 'resource'
  | 'app'
  | 'user'
  | 'address'
  | 'doctype'
  | 'scope'
  | 'fence'
  | 'method'
  | 'row filter'
  | 'document'
  | 'role'
  | 'if owner'
  | 'user permission'
  | 'share'
  | 'level'

/** What one of them says. */
export interface Finding {
  readonly check: Check
  /** `limits`: it lets through, but not everything. */
  readonly outcome: 'holds' | 'refuses' | 'limits'
  readonly sentence: string
  /** What would change it; absent where it holds. */
  readonly remedy?: string
}

/** What is asked about. */
export interface Question {
  readonly right: Right
  readonly doctype: string
  /** A document; absent = some document. */
  readonly name?: string | undefined
  /** Where the call comes from; absent = from anywhere. */
  readonly ip?: string | undefined
}

/** Why something is allowed or is not, in the order in which it is judged. */
export interface Explanation {
  readonly allowed: boolean
  readonly user: string
  /** Absent without a token. */
  readonly client?: { readonly id: string; readonly name: string } | undefined
  readonly grant?: string | undefined
  /** Absent when a token alone is judged. */
  readonly question?: Question | undefined
  readonly findings: readonly Finding[]
}

export const holds = (check: Check, sentence: string): Finding => ({ check, outcome: 'holds', sentence })
export const refuses = (check: Check, sentence: string, remedy: string): Finding => ({ check, outcome: 'refuses', sentence, remedy })
export const limits = (check: Check, sentence: string, remedy: string): Finding => ({ check, outcome: 'limits', sentence, remedy })

/** Whether nothing among the findings says no. */
export const allows = (findings: readonly Finding[]): boolean => findings.every((finding) => finding.outcome !== 'refuses')
