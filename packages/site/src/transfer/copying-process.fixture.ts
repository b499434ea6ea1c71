import { writeSync } from 'node:fs'
import { copySite } from '../transfers.ts'

// Copies a site, and stands still for ever in the middle of the copy, when all rows of the table were read, until it is killed.
const [from = '', to = '', table = ''] = process.argv.slice(2)

await copySite(
  from,
  to,
  (progress) => {
    if (progress.table !== table || !progress.done) return
    writeSync(1, 'in the middle\n')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  },
  () => {},
)
