import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { basename, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Something in site code that cannot work. The start ends with its sentence, which begins with the place. */
export class HooksError extends Error {
  constructor(place: string, sentence: string, cause?: unknown) {
    super(`${place}: ${sentence}`, { cause })
    this.name = 'HooksError'
  }
}

/** `hooks/customer.ts:12`, as whoever wrote it finds it. */
export function shownPlace(folder: string, path: string, line?: number): string {
  const file = `${basename(folder)}/${relative(folder, path)}`
  return line === undefined ? file : `${file}:${line}`
}

/** The topmost line of a stack that lies in the folder. Stripping types moves no line. */
export function placeInStack(folder: string, stack: string | undefined): string | undefined {
  const base = pathToFileURL(`${folder}/`).href
  for (const line of (stack ?? '').split('\n')) {
    const found = /(file:\/\/[^\s)]+?):(\d+)(?::\d+)?\)?$/.exec(line.trim())
    if (found?.[1]?.startsWith(base)) return shownPlace(folder, fileURLToPath(found[1]), Number(found[2]))
  }
  return undefined
}

/** Where the loading of a module failed, as closely as that can be found out. */
export async function placeOfFault(folder: string, path: string, error: unknown): Promise<string> {
  const stack = error instanceof Error ? error.stack : undefined
  const known = placeInStack(folder, stack) ?? placeBeforeStack(folder, stack) ?? (await placeOfImport(folder, error))
  if (known !== undefined || !(error instanceof SyntaxError)) return known ?? shownPlace(folder, path)
  return (await placeBySyntaxCheck(folder, path)) ?? shownPlace(folder, path)
}

/** What cannot be stripped is told as `/path/file.ts:3` on a line above the error. */
function placeBeforeStack(folder: string, stack: string | undefined): string | undefined {
  const [, path, line] = /^(\/.+|[A-Za-z]:\\.+):(\d+)$/m.exec(stack ?? '') ?? []
  return path?.startsWith(folder) === true ? shownPlace(folder, path, Number(line)) : undefined
}

/** An import that leads nowhere is told without its line: it stands where the file says so. */
async function placeOfImport(folder: string, error: unknown): Promise<string | undefined> {
  const [, target = '', importer] = /^Cannot find (?:package|module) '(.+)' imported from (.+)$/.exec(messageOf(error)) ?? []
  if (importer?.startsWith(folder) !== true) return undefined
  const lines = (await readFile(importer, 'utf8')).split('\n')
  const index = lines.findIndex((line) => /\b(?:import|from)\b/.test(line) && line.includes(basename(target)))
  return shownPlace(folder, importer, index < 0 ? undefined : index + 1)
}

/** Node tells the line of a JavaScript fault to a terminal alone. */
function placeBySyntaxCheck(folder: string, path: string): Promise<string | undefined> {
  return new Promise((found) => {
    execFile(process.execPath, ['--check', path], { timeout: 10_000 }, (_error, _stdout, stderr) => found(placeBeforeStack(folder, stderr)))
  })
}

/** One line of an error's message. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
