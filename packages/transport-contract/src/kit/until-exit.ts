/** What must not outlive this process: child processes and temporary folders. The last resort; whoever has them lets them go before. */

const held = new Set<() => void>();
let isListening = false;

/**
 * Called when this process exits, however that comes about but for a SIGKILL.
 *
 * @param end - without a promise: nobody waits for one by then.
 * @returns forgets it.
 */
export function untilExit(end: () => void): () => void {
  if (!isListening) process.once("exit", endAll);
  isListening = true;
  held.add(end);
  return () => void held.delete(end);
}

function endAll(): void {
  for (const end of held) {
    try {
      end();
    } catch {
      // The others are to end too.
    }
  }
}
