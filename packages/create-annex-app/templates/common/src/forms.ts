/** The longest form that the app reads, in bytes. */
export const FORM_BYTES = 10_000

/** Whether what was sent is a form of a page, by its `Content-Type`; who sends nothing need not say what it is. */
export const isForm = (type: string | null | undefined): boolean => !type || /^application\/x-www-form-urlencoded *(?:;|$)/i.test(type)

const REFUSALS: Readonly<Record<number, string>> = { 413: 'That is too long.', 415: 'Send it as a form of a page of this app.' }

/** What to say beside a status to somebody who sent what the app does not read. */
export const refusalOf = (status: number): string => REFUSALS[status] ?? 'That cannot be read.'
