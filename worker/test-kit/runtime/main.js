// The runtime that the agent is tested with: a worker of Hatchet's own SDK whose one task runs under
// a lease and does what its input says.
//
// Environment: HATCHET_CLIENT_* and VALET_SOCKET as on a host; RUNTIME_SLOTS; RUNTIME_JOURNAL, a file
// that gets a line of JSON for everything a task does; RUNTIME_CRASH, a file whose presence ends the
// program before it has registered.

import { appendFileSync, existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { HatchetClient } from "@hatchet-dev/typescript-sdk/v1/index.js";
import { AgentRefusal, connect, LeaseAborted, LeaseRevoked } from "@valet/runtime-client";

const { RUNTIME_JOURNAL, RUNTIME_CRASH, RUNTIME_SLOTS = "3" } = process.env;
const slots = Number(RUNTIME_SLOTS);

function note(event, details = {}) {
  if (RUNTIME_JOURNAL) {
    const line = { event, pid: process.pid, at: Date.now(), ...details };
    appendFileSync(RUNTIME_JOURNAL, `${JSON.stringify(line)}\n`);
  }
}

if (RUNTIME_CRASH && existsSync(RUNTIME_CRASH)) {
  note("crashed");
  process.exit(1);
}

// The engine of the test kit hears of a pause after one second.
const host = connect({ refusalPauseMs: 1500 });
host.onEvent(({ state, cause, abort }) => note("host", { state, cause, abort }));

const hatchet = HatchetClient.init();

// Until a file exists.
async function appearance(file, options) {
  while (!existsSync(file)) {
    await sleep(50, undefined, options);
  }
}

/**
 * Takes `ms` milliseconds, or until the file `until` exists, or for ever; throws at the end if `fails`; heeds
 * the host's signal unless it is `stubborn`.
 */
async function work(task, { ms = 0, until = "", endless = false, fails = false, stubborn = false }, signal) {
  note("began", task);
  const options = stubborn ? {} : { signal };
  const pause = endless ? 24 * 60 * 60 * 1000 : ms;
  const over = until ? appearance(until, options) : sleep(pause, undefined, options);
  await over.catch((error) => {
    note("aborted", task);
    throw signal.reason ?? error;
  });
  note("ended", task);
  if (fails) {
    throw new Error("the task fails, as it was told");
  }
  return { pid: process.pid };
}

const task = hatchet.task({
  name: "apply",
  retries: 3,
  executionTimeout: "24h",
  fn: async (input, context) => {
    const task = { task: context.taskRunExternalId(), retry: context.retryCount() };
    note("assigned", task);
    try {
      return await host.withLease((signal) => work(task, input, signal), { task: input.name ?? task.task });
    } catch (error) {
      if (error instanceof AgentRefusal) note("refused", { ...task, reason: error.reason });
      if (error instanceof LeaseRevoked) note("revoked", task);
      else if (error instanceof LeaseAborted) note("given back", task);
      throw error;
    }
  },
});

const worker = await hatchet.worker("valet-test-runtime", { workflows: [task], slots });
const running = worker.start();
await worker.waitUntilReady();
await host.register({ workerId: worker._internal.workerId, slots });
note("registered", { worker: worker._internal.workerId });
await running;
