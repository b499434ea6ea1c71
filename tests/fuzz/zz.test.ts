import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { it } from 'vitest'
import { oddRequest, oddWire } from './odd-requests.ts'
import { startOddSite } from './odd-site.fixture.ts'
import { sendRaw } from './raw-http.ts'
it('mem', async () => {
  const odd = await startOddSite('sqlite')
  const rss = () => Number(execFileSync('ps', ['-o', 'rss=', '-p', String(odd.site.pid)]).toString()) / 1024
  const sample = [...fc.sample(oddRequest(odd.world), { numRuns: 600, seed: 7 }).filter((r) => !/^(POST|PUT)$/.test(r.method) || !r.target.startsWith('/api/resource')), ...fc.sample(oddWire(odd.world), { numRuns: 300, seed: 8 })]
  const out = [sample.length, rss()]
  for (let i = 0; i < 90; i += 1) { for (const request of sample) await sendRaw(odd.site.url, request); out.push(Math.round(rss())) }
  console.log(out)
  await odd.site.close()
}, 400000)
