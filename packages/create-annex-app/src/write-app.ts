import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Answers, Framework } from './answers.ts'
import type { Vendored } from './vendored.ts'

const TEMPLATES = fileURLToPath(new URL('../templates', import.meta.url))

/** npm leaves files of these names out of what it packs, or takes them for its own; in the templates they bear another. */
const RENAMED: Readonly<Record<string, string>> = {
  '_package.json': 'package.json',
  _gitignore: '.gitignore',
  _dockerignore: '.dockerignore',
  '_env.example': '.env.example',
}

/** Rows of the README that differ: where the pages and the server lie. */
const SERVED = `| \`src/pages.ts\`, \`public/\` | what people see |
| \`src/main.ts\`, \`src/server.ts\` | the server |`
const IN_NEXT = `| \`app/\` | what people see, and the routes of the connector |
| \`src/the-app.ts\`, \`start.cjs\` | how the app starts |`

/**
 * Writes the app's files, layer over layer: those that all frameworks share, then those of one.
 *
 * @throws {Error} one sentence when something lies in the folder already: nothing is written then
 */
export async function writeApp(answers: Answers, { dependencies, files }: Vendored): Promise<void> {
  const { folder, framework } = answers
  const there = await readdir(folder).catch(() => [])
  if (there.length > 0) throw new Error(`${folder} is not empty: name another folder`)
  const layers = await Promise.all(layersOf(framework).map(readTemplates))
  const written = Object.assign({}, ...layers) as Record<string, string>
  const words = { name: answers.name, upstream: answers.upstream, framework, places: framework === 'next' ? IN_NEXT : SERVED }
  for (const [path, text] of Object.entries(written)) await write(folder, path, Buffer.from(fill(text, words)))
  for (const [path, bytes] of Object.entries(files)) await write(folder, path, bytes)
  await addDependencies(join(folder, 'package.json'), dependencies)
}

/** Next brings its own server and pages. */
const layersOf = (framework: Framework): readonly string[] => (framework === 'next' ? ['common', 'next'] : ['common', 'served', framework])

async function readTemplates(name: string): Promise<Record<string, string>> {
  const root = join(TEMPLATES, name)
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')))
  return Object.fromEntries(paths.map((path, at) => [nameIn(path.slice(root.length + 1)), texts[at]!]))
}

function nameIn(path: string): string {
  const name = path.split(/[\\/]/).at(-1)!
  const folder = path.slice(0, path.length - name.length)
  return `${folder}${RENAMED[name] ?? name.replace(/\.tmpl$/, '')}`
}

/** In JSX a formatter writes `{{ name }}`. */
const fill = (text: string, words: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) => words[name] ?? whole)

async function write(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), bytes)
}

async function addDependencies(path: string, dependencies: Readonly<Record<string, string>>): Promise<void> {
  const manifest = JSON.parse(await readFile(path, 'utf8')) as { dependencies?: Record<string, string> }
  await writeFile(path, `${JSON.stringify({ ...manifest, dependencies: { ...dependencies, ...manifest.dependencies } }, null, 2)}\n`)
}
