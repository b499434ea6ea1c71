import { OAuthError } from '@annex/protocol'

/**
 * A refusal whose reason lies with the user: what they may do, or what was decided about them. The app hears that it may not
 * act for them and no more, since they have not consented to its knowing; the person may hear the sentence.
 */
export class NotForUser extends OAuthError {
  /** For the trail. */
  readonly reason: 'api access' | 'approval' | 'administrator'
  /** For the person. */
  readonly sentence: string

  constructor(reason: NotForUser['reason'], sentence: string) {
    super('access_denied', 'The app may not act for this user')
    this.reason = reason
    this.sentence = sentence
  }
}
