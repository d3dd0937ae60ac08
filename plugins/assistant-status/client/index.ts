import { icons } from '@koishijs/client'
import type { Context } from '@koishijs/client'
import HomeChoice from './home-choice.vue'
import Icon from './icon.vue'
import Page from './page.vue'
import { useTexts } from './texts'

/** Above the pages of Koishi, below the home page. */
const PAGE_ORDER = 900

/** Before the links of Koishi on the home page. */
const CHOICE_ORDER = 2000

/** Administrators, as on the server. */
const AUTHORITY = 4

icons.register('activity:assistant-status', Icon)

export default function(ctx: Context) {
  const texts = useTexts()
  ctx.page({
    path: '/assistant-status',
    name: () => texts.value.title,
    icon: 'activity:assistant-status',
    order: PAGE_ORDER,
    authority: AUTHORITY,
    component: Page,
  })
  ctx.slot({ type: 'welcome-choice', order: CHOICE_ORDER, component: HomeChoice })
}
