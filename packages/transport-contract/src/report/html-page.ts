/** What all pages have in common: one file, with nothing to load and no scripts, for light and dark screens. */

import { escaped } from "./escaped.js";
import { historyPicture } from "./history-picture.js";
import type { KeptHistory } from "./kept-history.js";

export interface PageContents {
  readonly title: string;
  readonly isBroken: boolean;
  /** Below the title, as HTML. */
  readonly lines: readonly string[];
  readonly body: string;
}

export function htmlPage({ title, isBroken, lines, body }: PageContents): string {
  const where = `Node ${process.version} · ${process.platform} · ${new Date().toISOString()}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header class="${isBroken ? "broken" : "kept"}">
<h1>${escaped(title)}</h1>
${[...lines, where].map((line) => `<p>${line}</p>`).join("\n")}
</header>
${body}
</body>
</html>
`;
}

/** Their pictures, with what the colours mean; nothing where there are none. */
export function histories(kept: readonly KeptHistory[]): string {
  if (kept.length === 0) return "";
  return `${kept.map((one) => `<figure>${historyPicture(one)}</figure>`).join("\n")}${LEGEND}`;
}

const LEGEND = `<p class="legend"><i class="certain"></i> certainly inside <i class="possible"></i> perhaps inside
<i class="put"></i> put <i class="take"></i> take or lease <i class="settle"></i> settlement
<i class="open"></i> never returned <b>✕</b> killed <b>❚❚</b> stopped. A long bar is a wait.</p>`;

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --dim: #657083; --paper: #fff; --line: #dde2ea; --good: #1a7f4b;
  --bad: #c62f2f; --put: #3b6fd4; --take: #1d9a8a; --settle: #9aa6b8; --open: #d88a1f; --inside: #7fa6ec; --perhaps: #dfe9fb; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9f1; --dim: #95a1b5; --paper: #14181f; --line: #2b3340;
  --good: #4cc38a; --bad: #ff7b72; --put: #79a5f7; --take: #45c7b5; --settle: #6f7d92; --open: #eab04e;
  --inside: #37599a; --perhaps: #222f49; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1000px; margin: 2rem auto; padding: 0 1rem; }
header { border-left: 6px solid var(--good); padding-left: 1rem; } header.broken { border-color: var(--bad); }
h1 { margin: 0; font-size: 1.6rem; } header p { margin: .2rem 0; color: var(--dim); } header strong { color: var(--ink); }
.groups { list-style: none; display: flex; flex-wrap: wrap; gap: .6rem; padding: 0; }
.groups li { border: 1px solid var(--line); border-radius: 6px; padding: .4rem .8rem; } .groups small { display: block; color: var(--dim); }
.groups .kept b { color: var(--good); } .groups .broken b { color: var(--bad); }
table { border-collapse: collapse; width: 100%; font-size: .88rem; } td, th { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td:nth-child(-n+4) { white-space: nowrap; } .passed td:nth-child(3) { color: var(--good); } .failed td:nth-child(3) { color: var(--bad); font-weight: 600; }
.skipped { color: var(--dim); } pre { overflow-x: auto; padding: .8rem; border: 1px solid var(--line); border-radius: 6px; white-space: pre-wrap; }
figure { margin: 1rem 0; } svg { width: 100%; height: auto; } svg text { fill: var(--dim); font: 11px system-ui, sans-serif; }
svg .title { fill: var(--ink); font-weight: 600; } .possible { fill: var(--perhaps); } .certain { fill: var(--inside); }
.over { fill: var(--bad); } .capacity { stroke: var(--bad); stroke-dasharray: 5 3; } .tick { stroke: var(--line); }
.put { fill: var(--put); } .take { fill: var(--take); } .settle { fill: var(--settle); } .open { fill: var(--open); opacity: .55; }
.mark { stroke: var(--bad); stroke-width: .6; opacity: .5; } svg .sign { fill: var(--bad); font-size: 10px; }
.legend { color: var(--dim); font-size: .85rem; } .legend i { display: inline-block; width: .8em; height: .8em; margin-left: .6em; background: var(--settle); }
.legend .certain { background: var(--inside); } .legend .possible { background: var(--perhaps); } .legend .put { background: var(--put); }
.legend .take { background: var(--take); } .legend .open { background: var(--open); } .legend b { color: var(--bad); margin-left: .6em; }
`;
