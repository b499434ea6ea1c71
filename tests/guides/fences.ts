/** A block of code in a page. */
export interface Fence {
  readonly language: string
  /** What the page calls the file; undefined for a block that is none. */
  readonly file: string | undefined
  /** The file to start. */
  readonly isRun: boolean
  readonly text: string
}

/** The blocks of code in a Markdown page, marked as in ```` ```ts file=app.ts run ````. */
export function fencesIn(page: string): Fence[] {
  return [...page.matchAll(/^```(\S*)(.*)\n([\s\S]*?)^```$/gm)].map(([, language = '', words = '', text = '']) => ({
    language,
    file: /\bfile=(\S+)/.exec(words)?.[1],
    isRun: /\brun\b/.test(words),
    text,
  }))
}
