import { expect, it } from 'vitest'
import { concealed } from './concealed.ts'

const BODY = 'aZ09_-'.repeat(7) + 'x'

it.each([
  [`OAuth Bearer Token at1_${BODY} not found`, 'OAuth Bearer Token at1_… not found'],
  [`rt0_${BODY},acz_${BODY}`, 'rt0_…,acz_…'],
  [`the secret annex_cs_${BODY}.`, 'the secret annex_cs_….'],
  [`whsec_${'aB3+'.repeat(10)}abc=`, 'whsec_…'],
  [`at1_${'x'.repeat(42)}`, `at1_${'x'.repeat(42)}`],
  [`update_${'x'.repeat(60)}`, `update_${'x'.repeat(60)}`],
  ['Item A not found', 'Item A not found'],
])('a text without secrets: %s', (text, left) => expect(concealed(text)).toBe(left))
