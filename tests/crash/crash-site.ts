import { openDatabase } from '@annex/database'
import { readConfig } from '../../packages/site/src/config.ts'
import { openHooks } from '../../packages/site/src/hooks/hooks.ts'
import { testSealer } from '../../packages/site/src/oauth/keys/sealing/sealer.fixture.ts'
import { openRooms, type Rooms } from '../../packages/site/src/rooms.ts'

/** The rooms of a real site, without the server before them, so that a process is at work soon after its start. */
export async function openCrashSite(url: string): Promise<Rooms> {
  const config = readConfig({ DATABASE_URL: url, ANNEX_DATA: '/nonexistent' })
  return openRooms(await openDatabase(url), config, [], await openHooks(undefined), testSealer(), () => 'http://site')
}
