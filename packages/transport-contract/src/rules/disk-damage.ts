/** DISK: files of the buffer that were damaged while nobody had it open. */

import { arenaFor, at, directoryOf, folderFor, recordOf } from "../disk/arena.js";
import { itemNumber, SETTINGS, type Step, scriptOf } from "../disk/script.js";
import { possibleStates, type State } from "../disk/script-model.js";
import { damaged, damages, Snapshot } from "../disk/snapshot.js";
import { runScript } from "../disk/strace.js";
import type { RuleContext } from "../kit/context.js";
import { fail, isTrue, print } from "../kit/expect.js";
import { checkLedger } from "../kit/face.js";
import { temporaryFolder } from "../kit/temporary-folder.js";
import type { Reading } from "../processes/puppet-messages.js";
import { startPuppets } from "../processes/start-puppets.js";
import { type Rule, rule } from "../rule.js";

const processes = { level: "stochastic", processes: true, directory: true } as const;

export const diskDamageRules: readonly Rule[] = [
  rule(
    "DISK-3 refuses with DATA_CORRUPT or serves what once was true when one of its files is cut short at any byte",
    (t) => withDamage(t, "cut", t.trials(12)),
    processes,
  ),
  rule(
    "DISK-4 refuses with DATA_CORRUPT or serves what once was true when any bit of its files is turned over",
    (t) => withDamage(t, "turn", t.trials(20)),
    processes,
  ),
];

/** In another process: one that crashes over it would take the tests along. */
async function withDamage(t: RuleContext, how: "cut" | "turn", count: number): Promise<void> {
  const script = scriptWithoutLease(t, 40);
  const arena = await arenaFor(t, folderFor(t), script);
  const { code, said } = await runScript(t, arena.job);
  const { done, marks } = recordOf(arena.job);
  isTrue(code === 0 && marks.at(-1) === "over", `Expected the script to come to its end: ${said}`);
  const states = possibleStates(script, done, SETTINGS.capacity, true).flat();
  const snapshot = new Snapshot(directoryOf(t, arena.transport), temporaryFolder(t, "sluice-snapshot-"));
  const [reader] = await startPuppets(t, 1);
  const chosen = damages(snapshot, how, count, t.random);
  isTrue(chosen.length > 0, "Expected the buffer's bytes in files of the declared directory, found none");
  for (const damage of chosen) {
    const where = damage.bit === undefined ? "" : `bit ${damage.bit} of `;
    await at(`With ${damage.file} damaged at ${where}byte ${damage.offset}`, async () => {
      snapshot.putBack(damage.file, damaged(snapshot.bytes(damage.file), damage));
      const reading = await t.soon(
        reader?.call("readAll", arena.address) as Promise<Reading>,
        "a look at it",
      );
      checkReading(reading, states);
    });
  }
}

/** What it held at its end is not on its way to anybody. */
function scriptWithoutLease(t: RuleContext, steps: number): Step[] {
  const script = scriptOf(t.random, steps, t.random.chance(0.5));
  const settles = script.findLastIndex((step) => step.do === "lease");
  const isOpen = !script.slice(settles).some(({ do: kind }) => /^(ack|nack|release|bury)$/.test(kind));
  return isOpen ? [...script, { do: "release" }] : script;
}

const REFUSALS = ["DATA_CORRUPT", "NOT_A_BUFFER", "VERSION_UNSUPPORTED"];

function checkReading({ fault, counts, items }: Reading, states: readonly State[]): void {
  if (fault !== undefined) {
    const allowed = fault.while === "opening" ? REFUSALS : ["DATA_CORRUPT"];
    if (!allowed.includes(fault.what))
      fail(`Expected ${allowed.join(" or ")} while ${fault.while}, got ${fault.what}`);
  }
  if (counts !== undefined) checkLedger(counts, SETTINGS.capacity, "of the damaged buffer");
  const numbers = items.map((item) => itemNumber(Buffer.from(item, "base64")));
  const isTold = (state: State): boolean => {
    const held = state.held.map(({ item }) => item as number | string);
    // Those whose holder is dead come out when that is noticed.
    const others = numbers.filter((one) => !held.includes(one));
    const ready = state.ready
      .map(({ item }) => item)
      .slice(0, fault === undefined ? undefined : others.length);
    return others.join() === ready.join();
  };
  if (fault?.while === "opening" || states.some(isTold)) return;
  const last = states.at(-1)?.ready.map(({ item }) => item);
  fail(
    `Expected ${print(last)}, or what was inside earlier, got ${print(numbers)}, then ${fault?.what ?? "no more"}`,
  );
}
