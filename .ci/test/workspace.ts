// Where things are, for the house rules.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

interface Manifest {
  name: string;
  private?: boolean;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

interface Package {
  /** Its folder, relative to the root. */
  dir: string;
  manifest: Manifest;
}

export const packages: Package[] = ["packages", "apps"].flatMap((parent) =>
  readdirSync(join(root, parent))
    .map((name) => `${parent}/${name}`)
    .filter((dir) => existsSync(join(root, dir, "package.json")))
    .map((dir) => ({ dir, manifest: JSON.parse(read(`${dir}/package.json`)) as Manifest })),
);

export const published: Package[] = packages.filter((p) => p.manifest.private !== true);

/** The packages that implement a transport: those that run the contract. */
export const adapters: Package[] = published.filter((p) => p.manifest.scripts?.["contract"] !== undefined);

/** Reads a file by its path from the root. */
export function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** The files below a folder whose names end so, as paths from the root; none if there is no such folder. */
export function filesIn(dir: string, ending = ""): string[] {
  if (!existsSync(join(root, dir))) return [];
  return readdirSync(join(root, dir), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/** The files that git tracks, or would if they were added. */
export function tracked(): string[] {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const names = execFileSync("git", args, { cwd: root, encoding: "utf8" }).split("\0").filter(Boolean);
  return names.filter((name) => existsSync(join(root, name)));
}

/** What a source file imports or exports from, types included. */
export function importsOf(path: string): string[] {
  const found = read(path).matchAll(/(?<![\w-])(?:from|import)\s*\(?\s*["']([^"'\n]+)["']/g);
  return [...found].map((match) => match[1] ?? "");
}

/** The fenced blocks of one language in a Markdown file, with the line where each one begins. */
export function fences(path: string, language: string): { line: number; text: string }[] {
  const blocks: { line: number; text: string }[] = [];
  let open: { line: number; language: string; lines: string[] } | undefined;
  for (const [index, line] of read(path).split("\n").entries()) {
    const fence = /^\s*```\s*(\S*)/.exec(line);
    if (open === undefined) {
      if (fence) open = { line: index + 2, language: fence[1] ?? "", lines: [] };
    } else if (fence) {
      if (open.language === language) blocks.push({ line: open.line, text: open.lines.join("\n") });
      open = undefined;
    } else open.lines.push(line);
  }
  return blocks;
}

export const readmes: string[] = ["README.md", ...packages.map((p) => `${p.dir}/README.md`)].filter((path) =>
  existsSync(join(root, path)),
);
