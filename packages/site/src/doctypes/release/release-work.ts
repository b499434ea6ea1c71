/** A part of bringing a database to this release that takes a while, when it begins and again when it is done. */
export interface ReleaseWork {
  readonly doctype: string
  /** What is being made: `the search index`, or how many other indexes. */
  readonly what: string
  readonly documents: number
  /** Milliseconds that it took; undefined as long as it goes on. */
  readonly took: number | undefined
}

export type OnWork = (work: ReleaseWork) => void

/** From so many documents on it takes a second or more, and whoever waits for the site wonders why. */
const NOTABLE = 10_000

/** For whoever starts the site. */
export function sentenceOf({ doctype, what, documents, took }: ReleaseWork): string {
  const of = `${what} of ${doctype} (${documents.toLocaleString('en')} documents)`
  return took === undefined
    ? `Building ${of} for this release; the site answers when that is done`
    : `Built ${of} in ${(took / 1000).toFixed(1)} s`
}

/** Does a part, and tells of it when there are many documents. */
export async function tellWork(
  part: { readonly doctype: string; readonly what: string; readonly documents: number },
  onWork: OnWork,
  act: () => Promise<void>,
): Promise<void> {
  const isTold = part.documents >= NOTABLE
  if (isTold) onWork({ ...part, took: undefined })
  const began = performance.now()
  await act()
  if (isTold) onWork({ ...part, took: performance.now() - began })
}
