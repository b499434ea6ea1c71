import type { Site } from '@annex/site'

/** Signing keys as lines of text: state, algorithm, key id, since when. */
export const keyLines = (keys: ReturnType<Site['signingKeys']['list']>): string[] =>
  keys.map(({ kid, alg, state, since }) =>
    [state.padEnd(7), alg, kid, since === undefined ? '' : `since ${new Date(since / 1000).toISOString()}`].join('  ').trimEnd(),
  )
