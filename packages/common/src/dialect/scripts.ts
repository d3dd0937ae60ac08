/** Characters of Unicode for superscripts and subscripts. */
const superscripts: Record<string, string> = {}
const subscripts: Record<string, string> = {}

function define(target: Record<string, string>, plain: string, small: string) {
  const characters = [...small]
  for (const [index, character] of [...plain].entries()) target[character] = characters[index]
}

define(superscripts, '0123456789+-=()−', '⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾⁻')
define(superscripts, 'abcdefghijklmnoprstuvwxyz', 'ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ')
define(subscripts, '0123456789+-=()−', '₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎₋')
define(subscripts, 'aehijklmnoprstuvx', 'ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ')

/** Small text as characters of Unicode; where there is none for one of them, `^` or parentheses. */
export function toScript(text: string, kind: 'sub' | 'sup'): string {
  const table = kind === 'sup' ? superscripts : subscripts
  const small = [...text].map(character => table[character])
  if (small.every(Boolean)) return small.join('')
  if (kind === 'sub') return `(${text})`
  return /^\w+$/.test(text) ? `^${text}` : `^(${text})`
}
