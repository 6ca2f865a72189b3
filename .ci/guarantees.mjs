// The README's table of guarantees, from what the transports declare and what the contract found when it last ran.
// `node .ci/guarantees.mjs --write` puts it into the README; a house rule compares the two.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { levelReached, standings } from "@sluice/transport-contract";
import { fileTransport } from "@sluice/transport-file";
import { memoryTransport } from "@sluice/transport-memory";
import { natsTransport } from "@sluice/transport-nats";
import { redisTransport } from "@sluice/transport-redis";
import { shmTransport } from "@sluice/transport-shm";
import { zeromqTransport } from "@sluice/transport-zeromq";

const root = new URL("..", import.meta.url);
const readme = fileURLToPath(new URL("README.md", root));

const transports = [
  fileTransport({ path: "somewhere" }),
  shmTransport({ name: "somewhere" }),
  // With all that it can have: another host, and a journal.
  zeromqTransport({ url: "tcp://somewhere:1", journal: "somewhere" }),
  // In a server that has all that it can have: a log that is synced, and a replica that confirms.
  redisTransport({ url: "redis://somewhere", name: "somewhere", confirm: "replica" }),
  natsTransport({ url: "nats://somewhere", name: "somewhere", replicas: 3 }),
  memoryTransport(),
];

/** What the types of core call it, and what a reader calls it. */
const REACHES = { process: "one process", host: "processes of one host", network: "hosts of a network" };
const SURVIVALS = {
  participant: "kill -9 of any process",
  authority: "death of its broker or server",
  "power-loss": "a power cut",
  "host-loss": "loss of a host",
};

/** @type {[string, (capabilities: import("@sluice/core").TransportCapabilities) => string][]} */
const rows = [
  ["reaches", ({ reach }) => REACHES[reach]],
  ["survives", ({ survives }) => survives.map((one) => SURVIVALS[one]).join(", ") || "nothing"],
  ["capacity", () => "exact"],
  ["peak", ({ peak }) => (peak === "exact" ? peak : peak.replace("-", " "))],
  [
    "an item that comes back",
    ({ returned }) => (returned === "in-place" ? "to its place" : "as near as can be"),
  ],
  ["a late ack is refused by", ({ fencing }) => (fencing === "authority" ? "its token" : "a clock")],
];

/** Markdown, without the row of verdicts where the contract has not run. */
export function guaranteesTable() {
  const verdicts = transports.map(({ name }) => verdictOf(name));
  const all = [...rows.map(([title, cell]) => [title, ...transports.map((t) => cell(t.capabilities))])];
  if (verdicts.every((verdict) => verdict !== undefined)) {
    all.push(["rules of the contract kept", ...verdicts.map(({ rules }) => rules)]);
    all.push(["groups of rules kept whole", ...verdicts.map(({ groups }) => groups)]);
  }
  all.push(["shown by", ...transports.map(({ name }) => `\`pnpm contract --transport ${name}\``)]);
  const header = ["", ...transports.map(({ name }) => `\`transport-${name}\``)];
  return [header, header.map(() => "---"), ...all]
    .map((cells) => `| ${cells.join(" | ")} |`.replace("|  |", "| |"))
    .join("\n");
}

/**
 * Of the rules, not of their runs: the suite may run more than once, with other settings of the same transport.
 *
 * @param {string} name
 * @returns {{ rules: string, groups: string } | undefined} undefined where the contract has not run.
 */
function verdictOf(name) {
  const path = fileURLToPath(new URL(`packages/transport-${name}/.vitest/report.json`, root));
  if (!existsSync(path)) return undefined;
  /** @type {{ testResults: { name: string, assertionResults: { title: string, status: string }[] }[] }} */
  const report = JSON.parse(readFileSync(path, "utf8"));
  const results = report.testResults
    .filter((file) => file.name.endsWith("contract.test.ts"))
    .flatMap((file) => file.assertionResults);
  const all = verdictsOf(results);
  /** @param {string} outcome */
  const count = (outcome) => all.filter((one) => one.outcome === outcome).length;
  const skipped = count("skipped");
  const rest = skipped > 0 ? `, ${skipped} ${skipped === 1 ? "does" : "do"} not apply` : "";
  return {
    rules: `${count("passed")} of ${count("passed") + count("failed")}${rest}`,
    groups: levelReached(standings(all)),
  };
}

/**
 * @param {readonly { title: string, status: string }[]} results - of tests, of which several may be of one rule, and some of none.
 * @returns {import("@sluice/transport-contract").Verdict[]} one for each rule.
 */
export function verdictsOf(results) {
  /** @type {Map<string, import("@sluice/transport-contract").Verdict>} */
  const verdicts = new Map();
  for (const { title, status } of results) {
    const rule = /^[A-Z]+-\d+(?= )/.exec(title)?.[0];
    // Beside the rules a file may say that there is a server.
    if (rule === undefined) continue;
    /** @type {"passed" | "failed" | "skipped"} */
    const outcome = status === "passed" || status === "failed" ? status : "skipped";
    // What does not apply is declared as skipped, with the reason; what finds out while it runs that it cannot be has none in its title.
    const isUnable = outcome === "skipped" && !title.includes(" (skipped: ");
    /** @type {import("@sluice/transport-contract").Verdict} */
    const now = { rule, title, level: "required", outcome, isUnable, ms: 0 };
    const before = verdicts.get(rule);
    if (before === undefined || weightOf(now) > weightOf(before)) verdicts.set(rule, now);
  }
  return [...verdicts.values()];
}

/**
 * A run in which it failed counts, one in which it was run more than one in which it was not, and that it could not be more than
 * that it need not be.
 *
 * @param {import("@sluice/transport-contract").Verdict} verdict
 */
function weightOf({ outcome, isUnable }) {
  if (outcome === "skipped") return isUnable ? 1 : 0;
  return outcome === "failed" ? 3 : 2;
}

const section = /(?<=<!-- guarantees -->\n)[\s\S]*?(?=\n\n)/;

/** The table as it stands in the README. */
export function guaranteesInReadme() {
  return section.exec(readFileSync(readme, "utf8"))?.[0] ?? "";
}

if (process.argv[2] === "--write") {
  writeFileSync(readme, readFileSync(readme, "utf8").replace(section, guaranteesTable()));
}
