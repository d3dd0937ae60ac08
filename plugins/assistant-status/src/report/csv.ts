type Cell = string | number

/** Spreadsheets take what begins like this for a formula, and run it. */
const FORMULA = /^[\s\p{Cf}\p{Cc}]*[=+\-@＝＋－＠]/u

/** So that spreadsheets read the file as UTF-8. */
const BYTE_ORDER_MARK = '\u{feff}'

/**
 * A table as CSV.
 * @see https://www.rfc-editor.org/rfc/rfc4180
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
export function toCsv(rows: readonly (readonly Cell[])[]): string {
  return BYTE_ORDER_MARK + rows.map(row => row.map(cell).join(',') + '\r\n').join('')
}

/** Texts are quoted, and those that a spreadsheet could run begin with an apostrophe. */
function cell(value: Cell): string {
  if (typeof value === 'number') return String(value)
  const text = FORMULA.test(value) ? `'${value}` : value
  return `"${text.replaceAll('"', '""')}"`
}
