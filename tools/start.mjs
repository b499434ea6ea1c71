// node tools/start.mjs <demo|site|cli|connector|create-app|test|bench|contract|prove-budgets|prove-connector|prove-crash|prove-fuzz|prove-mutation|prove-properties|prove-transfer> [arguments]
//
// What every npm script begins with. Plain JavaScript, so that a Node which cannot run the rest can still say so;
// everything else is loaded after the check.
const [major, minor] = process.versions.node.split('.').map(Number)
const brings = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)
const enough = brings ? major >= 18 : major > 22 || (major === 22 && minor >= 19)

if (enough) {
  import('./launch.mjs').then(
    async ({ launch }) => (process.exitCode = await launch(process.argv[2], process.argv.slice(3))),
    (error) => fail(error.message),
  )
} else
  fail(
    `Annex needs Node ${brings ? '18' : '22.19'} or newer here and this is Node ${process.versions.node}: install a newer one (https://nodejs.org) and try again.`,
  )

function fail(sentence) {
  console.error(sentence)
  process.exitCode = 1
}
