// Cloudflare's own Node client makes the nine calls of the PCAPs API: nine_calls.mjs BASE_URL TOKEN
// Ends with 0 if all that it parses is what the API promises.
import assert from "node:assert/strict";
import Cloudflare, { NotFoundError } from "cloudflare";

const PATIENCE_MS = 20_000; // Until a capture is done.
const ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353";
const BUCKET = "s3://pcaps-bucket/captures?region=us-east-1";
const ABSENT = "0".repeat(32);
const NOT_FOUND = 1005; // The emulator's code: the API documents none.

const [baseURL, apiToken] = process.argv.slice(2);
const control = baseURL.replace(/\/client\/v4$/, "/__emulator");
const client = new Cloudflare({ apiToken, baseURL });
const { pcaps } = client.magicTransit;
const account = { account_id: ACCOUNT };

function assertRecent(text) {
  assert.ok(Math.abs(Date.now() - Date.parse(text)) < 60_000, text);
}

// The call is refused with this class, and with the API's own code in what the library parsed.
async function assertNotFound(call) {
  const error = await call.then(() => assert.fail("it was accepted"), (error) => error);
  assert.ok(error instanceof NotFoundError, String(error));
  assert.equal(error.errors[0].code, NOT_FOUND);
}

async function untilDone(id) {
  for (const begin = Date.now(); Date.now() - begin < PATIENCE_MS;) {
    const pcap = await pcaps.get(id, account);
    if (["success", "complete", "failed"].includes(pcap.status)) return pcap;
  }
  assert.fail("the capture does not end");
}

async function simpleCaptures() {
  const filter = { destination_address: "192.0.2.7", destination_port: 443, protocol: 6 };
  const created = await pcaps.create({
    ...account, type: "simple", system: "magic-transit", time_limit: 60, packet_limit: 50, filter_v1: filter,
  });
  assert.equal(created.type, "simple");
  assert.equal(created.system, "magic-transit");
  assert.equal(created.status, "pending");
  assert.equal(created.time_limit, 60);
  assert.deepEqual(created.filter_v1, filter);
  assertRecent(created.submitted);
  assertRecent(created.offset_time);

  const done = await untilDone(created.id);
  assert.equal(done.id, created.id);
  assert.equal(done.status, "success");

  const download = await pcaps.download.get(created.id, account);
  assert.equal(download.headers.get("content-type"), "application/vnd.tcpdump.pcap");
  const content = Buffer.from(await download.arrayBuffer());
  assert.equal(content.readUInt32LE(0), 0xa1b2c3d4);
  assert.ok(content.length > 24 + 50 * 16);
  await assertNotFound(pcaps.get(ABSENT, account));
  return created.id;
}

async function fullCaptures() {
  const created = await pcaps.create({
    ...account, type: "full", system: "magic-transit", time_limit: 3600, colo_name: "ord02",
    destination_conf: BUCKET, byte_limit: 1_000_000, packet_limit: 1000,
  });
  assert.equal(created.type, "full");
  assert.equal(created.colo_name, "ord02");
  assert.equal(created.destination_conf, BUCKET);
  assert.equal(created.byte_limit, 1_000_000);
  assert.equal(created.packets_captured, 0);
  await pcaps.stop(created.id, account);
  const stopped = await untilDone(created.id);
  assert.equal(stopped.status, "success");
  assertRecent(stopped.stop_requested);
  return created.id;
}

async function lists(...ids) {
  const listed = [];
  for await (const each of pcaps.list(account)) listed.push(each);
  assert.deepEqual(listed.map(({ id }) => id), ids.reverse());
  assert.deepEqual(listed.map(({ type }) => type), ["full", "simple"]);
  assert.deepEqual((await pcaps.list({ account_id: "nobody" })).result, []);
}

async function ownerships() {
  const { ownership } = pcaps;
  const bucket = { ...account, destination_conf: BUCKET };
  const added = await ownership.create(bucket);
  assert.equal(added.destination_conf, BUCKET);
  assert.equal(added.status, "pending");
  assert.equal(added.filename, `ownership-challenge-${added.id}.txt`);
  assert.ok(!added.validated);
  assertRecent(added.submitted);
  assert.deepEqual((await ownership.get(account)).result, [added]);

  const refused = await ownership.validate({ ...bucket, ownership_challenge: "no" });
  assert.equal(refused.status, "failed");
  const challenge = await (await fetch(`${control}/challenge?account=${ACCOUNT}&id=${added.id}`)).text();
  const valid = await ownership.validate({ ...bucket, ownership_challenge: challenge });
  assert.equal(valid.id, added.id);
  assert.equal(valid.status, "success");
  assertRecent(valid.validated);

  await ownership.delete(added.id, account);
  assert.deepEqual((await ownership.get(account)).result, []);
  await assertNotFound(ownership.delete(added.id, account));
}

// The library calls again after a 503, and its caller sees nothing of it.
async function retries(id) {
  const fault = { endpoint: "get_pcap", fault: "status", status: 503, count: 2 };
  const added = await fetch(`${control}/faults`, { method: "POST", body: JSON.stringify(fault) });
  assert.equal(added.status, 200);
  assert.equal((await pcaps.get(id, account)).id, id);
}

const simple = await simpleCaptures();
const full = await fullCaptures();
await lists(simple, full);
await ownerships();
await retries(simple);
