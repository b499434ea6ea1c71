import { pause } from './random.ts'
import type { SoakApp } from './soak-app.ts'

const LOOKS = 5

/** What one process has in use after its garbage was collected: the middle of five looks, a moment after `from`, and once it is over. */
export async function watchMemory(app: SoakApp, from: number, isOver: () => boolean): Promise<readonly [number, number]> {
  while (performance.now() < from && !isOver()) await pause(100)
  const early = await middle(app)
  while (!isOver()) await pause(100)
  return [early, await middle(app)]
}

async function middle(app: SoakApp): Promise<number> {
  const looks: number[] = []
  while (looks.length < LOOKS) {
    const bytes = await app.memory()
    if (bytes !== undefined) looks.push(bytes)
    await pause(200)
  }
  return looks.toSorted((one, other) => one - other)[Math.floor(LOOKS / 2)]!
}
