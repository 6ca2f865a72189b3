// The page of the mutations, as Markdown.
import type { Caught } from "./mutations-workers.js";
import { UNBROKEN } from "./unbroken-rules.js";

export interface Row {
  readonly what: string;
  readonly named: readonly string[];
  readonly caught: Caught;
}

/** Of a transport on the page; two may do the same, one within a process and one between several. */
export function keyOf(what: string, named: readonly string[]): string {
  return `${what}: ${named.join(", ")}`;
}

/** What a page says, to be written again. A rule that was named and did not catch is not in it. */
export function rowsOf(page: string): Map<string, Caught> {
  const table = page.slice(0, page.indexOf("\n## "));
  const rows = [...table.matchAll(/^\| (.+?) \| ([A-Z][A-Z0-9, -]*) \| (.*?) ?\|$/gm)];
  return new Map(
    rows.map(([, what = "", named = "", others = ""]) => [
      `${what}: ${named}`,
      { failed: [...named.split(", "), ...others.split(", ").filter((one) => one !== "")] },
    ]),
  );
}

export function mutationsPage(
  rows: readonly Row[],
  rules: readonly { readonly number: string; readonly title: string }[],
): string {
  const alone = rows.flatMap(({ caught }) => (caught.failed.length === 1 ? caught.failed : []));
  const catching = new Set(rows.flatMap(({ caught }) => caught.failed));
  const neverAlone = rules.filter(({ number }) => catching.has(number) && !alone.includes(number));
  // Those of the media have a gallery of their own.
  const inReserve = rules.filter(({ number }) => !catching.has(number) && number in UNBROKEN);
  return `# Broken transports, and the rules that catch them

Written by \`pnpm --filter @sluice/transport-contract mutations\`; do not edit it. Each transport of [the gallery](test/gallery) is
wrong in one way. The rule that is there for it is named first; it fails it with a message that says what is wrong, which
\`test/gallery\` checks. Then all others that fail as well. Rules with processes are run against those that are wrong between
processes, all others against those that are wrong within one; rules of STRESS only where they are named. Whatever failed within one
process was run again with more time before it was written down; between processes a rule may have failed only because the machine
was slow. Careless handling of files and restarts, which the rules of DISK and DURABLE catch, is in test/gallery/broken-media.ts.

${rows.length} broken transports; ${catching.size} rules catch at least one, ${new Set(alone).size} of them one that no other catches.

| a transport that | is caught by | and also by |
|---|---|---|
${rows.map(rowText).join("\n")}

## Rules that never catch alone

Whatever they caught here, another one caught too. That does not make them superfluous: they say more plainly what is wrong, or they
would catch what nobody has thought of.

${listed(neverAlone.map(({ number }) => number))}

## Rules that nothing here breaks

| rule | why |
|---|---|
${inReserve.map(({ number }) => `| ${number} | ${UNBROKEN[number]} |`).join("\n")}
`;
}

function rowText({ what, named, caught }: Row): string {
  const others = caught.failed.filter((number) => !named.includes(number));
  const missed = named.filter((number) => !caught.failed.includes(number));
  // It would be a defect of the kit, and the tests of the gallery would have said so.
  const notes = missed.length === 0 ? "" : ` (this time not by ${missed.join(", ")})`;
  return `| ${what} | ${named.join(", ")}${notes} | ${listed(others)} |`;
}

function listed(numbers: readonly string[]): string {
  return numbers.join(", ");
}
