// Before everything else: a Node that is too old can read this file, and little besides.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(`{{name}} needs Node 22.19 or newer and this is Node ${process.versions.node}: install a newer one (https://nodejs.org).`)
  process.exit(1)
}
