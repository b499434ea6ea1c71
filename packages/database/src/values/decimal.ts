const PLACES = 9
const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/

/** A number of billionths, exact, rounded half away from zero. The digits taken are the shortest that name the number. */
export function toBillionths(x: number): bigint {
  const parts = NUMBER.exec(String(x))
  if (!parts) throw new RangeError(`${x} is not a decimal number`)
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts
  const digits = BigInt(whole + fraction)
  const shift = PLACES + Number(exponent) - fraction.length
  const size = shift >= 0 ? digits * 10n ** BigInt(shift) : roundedQuotient(digits, 10n ** BigInt(-shift))
  return sign ? -size : size
}

/** Half away from zero, of a dividend that is not negative. */
function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  return (2n * dividend + divisor) / (2n * divisor)
}

/** The average of billionths, rounded to a billionth half away from zero. */
export function averageOf(sum: bigint, count: bigint): bigint {
  return sum < 0n ? -roundedQuotient(-sum, count) : roundedQuotient(sum, count)
}

export function billionthsToText(billionths: bigint): string {
  const size = (billionths < 0n ? -billionths : billionths).toString().padStart(PLACES + 1, '0')
  return `${billionths < 0n ? '-' : ''}${size.slice(0, -PLACES)}.${size.slice(-PLACES)}`
}

/**
 * A decimal as it is stored, with nine places, rounded half away from zero: `0.1` is `0.100000000`.
 *
 * Write `Number(canonicalDecimal(x))` on both engines, and both hold, compare and add up the same value.
 *
 * @throws {RangeError} for what is not finite
 */
export function canonicalDecimal(x: number): string {
  return billionthsToText(toBillionths(x))
}
