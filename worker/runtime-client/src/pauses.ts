/** Pauses between two tries to reach the agent, in milliseconds: the first and the longest. */
export const FIRST_PAUSE_MS = 50;
export const LONGEST_PAUSE_MS = 2_000;

/** The pause after this one. */
export function longer(pause: number): number {
  return Math.min(pause * 2, LONGEST_PAUSE_MS);
}

/** Half to all of a pause, so that many runtimes do not knock at once. */
export function jittered(pause: number): number {
  return pause / 2 + (Math.random() * pause) / 2;
}
