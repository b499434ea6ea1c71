import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Api } from '../support/callers/api.ts'
import type { App } from '../support/callers/connected-app.ts'
import { LineProgram } from '../support/clients/line-program.ts'
import { pythonPrograms } from '../support/clients/python.ts'

const near = (name: string): string => fileURLToPath(new URL(`oauth-python/${name}`, import.meta.url))

/** The folder of the libraries' Python; the reason where there is none. */
export const libraries = pythonPrograms(near('libraries.txt'))
export const olderLibraries = pythonPrograms(near('older-libraries.txt'))

export type Answer = Readonly<Record<string, unknown>>

/** A Python app on a published library, whose steps a test takes one by one. */
export class PythonApp {
  readonly #program: LineProgram

  private constructor(program: LineProgram) {
    this.#program = program
  }

  /** @param bin - the folder of the Python that has the library */
  static async open(bin: string, script: string, site: string, app: App, scope: string, ...more: readonly string[]): Promise<PythonApp> {
    // Both libraries refuse http unless told otherwise; loopback here has no other.
    const insecure = { OAUTHLIB_INSECURE_TRANSPORT: '1', AUTHLIB_INSECURE_TRANSPORT: '1' }
    // One takes an answer with fewer scopes than it asked for as a failure, unless told otherwise.
    const relaxed = { OAUTHLIB_RELAX_TOKEN_SCOPE: '1', PYTHONWARNINGS: 'ignore' }
    const opened = new PythonApp(new LineProgram(join(bin, 'python'), [near(script)], { ...insecure, ...relaxed }))
    await opened.step('open', site, app.id, app.secret, app.redirectUri, scope, ...more)
    return opened
  }

  /** What the step gave. @throws {Error} of the library, its `error` that of the RFC where it has one */
  async step<T = Answer>(...step: readonly unknown[]): Promise<T> {
    const answer = await this.tried(...step)
    if ('error' in answer) throw new Error(`${step.join(' ')}: ${String(answer['error'])} ${String(answer['text'])}`)
    return answer['result'] as T
  }

  async tried(...step: readonly unknown[]): Promise<Answer> {
    this.#program.send(step)
    return (await this.#program.next()) as Answer
  }

  close(): Promise<void> {
    return this.#program.close()
  }
}

/** Neither a grant nor a token of this person for the app is alive. */
export async function expectNothingAlive(person: Api, app: App): Promise<void> {
  const living = (await person.get('annex.apps.mine')).body['message'] as readonly { readonly client: string }[]
  expect(living.filter(({ client }) => client === app.id)).toEqual([])
}
