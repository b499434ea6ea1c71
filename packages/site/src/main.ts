import { readConfig } from './config.ts'
import { openSite } from './site.ts'

/** `npm run site`: the primary alone, in the foreground, until a signal ends it. */
async function main(): Promise<void> {
  // From the first moment: a signal while the site opens waits until it can stop cleanly.
  const stopped = signal()
  const site = await openSite(readConfig(process.env), print)
  for (const note of site.notes) print(note)
  try {
    const { issuer, address } = await site.listen()
    if (address !== issuer) print(`The proxy of ${issuer} finds this process at ${address}`)
    print(`listening on ${issuer}`)
    await Promise.race([stopped, site.broken])
  } finally {
    await site.close()
  }
}

/** The first of them; a second one ends the process at once. */
const signal = (): Promise<void> =>
  new Promise((stop) => {
    const heard = (): void => {
      for (const name of SIGNALS) process.off(name, heard)
      stop()
    }
    for (const name of SIGNALS) process.on(name, heard)
  })

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** One sentence on the way out: whoever starts a site needs to know what to change, not where it was noticed. */
function fail(error: unknown): never {
  const sentence = error instanceof Error ? error.message.split('\n')[0] : String(error)
  process.stderr.write(`annex: ${sentence}\n`)
  process.exit(1)
}

main().then(() => process.exit(0), fail)
