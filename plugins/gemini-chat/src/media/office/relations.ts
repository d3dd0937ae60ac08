import { posix } from 'node:path'
import { readXml } from './xml'

/**
 * The parts that a part of an Office document refers to, by the ids of the references.
 * @param part name of the part in the archive
 */
export async function readRelations(parts: ReadonlyMap<string, Buffer>, part: string): Promise<Map<string, string>> {
  const folder = posix.dirname(part)
  const data = parts.get(`${folder}/_rels/${posix.basename(part)}.rels`)
  const relations = new Map<string, string>()
  if (!data) return relations
  await readXml(data, {
    open(name, { Id, Target, TargetMode }) {
      if (name !== 'Relationship' || !Id || !Target || TargetMode === 'External') return
      relations.set(Id, Target.startsWith('/') ? Target.slice(1) : posix.join(folder, Target))
    },
  })
  return relations
}
