import { readConfig } from './config.ts'
import { openSite } from './site.ts'

/** `npm run site`: the primary alone, in the foreground, until a signal ends it. */
async function main(): Promise<void> {
  const site = await openSite(readConfig(process.env))
  const issuer = await site.listen()
  for (const note of site.notes) print(note)
  print(`listening on ${issuer}`)
  let closing = false
  const stop = (): void => {
    if (closing) return
    closing = true
    site.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    )
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
}

const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** One sentence on the way out: whoever starts a site needs to know what to change, not where it was noticed. */
function fail(error: unknown): never {
  const sentence = error instanceof Error ? error.message.split('\n')[0] : String(error)
  process.stderr.write(`annex: ${sentence}\n`)
  process.exit(1)
}

main().catch(fail)
