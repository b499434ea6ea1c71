/** Whether a change belongs to the sample: with `every` = 8, each eighth in the order of the code; `from` says which of the eight. */
export const isSampled = (index, every, from = 0) => index % every === from
