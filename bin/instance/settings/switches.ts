import type { Dict } from 'koishi'
import type { Env, Variable } from '../env'
import { entriesOf, idOf, mapKeys } from './entries'
import type { Overlay } from './overlay'

/** A platform, or another part of the instance that runs only with its settings. */
interface Switchable {
  /** The value of `PLATFORM` that excludes this platform. */
  excludedBy?: string
  /** Any of these asks for it. */
  variables: Variable[]
  /** The plugin with the credentials comes first. */
  plugins: string[]
  /** Whether the settings have all that is needed to connect. */
  isComplete(settings: Dict): boolean
}

function has(...paths: string[]) {
  return (settings: Dict) => paths.every(path => settings[path])
}

const hasCallback = has('token', 'encodingAESKey')
const hasLongConnection = has('botId', 'botSecret')

const SWITCHABLE: Switchable[] = [
  {
    excludedBy: 'dingtalk',
    // Not `WECOM_BOT_ID`, which is also set along with the two values of the callback.
    variables: ['WECOM_BOT_TOKEN', 'WECOM_BOT_ENCODING_AES_KEY', 'WECOM_BOT_SECRET'],
    plugins: ['adapter-wecom-bot'],
    isComplete: settings => (settings.mode !== 'websocket' && hasCallback(settings))
      || (settings.mode !== 'callback' && hasLongConnection(settings)),
  },
  {
    excludedBy: 'wecom',
    variables: ['DINGTALK_CLIENT_ID', 'DINGTALK_CLIENT_SECRET'],
    plugins: ['adapter-dingtalk', 'dingtalk-companion'],
    isComplete: has('appkey', 'secret'),
  },
  {
    variables: ['REDIS_URL'],
    plugins: ['shared-state'],
    isComplete: has('url'),
  },
]

/**
 * Decides which platforms run, and whether state is shared: not what `PLATFORM` excludes or has no credentials; what
 * has its credentials in variables; and the others as they are switched in koishi.yml.
 * @returns the switch of each entry that is to be different from the file, by key without `~`
 */
export function decideSwitches(plugins: Dict, env: Env, overlay: Overlay): Map<string, boolean> {
  const result = new Map<string, boolean>()
  for (const { excludedBy, variables, plugins: [adapter, ...companions], isComplete } of SWITCHABLE) {
    const isExcluded = !!excludedBy && env.PLATFORM === excludedBy
    const isForced = !isExcluded && variables.some(name => env[name])
    for (const { name, key, isOn, config } of entriesOf(plugins)) {
      if (name !== adapter) continue
      const settings = overlay.apply(key, config)
      const runs = isComplete(settings) && !isExcluded && (isOn || (isForced && overlay.of(key).length > 0))
      if (runs !== isOn) result.set(idOf(key), runs)
    }
    if (!isExcluded && !isForced) continue
    for (const { name, key, isOn } of entriesOf(plugins)) {
      if (!companions.includes(name) || isOn === isForced) continue
      if (isForced && !overlay.isFirst(key)) continue
      result.set(idOf(key), isForced)
    }
  }
  return result
}

/** Switches entries for this run only. What the console switches is saved, what variables switch is not. */
export class Switches {
  private readonly forced: Map<string, boolean>

  constructor(plugins: Dict, env: Env, overlay: Overlay) {
    this.forced = decideSwitches(plugins, env, overlay)
  }

  /** The entries as they run. */
  apply(plugins: Dict): Dict {
    return mapKeys(plugins, (key) => {
      const isOn = this.forced.get(idOf(key))
      return isOn === undefined ? key : (isOn ? '' : '~') + idOf(key)
    })
  }

  /** The entries as they are saved: a switch that is still as it was forced is in the file the other way. */
  revert(plugins: Dict): Dict {
    return mapKeys(plugins, (key) => {
      const id = idOf(key)
      const isOn = this.forced.get(id)
      return isOn === (key === id) ? (isOn ? '~' : '') + id : key
    })
  }
}
