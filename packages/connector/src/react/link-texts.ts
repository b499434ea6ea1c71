/** What link fields say, to be put into the language of the app. */
export interface LinkTexts {
  /** While the site is asked. */
  readonly searching: string
  /** Nothing matches what was typed. */
  readonly none: string
  /** How many suggestions are shown, whether there are more, and how to reach them by keyboard. */
  readonly shown: (count: number, more: boolean) => string
  /** The site cannot be reached and what is shown was seen before, `since` at the latest. */
  readonly stale: (since: Date | undefined) => string
  /** The app itself gave no answer that can be read. */
  readonly unreachable: string
  /** On the button that shows more suggestions. */
  readonly more: string
  /** On the link that leads to the sign-in. */
  readonly signIn: string
  /** On the link that asks for a right that was not given. */
  readonly ask: string
}

export const englishTexts: LinkTexts = {
  searching: 'Searching…',
  none: 'Nothing found.',
  shown: (count, more) =>
    more ? `${count} shown, Page Down shows more. Use the arrow keys to choose.` : `${count} shown. Use the arrow keys to choose.`,
  stale: (since) => `Primary site unreachable: showing what was seen last${since ? ` (${since.toLocaleString()})` : ''}.`,
  unreachable: 'The app itself is unreachable: check your connection.',
  more: 'Show more',
  signIn: 'Sign in with the primary site',
  ask: 'Ask for the right',
}
