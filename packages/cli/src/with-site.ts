import type { Config, Principal, Site } from '@annex/site'

/**
 * Runs a command's work on the site that the settings name (`ANNEX_DATA`, `DATABASE_URL`), as Administrator.
 * The site may be running meanwhile: its processes notice what changed.
 *
 * @param settle changes what the settings say before the site is opened
 */
export async function withSite<T>(
  work: (site: Site, administrator: Principal) => Promise<T>,
  settle: (config: Config) => Config | Promise<Config> = (config) => config,
): Promise<T> {
  // Loaded by the commands that work on one: usage and the doctor answer without it.
  const { ADMINISTRATOR, openSite, readConfig } = await import('@annex/site')
  const site = await openSite(await settle(readConfig(process.env)), tell)
  try {
    // A site that was not there before has been made now; not on the standard output, which belongs to the command.
    for (const note of site.notes) tell(note)
    return await work(site, ADMINISTRATOR)
  } finally {
    await site.close()
  }
}

const tell = (note: string): void => void process.stderr.write(`${note}\n`)
