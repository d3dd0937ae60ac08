import type { Report } from '../../src/report/types'
import { COLORS, PALETTE } from '../charts/theme'
import type { Dataset } from '../charts/chart-canvas.vue'
import type { Texts } from '../texts'

const MS_PER_SECOND = 1000

/** Models with a colour of their own. */
const MAX_MODELS = PALETTE.length

const LINE_STYLE = { pointRadius: 2, borderWidth: 2, tension: 0.2, spanGaps: true }

function bar(label: string, data: (number | null)[], color: string): Dataset {
  return { type: 'bar', label, data, backgroundColor: color, borderRadius: 2 }
}

function line(label: string, data: (number | null)[], color: string): Dataset {
  return { type: 'line', label, data, borderColor: color, backgroundColor: color, ...LINE_STYLE }
}

/** Questions by how they ended. */
export function questionBars({ counts }: Report, { results }: Texts): Dataset[] {
  return [
    bar(results.answered, counts.map(count => count.answered), COLORS.good),
    bar(results.failed, counts.map(({ failed, interrupted }) => failed + interrupted), COLORS.bad),
    bar(results.stopped, counts.map(count => count.stopped), COLORS.neutral),
    bar(results.refused, counts.map(count => count.refused), COLORS.warning),
  ]
}

/** Tokens by model; those that were used least have no colour of their own and are left out. */
export function tokenBars({ models }: Report): Dataset[] {
  return models.slice(0, MAX_MODELS).map(({ name, tokens }, index) => bar(name, tokens, PALETTE[index]))
}

/** Average seconds to the first text and to the end; none where nothing was answered. */
export function timeLines({ counts }: Report, { firstText, lastText }: Texts): Dataset[] {
  const average = (sum: number, count: number) => count ? Number((sum / count / MS_PER_SECOND).toFixed(2)) : null
  return [
    line(firstText, counts.map(({ firstTextMs, firstTexts }) => average(firstTextMs, firstTexts)), COLORS.main),
    line(lastText, counts.map(({ totalMs, timed }) => average(totalMs, timed)), COLORS.warning),
  ]
}

export function hourBars({ hours }: Report, { charts }: Texts): Dataset[] {
  return [bar(charts.questions, hours, COLORS.main)]
}

export const HOUR_LABELS = Array.from({ length: 24 }, (_, hour) => String(hour))

/** Ratings by day. */
export function ratingBars(
  { ratings, periods }: Report, { good, bad }: Texts,
): { labels: string[], datasets: Dataset[] } {
  const labels = [...new Set(periods.map(period => period.slice(0, 'yyyy-mm-dd'.length)))]
  const days = new Map(ratings.map(day => [day.day, day]))
  return {
    labels,
    datasets: [
      bar(good, labels.map(day => days.get(day)?.good ?? 0), COLORS.good),
      bar(bad, labels.map(day => days.get(day)?.bad ?? 0), COLORS.bad),
    ],
  }
}
