/** For so long what fails is tried again, and a repeat of what was worked on is known: longer than any sender goes on sending. In milliseconds. */
export const INBOX_MS = 4 * 86_400_000
