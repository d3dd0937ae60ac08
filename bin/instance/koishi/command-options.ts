import { Command, defineProperty, remove } from 'koishi'
import type { Disposable } from 'koishi'

interface CommandScope {
  disposables: Disposable[] | null
}

/** What of Koishi's command its method needs, some of which is private. */
interface OptionOwner {
  caller: { scope: CommandScope }
  _disposables: Disposable[]
  option(...args: unknown[]): unknown
}

/**
 * Frees a command that is removed. Koishi lists what removes an option with the plugin that added the option, and
 * leaves it there after the command itself is gone. The help plugin adds `-h` to every command, so that its list, and
 * memory, would grow with each reload of a plugin that has commands.
 * @returns a function that reverts this
 */
export function freeRemovedCommands(): () => void {
  const prototype = Command.prototype as unknown as OptionOwner
  const { option: original } = prototype
  prototype.option = function(...args) {
    const { caller: { scope }, _disposables: ofCommand } = this
    const known = scope.disposables?.length
    const result = original.apply(this, args)
    for (const dispose of scope.disposables?.splice(known!) ?? []) {
      const forget = () => void (scope.disposables && remove(scope.disposables, removeOption))
      // The plugin may go before the command: then the command has nothing more to do.
      const removeOption = defineProperty(() => {
        forget()
        remove(ofCommand, forget)
        return dispose()
      }, 'name', dispose.name)
      scope.disposables!.push(removeOption)
      ofCommand.push(forget)
    }
    return result
  }
  return () => {
    prototype.option = original
  }
}
