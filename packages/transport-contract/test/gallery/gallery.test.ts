// The suite is a test tool, and tested like one: each broken transport is failed by the rule that names it, with a message
// that says what is wrong, and the same rule passes the transport that is not broken.
import { describe, expect, test } from "vitest";
// The compiled kit, whose child processes are compiled too.
import { runContract, type Timing, type Verdict } from "../../dist/index.js";
import { brokenTransports } from "./broken-transports.js";
import { type Decoration, decorated } from "./decorate.js";

// Broken ones wait in vain; there is no need to wait long. One that is not waits for nothing but the machine.
const timing: Timing = { signalMs: 2_000, noSignalMs: 50, leaseMs: 100 };
const PATIENT: Timing = { ...timing, signalMs: 20_000 };

// Memory that is kept shows only among much; all else of stress shows among little.
const effortOf = (rule: string) => (rule.startsWith("STRESS") && rule !== "STRESS-4" ? 0.1 : 1);

/** Some faults are races, which a run may miss. */
const RUNS_MAX = 10;

async function judge(rule: string, decorate: () => Decoration, how = timing): Promise<Verdict> {
  const { capabilities } = decorated(decorate);
  const [verdict] = await runContract(
    { createTransport: () => decorated(decorate), capabilities },
    { only: [rule], timing: how, effort: effortOf(rule) },
  );
  if (verdict === undefined) throw new Error(`There is no verdict on ${rule}`);
  return verdict;
}

describe("the gallery of broken transports", () => {
  test.each(brokenTransports)("$rule fails a transport that $what", async ({ rule, message, decorate }) => {
    let verdict = await judge(rule, decorate);
    for (let runs = 1; verdict.outcome === "passed" && runs < RUNS_MAX; runs++)
      verdict = await judge(rule, decorate);
    expect(verdict.outcome).toBe("failed");
    expect(verdict.rule).toBe(rule);
    const { message: said } = verdict.error as Error;
    expect(said).toMatch(new RegExp(`^${rule}: `));
    expect(said).toMatch(message);
    expect(said).toMatch(/SLUICE_SEED=\d+/);
  });

  test.each([...new Set(brokenTransports.map(({ rule }) => rule))])(
    "%s passes one that is not broken",
    async (rule) => {
      expect(await judge(rule, () => ({}), PATIENT)).toMatchObject({ rule, outcome: "passed" });
    },
  );
});
