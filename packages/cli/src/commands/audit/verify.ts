import { defineCommand } from 'citty'
import { print } from '../../print.ts'
import { withSite } from '../../with-site.ts'

/** `annex audit verify`: proves that the trail is as it was written; names the first batch that is not, with exit code 1. */
export const auditVerify = defineCommand({
  meta: { name: 'verify', description: 'Prove that nothing in the audit trail was changed, removed or put in' },
  args: {
    expect: {
      type: 'string',
      valueHint: 'NUMBER:HEAD',
      description: 'The end of the chain as an earlier run told it: shows whether the end was cut off',
    },
  },
  run: ({ args }) =>
    withSite(async ({ trail }) => {
      const expected = args.expect === undefined ? {} : { expected: parseHead(args.expect) }
      const { batches, rows, unsealed, unproven, head, checkpoint, fault } = await trail.verify(expected)
      print(`${rows} rows in ${batches} batches; ${unsealed} not sealed yet`)
      if (checkpoint) print(`pruned up to batch ${checkpoint.number}: ${checkpoint.removed} rows are gone by policy`)
      if (unproven > 0) print(`the last ${unproven} batches are signed with a key that this site's key ring lacks`)
      if (fault)
        throw new Error(`${fault.sentence}. The trail is sound before ${fault.batch === undefined ? 'that' : `batch ${fault.batch}`} alone`)
      print(`the chain ends in ${head.number}:${head.head}; note that elsewhere, for --expect`)
    }),
})

function parseHead(text: string): { number: number; head: string } {
  const found = /^(\d+):([0-9a-f]{64})$/.exec(text)
  if (!found) throw new Error('--expect: write the number of a batch, a colon and its head, as annex audit verify told them')
  return { number: Number(found[1]), head: found[2] ?? '' }
}
