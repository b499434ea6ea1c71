import type { Json } from './recording.ts'

/** The value at a JSON pointer such as `/data/lines/0/name`; undefined when nothing is there. */
export function valueAt(root: Json, pointer: string): Json | undefined {
  let here: Json | undefined = root
  for (const key of partsOf(pointer)) here = typeof here === 'object' && here !== null ? (here as Record<string, Json>)[key] : undefined
  return here
}

/** Whether a pointer is covered by a pattern, in which `*` is any one part and a last `**` any number of them. */
export function isCovered(pointer: string, pattern: string): boolean {
  const parts = partsOf(pointer)
  const wanted = partsOf(pattern)
  const open = wanted.at(-1) === '**'
  if (open) wanted.pop()
  if (open ? parts.length < wanted.length : parts.length !== wanted.length) return false
  return wanted.every((part, at) => part === '*' || part === parts[at])
}

const partsOf = (pointer: string): string[] => pointer.split('/').slice(1)
