import assert from 'node:assert/strict'
import { Cluster } from '../support/cluster'

/** Processes and servers of this process that have not ended. */
function running(): string[] {
  return process.getActiveResourcesInfo().filter(name => name === 'ProcessWrap' || name === 'TCPServerWrap').sort()
}

describe('a cluster that does not start', function() {
  this.timeout(60_000)

  it('leaves no process and no server behind', async () => {
    const before = running()
    await assert.rejects(Cluster.start(2, { REDIS_URL: 'not an address' }), /exited with/)
    assert.deepEqual(running(), before)
  })
})
