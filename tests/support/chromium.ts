import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium as playwright, type Browser } from 'playwright-core'
import { broughtChromium } from './brought-chromium.ts'

export interface Chromium {
  readonly path: string
  /** What its process needs besides our own environment. */
  readonly env: Readonly<Record<string, string>>
}

/** Thrown where no browser can be had; its sentence is the reason why journeys are skipped. */
export class NoChromium extends Error {}

// Nothing but the test's own traffic: no updates, no hints, no metrics, and no name outside this machine resolves.
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--no-default-browser-check',
  '--no-pings',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-sync',
  '--disable-client-side-phishing-detection',
  '--metrics-recording-only',
  '--disable-features=AutofillServerCommunication,CertificateTransparencyComponentUpdater,MediaRouter,OptimizationHints,Translate',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE ::1',
]

/**
 * Finds a Chromium: the one that ANNEX_CHROMIUM names, one on the PATH, or the one an npm package brings.
 *
 * @throws {NoChromium} with the reason, when there is none
 */
export async function findChromium(): Promise<Chromium> {
  const named = process.env['ANNEX_CHROMIUM']
  if (named && !isProgram(named)) throw new NoChromium(`ANNEX_CHROMIUM names ${named}, which is no program`)
  const path = named ?? onPath()
  if (path) return { path, env: {} }
  return broughtChromium().catch((error: unknown) => {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new NoChromium(`no Chromium: none on the PATH, and ${reason}; install one or set ANNEX_CHROMIUM`)
  })
}

/** Starts a headless Chromium whose only traffic is what a test makes. The caller closes it. */
async function launch(): Promise<Browser> {
  const { path, env } = await findChromium()
  return playwright.launch({ executablePath: path, args: flags, env: { ...definedEnvironment(), ...env } })
}

/**
 * A browser for one test. Where there is none the test is skipped with the reason; in CI it fails instead.
 *
 * @param test the test's own context
 */
export async function launchOrSkip(test: { skip(reason: string): never }): Promise<Browser> {
  try {
    return await launch()
  } catch (error) {
    if (error instanceof NoChromium && !isCi()) test.skip(error.message)
    throw error
  }
}

/** Where what is left out elsewhere is a failure. */
export const isCi = (): boolean => [process.env['CI'], process.env['ANNEX_CI']].some((value) => value === 'true' || value === '1')

const onPath = (): string | undefined => {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)
  return ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const definedEnvironment = (): Record<string, string> =>
  Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
