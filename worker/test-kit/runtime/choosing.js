// A worker whose tasks choose where they run: what the engine makes of labels and of sticky workflows.
//
// Environment: HATCHET_CLIENT_*, RUNTIME_SLOTS and RUNTIME_JOURNAL as in main.js; RUNTIME_SEAT, the worker's label `seat`.

import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { HatchetClient, StickyStrategy, WorkerLabelComparator } from "@hatchet-dev/typescript-sdk/v1/index.js";

const { RUNTIME_JOURNAL, RUNTIME_SEAT, RUNTIME_SLOTS } = process.env;

function note(event, details) {
  const line = { event, pid: process.pid, at: Date.now(), ...details };
  appendFileSync(RUNTIME_JOURNAL, `${JSON.stringify(line)}\n`);
}

const hatchet = HatchetClient.init();

/** A task of this name that takes `ms` milliseconds, after it has done what `first` says. */
function task(name, options, first = async () => {}) {
  const fn = async (input, context) => {
    note("began", { task: name });
    await first(input, context);
    await sleep(input.ms ?? 0);
    note("ended", { task: name });
    return {};
  };
  return hatchet.task({ name, executionTimeout: "1h", ...options, fn });
}

const atLeast = (value) => ({ value, required: true, comparator: WorkerLabelComparator.GREATER_THAN_OR_EQUAL });
const firstSeat = { desiredWorkerLabels: { seat: { value: "first", required: true } } };

const wanting = task("wanting", { desiredWorkerLabels: { capacity: atLeast(1) } });
const blocker = task("blocker", firstSeat);
// No worker has this capacity.
const pinned = task("pinned", { sticky: StickyStrategy.HARD, desiredWorkerLabels: { capacity: atLeast(99) } });
const parent = task("parent", firstSeat, async ({ how }, context) => {
  if (how === "run") {
    await pinned.runNoWait({}, { sticky: true });
  } else {
    await context.runNoWaitChild(pinned, {}, { sticky: true });
  }
});

// What `upsertLabels` returns is there before the engine has answered: a failure is caught by nobody.
const relabel = task("relabel", {}, async ({ ms = 0 }) => {
  await sleep(ms);
  await worker.upsertLabels({ capacity: 1 }).catch(() => note("caught", {}));
  note("relabelled", {});
});

const worker = await hatchet.worker(`valet-test-${RUNTIME_SEAT}`, {
  workflows: [wanting, blocker, pinned, parent, relabel],
  slots: Number(RUNTIME_SLOTS),
  labels: { seat: RUNTIME_SEAT },
});
const running = worker.start();
await worker.waitUntilReady();
note("registered", { worker: worker._internal.workerId });
await running;
