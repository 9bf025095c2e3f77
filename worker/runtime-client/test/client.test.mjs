import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { AgentRefusal, AgentUnreachable, connect, LeaseAborted, LeaseRevoked } from "@valet/runtime-client";

import { FakeAgent } from "./fake-agent.mjs";

let folder, agent, host;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "valet-"));
  agent = new FakeAgent(join(folder, "agent.sock"));
  await agent.start();
  host = connect({ socket: agent.socket, timeoutMs: 400, abortGraceMs: 100, refusalPauseMs: 150 });
});

afterEach(async () => {
  host.close();
  await agent.stop().catch(() => undefined);
  await rm(folder, { recursive: true });
});

async function until(what, isSo) {
  for (let tries = 0; !isSo(); tries += 1) {
    assert.ok(tries < 400, `still not so: ${what}`);
    await sleep(10);
  }
}

test("it says who it is, with its own process", async () => {
  await host.register({ workerId: "w-1", slots: 3 });
  assert.deepEqual(agent.registrations, [{ worker_id: "w-1", pid: process.pid, slots: 3 }]);
});

test("a task runs under a lease that ends with it", async () => {
  const result = await host.withLease(
    async () => {
      assert.equal(agent.leases.size, 1);
      assert.equal(host.leases, 1);
      return 42;
    },
    { task: "apply" },
  );
  assert.equal(result, 42);
  assert.equal(agent.leases.size, 0);
  assert.equal(host.leases, 0);
  assert.deepEqual(agent.ended, [{ id: "lease-1", outcome: "finished" }]);
  const [asked] = agent.requests.filter(({ url }) => url === "/v1/leases");
  assert.deepEqual(asked.body, { task: "apply" });
});

test("a task that throws gives its lease back as failed, and its error reaches the caller", async () => {
  const failing = host.withLease(() => {
    throw new TypeError("no such button");
  });
  await assert.rejects(failing, new TypeError("no such button"));
  assert.deepEqual(agent.ended, [{ id: "lease-1", outcome: "failed" }]);
});

test("a host that drains refuses with its reason, after a pause, and the task never begins", async () => {
  agent.refusal = { reason: "draining", message: "the instance ends" };
  const began = Date.now();
  const refused = host.withLease(() => assert.fail("it ran"));
  await assert.rejects(refused, (error) => {
    assert.ok(error instanceof AgentRefusal);
    assert.equal(error.reason, "draining");
    assert.equal(error.status, 409);
    assert.equal(error.isRetryable, true);
    assert.match(error.message, /the instance ends/);
    return true;
  });
  const took = Date.now() - began;
  assert.ok(took >= 145, `it threw after ${took} ms: Hatchet would hand the task out again at once`);
  assert.equal(agent.requests.filter(({ url }) => url === "/v1/leases").length, 1, "it tried again");
  assert.equal(host.leases, 0);
});

test("the state is told at once and at every change; a drain once", async () => {
  const drains = [];
  host.onDrain((event) => drains.push(event.cause));
  await until("the first event", () => host.state === "ready");
  agent.tell({ state: "draining", cause: "spot", deadline: "2026-11-26T04:00:00Z" });
  agent.tell({ state: "draining", cause: "spot and hook" });
  await until("the drain", () => host.state === "draining");
  await until("the second line", () => drains.length > 0);
  assert.deepEqual(drains, ["spot"]);
  agent.tell({ state: "ready" });
  agent.tell({ state: "draining", cause: "again" });
  await until("the second drain", () => drains.length === 2);
});

test("a listener that comes late hears of the drain too", async () => {
  agent.tell({ state: "draining", cause: "before" });
  await until("the drain", () => host.state === "draining");
  const drains = [];
  host.onDrain((event) => drains.push(event.cause));
  assert.deepEqual(drains, ["before"]);
});

test("at the deadline the task's signal aborts, and a task that heeds it ends by itself", async () => {
  const running = host.withLease(async (signal) => {
    await sleep(60_000, undefined, { signal }).catch(() => {
      throw signal.reason;
    });
  });
  await until("the lease", () => agent.leases.size === 1);
  agent.tell({ state: "draining", cause: "spot", abort: true });
  await assert.rejects(running, LeaseAborted);
  assert.deepEqual(agent.ended, [{ id: "lease-1", outcome: "failed" }]);
});

test("a task that does not heed its signal is given up after the grace", async () => {
  const running = host.withLease(() => new Promise(() => undefined));
  await until("the lease", () => agent.leases.size === 1);
  const began = Date.now();
  agent.tell({ state: "draining", cause: "spot", abort: true });
  await assert.rejects(running, LeaseAborted);
  assert.ok(Date.now() - began >= 95, "the grace was not given");
  assert.equal(agent.leases.size, 0);
});

test("leases share one connection, and a closed one frees them", async () => {
  const running = [1, 2, 3].map(() => host.withLease(() => new Promise(() => undefined)));
  running.forEach((task) => task.catch(() => undefined));
  await until("three leases", () => agent.leases.size === 3);
  assert.equal(new Set(agent.leases.values()).size, 1);
  host.close();
  await until("no lease", () => agent.leases.size === 0);
});

test("a cut connection is made again, and what runs keeps its lease", async () => {
  await host.register({ workerId: "w-1", slots: 3 });
  let finish;
  const running = host.withLease(() => new Promise((resolve) => (finish = resolve)));
  await until("the lease", () => agent.leases.size === 1);
  agent.cut();
  const continued = ({ body }) => body?.continues === "lease-1";
  await until("the lease again", () => agent.requests.some(continued) && agent.leases.size === 1);
  finish("done");
  assert.equal(await running, "done");
  assert.deepEqual(agent.ended, [{ id: "lease-1", outcome: "finished" }]);
});

test("an agent that was restarted is told who this is, even while nothing runs", async () => {
  await host.register({ workerId: "w-1", slots: 3 });
  await until("the stream", () => host.state === "ready");
  await agent.stop();
  agent = new FakeAgent(agent.socket);
  await agent.start();
  await until("the registration", () => agent.registrations.length > 0);
  assert.equal(agent.registrations[0].worker_id, "w-1");
});

test("a task whose lease the agent does not continue has to end", async () => {
  let reason;
  const running = host.withLease(async (signal) => {
    await sleep(60_000, undefined, { signal }).catch(() => undefined);
    reason = signal.reason;
    throw reason;
  });
  await until("the lease", () => agent.leases.size === 1);
  agent.refusal = { reason: "no_slots", message: "every slot has its lease" };
  agent.cut();
  await assert.rejects(running, LeaseAborted);
  assert.match(reason.message, /every slot has its lease/);
});

test("an agent that is not there is waited for, and then named", async () => {
  await agent.stop();
  await assert.rejects(
    host.withLease(() => assert.fail("it ran")),
    (error) => error instanceof AgentUnreachable && error.message.includes(agent.socket),
  );
});

test("an agent that comes late is found", async () => {
  await agent.stop();
  const running = host.withLease(() => "ran");
  await sleep(100);
  await agent.start();
  assert.equal(await running, "ran");
});

test("without a socket it says what to set", () => {
  assert.throws(() => connect(), /VALET_SOCKET/);
});

test("a revoked lease aborts its task, and no other", async () => {
  const revoked = host.withLease(() => new Promise(() => undefined));
  await until("the first lease", () => agent.leases.size === 1);
  let finish;
  const other = host.withLease(() => new Promise((resolve) => (finish = resolve)));
  await until("the second lease", () => agent.leases.size === 2);
  agent.tell({ state: "ready", revoked: ["lease-1"] });
  await assert.rejects(revoked, LeaseRevoked);
  finish("done");
  assert.equal(await other, "done");
});

test("a task can ask whether its lease is still its own", async () => {
  await host.withLease(async (_, lease) => {
    assert.equal(await lease.isValid(), true);
    agent.leases.clear();
    assert.equal(await lease.isValid(), false);
  });
});

test("a lease whose task has to end while it is asked about is not valid", async () => {
  await assert.rejects(
    host.withLease(async (signal, lease) => {
      agent.beforeSaying = async () => {
        agent.tell({ state: "draining", cause: "spot", abort: true });
        await until("the signal", () => signal.aborted);
      };
      assert.equal(await lease.isValid(), false);
      throw signal.reason;
    }),
    LeaseAborted,
  );
});

test("where nobody knows whose the task is, the question throws and the task may ask again", async () => {
  await host.withLease(async (signal, lease) => {
    agent.doubt = { reason: "reassigned", message: "Hatchet could not be asked for 25 s" };
    await assert.rejects(lease.isValid(), (error) => {
      assert.ok(error instanceof AgentRefusal);
      assert.equal(error.reason, "reassigned");
      assert.equal(error.status, 409);
      assert.equal(error.isRetryable, true);
      assert.match(error.message, /could not be asked for 25 s/);
      return true;
    });
    assert.equal(signal.aborted, false, "it is not aborted: it may be this task's still");
    const questions = () => agent.requests.filter((request) => request.url === "/v1/leases/lease-1" && request.method === "GET");
    assert.equal(questions().length, 1, "it is asked once");
    agent.doubt = undefined;
    assert.equal(await lease.isValid(), true);
    agent.doubt = { reason: "reassigned", message: "Hatchet counts fewer tasks than run here" };
    agent.leases.clear();
    assert.equal(await lease.isValid(), false, "a lease that is over is nobody's doubt");
  });
});

test("a task that lets the doubt through fails retryably, and gives its lease back", async () => {
  const running = host.withLease(async (_, lease) => {
    agent.doubt = { reason: "reassigned", message: "Hatchet could not be asked for 30 s" };
    await lease.isValid();
    assert.fail("it did what cannot be undone");
  });
  await assert.rejects(running, (error) => error instanceof AgentRefusal && error.isRetryable);
  assert.deepEqual(agent.ended, [{ id: "lease-1", outcome: "failed" }]);
});

test("the timeout counts after a registration too, when the agent is gone", async () => {
  await host.register({ workerId: "w-1", slots: 3 });
  const running = host.withLease(() => new Promise(() => undefined));
  running.catch(() => undefined);
  await until("the lease", () => agent.leases.size === 1);
  await agent.stop();
  const began = Date.now();
  await assert.rejects(host.withLease(() => assert.fail("it ran")), AgentUnreachable);
  assert.ok(Date.now() - began < 5_000, `it took ${Date.now() - began} ms`);
});

test("the earlier name of the timeout still counts, and the new one wins", async () => {
  await agent.stop();
  for (const options of [{ patienceMs: 60 }, { patienceMs: 60_000, timeoutMs: 60 }]) {
    const other = connect({ socket: agent.socket, ...options });
    const began = Date.now();
    await assert.rejects(other.register({ workerId: "w-1", slots: 3 }), AgentUnreachable);
    assert.ok(Date.now() - began < 10_000);
    other.close();
  }
});
