import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { NotInstalled, orReason } from './clients/install-once.ts'
import { installRecipe } from './clients/install-recipe.ts'

/** The versions of Node that the connector promises to run on, each with its program, or the reason why it cannot be had. */
export async function nodes(): Promise<readonly { readonly version: string; readonly path: string | NotInstalled }[]> {
  const brought = await Promise.all(['20', '22'].map((major) => orReason(installed(major))))
  return [
    { version: '20.20.2', path: brought[0]! },
    { version: '22.23.3', path: brought[1]! },
    { version: process.versions.node, path: process.execPath },
  ]
}

async function installed(major: string): Promise<string> {
  const path = join(await installRecipe('nodes'), `node_modules/node${major}-${process.arch}/bin/node`)
  await access(path).catch(() => {
    throw new NotInstalled(`no package brings Node ${major} for ${process.platform} on ${process.arch}`)
  })
  return path
}
