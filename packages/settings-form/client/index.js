// The console rewrites only imports that end with a semicolon.
import { form, store, useConfig } from '@koishijs/client';
import { watchEffect } from 'vue';
import { withGroups } from './settings-group.js';

export default (ctx) => {
  // A form keeps the parts that are known when it is made, and one may be on the page before this module is loaded. So
  // the part for objects is changed in place rather than another one added.
  const part = [...form.extensions].find(({ type, role }) => type === 'object' && !role)
  const { component } = part
  ctx.effect(() => {
    part.component = withGroups(component)
    return () => part.component = component
  })
  // Lets a form on the page choose its parts again.
  for (const item of Object.values(store.packages ?? {})) {
    if (item.runtime?.schema) item.runtime = { ...item.runtime, schema: { ...item.runtime.schema } }
  }

  // style.css hides texts in the other language by this attribute.
  const config = useConfig()
  ctx.effect(() => watchEffect(() => {
    document.documentElement.lang = config.value.locale
  }))
}
