import type { DocType, Values } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { GUEST, type Principal } from '../policy/principal.ts'
import { DOCTYPES, byToken, guarded } from './guard.fixture.ts'
import type { Guard } from './guard.ts'

const alice: Principal = { ...GUEST, user: 'alice@example.com' }
const lacks = (scope: string): object => ({
  status: 403,
  options: { headers: { 'www-authenticate': expect.stringContaining(`scope="${scope}"`) as string } },
})
const ROW = { parent: 'I1', parenttype: 'Invoice' }

/** Each way to change a row of a document, and the verb that does it. */
const ROW_WRITES: [string, (guard: Guard, who: Principal) => Promise<unknown>][] = [
  ['insert', (guard, who) => guard.insert(who, 'Invoice Line', [ROW])],
  ['update', (guard, who) => guard.update(who, { doctype: 'Invoice Line', name: 'L1', values: {} })],
  ['remove', (guard, who) => guard.remove(who, { doctype: 'Invoice Line', name: 'L1' })],
]

describe('a row', () => {
  const stored = (docstatus: number): Record<string, Values> => ({ Invoice: { docstatus }, 'Invoice Line': ROW })

  it.each(ROW_WRITES)('of a submitted document takes the scope to submit that document: %s', async (verb, act) => {
    const { guard, reached, requests, refusals } = guarded(stored(1))
    await expect(act(guard, byToken('Invoice:write'))).rejects.toMatchObject(lacks('Invoice:submit'))
    expect([reached.includes(verb), refusals]).toMatchObject([false, [{ scope: 'Invoice:submit', act: 'submit Invoice' }]])
    await act(guard, byToken('Invoice:write Invoice:submit'))
    expect(reached.filter((each) => each === verb)).toEqual([verb])
    // With the scope to submit, how its document stands need not be looked up.
    const before = requests.length
    await guard.insert(byToken('Invoice:write Invoice:submit'), 'Invoice Line', [ROW])
    expect(requests.slice(before)).toEqual([['insert', 'Invoice Line', [ROW]]])
  })

  it.each(ROW_WRITES)('of a draft does not: %s', async (verb, act) => {
    const { guard, requests } = guarded(stored(0))
    await act(guard, byToken('Invoice:write'))
    expect([requests.some(([each]) => each === verb), requests]).toMatchObject([
      true,
      expect.arrayContaining([['read', { doctype: 'Invoice', name: 'I1' }]]),
    ])
  })

  it.each(ROW_WRITES)('takes the scope to write its document: %s', async (_, act) => {
    await expect(act(guarded(stored(0)).guard, byToken('Invoice:create Invoice:delete'))).rejects.toMatchObject(lacks('Invoice:write'))
  })

  it.each(ROW_WRITES)('is not looked up for who calls without a token: %s', async (verb, act) => {
    const { guard, reached } = guarded(stored(1))
    await act(guard, alice)
    expect(reached).toEqual([verb])
  })

  it.each<[Values, boolean]>([
    [{ parent: 7, parenttype: 'Invoice' }, true],
    [{ parenttype: 'Invoice' }, false],
    [{ parent: 'I1' }, false],
    [{ parent: 'I1', parenttype: 5 }, false],
    [{ parent: 'Q1', parenttype: 'Quote' }, false],
    [{ parent: 'X1', parenttype: 'Unheard of' }, false],
  ])('is judged by the document that it names: %j', async (values, looked) => {
    const { guard, requests } = guarded(stored(0))
    await guard.insert(byToken('Invoice:write'), 'Invoice Line', [values])
    const insert = ['insert', 'Invoice Line', [values]]
    expect(requests).toEqual(looked ? [['read', { doctype: 'Invoice', name: '7' }], insert] : [insert])
  })

  it('is judged for each of several, beside the documents that come with them', async () => {
    const { guard, reached } = guarded(stored(1))
    const both = (who: Principal): Promise<unknown> => guard.insert(who, ['Invoice Line', 'Item'], [ROW, {}])
    await expect(both(byToken('Item:create Invoice:write'))).rejects.toMatchObject(lacks('Invoice:submit'))
    await expect(both(byToken('Invoice:write Invoice:submit'))).rejects.toMatchObject(lacks('Item:create'))
    await both(byToken('Invoice:write Invoice:submit Item:create'))
    expect(reached.filter((verb) => verb === 'insert')).toEqual(['insert'])
  })
})

describe('a document that is made', () => {
  it.each<[string, readonly Values[], string]>([
    ['submitted at once', [{}, { docstatus: 1 }], 'Item:submit'],
    ['cancelled at once', [{ docstatus: '2' }], 'Item:submit'],
    ['an amendment', [{}, { amended_from: 'A' }], 'Item:amend'],
  ])('%s takes that scope, too', async (_, documents, scope) => {
    const { guard, reached } = guarded()
    await expect(guard.insert(byToken('Item:create'), 'Item', documents)).rejects.toMatchObject(lacks(scope))
    await guard.insert(byToken(`Item:create ${scope}`), 'Item', documents)
    expect(reached).toEqual(['insert'])
  })

  it('as a draft takes no other, whatever another DocType’s document beside it takes', async () => {
    const { guard } = guarded()
    await guard.insert(byToken('Item:create'), 'Item', [{ docstatus: 0, amended_from: '' }, { docstatus: null }])
    const mixed = [{}, { docstatus: 1, amended_from: 'A' }]
    await guard.insert(byToken('Item:create Note:create Note:submit Note:amend'), ['Item', 'Note'], mixed)
    await expect(guard.insert(byToken('Note:create Item:create Item:submit Item:amend'), ['Item', 'Note'], mixed)).rejects.toMatchObject(
      lacks('Note:submit'),
    )
  })
})

describe('a document that can be submitted', () => {
  const update = (guard: Guard, scopes: string, values: Values): Promise<unknown> =>
    guard.update(byToken(scopes), { doctype: 'Invoice', name: 'I1', values })

  it.each<[Values, string]>([
    [{ docstatus: 1 }, 'Invoice:submit'],
    [{ docstatus: '1' }, 'Invoice:submit'],
    [{ docstatus: 2 }, 'Invoice:cancel'],
  ])('is submitted and cancelled by an update with that scope alone: %j', async (values, scope) => {
    const { guard, requests } = guarded({ Invoice: { docstatus: 0 } })
    await expect(update(guard, 'Invoice:write', values)).rejects.toMatchObject(lacks(scope))
    await update(guard, `Invoice:write ${scope}`, values)
    expect(requests).toEqual([['update', { doctype: 'Invoice', name: 'I1', values }]])
  })

  it.each<Values>([{ town: 'X' }, { docstatus: null }, { docstatus: '' }, { docstatus: undefined }])(
    'is changed without that scope only as the draft that it was seen to be: %j',
    async (values) => {
      const draft = guarded({ Invoice: { docstatus: 0 } })
      await update(draft.guard, 'Invoice:write', values)
      expect(draft.requests).toEqual([
        ['read', { doctype: 'Invoice', name: 'I1' }],
        ['update', { doctype: 'Invoice', name: 'I1', values: { ...values, docstatus: 0 } }],
      ])
      const submitted = guarded({ Invoice: { docstatus: 1 } })
      await expect(update(submitted.guard, 'Invoice:write', values)).rejects.toMatchObject(lacks('Invoice:submit'))
      expect([submitted.reached, submitted.refusals]).toMatchObject([['read'], [{ act: 'submit Invoice' }]])
    },
  )

  it('is changed as it was asked where the request says the docstatus, with the scope to submit, and without a token', async () => {
    const { guard, requests } = guarded({ Invoice: { docstatus: 1 } })
    const request = { doctype: 'Invoice', name: 'I1', values: { town: 'X' } }
    const says = { ...request, values: { docstatus: 0 } }
    await guard.update(byToken('Invoice:write'), says)
    await guard.update(byToken('Invoice:submit Invoice:write'), request)
    await guard.update(alice, request)
    expect(requests).toEqual([
      ['update', says],
      ['update', request],
      ['update', request],
    ])
  })

  it('stays behind the fence for a token of all, which may write it by name: so do its rows', async () => {
    const doctypeOf = (name: string): DocType | undefined => {
      const known = DOCTYPES.get(name)
      return known && name === 'User' ? { ...known, is_submittable: true } : known
    }
    const { guard, reached } = guarded({ User: { docstatus: 1 } }, { doctypeOf })
    const who = byToken('all User:write')
    await expect(guard.update(who, { doctype: 'User', name: 'U', values: {} })).rejects.toMatchObject(lacks('User:submit'))
    await expect(guard.insert(who, 'Remark', [{ parent: 'U', parenttype: 'User' }])).rejects.toMatchObject(lacks('User:submit'))
    expect(reached).toEqual(['read', 'read'])
  })

  it('is told apart from one that cannot be', async () => {
    const { guard, reached } = guarded({ Item: { docstatus: 1 } })
    await guard.update(byToken('Item:write'), { doctype: 'Item', name: 'A', values: {} })
    await guard.update(byToken('*:write'), { doctype: 'Unheard of', name: 'A', values: {} })
    expect(reached).toEqual(['update', 'update'])
  })
})

describe('a file', () => {
  const attached = { attached_to_doctype: 'Item', attached_to_name: 'A' }
  it('takes the scope to write what it is attached to', async () => {
    const { guard, reached, refusals } = guarded()
    const insert = (scopes: string): Promise<unknown> => guard.insert(byToken(scopes), 'File', [{}, attached])
    const update = (scopes: string): Promise<unknown> => guard.update(byToken(scopes), { doctype: 'File', name: 'F', values: attached })
    await expect(insert('File:create')).rejects.toMatchObject(lacks('Item:write'))
    await expect(update('File:write')).rejects.toMatchObject(lacks('Item:write'))
    expect(refusals.map(({ act }) => act)).toEqual(['attach a file to Item', 'attach a file to Item'])
    await insert('File:create Item:write')
    await update('File:write Item:write')
    expect(reached).toEqual(['insert', 'update'])
  })

  it('that points to a private address brings its content when it is made', async () => {
    const { guard, refusals } = guarded()
    const pointing = { file_url: '/private/files/a.txt' }
    await expect(guard.insert(byToken('File:create'), 'File', [pointing])).rejects.toMatchObject({ status: 403 })
    expect(refusals).toMatchObject([{ act: 'attach a file', lacking: 'permission' }])
    await guard.insert(byToken('File:create'), 'File', [{ ...pointing, content: 'x' }])
    await guard.update(byToken('File:write'), { doctype: 'File', name: 'F', values: pointing })
  })
})

it('The words that a refusal is remembered by say what was tried', async () => {
  const { guard, refusals } = guarded()
  const id = { doctype: 'Item', name: 'A' }
  const tried: [string, string, (who: Principal) => Promise<unknown>][] = [
    ['openid', 'read the definition of Item', (who) => guard.doctype(who, 'Item')],
    ['openid', 'read Item', (who) => guard.read(who, id)],
    ['openid', 'list Item', (who) => guard.list(who, id)],
    ['openid', 'list Item', (who) => guard.count(who, id)],
    ['openid', 'search Item', (who) => guard.searchLink(who, { doctype: 'Item', text: '', limit: 1 })],
    ['Item:select', 'search Item', (who) => guard.searchLink(who, { doctype: 'Item', text: '', limit: 1, searchField: 'cost' })],
    ['openid', 'create Item', (who) => guard.insert(who, 'Item', [{}])],
    ['Item:create', 'submit Item', (who) => guard.insert(who, 'Item', [{ docstatus: 1 }])],
    ['Item:create', 'amend Item', (who) => guard.insert(who, 'Item', [{ amended_from: 'A' }])],
    ['openid', 'update Quote Line', (who) => guard.insert(who, 'Quote Line', [{}])],
    ['openid', 'update Item', (who) => guard.update(who, { ...id, values: {} })],
    ['Item:write', 'submit Item', (who) => guard.update(who, { ...id, values: { docstatus: 1 } })],
    ['Item:write', 'cancel Item', (who) => guard.update(who, { ...id, values: { docstatus: 2 } })],
    ['openid', 'submit Item', (who) => guard.setDocstatus(who, id, 1)],
    ['openid', 'cancel Item', (who) => guard.setDocstatus(who, id, 2)],
    ['openid', 'rename Item', (who) => guard.rename(who, id, 'B')],
    ['Item:write', 'merge Item', (who) => guard.rename(who, id, 'B', { merge: true })],
    ['openid', 'remove Item', (who) => guard.remove(who, id)],
    ['openid', 'remove Quote Line', (who) => guard.remove(who, { doctype: 'Quote Line', name: 'L' })],
  ]
  for (const [scopes, , act] of tried) await expect(act(byToken(scopes))).rejects.toMatchObject({ status: 403 })
  expect(refusals.map(({ act }) => act)).toEqual(tried.map(([, words]) => words))
  await guard.rename(byToken('Item:write'), id, 'B', { merge: false })
})
