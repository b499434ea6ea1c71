import { Usage } from '../../../../packages/site/src/oauth/usage/usage.ts'

// Loaded into a site of the bench before its own code: at a word what apps do is counted, or is not, so that counting can be
// measured by the difference within one process. Two processes of the same site differ by more than counting costs. A site
// has no such switch.
const sites = new Set<Usage>()
let counts = true

for (const name of ['call', 'used', 'refused', 'secretUsed'] as const) {
  const count = Usage.prototype[name] as (this: Usage, ...values: unknown[]) => void
  Object.assign(Usage.prototype, {
    [name](this: Usage, ...values: unknown[]) {
      sites.add(this)
      if (counts) count.apply(this, values)
    },
  })
}

const answer = (id: number, done: Promise<unknown>): void => void done.then(() => process.send?.({ id, answer: true }))

process.on('message', ({ id, word }: { readonly id: number; readonly word: string }) => {
  if (word === 'count' || word === 'count nothing') {
    counts = word === 'count'
    answer(id, Promise.resolve())
  }
  // What was counted is written at the expense of the round that counted it.
  if (word === 'write') answer(id, Promise.all([...sites].map((usage) => usage.flush())))
})
// As in the reporter: who measures keeps no server alive.
process.channel?.unref()
