import { describe, expect, it } from 'vitest'
import { soakHearing } from './hearing.ts'
import { soakRotation } from './rotation.ts'
import type { Findings, Soak } from './soak.ts'

/** `npm run prove:connector` asks for ten minutes. */
const seconds = Number(process.env['ANNEX_SOAK_SECONDS'] ?? 30)
const seed = process.env['ANNEX_SOAK_SEED'] ?? String(Date.now())
const isProof = seconds >= 120
const soak: Soak = {
  seed,
  seconds,
  persons: isProof ? 20 : 8,
  restartsEveryMs: isProof ? 40_000 : 5_000,
  revokesEveryMs: isProof ? 15_000 : 4_000,
}
const PATIENCE = { timeout: (seconds + 400) * 1000 }
const MEGABYTE = 1024 * 1024
/** What code that is met for the first time takes, in a short run more than a fifth. */
const FIRST_MET = 8 * MEGABYTE

describe.concurrent(`a soak of ${seconds} s, ANNEX_SOAK_SEED=${seed}`, () => {
  it(
    'nobody has to sign in who took nothing back, and each end of access is told once, while site and app are restarted and killed',
    PATIENCE,
    async () => {
      const found = await soakRotation(soak)
      say('rotation', found)
      expect(found.faults).toEqual([])
      expect(found.counts['ok']).toBeGreaterThan(seconds)
      expect(found.told).toBeGreaterThan(0)
      for (const ms of found.hearingsMs) expect(ms).toBeLessThan(isProof ? 5000 : 20_000)
      expectBounded(found)
    },
  )

  it('each webhook that was answered 2xx is told to each person once, while the receivers are restarted and killed', PATIENCE, async () => {
    const found = await soakHearing(soak)
    say('webhooks', found)
    expect(found.faults).toEqual([])
    expect(found.counts['accepted']).toBeGreaterThan(seconds)
    expectBounded(found)
  })
})

function expectBounded({ memory: [early, late] }: Findings): void {
  expect(late).toBeLessThan(isProof ? early * 1.2 : early * 1.2 + FIRST_MET)
}

function say(what: string, { faults, told, restarts, memory, hearingsMs, counts, seconds: took }: Findings): void {
  const sorted = hearingsMs.toSorted((one, other) => one - other)
  const heard =
    sorted.length === 0
      ? ''
      : `, ${sorted.length} undisturbed ends heard of in ${sorted[Math.floor(sorted.length / 2)]!.toFixed(0)} ms (the middle) and ${sorted.at(-1)!.toFixed(0)} ms (the slowest)`
  const [early, late] = memory.map((bytes) => (bytes / MEGABYTE).toFixed(1))
  process.stdout.write(
    `${what}: ${took.toFixed(0)} s, ${restarts} restarts, told ${told} times${heard}, ${JSON.stringify(counts)}, memory ${early} MB, then ${late} MB, ${faults.length} faults\n`,
  )
}
