/** Runs in the page and describes to the tests what it displays. */
globalThis.pageInspector = {
  rows() {
    return Array.from(document.querySelectorAll('.k-form .k-schema-item'), (item) => {
      const all = selector => Array.from(item.querySelectorAll(selector))
      const texts = selector => all(selector).map(element => element.innerText.trim())
      return {
        name: texts('h3')[0].replace(/\s/g, ''),
        text: texts('.k-schema-left .markdown')[0] ?? '',
        fields: all('input:not(.el-select__input):not([type=radio]), textarea')
          .map(({ type, value, checked }) => ({ type, value, checked })),
        choices: all('label')
          .map(label => ({ text: label.innerText.trim(), checked: label.querySelector('input').checked })),
        selected: texts('.el-select__placeholder'),
        columns: texts('th').filter(text => text),
      }
    })
  },

  /** The names of the displayed rows. */
  shown() {
    return Array.from(document.querySelectorAll('.k-form .k-schema-item'))
      .filter(item => item.offsetParent)
      .map(item => item.querySelector('h3').innerText.replace(/\s/g, ''))
  },

  /** Finds elements that extend beyond the visible width of the page or are truncated with an ellipsis. */
  overflowing() {
    const found = []
    const view = document.querySelector('.plugin-view > .el-scrollbar__wrap')
    const { left, right } = view.getBoundingClientRect()
    if (right > innerWidth || view.scrollWidth > view.clientWidth) found.push('the page')
    for (const element of document.querySelectorAll('.k-form *:not(svg, svg *, input, textarea)')) {
      const box = element.getBoundingClientRect()
      if (!box.width) continue
      const isCut = element.scrollWidth > element.clientWidth && getComputedStyle(element).textOverflow === 'ellipsis'
      if (box.left < left || box.right > right || isCut) {
        const row = element.closest('.k-schema-item')?.querySelector('h3').innerText ?? ''
        found.push(`${row} <${element.tagName.toLowerCase()}> ${element.innerText}`)
      }
    }
    return found
  },

  /** The window height that shows the whole page without a scroll bar. */
  height() {
    let view = document.querySelector('.k-form')
    while (view && view.scrollHeight <= view.clientHeight) view = view.parentElement
    return view ? view.scrollHeight - view.clientHeight + innerHeight : innerHeight
  },
}
