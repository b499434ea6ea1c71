import { basename } from 'node:path'
import { frameworks, parseFramework, parseName, parseUpstream, type Answers } from './answers.ts'

/** What was given on the command line. */
export interface Given {
  readonly folder?: string | undefined
  readonly name?: string | undefined
  readonly framework?: string | undefined
  readonly upstream?: string | undefined
}

const USUAL = { name: 'annex-app', framework: 'fastify', upstream: 'http://127.0.0.1:8000' } as const

/**
 * What the app is to be: from the command line, and the rest asked of whoever sits there.
 *
 * @returns undefined when the asking was broken off
 * @throws {Error} one sentence that says what is wrong with what was given
 */
export async function ask(given: Given, isSomebodyThere: boolean): Promise<Answers | undefined> {
  const name = given.name ?? (given.folder === undefined ? undefined : basename(given.folder))
  const known = {
    ...(name === undefined ? {} : { name: parseName(name) }),
    ...(given.framework === undefined ? {} : { framework: parseFramework(given.framework) }),
    ...(given.upstream === undefined ? {} : { upstream: parseUpstream(given.upstream) }),
  }
  const answers = isSomebodyThere ? await askForRest(known) : { ...USUAL, ...known }
  return answers && { ...answers, folder: given.folder ?? answers.name }
}

async function askForRest(known: Partial<Omit<Answers, 'folder'>>): Promise<Omit<Answers, 'folder'> | undefined> {
  const { group, select, text } = await import('@clack/prompts')
  try {
    return await group(
      {
        name: () =>
          Promise.resolve(known.name ?? text({ message: 'What is the app called?', initialValue: USUAL.name, validate: wrong(parseName) })),
        framework: () =>
          Promise.resolve(
            known.framework ?? select({ message: 'Which framework?', options: frameworks.map((value) => ({ value, label: value })) }),
          ),
        upstream: () =>
          Promise.resolve(
            known.upstream ??
              text({
                message: 'Where is the Frappe, ERPNext or Annex site?',
                initialValue: USUAL.upstream,
                validate: wrong(parseUpstream),
              }),
          ),
      },
      {
        onCancel: () => {
          throw new BrokenOff()
        },
      },
    ).then(({ name, framework, upstream }) => ({ name, framework, upstream: parseUpstream(upstream) }))
  } catch (error) {
    if (error instanceof BrokenOff) return undefined
    throw error
  }
}

class BrokenOff extends Error {}

const wrong =
  (parse: (text: string) => string) =>
  (value: string | undefined): string | undefined => {
    try {
      parse(value ?? '')
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
