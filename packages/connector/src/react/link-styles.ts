import type { CSSProperties } from 'react'

// The colours are the system's, which follow the page's colour scheme and forced colours; the sides are logical, so that they
// turn with the direction of writing. No style sheet is needed, and none is in the way of a strict policy.

const tint = (part: number): string => `color-mix(in srgb, CanvasText ${part}%, Canvas)`

export const styles = {
  frame: { position: 'relative' },
  input: { boxSizing: 'border-box', inlineSize: '100%', font: 'inherit' },
  popup: {
    position: 'absolute',
    zIndex: 10,
    insetInline: 0,
    insetBlockStart: '100%',
    boxSizing: 'border-box',
    overflow: 'hidden',
    color: 'CanvasText',
    background: 'Canvas',
    border: `1px solid ${tint(55)}`,
    borderRadius: 6,
    boxShadow: '0 4px 16px rgb(0 0 0 / 0.25)',
  },
  list: { maxBlockSize: '16rem', overflowY: 'auto', margin: 0, padding: 0, listStyle: 'none' },
  option: { padding: '0.4em 0.6em', overflowWrap: 'anywhere', textAlign: 'start', cursor: 'pointer' },
  hovered: { background: tint(8) },
  // The outline is what is left of it where the system forces its colours.
  active: { background: tint(16), outline: '2px solid currentColor', outlineOffset: -2 },
  words: { display: 'block', fontSize: '0.85em', color: tint(75) },
  stale: { margin: 0, padding: '0.4em 0.6em', fontSize: '0.85em', background: tint(8), borderInlineStart: '4px solid currentColor' },
  more: {
    display: 'block',
    inlineSize: '100%',
    padding: '0.5em 0.6em',
    font: 'inherit',
    color: 'inherit',
    textAlign: 'start',
    background: 'none',
    border: 0,
    borderBlockStart: `1px solid ${tint(30)}`,
    cursor: 'pointer',
  },
  line: { margin: 0, overflowWrap: 'anywhere' },
  // One line is kept free, so that nothing below moves when something is said.
  status: { minBlockSize: '1lh', fontSize: '0.85em' },
  // For who hears the page: who sees it sees the list.
  heard: { position: 'absolute', inlineSize: 1, blockSize: 1, margin: 0, overflow: 'hidden', clipPath: 'inset(50%)' },
  error: { margin: 0, overflowWrap: 'anywhere', fontWeight: 600, color: 'light-dark(#b42318, #fda29b)' },
} as const satisfies Readonly<Record<string, CSSProperties>>
