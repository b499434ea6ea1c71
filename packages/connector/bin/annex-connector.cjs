#!/usr/bin/env node
// CommonJS in an old dialect, so that a Node which is too old can still say so.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major > 20 || (major === 20 && minor >= 10)) {
  import('../dist/command/main.js').then(
    ({ main }) => main(process.argv.slice(2)),
    (error) => {
      console.error(error.message)
      process.exitCode = 1
    },
  )
} else {
  console.error(
    `annex-connector needs Node 20.10 or newer and this is Node ${process.versions.node}: install a newer one (https://nodejs.org).`,
  )
  process.exitCode = 1
}
