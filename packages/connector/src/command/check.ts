import { parseArgs } from 'node:util'
import { checkSettings } from '../core/setup/checking/check.ts'
import { openSettings, readSettings } from './config-file.ts'
import type { Command } from './print.ts'

const MARKS = { good: '✓', bad: '✗', unknown: '?' } as const

/** `annex-connector check [FILE]`: exits with 1 when something is wrong. */
export const check: Command = async (words, print) => {
  const { positionals } = parseArgs({ args: [...words], allowPositionals: true })
  const { parts, close } = await openSettings(await readSettings(positionals[0] ?? 'annex-connector.json'))
  try {
    const apiKey = process.env['ANNEX_API_KEY']
    const findings = await checkSettings(parts, apiKey ? { apiKey } : {})
    for (const { verdict, what, sentence } of findings) print(`${MARKS[verdict]} ${what}: ${sentence}`)
    return findings.some(({ verdict }) => verdict === 'bad') ? 1 : 0
  } finally {
    await close()
  }
}
