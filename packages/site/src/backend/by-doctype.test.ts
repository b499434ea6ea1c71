import { ScopeSet, type Filter } from '@annex/protocol'
import { expect, it } from 'vitest'
import { GUEST, type Principal } from '../policy/principal.ts'
import type { Backend } from './backend.ts'
import { byDoctype } from './by-doctype.ts'

const answering = (name: string): Backend => new Proxy({} as Backend, { get: () => () => Promise.resolve(name) })
const both = byDoctype(answering('home'), answering('away'), (doctype) => doctype === 'User')

const heldTo = (doctype: string): Principal => {
  const filters: readonly Filter[] = [{ fieldname: 'name', operator: '=', value: 'A' }]
  const rights = { hash: 'h', grant: 'g', client: 'c', scopes: new ScopeSet(['*:read']), unfenced: false, doctypeIds: {} }
  return { ...GUEST, user: 'alice@example.com', token: { ...rights, rowFilters: new Map([[doctype, filters]]) } }
}

const VERBS: readonly (readonly [verb: string, act: (who: Principal, doctype: string) => Promise<unknown>])[] = [
  ['doctype', (who, doctype) => both.doctype(who, doctype)],
  ['read', (who, doctype) => both.read(who, { doctype, name: 'A' })],
  ['list', (who, doctype) => both.list(who, { doctype })],
  ['count', (who, doctype) => both.count(who, { doctype })],
  ['searchLink', (who, doctype) => both.searchLink(who, { doctype, text: '', limit: 1 })],
  ['insert', (who, doctype) => both.insert(who, doctype, [{}])],
  ['update', (who, doctype) => both.update(who, { doctype, name: 'A', values: {} })],
  ['setDocstatus', (who, doctype) => both.setDocstatus(who, { doctype, name: 'A' }, 1)],
  ['rename', (who, doctype) => both.rename(who, { doctype, name: 'A' }, 'B')],
  ['remove', (who, doctype) => both.remove(who, { doctype, name: 'A' })],
]

it.each(VERBS)('%s of upstream documents is refused to an app whose row filters speak of some', async (_, act) => {
  for (const doctype of ['Item', 'Customer'])
    await expect(act(heldTo('Item'), doctype)).rejects.toMatchObject({ status: 403, excType: 'PermissionError' })
  expect(await act(heldTo('Item'), 'User')).toBe('home')
})

it.each(VERBS)('%s is left to the other site for an app whose row filters speak of documents at home alone', async (_, act) => {
  expect(await act(heldTo('User'), 'Item')).toBe('away')
  expect(await act(GUEST, 'Item')).toBe('away')
})
