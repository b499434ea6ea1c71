#!/usr/bin/env node
// CommonJS in an old dialect, so that a Node which is too old can still say so.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major > 22 || (major === 22 && minor >= 19)) {
  import('./dist/main.js').catch((error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
} else {
  process.stderr.write(
    `create-annex-app needs Node 22.19 or newer and this is Node ${process.versions.node}: install a newer one (https://nodejs.org).\n`,
  )
  process.exitCode = 1
}
