import assert from 'node:assert/strict'
import { test } from 'node:test'

/** As much of a page as the link field touches. */
function fakePage(answer: { readonly status: number; readonly body: object }) {
  const said: unknown[] = []
  const status = {
    set textContent(text: string) {
      said.splice(0, said.length, text)
    },
    append: (...parts: unknown[]) => said.push(...parts),
  }
  const list = { id: 'customers', replaceChildren: () => undefined }
  let type = () => {}
  const input = {
    value: 'palm',
    dataset: { link: 'Customer' },
    getAttribute: () => 'customers',
    addEventListener: (_: string, listener: () => void) => (type = listener),
  }
  const document = {
    querySelectorAll: () => [input],
    getElementById: (id: string) => (id === 'customers' ? list : status),
    createElement: () => ({}),
  }
  const fetch = async () => ({ status: answer.status, json: async () => answer.body })
  return { globals: { document, fetch }, said, type: () => type() }
}

test('a link field says where a right that is missing is asked for', async (context) => {
  const url = '/connect/login?scope=Customer%3Aread'
  const page = fakePage({ status: 403, body: { message: 'A right is missing.', url } })
  Object.assign(globalThis, page.globals)
  context.mock.timers.enable({ apis: ['setTimeout'] })
  await import(new URL('../public/link-field.js', import.meta.url).href)
  page.type()
  context.mock.timers.tick(150)
  for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate)
  assert.deepEqual(page.said, ['A right is missing.', ' ', { href: url, textContent: 'Allow it at the site' }])
})
