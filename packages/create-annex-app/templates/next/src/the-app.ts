import { openApp, type App } from './app.ts'
import { readConfig } from './config.ts'

const kept = globalThis as typeof globalThis & { theApp?: Promise<App> }

/** The app of this process: opened with the first request, also where Next loads a module twice. The next request tries again what failed. */
export const theApp = (): Promise<App> => (kept.theApp ??= open().catch(forget))

const open = async (): Promise<App> => openApp(readConfig())

function forget(error: unknown): never {
  delete kept.theApp
  throw error
}
