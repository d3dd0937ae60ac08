/** What specs make several instances in one process of: the service of koishi-plugin-shared-state over one memory. */

export { MemoryBackend } from '../../plugins/shared-state/src/memory/memory-backend'
export { SharedStateService } from '../../plugins/shared-state/src/service/shared-state-service'
