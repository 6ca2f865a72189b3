// Goal: the page shows every figure of the results, as a document that any browser reads. Method: results made by hand, with
// names that markup would stumble over; the document's tags are matched.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { growth } from "../dist/growth.js";
import { page } from "../dist/page/page.js";
import { readResults } from "../dist/results.js";
import { resultsByHand } from "./results-by-hand.js";

const [series] = growth;
if (series === undefined) throw new Error("There is no series");
const works = series.points.map(({ work }) => work);
const [work] = works as [(typeof works)[number]];

const VOID = new Set(["meta", "!doctype"]);

function unmatched(html: string): string[] {
  const open: string[] = [];
  for (const [, closing, name = ""] of html
    .replace(/<style>.*?<\/style>/s, "")
    .matchAll(/<(\/?)([!\w]+)[^>]*>/g)) {
    if (VOID.has(name)) continue;
    if (closing === "") open.push(name);
    else if (open.pop() !== name) return [`</${name}>`];
  }
  return open;
}

test("bars and lines have every candidate, with its median and its range in words", () => {
  const rates = [1_000, 3_000, 2_000];
  const own = Object.fromEntries(works.map(({ name }) => [name, rates]));
  const results = resultsByHand(works, { naive: own, '<b>"&': own, lost: { [work.name]: ["<gone>"] } });
  const [table] = results.tables;
  if (table === undefined) throw new Error("There is no table");
  const points = series.points.map(({ size, work: { name } }) => ({ size, work: name }));
  const grown = { ...table, title: "Growth", series: [{ ...series, points }] };
  const html = page({ ...results, tables: [table, grown] }, "raw.json");
  expect(unmatched(html)).toEqual([]);
  expect(html).not.toMatch(/NaN|undefined|Infinity|<b>"|<gone>/);
  for (const label of ["naive", "&lt;b&gt;&quot;&amp;"]) {
    expect(html).toContain(`${label}: 2,000 (1,000 to 3,000)`);
    expect(html).toContain(
      `${label}: flat, ${series.points[0]?.size.toLocaleString("en-US")}: 500 us (333 us to 1 ms)`,
    );
  }
  expect(html).toContain("FAILED: lost, round 1: &lt;gone&gt;");
  expect(html, "below the charts of what grows").toContain(
    `<p>FAILED: lost, ${work.name}, round 1: &lt;gone&gt;</p>`,
  );
  expect(html).toContain('<a href="raw.json">');
  // Ours and the peers are told apart.
  expect(html).toMatch(/class="ours"/);
  expect(html).toMatch(/class="peer"/);
});

const published = fileURLToPath(new URL("../results", import.meta.url));

test.for(readdirSync(published).filter((name) => name.endsWith(".json")))(
  "%s can still be read and shown, and has its page",
  (name) => {
    const html = page(readResults(`${published}/${name}`), name);
    expect(unmatched(html)).toEqual([]);
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
    expect(readdirSync(published)).toContain(name.replace(/json$/, "html"));
  },
);
