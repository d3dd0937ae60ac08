/** Colours of the charts that can be told apart on white and on black, with impaired vision as well. */
export const PALETTE = ['#4c8dff', '#f5a623', '#2fb686', '#b58cf0', '#e8697d', '#3fc1d6', '#9aa3af', '#c9b037']

/** Colours with a meaning. */
export const COLORS = { good: '#2fb686', bad: '#e8697d', warning: '#f5a623', neutral: '#9aa3af', main: '#4c8dff' }

/** The colours of texts and lines, which the theme of the console sets. */
export function themeColors(element: Element): { text: string, line: string } {
  const style = getComputedStyle(element)
  const read = (name: string) => style.getPropertyValue(name).trim()
  return { text: read('--k-text-normal') || '#888', line: read('--k-color-divider') || '#8884' }
}
