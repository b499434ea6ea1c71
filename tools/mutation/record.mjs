import { appendFileSync, readFileSync } from 'node:fs'

const wordOf = ({ path, hash, key }) => `${path} ${hash} ${key}`

/**
 * What is known of changes, one line of JSON each, written as it is found: a run that is broken off loses nothing, and the next one with the
 * same record asks only for the rest. A change in a file that was edited since is unknown again. The last line about a change holds.
 */
export class Record {
  #path
  #known = new Map()

  constructor(path) {
    this.#path = path
    for (const line of readLines(path)) this.#known.set(wordOf(line), line)
  }

  of(mutant) {
    return this.#known.get(wordOf(mutant))
  }

  add({ path, hash, key }, verdict) {
    const line = { path, hash, key, ...verdict }
    this.#known.set(wordOf(line), line)
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`)
  }
}

// Broken off while it was written, the last line may be half a one.
function readLines(path) {
  let text = ''
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line)]
    } catch {
      return []
    }
  })
}
