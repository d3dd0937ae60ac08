import { SchemaBase, useConfig } from '@koishijs/client';
import { defineComponent, h } from 'vue';

/** Milliseconds, and the names of the unit. */
const UNITS = [
  [86_400_000, ' 天', ' d'], [3_600_000, ' 小时', ' h'], [60_000, ' 分', ' min'], [1000, ' 秒', ' s'], [1, ' 毫秒', ' ms'],
]

/** A duration in words, such as `5 分 30 秒`; empty for 0, which stands for something else in every setting. */
function words(duration, locale) {
  const parts = []
  let rest = duration
  for (const [size, zh, en] of UNITS) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count) parts.push(count + (locale === 'zh-CN' ? zh : en))
  }
  return parts.join(' ')
}

/** The stock field of a number of milliseconds, and the duration in words beside it. */
export const Duration = defineComponent({
  inheritAttrs: false,
  setup(_, { attrs, slots }) {
    const config = useConfig()
    return () => {
      const duration = attrs.modelValue ?? attrs.schema.meta.default ?? 0
      return h(SchemaBase, attrs, {
        ...slots,
        prefix: () => [h('span', { class: 'settings-duration' }, words(duration, config.value.locale)), slots.prefix?.()],
      })
    }
  },
})
