/** Who changes tables holds it alone, who reads them all in a snapshot shares it. Any number will do; it is the same in every process of Annex. */
export const LAYOUT_LOCK = 2_018_032_601
