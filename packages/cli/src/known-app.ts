import type { Principal, Site } from '@annex/site'

/** @throws {Error} when no app has this client ID */
export async function requireApp(site: Site, administrator: Principal, id: string): Promise<void> {
  const apps = await site.clients.list(administrator)
  if (!apps.some((app) => app.id === id)) throw new Error(`there is no app ${id}; annex app list shows the client IDs`)
}
