// SPDX-License-Identifier: Apache-2.0
// The fixed contract from a stock Node client (@grpc/grpc-js), and pushes through the extended one.
'use strict';
const assert = require('assert');
const path = require('path');
const modules = path.resolve(process.argv[3], 'node', 'node_modules');
const grpc = require(path.join(modules, '@grpc', 'grpc-js'));
const loader = require(path.join(modules, '@grpc', 'proto-loader'));
const address = process.argv[2];

function service(file) {
  const options = { keepCase: true, longs: String, enums: String, defaults: true };
  const loaded = grpc.loadPackageDefinition(loader.loadSync(file, options));
  return loaded.necp.realtime.statesync.v1.StateSyncService;
}
const Original = service(path.join(__dirname, '..', 'original', 'state_sync.proto'));
const Extended = service(path.join(__dirname, '..', '..', '..', 'proto', 'state_sync.proto'));
const credentials = grpc.credentials.createInsecure();
const client = new Original(address, credentials);
const extended = new Extended(address, credentials);
const call = (on, method, request) => new Promise((resolve, reject) =>
  on[method](request, (error, answer) => (error ? reject(error) : resolve(answer))));
const unique = name => `${name}-${process.pid}-${Date.now()}`;

async function unary() {
  const key = unique('node');
  const first = await call(client, 'SyncState', { player_id: '11', category: 'profile', key, state_data: Buffer.from('{"name":"a"}') });
  assert.strictEqual(first.result, 'SYNC_RESULT_SUCCESS');
  assert.strictEqual(first.current_version, 1);
  const late = await call(client, 'SyncState', { player_id: '11', category: 'profile', key, state_data: Buffer.from('{"name":"b"}'), expected_version: 0 });
  assert.strictEqual(late.result, 'SYNC_RESULT_CONFLICT');
  assert.strictEqual(late.conflict.strategy, 'RESOLUTION_STRATEGY_KEEP_OLD');
  assert.strictEqual(late.state_data.toString(), '{"name":"a"}');
  const snapshot = await call(client, 'GetStateSnapshot', { player_id: '11', categories: ['profile'] });
  assert(snapshot.entries.some(entry => entry.key === key && entry.version === 1));
  await assert.rejects(call(client, 'SyncState', { player_id: '0', category: 'profile', key }), { code: grpc.status.INVALID_ARGUMENT });
  const unknown = await call(client, 'ResolveConflict', { conflict_id: 'no such', strategy: 'RESOLUTION_STRATEGY_MERGE' });
  assert.strictEqual(unknown.success, false);
  console.log('ok: unary calls');
}

function stream() {
  return new Promise((resolve, reject) => {
    const updates = client.StreamStateUpdates();
    const key = unique('walk');
    let answered = 0;
    updates.on('data', answer => {
      answered++;
      if (answer.result !== 'SYNC_RESULT_SUCCESS' || answer.current_version !== answered)
        reject(new Error(`answer ${answered}: ${JSON.stringify(answer)}`));
    });
    updates.on('error', reject);
    updates.on('end', () => {
      assert.strictEqual(answered, 500);
      console.log('ok: 500 streamed updates in order');
      resolve();
    });
    for (let i = 0; i < 500; i++)
      updates.write({ player_id: '12', category: 'position', key, state_data: Buffer.alloc(48, i), expected_version: i });
    updates.end();
  });
}

function pushes() {
  return new Promise((resolve, reject) => {
    const key = unique('seen');
    const watching = extended.StreamStateUpdates();
    const writer = extended.StreamStateUpdates();
    const seen = [];
    const timer = setTimeout(() => reject(new Error(`pushes: ${JSON.stringify(seen)}`)), 5000);
    writer.on('data', answer => assert.strictEqual(answer.request_id === '0', false, 'a writer heard of its own write'));
    writer.on('error', () => {});
    watching.on('error', error => { if (error.code !== grpc.status.CANCELLED) reject(error); });
    watching.on('data', push => {
      if (push.caught_up) writer.write({ player_id: '13', category: 'position', key, state_data: Buffer.from('one') });
      if (!push.update || push.update.key !== key) return;
      seen.push(`${push.update.version}:${push.update.state.toString()}:${push.update.deleted}`);
      if (seen.length === 1) writer.write({ player_id: '13', category: 'position', key, delete: true });
      if (seen.length < 2) return;
      clearTimeout(timer);
      assert.deepStrictEqual(seen, ['1:one:false', '2::true']);
      watching.cancel();
      writer.end();
      console.log('ok: a subscriber hears of a write and of a deletion');
      resolve();
    });
    watching.write({ player_id: '14', subscribe: { categories: ['position'] } });
  });
}

(async () => {
  await unary();
  await stream();
  await pushes();
  client.close();
  extended.close();
})().catch(error => {
  console.log('FAILED:', error);
  process.exit(1);
});
