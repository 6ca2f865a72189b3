/** The options of Node that a worker's process takes over from this one. */

// They make what Node is given on its command line, or its standard input, the program: a worker would run that in place of its own.
const PROGRAM = /^(-e|-p|-pe|-i|--eval|--print|--interactive|--input-type)(=|$)/;

/** Those of this process, such as a loader of TypeScript, but for what names its program. */
export function inheritedOptions(): string[] {
  const { execArgv } = process;
  const program: unknown = Reflect.get(process, "_eval"); // as `fork` itself looks for it
  return execArgv.filter(
    (option, at) => option !== program && !PROGRAM.test(option) && execArgv[at - 1] !== "--input-type",
  );
}
