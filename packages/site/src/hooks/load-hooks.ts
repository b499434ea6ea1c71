import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { HooksError, messageOf, placeOfFault, shownPlace } from './place.ts'
import { Registrar } from './registrar.ts'

const MODULE = /\.(?:ts|mts|js|mjs)$/
const NO_MODULE = /\.(?:d|test)\.m?[jt]s$/

/**
 * Loads every module that lies in the folder itself, by name, and lets it register; folders in it are for what they import.
 *
 * @throws {HooksError} the first thing that is wrong, with its file and line
 */
export async function loadHooks(folder: string): Promise<Registrar> {
  const registrar = new Registrar(folder)
  const files = await readdir(folder, { withFileTypes: true })
  const names = files.filter((file) => !file.isDirectory() && MODULE.test(file.name) && !NO_MODULE.test(file.name)).map(({ name }) => name)
  for (const name of names.toSorted()) await loadModule(registrar, folder, join(folder, name))
  registrar.close()
  return registrar
}

async function loadModule(registrar: Registrar, folder: string, path: string): Promise<void> {
  try {
    const module = (await import(pathToFileURL(path).href)) as { readonly hooks?: unknown }
    if (typeof module.hooks !== 'function')
      throw new HooksError(shownPlace(folder, path), 'the module must export a function: export function hooks(site) { … }')
    await (module.hooks(registrar.siteFor(path)) as unknown)
  } catch (error) {
    if (error instanceof HooksError) throw error
    throw new HooksError(await placeOfFault(folder, path, error), messageOf(error), error)
  }
}
