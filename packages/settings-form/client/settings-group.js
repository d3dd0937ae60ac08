import { useI18nText } from '@koishijs/client';
import { computed, defineComponent, h, inject, provide, ref, vShow, withDirectives } from 'vue';
import { Duration } from './duration.js';

/** Where the forms of the console keep their parts. */
const PARTS = '__SCHEMASTERY_EXTENSIONS__'

const DURATION = { type: 'number', role: 'ms', component: Duration }

/** Adds durations in words to the parts of the form below. */
function provideDuration() {
  const parts = inject(PARTS)
  if (!parts.has(DURATION)) provide(PARTS, new Set([...parts, DURATION]))
}

/** @param variable the value of an environment variable, which takes precedence over what is saved */
function isShown(condition, config, variable) {
  if (!condition) return true
  const value = variable ?? config?.[condition.setting]
  if ('is' in condition) return value === condition.is
  if ('isNot' in condition) return value !== condition.isNot
  return value !== undefined && value !== null && value !== ''
}

/** A group of settings with a title, which may be collapsed and may depend on another setting. */
const SettingsGroup = defineComponent({
  inheritAttrs: false,
  props: { fields: {} },
  setup({ fields }, { attrs, slots }) {
    const { collapsed, shownIf, variable } = attrs.schema.meta.extra
    const isOpen = ref(!collapsed)
    const translate = useI18nText()
    // The title is shown here.
    const untitled = computed(() => ({ ...attrs.schema, meta: { ...attrs.schema.meta, description: '' } }))
    const toggle = () => isOpen.value = !isOpen.value

    function title() {
      const text = translate(attrs.schema.meta.description)
      if (!collapsed) return h('h2', { class: 'k-schema-header' }, text)
      return h('h2', {
        class: 'k-schema-header settings-group-title',
        role: 'button',
        tabindex: 0,
        'aria-expanded': isOpen.value,
        onClick: toggle,
        onKeydown(event) {
          if (event.key !== 'Enter' && event.key !== ' ') return
          event.preventDefault()
          toggle()
        },
      }, text)
    }

    return () => withDirectives(h('div', { class: 'settings-group' }, [
      title(),
      withDirectives(h('div', [
        h(fields, { ...attrs, class: undefined, schema: untitled.value }, slots),
      ]), [[vShow, isOpen.value]]),
    ]), [[vShow, isShown(shownIf, attrs.modelValue, variable)]])
  },
})

/** @param fields the part of a form that shows the fields of an object, which also shows those of a group */
export function withGroups(fields) {
  return defineComponent({
    inheritAttrs: false,
    setup(_, { attrs, slots }) {
      provideDuration()
      return () => {
        const isGroup = attrs.schema?.meta.role === 'settings-group'
        return isGroup ? h(SettingsGroup, { ...attrs, fields }, slots) : h(fields, attrs, slots)
      }
    },
  })
}
