import { openDatabase } from '@annex/database'
import { Outgoing } from '../outgoing/outgoing.ts'
import { DeliveryWorker } from './delivery-worker.ts'
import { plainCourier } from './outbox.fixture.ts'
import { Outbox } from './outbox.ts'

// Sends what is in the outbox of a database, until it is killed.
const [url = '', lease = ''] = process.argv.slice(2)

const now = (): number => Date.now() * 1000
const database = await openDatabase(url)
const outbox = new Outbox({ database, now })
const outgoing = new Outgoing({ allowPrivate: ['127.0.0.0/8'] })
const couriers = new Map([['plain', plainCourier]])
new DeliveryWorker({
  database,
  outbox,
  outgoing,
  couriers,
  now,
  lease: Number(lease),
  onFault: (error) => void process.stderr.write(`${String(error)}\n`),
}).start()
