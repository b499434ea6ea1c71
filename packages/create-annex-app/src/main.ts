import { resolve } from 'node:path'
import { defineCommand, runCommand } from 'citty'
import { ask } from './questions.ts'
import { frameworks } from './answers.ts'
import { vendored } from './vendored.ts'
import { writeApp } from './write-app.ts'

const command = defineCommand({
  meta: {
    name: 'create-annex-app',
    description:
      'Writes a small app that signs in with a Frappe, ERPNext or Annex site, with one link field, one webhook and its own database',
  },
  args: {
    folder: { type: 'positional', required: false, description: 'Where to write it; also its name, unless --name says another' },
    name: { type: 'string', description: 'The name of the app, as npm wants one: small letters, digits and hyphens' },
    framework: { type: 'string', description: `One of ${frameworks.join(', ')}` },
    upstream: { type: 'string', description: 'The address of the site, for example https://erp.example.com' },
    yes: { type: 'boolean', description: 'Ask nothing: take what is given, and the usual for the rest' },
  },
  async run({ args }) {
    const answers = await ask(args, process.stdin.isTTY && process.stdout.isTTY && args.yes !== true)
    if (answers === undefined) return
    // npm starts its scripts in the package's folder, and says where it was called.
    const folder = resolve(process.env['INIT_CWD'] ?? '.', answers.folder)
    await writeApp({ ...answers, folder }, await vendored())
    process.stdout.write(nextSteps(answers.folder))
  },
})

const nextSteps = (folder: string): string => `
${folder} is there. What comes next:

  cd ${folder}
  npm install
  npm test
  npm start

The README says what happens then.
`

async function main(): Promise<void> {
  try {
    await runCommand(command, { rawArgs: process.argv.slice(2) })
  } catch (error) {
    process.stderr.write(`create-annex-app: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}\n`)
    process.exitCode = 1
  }
}

await main()
