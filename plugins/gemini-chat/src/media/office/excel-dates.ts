import { readXml } from './xml'

const DAY_MS = 86_400_000

/** Formats of Excel's own that show a date or a time, those of Chinese and Japanese versions included. */
const BUILT_IN_DATES = [[14, 22], [27, 36], [45, 47], [50, 58]]

function isBuiltInDate(format: number) {
  return BUILT_IN_DATES.some(([first, last]) => format >= first && format <= last)
}

/** @returns whether the cells of a style show dates */
export async function readDateStyles(styles?: Buffer): Promise<(style: number) => boolean> {
  const custom = new Map<number, boolean>()
  const formats: number[] = []
  let isInCells = false
  if (styles) {
    await readXml(styles, {
      open(name, { numFmtId, formatCode = '' }) {
        if (name === 'numFmt') custom.set(Number(numFmtId), isDateFormat(formatCode))
        else if (name === 'cellXfs') isInCells = true
        else if (name === 'xf' && isInCells) formats.push(Number(numFmtId ?? 0))
      },
      close(name) {
        if (name === 'cellXfs') isInCells = false
      },
    })
  }
  return style => custom.get(formats[style]) ?? isBuiltInDate(formats[style] ?? 0)
}

/** Whether a format such as `yyyy"年"m"月"` shows a date. Quoted and escaped text, colours and conditions are none. */
function isDateFormat(code: string) {
  return /[ymdhs]/i.test(code.replace(/"[^"]*"|\\.|\[(?!h+\]|m+\]|s+\])[^\]]*\]/gi, ''))
}

/**
 * A date of Excel, which counts days from the end of 1899, or from 1904 on.
 * @see https://learn.microsoft.com/office/troubleshoot/excel/1900-and-1904-date-system
 */
export function toDate(serial: number, is1904: boolean): string {
  const days = is1904 ? serial + 1462 : serial
  // Excel takes 1900 for a leap year.
  const time = Date.UTC(1899, 11, days < 60 ? 31 : 30) + Math.round(days * 86_400) * 1000
  if (!(days >= 0 && days < 2_958_466)) return String(serial)
  const [date, clock] = new Date(time).toISOString().slice(0, 19).split('T')
  if (days < 1) return clock
  return time % DAY_MS ? `${date} ${clock}` : date
}
