// `next start`, on this computer alone unless HOST says otherwise.
const { existsSync } = require('node:fs')

if (existsSync('.env')) process.loadEnvFile('.env')
process.argv.splice(2, Infinity, 'start', '-H', process.env.HOST || '127.0.0.1')
require('next/dist/bin/next')
