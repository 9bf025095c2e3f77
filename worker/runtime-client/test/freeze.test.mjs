import assert from "node:assert/strict";
import { test } from "node:test";

// Not published: what the package is made of.
import { FreezeDetector } from "../dist/freeze.js";

function detector() {
  const clock = { now: 1000, processor: 5 };
  const clocks = { uptime: () => clock.now, processor: () => clock.processor };
  const freezes = new FreezeDetector(clocks);
  const after = (seconds, busy = 0) => {
    clock.now += seconds;
    clock.processor += busy;
    return freezes.tick();
  };
  return after;
}

test("only a long standstill is a freeze, and it is told once", () => {
  const after = detector();
  assert.deepEqual([1, 1, 10, 25.5].map((seconds) => after(seconds)), [false, false, false, false]);
  assert.equal(after(31), true);
  assert.equal(after(1), false);
});

test("a long computation is no freeze", () => {
  const after = detector();
  assert.equal(after(60, 59), false);
  assert.equal(after(60, 2), true);
});

test("the clocks of this process move on", async () => {
  const freezes = new FreezeDetector();
  assert.equal(freezes.tick(), false);
});
