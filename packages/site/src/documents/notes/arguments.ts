import { invalid } from '@annex/protocol'
import { checkCharacters } from '../../doctypes/values/texts.ts'

type Arguments = Readonly<Record<string, unknown>>

/** An argument that is text; empty when it was not given. @throws {FrappeError} `ValidationError` */
export function textIn(args: Arguments, name: string): string {
  const value = args[name]
  if (value === undefined || value === null) return ''
  if (typeof value === 'string' || typeof value === 'number') return checkCharacters(name, String(value))
  throw invalid(`${name} must be text`)
}

/** @throws {FrappeError} `ValidationError` when it is missing or no text */
export function requiredText(args: Arguments, name: string): string {
  const text = textIn(args, name)
  if (text.trim() === '') throw invalid(`Give ${name}`)
  return text
}

/** A list of texts, as an array or as the JSON text of one. @throws {FrappeError} `ValidationError` for anything else, plain text too */
export function requiredTexts(args: Arguments, name: string): readonly string[] {
  const list = listIn(args[name])
  const texts = list?.filter((text): text is string => typeof text === 'string' && text !== '')
  if (texts && list && texts.length === list.length && texts.length > 0)
    return [...new Set(texts)].map((text) => checkCharacters(name, text))
  throw invalid(`${name} must be a list of names, such as ["alice@example.com"]`)
}

function listIn(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value
  if (typeof value !== 'string') return undefined
  try {
    const parsed: unknown = JSON.parse(value)
    return Array.isArray(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}
