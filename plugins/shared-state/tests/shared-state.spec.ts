import assert from 'node:assert/strict'
import { Context } from 'koishi'
import * as sharedState from '../src'

describe('the plugin', () => {
  it('provides the service as long as it is loaded, in memory without an address', async () => {
    const app = new Context()
    const fork = app.plugin(sharedState, new sharedState.Config({} as sharedState.Config))
    await app.start()
    const service = app.get('sharedState')!
    assert.equal(service.isShared, false)
    assert.equal(service.isDegraded, false)
    assert.deepEqual(service.instances, [service.instance])
    assert.equal(await service.claim('spec', 'a', 1000), 'a')
    assert.equal(await service.claim('spec', 'b', 1000), 'a')
    fork.dispose()
    assert.equal(app.get('sharedState'), undefined)
    await app.stop()
  })

  it('refuses a prefix with characters that Redis tools read as patterns', () => {
    assert.throws(() => new sharedState.Config({ url: '', prefix: 'a*' }))
  })

  it('answers without a server, and ends without waiting for it', async () => {
    const app = new Context()
    // Port 9 is closed.
    app.plugin(sharedState, new sharedState.Config({ url: 'redis://127.0.0.1:9' } as sharedState.Config))
    await app.start()
    const service = app.get('sharedState')!
    assert.equal(await service.claim('spec', 'a', 1000), 'a')
    assert.equal(service.isShared, true)
    assert.equal(service.isDegraded, true)
    await app.stop()
  })
})
