/** DISK: files of the buffer that were damaged while nobody had it open. */

import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { BufferCounts } from "@sluice/core";
import { arenaFor, at, cameToItsEnd, directoryOf, folderFor } from "../disk/arena.js";
import { type Contents, contentsFile, oldestAfterCut } from "../disk/contents.js";
import { itemNumber, PRODUCER, SETTINGS, type Step, scriptOf } from "../disk/script.js";
import { type Entry, inOrder, possibleStates, type State } from "../disk/script-model.js";
import { damaged, damages, Snapshot } from "../disk/snapshot.js";
import { runScript } from "../disk/strace.js";
import type { RuleContext } from "../kit/context.js";
import { equal, fail, isTrue } from "../kit/expect.js";
import { checkLedger } from "../kit/face.js";
import { occupied } from "../kit/ledger.js";
import { temporaryFolder } from "../kit/temporary-folder.js";
import type { ReadItem, Reading } from "../processes/puppet-messages.js";
import { startPuppets } from "../processes/start-puppets.js";
import { type Rule, rule } from "../rule.js";

const processes = { level: "stochastic", processes: true, directory: true } as const;

export const diskDamageRules: readonly Rule[] = [
  rule(
    "DISK-3 refuses with DATA_CORRUPT, or serves whole what was true before the bytes that are gone, when a file is cut short at any byte",
    (t) => withDamage(t, "cut", t.trials(12)),
    processes,
  ),
  rule(
    "DISK-4 refuses with DATA_CORRUPT, or serves all but its last change, when any bit of its files is turned over",
    (t) => withDamage(t, "turn", t.trials(20)),
    processes,
  ),
];

/** In another process: one that crashes over it would take the tests along. */
async function withDamage(t: RuleContext, how: "cut" | "turn", count: number): Promise<void> {
  const script = scriptWithoutLease(t, 40);
  const arena = await arenaFor(t, folderFor(t), script);
  const directory = directoryOf(t, arena.transport);
  const { done } = cameToItsEnd(arena.job, await runScript(t, { ...arena.job, watched: directory }));
  const states = possibleStates(script, done, SETTINGS.capacity, true).flat();
  const history = historyOf(arena.job.record);
  equal(history.length, states.length, "the number of times that the files were looked at");
  const snapshot = new Snapshot(directory, temporaryFolder(t, "sluice-snapshot-"));
  const [reader] = await startPuppets(t, 1);
  const chosen = damages(snapshot, how, count, t.random);
  isTrue(chosen.length > 0, "Expected the buffer's bytes in files of the declared directory, found none");
  for (const damage of chosen) {
    const { file, bit, offset } = damage;
    const where = bit === undefined ? "" : `bit ${bit} of `;
    await at(`With ${file} damaged at ${where}byte ${offset}`, async () => {
      const bytes = snapshot.bytes(file);
      snapshot.putBack(file, damaged(bytes, damage));
      const call = reader?.call("readAll", arena.address, PRODUCER) as Promise<Reading>;
      const reading = await t.soon(call, "a look at it");
      const oldest = how === "cut" ? oldestAfterCut(history, file, bytes, offset) : beforeLast(states);
      checkReading(reading, states.slice(oldest));
    });
  }
}

/** Of what is served although a bit is wrong, the last change alone may be missing: it looks like one that was not finished. */
function beforeLast(states: readonly State[]): number {
  const last = JSON.stringify(states.at(-1));
  return Math.max(
    0,
    states.findLastIndex((state) => JSON.stringify(state) !== last),
  );
}

function historyOf(record: string): Contents[] {
  const lines = readFileSync(contentsFile(record), "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Contents);
}

/** What it held at its end is not on its way to anybody. */
function scriptWithoutLease(t: RuleContext, steps: number): Step[] {
  const script = scriptOf(t.random, steps, t.random.chance(0.5));
  const settles = script.findLastIndex((step) => step.do === "lease");
  const isOpen = !script.slice(settles).some(({ do: kind }) => /^(ack|nack|release|bury)$/.test(kind));
  return isOpen ? [...script, { do: "release" }] : script;
}

const REFUSALS = ["DATA_CORRUPT", "NOT_A_BUFFER", "VERSION_UNSUPPORTED"];

/** Refused, or in all that was read one of these states. */
function checkReading(reading: Reading, states: readonly State[]): void {
  const { fault, counts } = reading;
  if (fault !== undefined) {
    const allowed = fault.while === "opening" ? REFUSALS : ["DATA_CORRUPT"];
    if (!allowed.includes(fault.what))
      fail(`Expected ${allowed.join(" or ")} while ${fault.while}, got ${fault.what}`);
  }
  if (counts === undefined) return;
  checkLedger(counts, SETTINGS.capacity, "of the damaged buffer");
  const seen = shownReading(reading, counts);
  // All that was told before the refusal; after the items there is but the registration.
  const isPart = fault !== undefined && fault.while !== "registering";
  const told = states.map((state) => shownState(state, seen, isPart));
  if (told.some((one) => isDeepStrictEqual(one, seen))) return;
  const before = states.length > 1 ? `, or one of the ${states.length - 1} states before it` : "";
  fail(`Expected ${JSON.stringify(told.at(-1))}${before}, got ${JSON.stringify(seen)}${endOf(fault)}`);
}

interface Shown {
  readonly counts: object;
  readonly items: readonly string[];
  readonly dead?: readonly string[];
  readonly lastSequence?: number;
}

function shownReading({ items, deadLetters, lastSequence }: Reading, counts: BufferCounts): Shown {
  const { produced, consumed, discarded, dead, sealed } = counts;
  return {
    counts: { produced, consumed, discarded, dead, sealed, inside: occupied(counts) },
    items: items.map(itemText),
    ...(deadLetters === undefined ? {} : { dead: deadLetters.map(itemText) }),
    ...(lastSequence === undefined ? {} : { lastSequence }),
  };
}

/** Of the state, what was read of it. @param isPart - of the items only the first came. */
function shownState(state: State, seen: Shown, isPart: boolean): Shown {
  const { ready, held, dead, produced, consumed, discarded, sealed } = state;
  const text = ({ item, deliveries }: Entry, more: number) => `${item}, delivery ${deliveries + more}`;
  // Those whose holder is dead come out when that is noticed.
  const late = held.map((one) => text(one, 1)).filter((one) => !seen.items.includes(one));
  const items = inOrder([...ready, ...held])
    .map((one) => text(one, 1))
    .filter((one) => !late.includes(one));
  const inside = ready.length + held.length;
  return {
    counts: { produced, consumed, discarded, dead: dead.length, sealed, inside },
    items: isPart ? items.slice(0, seen.items.length) : items,
    ...(seen.dead === undefined ? {} : { dead: dead.map((one) => text(one, 0)) }),
    ...(seen.lastSequence === undefined ? {} : { lastSequence: produced }),
  };
}

function itemText({ item, deliveries }: ReadItem): string {
  return `${itemNumber(Buffer.from(item, "base64"))}, delivery ${deliveries}`;
}

function endOf(fault: Reading["fault"]): string {
  return fault === undefined ? "" : `, then ${fault.what} while ${fault.while}`;
}
