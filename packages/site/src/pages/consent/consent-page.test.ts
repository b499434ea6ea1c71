import { describe, expect, it } from 'vitest'
import { consentPage, type ConsentView } from './consent-page.ts'

const EVIL = '<script>alert(1)</script>"onload=\u202Emoc.knab'

const view: ConsentView = {
  person: { fullName: 'Alice', csrf: 'csrf', systemManager: false },
  action: '/approve',
  hidden: { id: 'once' },
  appName: 'Field Sales',
  redirectHost: 'app.example.com',
  scopes: [
    { scope: 'openid', required: true, checked: true },
    { scope: 'Item:read', required: false, checked: true },
    { scope: 'Customer:read', required: false, checked: true, title: 'Item' },
    { scope: 'Order:create', required: true, checked: true, title: 'Item' },
    { scope: 'all', required: false, checked: false },
  ],
}

/** What one reads, in one line. */
const wordsOf = (page: string): string =>
  page
    .replace(/^[^]*<main[^>]*>/, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
const legendsOf = (page: string): string[] => [...page.matchAll(/<legend><bdi>([^<]*)/g)].map(([, legend]) => legend ?? '')

describe('a consent page', () => {
  it('keeps a set apart from a DocType of the same name, and says its rights in full', () => {
    const page = consentPage(view)
    expect(legendsOf(page)).toEqual(['Item', 'Item', 'It wants to'])
    expect(wordsOf(page)).toMatch(/Item Read Item Read Customer Create Order needed It wants to Do everything/)
  })

  it('says what is allowed already, and asks for none of it', () => {
    const page = consentPage({ ...view, known: ['Item:write', 'method:a.b'] })
    expect(wordsOf(page)).toContain('You have already allowed it to: Change Item Call a.b')
    expect(page).not.toContain('value="Item:write"')
  })

  it('says who stands behind the app, and warns of one that registered itself', () => {
    const page = wordsOf(consentPage({ ...view, homeHost: 'sales.example.com', contact: 'help@example.com', unverified: true }))
    expect(page).toContain('Its home page sales.example.com Contact help@example.com')
    expect(page).toMatch(/^ Allow access\? This app registered itself\. Nobody of this site has checked/)
    expect(wordsOf(consentPage(view))).not.toMatch(/registered itself|Contact|home page/)
  })

  const rows = {
    limits: [
      { doctype: 'Item', by: 'site', words: ['Company is A', 'Amount is 5'] },
      { doctype: 'Lead', by: 'user', words: ['Name is L1'] },
    ],
    choices: [{ doctype: 'Item', field: 'only.Item', names: ['A 1', 'A 2'] }],
    dropsWide: true,
  } as const

  it('says which documents alone are reached, and asks for fewer in a field of its own', () => {
    const page = consentPage({ ...view, rows })
    expect(wordsOf(page)).toContain('Item : only documents where Company is A and Amount is 5 (set by an administrator of this site)')
    expect(wordsOf(page)).toContain('Only some documents Lead : only documents where Name is L1 (chosen by you)')
    expect(page).toMatch(/<details open>[^]*<label for="only\.Item">[^]*aria-describedby="only\.Item-hint"[^>]*>\nA 1\nA 2<\/textarea>/)
    expect(page).toContain('functions are left out')
    const empty = consentPage({ ...view, rows: { ...rows, dropsWide: false, choices: [{ ...rows.choices[0], names: [] }] } })
    expect(empty).toMatch(/<details>/)
    expect(empty).not.toContain('functions are left out')
  })

  it('A29 shows as text whatever an app, an administrator or the person wrote', () => {
    const page = consentPage({
      ...view,
      homeHost: EVIL,
      contact: EVIL,
      error: EVIL,
      known: [`method:${EVIL}`],
      scopes: [{ scope: 'Item:read', required: false, checked: true, title: EVIL }],
      rows: {
        limits: [{ doctype: EVIL, by: 'app', words: [EVIL] }],
        choices: [{ doctype: 'Item', field: 'only.Item', names: [EVIL, '</textarea>'] }],
        dropsWide: false,
      },
    })
    expect(page).not.toMatch(/<script|"onload=/)
    expect(page.match(/<\/textarea>/g)).toHaveLength(1)
    // In a field it stays as it was typed; everywhere else it cannot turn the text.
    expect(page.split('\u202E')).toHaveLength(3)
  })
})
