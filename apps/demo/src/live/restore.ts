/** Sees to it that the terminal is as it was whenever this process ends, or is stopped. */

/** What a screen is told. */
export interface Restorable {
  /** It is left as it should be. */
  close(): void;
  /** It is drawn again. */
  redraw(): void;
}

/**
 * A crash and `process.exit` end in `exit`; the signals that drain a run are the demo's own. What is left are those that quit a program at
 * once, and Ctrl-Z. @returns ends it.
 */
export function restoreOnExit(screen: Restorable): () => void {
  const close = () => screen.close();
  const quit = (signal: NodeJS.Signals) => {
    close();
    off();
    process.kill(process.pid, signal);
  };
  const suspend = () => {
    close();
    process.kill(process.pid, "SIGSTOP");
  };
  const goOn = () => screen.redraw();
  const off = () => {
    process.off("exit", close);
    process.off("SIGQUIT", quit);
    process.off("SIGTSTP", suspend);
    process.off("SIGCONT", goOn);
  };
  process.on("exit", close);
  if (process.platform !== "win32") {
    process.on("SIGQUIT", quit);
    process.on("SIGTSTP", suspend);
    process.on("SIGCONT", goOn);
  }
  return off;
}
