import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines } from '../support/databases.ts'
import { startSite, type RunningSite } from '../support/site.ts'
import { disagreementsIn } from './disagreements.ts'
import { Player } from './player.ts'
import { played, readRecording } from './recording.ts'

describe.each(engines)('on %s, the site answers as recorded', (engine) => {
  let site: RunningSite
  let player: Player

  beforeAll(async () => {
    site = await startSite(engine)
    player = new Player(site.url, site.adminPassword)
  })

  afterAll(() => site.close())

  test.each(played)('in %s, but for the listed disagreements', async (name) => {
    const differences = await player.play(await readRecording(name))
    const unexpected = differences.filter(({ step }) => !disagreementsIn(name).includes(step))
    expect(unexpected).toEqual([])
    expect(differences.map(({ step }) => step)).toEqual(disagreementsIn(name))
  })
})
