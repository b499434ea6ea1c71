/** The bounds, in percent, between which the share of all lies with 95 % certainty, when so many of so many in a sample are (Wilson's interval). */
export function interval(part, whole) {
  if (whole === 0) return [0, 100]
  const z = 1.96
  const share = part / whole
  const middle = (share + z ** 2 / (2 * whole)) / (1 + z ** 2 / whole)
  const half = (z / (1 + z ** 2 / whole)) * Math.sqrt((share * (1 - share)) / whole + z ** 2 / (4 * whole ** 2))
  return [Math.max(0, 100 * (middle - half)), Math.min(100, 100 * (middle + half))]
}
