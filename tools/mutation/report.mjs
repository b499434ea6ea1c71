import { interval } from './interval.mjs'

const NOTICED = new Set(['Killed', 'Timeout'])
const LIVING = new Set(['Survived', 'NoCoverage'])

/** What is known of a group's changes: how many there are in all, and of those that were judged, how many were noticed, by what and what not. */
export function countMutants(mutants, verdictOf) {
  const judged = mutants
    .map((mutant) => ({ ...mutant, ...verdictOf(mutant) }))
    .filter(({ status }) => NOTICED.has(status) || LIVING.has(status))
  const count = (...statuses) => judged.filter(({ status }) => statuses.includes(status)).length
  const survivors = judged.filter(({ status }) => LIVING.has(status)).toSorted(byPlace)
  const noticed = count(...NOTICED)
  const counts = { noticed, timedOut: count('Timeout'), uncovered: count('NoCoverage'), cut: survivors.filter(({ cut }) => cut).length }
  return { all: mutants.length, judged: judged.length, ...counts, survivors }
}

/** A table of groups, a line each; a share of a sample has its interval beside it. */
export function tableOf(groups) {
  const head = ['| group | changes in all | judged | noticed | 95 % interval |', '| --- | --- | --- | --- | --- |']
  const rows = groups.map(({ name, counts }) => rowOf(name, counts))
  return [...head, ...rows, ...(groups.length > 1 ? [rowOf('all of them', sumOf(groups))] : [])]
}

const sumOf = (groups) =>
  Object.fromEntries(['all', 'judged', 'noticed', 'cut'].map((key) => [key, groups.reduce((sum, { counts }) => sum + counts[key], 0)]))

function rowOf(name, { all, judged, noticed, cut }) {
  const [low, high] = interval(noticed, judged).map((bound) => bound.toFixed(1))
  const share = judged === 0 ? '' : `${noticed}, ${cut > 0 ? 'at least ' : ''}${((100 * noticed) / judged).toFixed(1)} %`
  return `| ${name} | ${all} | ${judged} | ${share} | ${judged === all || judged === 0 ? '' : `${low} to ${high} %`} |`
}

/** What was not noticed, in words, in the order of the code. */
export const survivorsOf = ({ survivors }) => survivors.map(lineOf)

function lineOf({ path, start, mutatorName, replacement = '', status, cut }) {
  const short = replacement.replaceAll(/\s+/g, ' ').slice(0, 100)
  const note = status === 'NoCoverage' ? ' (in no test)' : cut ? ' (not by all tests)' : ''
  return `  ${path}:${start.line}:${start.column} ${mutatorName}${note} -> ${short}`
}

const byPlace = (a, b) => a.path.localeCompare(b.path) || a.start.line - b.start.line || a.start.column - b.start.column
