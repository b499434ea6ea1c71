import type { Answer, Json, Texts } from './recording.ts'
import { valueAt } from './pointer.ts'

/** The named values of one run: `${name}` in a step stands for one. An unknown name is left as it is written. */
export class Variables {
  readonly #values: Map<string, string>

  constructor(values: Texts) {
    this.#values = new Map(Object.entries(values))
  }

  fill<T>(value: T): T {
    return this.#filled(value) as T
  }

  /** Keeps what later steps need; what the answer lacks becomes the empty text. */
  save(wanted: Texts, answer: Answer, site: string): void {
    for (const [name, place] of Object.entries(wanted)) this.#values.set(name, savedText(place, answer, site))
  }

  #filled(value: unknown): unknown {
    if (typeof value === 'string') return value.replaceAll(/\$\{(\w+)\}/g, (written, name: string) => this.#values.get(name) ?? written)
    if (Array.isArray(value)) return value.map((entry) => this.#filled(entry))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [this.#filled(key), this.#filled(entry)]))
  }
}

function savedText(place: string, answer: Answer, site: string): string {
  const [source, parameter] = place.split('?')
  if (source === 'location' && parameter) return new URL(answer.headers.get('location') ?? '/', site).searchParams.get(parameter) ?? ''
  return textOf(answer.json === undefined ? undefined : valueAt(answer.json, place))
}

const textOf = (value: Json | undefined): string =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)
