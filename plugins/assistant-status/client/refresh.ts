import { onBeforeUnmount, onMounted } from 'vue'

/** Runs a task when the component is shown, and again some time after each run until the component is gone. */
export function useRefresh(task: () => Promise<void>, intervalMs: number) {
  let timer: number | undefined
  let isGone = false
  const run = async () => {
    if (!document.hidden) await task()
    if (!isGone) timer = window.setTimeout(run, intervalMs)
  }
  onMounted(run)
  onBeforeUnmount(() => {
    isGone = true
    window.clearTimeout(timer)
  })
}
