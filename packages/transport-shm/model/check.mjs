// `node model/check.mjs [--full]`: checks ring.pml with Spin. Every good configuration must hold, completely, and every seeded bug
// must be caught. Exits 0 if so, 1 if not, 2 if Spin or gcc is missing.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const model = fileURLToPath(new URL("ring.pml", import.meta.url));
const compiler = "gcc"; // Spin itself calls it, to preprocess
const { full } = parseArgs({ options: { full: { type: "boolean", default: false } } }).values;

/**
 * Name and definitions. `ring.pml` says what each definition means; those that are not named have their default there.
 *
 * @typedef {readonly [name: string, definitions: string]} Configuration
 */

const take = "LEASES=0 TAKES=1";

/** @type {readonly Configuration[]} */
const small = [
  ["take, a place used again", `${take} CONSUMERS=2 CRASHES=1 RESPAWNS=1`],
  ["take, 2 producers, batches", `${take} PRODUCERS=2 CAP=2 PUTS=3 BATCH=2 CRASHES=1`],
  ["lease, 2 crashes", "CONSUMERS=2 CRASHES=2"],
  ["lease, out of order", "CONSUMERS=2 CAP=2 PUTS=3 CRASHES=1"],
  ["expiry, nack, release, late", "FMAX=2 DLMAX=1 NACKS=1 EXPIRIES=2 RELEASES=1 LATE=1 CRASHES=1"],
  ["dead letters, parking, remove", "CAP=2 DLMAX=1 FMAX=1 PUTS=3 NACKS=2 REMOVE=1 CRASHES=1"],
  ["requeue, busy", "CAP=2 DLMAX=1 FMAX=1 NACKS=2 REQUEUE=1 BUSIES=1 CRASHES=1"],
  ["requeue, 2 crashes", "DLMAX=1 FMAX=1 NACKS=1 REQUEUE=1 BUSIES=1 CRASHES=2"],
  ["seal", `${take} PRODUCERS=2 SEAL=1 CRASHES=1`],
  ["seal with discard", "CAP=2 NACKS=1 SEAL=2 CRASHES=1"],
  ["sleep for an item", `${take} CONSUMERS=2 ABORTS=1 SLEEP=1`],
  ["sleep for room", `${take} PRODUCERS=2 BATCH=2 CAP=2 PUTS=3 SLEEP=1`],
  ["sleep for the end", `${take} PUTS=1 SEAL=1 DRAINED=1 SLEEP=1`],
  ["sleep, leases, nack, seal", "PUTS=1 NACKS=1 SEAL=1 SLEEP=1 RECHECK=1 CRASHES=1"],
  ["sleep, dead letters, requeue", "DLMAX=1 FMAX=1 NACKS=1 REQUEUE=1 SLEEP=1 RECHECK=1 CRASHES=1"],
  ["sleep for an item, a crash", `${take} CONSUMERS=2 SLEEP=1 RECHECK=1 CRASHES=1`],
  ["sleep for room, a crash", `${take} PRODUCERS=2 SLEEP=1 RECHECK=1 CRASHES=1`],
];

/** @type {readonly Configuration[]} */
const large = [
  ["take, places used again", `${take} CONSUMERS=2 PUTS=3 CRASHES=2 RESPAWNS=2`],
  ["take, 2 producers, batches", `${take} PRODUCERS=2 CAP=2 PUTS=3 BATCH=2 CRASHES=2 RESPAWNS=1`],
  ["take and lease", "TAKES=1 CONSUMERS=2 CAP=2 PUTS=3 CRASHES=1"],
  ["lease, 2 producers, 2 crashes", "PRODUCERS=2 CONSUMERS=2 CRASHES=2"],
  ["lease, out of order, 2 crashes", "CONSUMERS=2 CAP=2 PUTS=3 CRASHES=2"],
  [
    "expiry, nack, release, late",
    "CONSUMERS=2 FMAX=2 DLMAX=1 NACKS=1 EXPIRIES=1 RELEASES=1 LATE=1 CRASHES=1",
  ],
  ["parking, remove, requeue", "CAP=2 DLMAX=1 FMAX=1 PUTS=3 NACKS=3 REMOVE=1 REQUEUE=1 CRASHES=1"],
  ["requeue, 2 producers, busy", "PRODUCERS=2 CAP=2 DLMAX=1 FMAX=1 NACKS=2 REQUEUE=1 BUSIES=1 CRASHES=2"],
  ["seal, leases", "PRODUCERS=2 SEAL=1 TAKES=1 CRASHES=1"],
  ["seal, then with discard", "CAP=2 DLMAX=1 FMAX=1 NACKS=1 SEAL=3 CRASHES=2"],
  ["seal against requeue", "DLMAX=1 FMAX=1 NACKS=1 SEAL=2 REQUEUE=1 CRASHES=1"],
  ["sleep, 2 and 2", `${take} PRODUCERS=2 CONSUMERS=2 SLEEP=1`],
  ["sleep, 2 and 2, leaving", `${take} PRODUCERS=2 CONSUMERS=2 PUTS=1 ABORTS=1 SLEEP=1`],
  ["sleep for the end, leases", "CONSUMERS=2 PUTS=1 SEAL=1 SLEEP=1"],
  ["sleep, discard, a crash", "PUTS=1 SEAL=2 DRAINED=1 SLEEP=1 RECHECK=1 CRASHES=1"],
  ["sleep for an item, 2 crashes", `${take} CONSUMERS=2 SLEEP=1 RECHECK=1 CRASHES=2 RESPAWNS=1`],
  ["sleep, a re-check at any time", `${take} CONSUMERS=2 SLEEP=1 RECHECK=2 CRASHES=1`],
  ["sleep for room, 2 crashes", `${take} PRODUCERS=2 SLEEP=1 RECHECK=1 CRASHES=2 ABORTS=1`],
];

/** Each must be caught. @type {readonly Configuration[]} */
const bugs = [
  ["COMMIT_FIRST", take], // the commit before the payload
  ["NO_REDO", "CONSUMERS=2 CRASHES=1"], // no redo record on the consumers' side
  ["INCREMENTS", "CONSUMERS=2 CRASHES=1"], // redo words that add, not absolute values
  ["REMOVED_FIRST", "CONSUMERS=2 CAP=2 PUTS=4"], // `removed` before the free ring
  ["ROB_LIVING", "CONSUMERS=2"], // a lock taken over from somebody who is merely slow
  ["PID_WORD", `${take} CONSUMERS=2 CRASHES=1 RESPAWNS=1`], // an owner's word that comes again
  ["NO_CLEAR", "CONSUMERS=2 CRASHES=1"], // the repair leaves leases that were not committed
  ["DELIVERIES_IN_PLACE", "CONSUMERS=2 CRASHES=1"], // deliveries counted before the commit
  ["PK_LAST", `${take} PRODUCERS=2 CRASHES=1`], // the redo list of a put before its pk
  ["LIST_KEPT", "CAP=2 DLMAX=1 FMAX=1 NACKS=2 REQUEUE=1 CRASHES=1"], // that list not emptied once it has been applied
  ["SECOND_LOCK", "DLMAX=1 FMAX=1 NACKS=2 REQUEUE=1 CRASHES=1"], // takeover of the producers' lock without the consumers'
  ["BUSY_UNLOCK", "CAP=2 DLMAX=1 FMAX=1 NACKS=1 REQUEUE=1 BUSIES=1 CRASHES=1"], // that rule forgotten when the second lock is busy
  ["LOCK_ORDER", "DLMAX=1 FMAX=1 NACKS=1 PUTS=1 SEAL=2 REQUEUE=1"], // requeue takes the consumers' lock first
  ["LEASE_REUSED", "EXPIRIES=1 LATE=1"], // the slot's number as the lease
  ["COPY_LATE", "CONSUMERS=2 EXPIRIES=1"], // the bytes copied out after the lock is given back
  ["PLACE_FREED_FIRST", "CONSUMERS=2 CRASHES=1"], // the place of the dead freed before its leases are failed
  ["SEALED_AFTER", "SEAL=1"], // sealed read after produced
  ["SEAL_WITHOUT_LOCK", "SEAL=1"], // seal without the producers' lock
  ["STALE_SEALED", "PUTS=1 SEAL=1 DRAINED=1 SLEEP=1"], // the last settlement asks for the seal before it has the lock
  ["WAKE_FIRST", `${take} SLEEP=1`], // wake before the commit
  ["BIT_LATE", `${take} SLEEP=1`], // the bit set after the look
  ["NO_PASS", `${take} CONSUMERS=2 PUTS=1 ABORTS=1 SLEEP=1`], // a wake is not passed on
  ["LATE_CLEAR", `${take} CONSUMERS=2 PUTS=1 ABORTS=1 SLEEP=1`], // look what is left, then clear the own bit
  ["PUTTER_BLIND", `${take} CRASHES=1`], // who waits for room does not look after the consumers' side
  ["DEAF", `${take} CONSUMERS=2 SLEEP=1 RECHECK=1 CRASHES=2 RESPAWNS=1`], // that re-check does not set its bit again
  ["NO_RECHECK", `${take} SLEEP=1 CRASHES=1`], // no slow re-check
];

/** @param {string} command */
const isMissing = (command) => spawnSync(command, ["--version"], { stdio: "ignore" }).error !== undefined;

/**
 * Builds a checker in `folder` and runs it.
 *
 * @param {string} folder
 * @param {readonly string[]} definitions
 */
function check(folder, definitions) {
  const start = performance.now();
  /** @type {(command: string, args: readonly string[]) => string} */
  const run = (command, args) => {
    const result = spawnSync(command, args, { cwd: folder, encoding: "utf8", maxBuffer: 2 ** 26 });
    if (result.error !== undefined) throw result.error;
    if (result.status !== 0)
      throw new Error(`${command} ${args.join(" ")}: ${result.stdout}${result.stderr}`);
    return result.stdout;
  };
  rmSync(join(folder, "ring.pml.trail"), { force: true });
  run("spin", ["-a", ...definitions.map((definition) => `-D${definition}`), model]);
  const memory = full ? 6000 : 2800; // MB
  // Small ones are compiled as fast as can be: most of them run for less time than an optimising compiler would.
  run(compiler, [
    full ? "-O1" : "-O0",
    "-w",
    "-DSAFETY",
    "-DCOLLAPSE",
    `-DMEMLIM=${memory}`,
    "-o",
    "pan",
    "pan.c",
  ]);
  const out = run("nice", ["./pan", "-m1000000", full ? "-w26" : "-w22"]);
  const errors = Number(/errors: (\d+)/.exec(out)?.[1] ?? Number.NaN);
  const cut = /Search not completed|max search depth too small|out of memory|hash array is full/.test(out);
  return {
    states: Number(/([\d.e+]+) states, stored/.exec(out)?.[1] ?? Number.NaN),
    depth: Number(/depth reached (\d+)/.exec(out)?.[1] ?? Number.NaN),
    isComplete: errors === 0 && !cut,
    error:
      errors === 0
        ? undefined
        : (/^pan:\d*:? *(.+?) \(at depth/m.exec(out)?.[1] ?? "unknown").replace(/\s+/g, " "),
    seconds: (performance.now() - start) / 1000,
  };
}

/** @type {(name: string, result: ReturnType<typeof check>, verdict: string) => void} */
function print(name, { states, depth, isComplete, seconds }, verdict) {
  const numbers = `${String(states).padStart(9)} states  depth ${String(depth).padStart(4)}`;
  console.log(
    `${name.padEnd(32)} ${numbers}  ${isComplete ? "complete" : "cut     "} ${seconds.toFixed(1).padStart(6)} s  ${verdict}`,
  );
}

function main() {
  const missing = ["spin", compiler].filter(isMissing);
  if (missing.length > 0) {
    console.error(
      `Not found: ${missing.join(", ")}. On Debian or Ubuntu: apt-get install spin gcc libc6-dev`,
    );
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), "sluice-model-"));
  let held = 0;
  let caught = 0;
  try {
    const good = full ? [...small, ...large] : small;
    for (const [name, definitions] of good) {
      const result = check(folder, definitions.split(" "));
      if (result.isComplete) held++;
      print(
        name,
        result,
        result.isComplete ? "holds" : `FAILS: ${result.error ?? "not searched completely"}`,
      );
      if (!result.isComplete && existsSync(join(folder, "ring.pml.trail"))) {
        const trail = spawnSync(
          "spin",
          ["-t", "-p", "-g", "-k", "ring.pml.trail", ...definitions.split(" ").map((d) => `-D${d}`), model],
          {
            cwd: folder,
            encoding: "utf8",
            maxBuffer: 2 ** 26,
          },
        );
        console.log(trail.stdout.split("\n").slice(-120).join("\n"));
      }
    }
    for (const [name, definitions] of bugs) {
      const result = check(folder, [`BUG_${name}`, ...definitions.split(" ")]);
      if (result.error !== undefined) caught++;
      print(
        `bug ${name}`,
        result,
        result.error === undefined ? "NOT CAUGHT" : `caught: ${result.error.slice(0, 60)}`,
      );
    }
    console.log(`${held} configurations hold, ${caught} seeded bugs caught`);
    return held === good.length && caught === bugs.length ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = main();
