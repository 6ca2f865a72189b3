// `node test/kills/main.mjs [--kills N] [--mode take|lease|both] [--seed N]`: producers and consumers in bursts, killed at random
// instants, and then the account: nothing stuck, torn or twice; with leases nothing lost, with plain takes no more than was in
// the hands of those who were killed. Says how many died with a lock in their hands. Exit 0, or 3 if a promise was broken.
import { fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { completeSpec, untilNotBusy } from "@sluice/core";
import { loadNativePort } from "@sluice/native-port";
import { shmTransport } from "../../dist/index.js";
import { geometryOf, Word } from "../../dist/region-layout.js";

// A buffer and its records for so many kills: the account stays of a size.
const KILLS_A_ROUND = 75;
const PAUSE_MS_MAX = 30;
const STUCK_MS = 60_000;
const BATCH_MAX = 8;
const ROLES = ["producer", "producer", "consumer", "consumer"];

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "10000" },
    mode: { type: "string", default: "both" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const kills = Number(values.kills);
const seed = Number(values.seed);
const modes = values.mode === "both" ? ["take", "lease"] : [values.mode];
if (
  !Number.isInteger(kills) ||
  kills < 1 ||
  !Number.isInteger(seed) ||
  !modes.every((m) => ["take", "lease"].includes(m))
) {
  console.error("Expected --kills from 1 up, --mode take, lease or both, and --seed N");
  process.exit(2);
}
let state = seed >>> 0;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};

const total = {
  kills: 0,
  consumersKilled: 0,
  inProducersLock: 0,
  inConsumersLock: 0,
  items: 0,
  lost: 0,
  twice: 0,
  stuck: 0,
  torn: 0,
};
const faults = [];
console.log(`seed ${seed}`);
for (let done = 0, n = 0; done < kills; n++) {
  const count = Math.min(KILLS_A_ROUND, kills - done);
  const mode = modes[n % modes.length];
  const capacity = [1, 2, 5, 64][Math.floor(random() * 4)];
  await round(mode, capacity, count);
  done += count;
  console.log(`${done} of ${kills}: ${mode}, capacity ${capacity}, ${JSON.stringify(total)}`);
}
for (const fault of faults) console.error(fault);
if (faults.length > 0)
  console.error(
    `run it again: node test/kills/main.mjs --kills ${kills} --mode ${values.mode} --seed ${seed}`,
  );
console.log(JSON.stringify(total));
process.exitCode = faults.length === 0 ? 0 : 3;

async function round(mode, capacity, count) {
  const folder = mkdtempSync("/dev/shm/sluice-kills-");
  const transport = shmTransport({ name: "buffer", directory: folder });
  const settings = { capacity, itemBytesMax: 10_000, failuresMax: 1_000_000 };
  const address = await transport.create(completeSpec(settings, "bytes"), {});
  const port = await transport.open();
  const words = await regionOf(folder, port);
  const crew = [];
  const logs = [];
  let started = 0;
  let consumersKilled = 0;

  const start = async (role, id) => {
    const log = join(folder, `log.${++started}`);
    if (role === "consumer") logs.push(log);
    const task = { address, role, id, mode, log, seed: Math.floor(random() * 2 ** 31) };
    const child = fork(new URL("./worker.mjs", import.meta.url), {
      env: { ...process.env, SLUICE_KILLS: JSON.stringify(task) },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    child.on("message", (message) => {
      if (message === "torn") total.torn += 1;
    });
    child.on("exit", (code, signal) => {
      if (code !== 0 && signal === null)
        faults.push(`${mode}, capacity ${capacity}: a ${role} ended by itself, with ${code}`);
    });
    const worker = { role, id, child, exit: once(child, "exit") };
    await Promise.race([once(child, "message"), worker.exit]);
    crew.push(worker);
  };

  await Promise.all(ROLES.map((role, i) => start(role, `${role}-${i}`)));
  let produced = words[Word.produced];
  let movedAt = performance.now();
  for (let i = 0; i < count; i++) {
    await sleep(random() * PAUSE_MS_MAX);
    const victim = crew.splice(Math.floor(random() * crew.length), 1)[0];
    victim.child.kill("SIGKILL");
    await victim.exit;
    if (victim.role === "consumer") consumersKilled += 1;
    await start(victim.role, victim.id);
    if (words[Word.produced] !== produced) {
      produced = words[Word.produced];
      movedAt = performance.now();
    } else if (performance.now() - movedAt > STUCK_MS) {
      total.stuck += 1;
      faults.push(`${mode}, capacity ${capacity}: nothing was produced for ${STUCK_MS} ms`);
      movedAt = performance.now();
    }
  }

  // The end: producers die, the rest is drained.
  const put = new Map();
  for (const { role, child, exit } of crew) {
    if (role !== "producer") continue;
    child.kill("SIGKILL");
    await exit;
  }
  for (const { role, id } of crew)
    if (role === "producer") put.set(id, (await untilNotBusy(() => port.producer(id))).lastSequence);
  await untilNotBusy(() => port.seal({ discard: false }));
  const consumers = crew.filter(({ role }) => role === "consumer");
  const drained = new AbortController();
  const late = sleep(STUCK_MS, "late", { signal: drained.signal }).catch(() => {});
  const exits = Promise.all(consumers.map(({ exit }) => exit));
  if ((await Promise.race([exits, late])) === "late") {
    total.stuck += 1;
    faults.push(`${mode}, capacity ${capacity}: not drained after ${STUCK_MS} ms`);
    for (const { child } of consumers) child.kill("SIGKILL");
  }
  drained.abort();
  const got = new Set();
  const finished = new Map();
  for (const line of logs.flatMap(linesOf)) {
    const [verb, name] = [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)];
    if (verb === "got") got.add(name);
    else finished.set(name, (finished.get(name) ?? 0) + 1);
  }
  const counts = await untilNotBusy(async () => port.counts());
  const expected = [...put].flatMap(([id, last]) => Array.from({ length: last }, (_, i) => `${id} ${i + 1}`));
  const lost = expected.filter((name) => !got.has(name)).length;
  const twice = [...finished.values()].filter((times) => times > 1).length;
  const unknown = got.size - (expected.length - lost);
  const allowed = mode === "lease" ? 0 : consumersKilled * BATCH_MAX;
  if (lost > allowed) faults.push(`${mode}, capacity ${capacity}: ${lost} items lost, ${allowed} may be`);
  if (twice > 0) faults.push(`${mode}, capacity ${capacity}: ${twice} items twice`);
  if (unknown > 0) faults.push(`${mode}, capacity ${capacity}: ${unknown} items that nobody put`);
  if (counts.produced !== expected.length)
    faults.push(`${counts.produced} produced, ${expected.length} by their producers`);
  if (counts.consumed + counts.ready + counts.leased !== counts.produced)
    faults.push(`the ledger: ${JSON.stringify(counts)}`);
  if (counts.ready + counts.leased > 0) faults.push(`left inside: ${JSON.stringify(counts)}`);
  if (counts.consumed < expected.length - lost)
    faults.push(`more was seen than was consumed: ${JSON.stringify(counts)}`);
  if (counts.peak > capacity) faults.push(`peak ${counts.peak} of ${capacity}`);
  total.kills += count;
  total.consumersKilled += consumersKilled;
  total.inProducersLock += words[Word.producersTakenOver];
  total.inConsumersLock += words[Word.consumersTakenOver];
  total.items += expected.length;
  total.lost += lost;
  total.twice += twice;
  await port.destroy();
  rmSync(folder, { recursive: true, force: true });
}

async function regionOf(folder, port) {
  const [root] = readdirSync(join(folder, "buffer"));
  const fd = openSync(join(folder, "buffer", root, "region"), "r+");
  const native = await loadNativePort();
  const words = new Int32Array(native.map(fd, geometryOf(port.spec).regionBytes));
  closeSync(fd);
  return words;
}

// A line that its writer did not finish was not written.
function linesOf(path) {
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "");
}
