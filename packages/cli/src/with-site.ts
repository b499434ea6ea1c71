import { openSite, readConfig, type Site } from '@annex/site'

/**
 * Runs a command's work on the site that the settings name (`ANNEX_DATA`, `DATABASE_URL`), as Administrator.
 * The site may be running meanwhile: its processes notice what changed.
 */
export async function withSite<T>(work: (site: Site) => Promise<T>): Promise<T> {
  const site = await openSite(readConfig(process.env))
  try {
    return await work(site)
  } finally {
    await site.close()
  }
}
