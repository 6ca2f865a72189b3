import { execFileSync } from "node:child_process";

/**
 * The first of these programs that there is; undefined with the reason printed.
 *
 * @param required - variable of the environment with which it is an error that there is none.
 * @param remedy - how to get one.
 */
export function programOf(
  names: readonly string[],
  { required, remedy }: { readonly required: string; readonly remedy: string },
): string | undefined {
  const found = names.find(isThere);
  if (found !== undefined) return found;
  const why = `there is no ${names.join(" and no ")} (${remedy})`;
  if (process.env[required]) throw new Error(`Expected a server to test against: ${why}`);
  console.log(`Nothing is tested against a server here: ${why}`);
  return undefined;
}

function isThere(name: string): boolean {
  try {
    execFileSync(name, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
