import { once } from 'node:events'
import { defineCommand } from 'citty'
import { withSite } from '../../with-site.ts'

/** `annex audit export`: the trail on the standard output, one JSON object a line, oldest first. */
export const auditExport = defineCommand({
  meta: { name: 'export', description: 'Write the audit trail as JSON lines, oldest first' },
  args: {
    since: {
      type: 'string',
      valueHint: 'TIME',
      description: 'From this time on: 2026-11-22 or 2026-11-22T08:00:00Z; UTC when no zone is named',
    },
    until: { type: 'string', valueHint: 'TIME', description: 'Before this time' },
    client: { type: 'string', valueHint: 'ID', description: 'Through this app alone, by its client ID' },
    user: { type: 'string', valueHint: 'USER', description: 'What this user did, and what is about them' },
    event: { type: 'string', valueHint: 'EVENT', description: 'These events alone, such as "sign-in"' },
  },
  run: ({ args }) =>
    withSite(async ({ trail }) => {
      const { client, user, event } = args
      const filter = { since: parseTime('--since', args.since), until: parseTime('--until', args.until), client, user, event }
      const isLeft = noteLeaving(process.stdout)
      for await (const entry of trail.entries(filter)) {
        await write(`${JSON.stringify(entry)}\n`)
        if (isLeft()) return
      }
    }),
})

/** Whether nobody reads any more (`| head` has seen enough): that is no fault. */
function noteLeaving(stream: NodeJS.WriteStream): () => boolean {
  let left = false
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    left = true
  })
  return () => left
}

/** Waits for a reader that is slower than the database. */
async function write(line: string): Promise<void> {
  if (!process.stdout.write(line)) await once(process.stdout, 'drain').catch(() => undefined)
}

/** Microseconds. */
function parseTime(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const zoned = /^\d{4}-\d{2}-\d{2}$|(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? text : `${text}Z`
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(zoned.replace(' ', 'T')) : Number.NaN
  if (Number.isNaN(time)) throw new Error(`${option}: write a time such as 2026-11-22 or 2026-11-22T08:00:00Z`)
  return time * 1000
}
