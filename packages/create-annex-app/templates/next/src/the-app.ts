import { openApp, type App } from './app.ts'
import { readConfig } from './config.ts'
import { failureOf } from './failure.ts'

/** A failure is known only to the copy of the connector that it comes from, so the two are kept together. */
interface Kept extends App {
  readonly failureOf: typeof failureOf
}

const kept = globalThis as typeof globalThis & { theApp?: Promise<Kept> }

/** The app of this process: opened with the first request, also where Next loads a module twice. The next request tries again what failed. */
export const theApp = (): Promise<Kept> => (kept.theApp ??= open().catch(forget))

const open = async (): Promise<Kept> => ({ ...(await openApp(readConfig())), failureOf })

function forget(error: unknown): never {
  delete kept.theApp
  throw error
}
