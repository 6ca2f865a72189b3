// Writes MUTATIONS.md: all rules against all broken transports. Not a test: it takes many minutes. Run by `pnpm mutations`; with
// numbers of rules, only those transports are run again that these have caught, and those that are not on the page.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { RULES } from "../../dist/rules/index.js";
import { brokenBetweenProcesses } from "./broken-processes.js";
import { brokenTransports } from "./broken-transports.js";
import { keyOf, mutationsPage, type Row, rowsOf } from "./mutations-page.js";
import { type Caught, startWorker } from "./mutations-workers.js";

const WORKERS = 3;

const isBetweenProcesses = (number: string) => number.startsWith("PROC-");
const isStress = (number: string) => number.startsWith("STRESS-");
const numbers = RULES.map(({ number }) => number);
const inProcess = numbers.filter((number) => !isBetweenProcesses(number) && !isStress(number));
const asRow = (what: string, named: readonly string[], caught: Caught): Row => ({ what, named, caught });

// The slow ones first, so that nobody waits for them in the end.
const jobs = [
  ...brokenBetweenProcesses.map(({ what, rules }, index) => ({
    what,
    named: rules,
    order: brokenTransports.length + index,
    job: {
      kind: "processes" as const,
      index,
      rules: [...numbers.filter(isBetweenProcesses), ...rules.filter(isStress)],
    },
  })),
  ...brokenTransports.map(({ what, rule }, index) => ({
    what,
    named: [rule],
    order: index,
    // A rule that makes much of it takes long, and so is run only where it is named.
    job: { kind: "decorated" as const, index, rules: isStress(rule) ? [...inProcess, rule] : inProcess },
  })),
];

const rows: { order: number; row: Row }[] = [];
const again = new Set(process.argv.slice(2));
const page = new URL("../../MUTATIONS.md", import.meta.url);
const known =
  again.size > 0 && existsSync(page) ? rowsOf(readFileSync(page, "utf8")) : new Map<string, Caught>();
const left = jobs.filter(({ what, named, order }) => {
  const caught = known.get(keyOf(what, named));
  if (caught === undefined || caught.failed.some((number) => again.has(number))) return true;
  rows.push({ order, row: asRow(what, named, caught) });
  return false;
});
const work = async () => {
  const worker = startWorker();
  for (let next = left.shift(); next !== undefined; next = left.shift()) {
    const caught = await worker.run(next.job);
    rows.push({ order: next.order, row: asRow(next.what, next.named, caught) });
    console.log(`${rows.length} of ${jobs.length}: ${next.what}: ${caught.failed.join(", ")}`);
  }
  worker.end();
};
await Promise.all(Array.from({ length: WORKERS }, work));

const inOrder = rows.sort((a, b) => a.order - b.order).map(({ row }) => row);
writeFileSync(
  page,
  mutationsPage(
    inOrder,
    RULES.map(({ number, title }) => ({ number, title })),
  ),
);
