import type { ReportLine } from '../bilingual'
import { parseKey } from './entries'
import type { MergeChange } from './merge'

function nameOf(path: string[]): string {
  return path.filter(key => key !== 'plugins' && parseKey(key).name !== 'group')
    .map(key => parseKey(key).name).join('.') || path.map(key => key.split(':').pop()).join('.')
}

function join(changes: MergeChange[], separator: string): string {
  return [...new Set(changes.map(({ path }) => nameOf(path)))].join(separator)
}

/** Says which changes of koishi.yml are now part of the saved settings, and which are not. */
export function explainMerge(changes: MergeChange[]): ReportLine[] {
  const of = (kind: MergeChange['kind']) => changes.filter(change => change.kind === kind)
  const lines: ReportLine[] = []
  const report = (kind: MergeChange['kind'], mark: ReportLine['mark'], zh: string, en: string) => {
    const found = of(kind)
    if (found.length) lines.push({ mark, zh: zh.replace('{}', join(found, '、')), en: en.replace('{}', join(found, ', ')) })
  }
  report('added', '✓', 'koishi.yml 里新增的已加入 data/koishi.yml：{}。', 'Added to data/koishi.yml from koishi.yml: {}.')
  report('changed', '✓', 'koishi.yml 里的改动已写入 data/koishi.yml：{}。', 'Changed in data/koishi.yml as in koishi.yml: {}.')
  report('removed', '✓', 'koishi.yml 里删除的已从 data/koishi.yml 删除：{}。', 'Removed from data/koishi.yml as from koishi.yml: {}.')
  report('kept', '!',
    'koishi.yml 里改动了 {}，但 data/koishi.yml 里也改过：以 data/koishi.yml 为准。',
    'koishi.yml has other values for {}, but data/koishi.yml was changed as well: data/koishi.yml applies.')
  return lines
}
