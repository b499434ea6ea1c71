import type { Site } from '@annex/site'
import { defineCommand } from 'citty'
import { print } from '../../print.ts'
import { withSite } from '../../with-site.ts'

/**
 * `annex audit verify`: proves that the trail is as it was written; names the first batch that is not, with exit code 1.
 *
 * Seals that were undone to the end and made anew by the site are proven too, unless the head of an earlier run is given.
 */
export const auditVerify = defineCommand({
  meta: {
    name: 'verify',
    description: 'Prove that nothing in the audit trail was changed, removed or put in; note the head that it tells for the next time',
  },
  args: {
    expect: {
      type: 'string',
      valueHint: 'NUMBER:HEAD',
      description: 'The end of the chain as an earlier run told it: shows whether the end was cut off, or undone and sealed anew',
    },
    'lost-key': {
      type: 'string',
      valueHint: 'KEY,KEY',
      description: 'Keys of which nothing was kept: what they signed is proven by later batches alone',
    },
  },
  run: ({ args }) =>
    withSite(async ({ trail }) => {
      const expected = args.expect === undefined ? {} : { expected: parseHead(args.expect) }
      const lost = args['lost-key']?.split(',') ?? []
      const { batches, rows, unsealed, unproven, head, checkpoint, isNotedPruned, fault } = await trail.verify({ ...expected, lost })
      print(`${rows} rows in ${batches} batches; ${unsealed} not sealed yet`)
      if (checkpoint) print(`pruned up to batch ${checkpoint.number}: ${checkpoint.removed} rows are gone by policy`)
      if (isNotedPruned) print('the batch whose head was noted is pruned away: --expect has proven nothing')
      if (unproven > 0) print(`the last ${unproven} batches are signed with a key that this site's key ring does not know`)
      if (fault) throw new Error(sentenceOf(fault))
      print(`the chain ends in ${head.number}:${head.head}; note that elsewhere, for --expect`)
    }),
})

type Fault = NonNullable<Awaited<ReturnType<Site['trail']['verify']>>['fault']>

function sentenceOf({ sentence, batch, isUnproven }: Fault): string {
  const sound = batch === undefined ? '' : `. The trail is sound before batch ${batch} alone`
  return isUnproven === true ? `${sentence}${sound}. ${REMEDY}` : `${sentence}${sound}`
}

const REMEDY =
  'If the key was taken out of the ring by hand, put it back; if it is gone, let the site write to the trail and name the key with --lost-key. If neither is so, the trail was forged: compare it with a backup'

function parseHead(text: string): { number: number; head: string } {
  const found = /^(\d+):([0-9a-f]{64})$/.exec(text)
  if (!found) throw new Error('--expect: write the number of a batch, a colon and its head, as annex audit verify told them')
  return { number: Number(found[1]), head: found[2] ?? '' }
}
