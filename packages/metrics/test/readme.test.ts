// Goal: the tables of the README are the list of metrics, which other tests compare with what is emitted.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { BUFFER_METRICS, type MetricDefinition, RUN_METRICS } from "../dist/index.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

/** What the text above a table says that all its metrics have. */
const OF_ALL = ["sluice.buffer.name", "sluice.buffer.transport"];

function rowOf({ name, instrument, unit, attributes, description }: MetricDefinition): string {
  const own = attributes.filter((key) => !OF_ALL.includes(key)).map((key) => `\`${key}\``);
  const cells = [`\`${name}\``, instrument, `\`${unit}\``, own.join(", "), description];
  return `|${cells.map((cell) => (cell === "" ? " " : ` ${cell} `)).join("|")}|`;
}

test.each([
  ["run", "buffer", RUN_METRICS],
  ["buffer", "end", BUFFER_METRICS],
])("the table of the %s's metrics", (from, to, metrics) => {
  const section = readme.slice(readme.indexOf(`<!-- ${from} -->`), readme.indexOf(`<!-- ${to} -->`));
  const rows = section.split("\n").filter((line) => line.startsWith("| `sluice."));
  expect(rows).toEqual(Object.values(metrics).map(rowOf));
});

test("every buffer's metric has the attributes that the README says all have", () => {
  for (const { name, attributes } of Object.values(BUFFER_METRICS))
    expect(attributes, name).toEqual(expect.arrayContaining(OF_ALL));
});

test("an alarm is of a metric that there is, by the name that Prometheus makes of it", () => {
  const suffixes: Record<string, string> = { s: "_seconds", "1": "_ratio" };
  const names = [...Object.values(RUN_METRICS), ...Object.values(BUFFER_METRICS)].map((metric) => {
    const base = metric.name.replaceAll(".", "_") + (suffixes[metric.unit] ?? "");
    if (metric.instrument === "counter") return `${base}_total`;
    return metric.instrument === "histogram" ? `${base}_sum` : base;
  });
  const rules = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const used = [...rules.matchAll(/\((sluice_\w+)[[{)]/g)].map((match) => match[1] ?? "");
  const grouped = ["sluice_buffer_name"];
  const queried = used.filter((name) => !grouped.includes(name));
  expect(queried.length).toBeGreaterThan(6);
  expect(queried.filter((name) => !names.includes(name))).toEqual([]);
});
