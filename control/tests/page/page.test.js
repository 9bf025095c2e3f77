// The page in a real browser.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { accessible, as, beat, browser, follow, given, open, orders, orderUntil, signIn } from "./browser.js";

const host = given.agent.id;
const lease = (id, task) => ({ id, task, startedAt: new Date(Date.now() - 90_000).toISOString() });
after(() => browser.close());

test("only a token that counts signs in", async () => {
  const { context, page, faults } = await open();
  await page.goto("/hosts/" + host);
  assert.equal(new URL(page.url()).pathname, "/sign-in");
  await accessible(page, "sign-in");
  await page.fill("#token", "vct_wrong");
  await page.click("button.main");
  assert.equal(await page.textContent("[role=alert]"), "This token does not count: it is unknown, has ended or was revoked.");
  await page.fill("#token", given.viewer);
  await page.click("button.main");
  await page.waitForURL("**/hosts/" + host);
  const [cookie] = await context.cookies();
  assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Lax", "/"]);
  await follow(page, page.locator("text=Sign out"));
  await page.goto("/");
  assert.equal(new URL(page.url()).pathname, "/sign-in");
  // The cookie that was signed out is worth nothing to whoever has kept it.
  const kept = await fetch(given.url + "/", { headers: { cookie: `${cookie.name}=${cookie.value}` }, redirect: "manual" });
  assert.equal(kept.status, 303);
  assert.deepEqual(faults, []);
  await context.close();
});

test("every response forbids frames, foreign content and keeping", async () => {
  const response = await fetch(given.url + "/sign-in?next=//evil.example/");
  assert.equal(response.headers.get("content-security-policy"), "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
  assert.equal(response.headers.get("x-frame-options"), "DENY");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.ok(!(await response.text()).includes("evil.example"));
  // Without the exception for this machine, the cookie is a `__Host-` one.
  const secure = await fetch(given.secure + "/sign-in", { method: "POST", body: new URLSearchParams({ token: given.viewer, next: "//evil.example/" }), redirect: "manual" });
  assert.equal(secure.headers.get("location"), "/");
  assert.match(secure.headers.get("set-cookie"), /^__Host-valet=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
});

test("500 hosts fit into 1280 pixels, and are searched, filtered and sorted by address", async () => {
  await as(given.viewer, {}, async (page) => {
    await page.goto("/");
    assert.equal(await page.locator("tbody tr").count(), 500);
    const widths = () => page.evaluate(() => [document.documentElement.scrollWidth, ...[...document.querySelectorAll(".scroll")].map((part) => part.scrollWidth - part.clientWidth)]);
    assert.deepEqual(await widths(), [await page.evaluate(() => document.documentElement.clientWidth), 0]);
    await page.fill("#search", "us-east-1b");
    await follow(page, page.locator("text=Show"));
    assert.ok((await page.locator("tbody tr").count()) > 50);
    assert.deepEqual(await page.evaluate(() => [...new Set([...document.querySelectorAll("tbody td:nth-child(5)")].map((cell) => cell.textContent))]), ["us-east-1b"]);
    await page.goto("/?state=draining&sort=-tasks");
    const tasks = await page.evaluate(() => [...document.querySelectorAll("tbody td:nth-child(3)")].map((cell) => parseInt(cell.textContent, 10)));
    assert.ok(tasks.length > 3);
    assert.deepEqual(tasks, [...tasks].sort((one, other) => other - one));
    assert.equal(await page.getAttribute("th:nth-child(3)", "aria-sort"), "descending");
    await follow(page, page.locator("th:nth-child(3) a"));
    assert.match(page.url(), /sort=tasks/);
    await page.goto("/?search=nothing-is-like-this");
    assert.match(await page.textContent("main"), /No host is like this/);
    assert.ok((await page.locator("button[data-copy]").first().getAttribute("data-copy")).startsWith("valet-control hosts --search nothing-is-like-this"));
  });
});

test("a drain with a reason empties a host while one watches, by keyboard", async () => {
  await beat({ leases: [lease("l-1", "invoice-export"), lease("l-2", "price-check")] });
  await as(given.operator, {}, async (page) => {
    await page.goto("/hosts/" + host);
    const at = () => page.evaluate(() => document.activeElement.textContent.trim());
    for (let step = 0; step < 60 && (await at()) !== "Drain"; step += 1) await page.keyboard.press("Tab");
    assert.equal(await at(), "Drain");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/drain");
    const effect = await page.textContent("[data-part=effect]");
    assert.match(effect, /Tasks that run on it: 2 \/ 5/);
    assert.ok(effect.includes("invoice-export") && effect.includes("price-check"));
    assert.match(effect, /Left in valet-workers-spot meanwhile: \d+ ready hosts with \d+ free slots/);
    await page.focus("#reason");
    await page.keyboard.type("kernel update it's due");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/orders/*");
    assert.equal(await page.textContent(".command code"), `valet-control orders ${page.url().split("/").pop()} --watch`);
    await page.evaluate(() => { globalThis.loadedOnce = true; });
    const { order } = await beat({ leases: [lease("l-1", "invoice-export"), lease("l-2", "price-check")] });
    assert.equal(order.cause, "Operator: kernel update it's due");
    await beat({ status: "draining", cause: "ordered", leases: [lease("l-2", "price-check")], orders: [{ id: order.id, outcome: "accepted" }] });
    await page.waitForSelector("text=The host carries it out.");
    await page.waitForFunction(() => document.querySelector("[data-part=host]").textContent.includes("Tasks that still run: 1"));
    await beat({ status: "stopped", cause: "drained", orders: [{ id: order.id, outcome: "done", detail: "drained in 12 s" }] });
    await page.waitForSelector("text=The host has carried it out. It says: drained in 12 s");
    assert.equal(await page.textContent("#said"), "The order is done");
    assert.equal(await page.evaluate(() => globalThis.loadedOnce), true, "the page was not loaded again");
    await page.goto("/hosts/" + host);
    assert.match(await page.textContent("[data-part=timeline]"), /Order drain done: drained in 12 s.*The host has accepted the order drain.*Order drain by Operator: kernel update it's due/s);
    assert.match(await page.textContent("[data-part=notice]"), /It has drained: drained/);
  });
});

test("everything works without script", async () => {
  await as(given.operator, { javaScriptEnabled: false }, async (page) => {
    await page.goto("/");
    await page.fill("#search", host);
    await follow(page, page.locator("text=Show"));
    await follow(page, page.locator(`a:text-is("${host}")`));
    await follow(page, page.locator("text=Restart all services"));
    await page.selectOption("#within", "900");
    // The browser's own check is out of the way: the server's is what counts.
    await page.fill("#reason", "   ");
    await page.click("button.main");
    assert.match(await page.textContent("[role=alert]"), /reason/i);
    await page.fill("#reason", "stuck screen");
    await page.click("button.main");
    await page.waitForURL("**/orders/*");
    const { order } = await beat({ status: "stopped", cause: "drained" });
    assert.equal(order.action, "restartServices");
    assert.ok(Date.parse(order.deadline) > Date.now() + 800_000);
    await beat({ status: "ready", orders: [{ id: order.id, outcome: "done" }] });
    await follow(page, page.locator("text=Read again"));
    assert.match(await page.textContent("[data-part=order]"), /The host has carried it out/);
    await page.goto("/hosts/" + host + "/resume");
    await page.fill("#reason", "all well");
    await page.click("button.main");
    await page.waitForURL("**/orders/*");
    await page.fill("#reason", "too soon");
    await follow(page, page.locator("text=Cancel the order"));
    assert.match(await page.textContent("[data-part=order]"), /Somebody took it back/);
  });
});

// A server whose group is one of a mock of AWS: what only AWS does.
const cloud = given.cloud;
const inCloud = { skip: !cloud && "there is no mock of AWS" };

test("a hold protects a host until somebody resumes it, by keyboard", inCloud, async () => {
  const [{ agent }] = cloud.hosts;
  const from = { agent, url: cloud.url };
  await beat({}, from);
  await as(cloud.operator, { baseURL: cloud.url }, async (page) => {
    await page.goto("/hosts/" + agent.id);
    const at = () => page.evaluate(() => document.activeElement.textContent.trim());
    for (let step = 0; step < 60 && (await at()) !== "Hold"; step += 1) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/hold");
    assert.match(await page.textContent("[data-part=effect]"), /protected from scale-in/);
    await page.selectOption("#hold", "3600");
    await page.focus("#reason");
    await page.keyboard.type("look at its profile");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/orders/*");
    const id = page.url().split("/").pop();
    const { order } = await beat({}, from);
    assert.equal(order.action, "drain");
    await beat({ status: "draining", cause: "ordered", orders: [{ id, outcome: "accepted" }] }, from);
    await beat({ status: "stopped", cause: "drained", orders: [{ id, outcome: "done" }] }, from);
    await page.waitForSelector("text=The host has drained and is held until");
    await page.goto("/hosts/" + agent.id + "/resume");
    assert.match(await page.textContent("[data-part=effect]"), /It takes the place of the order that stands: hold/);
    await page.fill("#reason", "seen");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/orders/*");
    await orderUntil(cloud, id, (order) => order.state === "superseded");
  });
});

test("a decommission empties a host and AWS ends it, without script", inCloud, async () => {
  const [, { agent }] = cloud.hosts;
  const from = { agent, url: cloud.url };
  await beat({}, from);
  await as(cloud.operator, { baseURL: cloud.url, javaScriptEnabled: false }, async (page) => {
    await page.goto("/hosts/" + agent.id + "/decommission");
    assert.match(await page.textContent("[data-part=effect]"), /Then AWS terminates it/);
    await page.selectOption("#replace", "shrink");
    await page.fill("#reason", "old kernel");
    await page.click("button.main");
    await page.waitForURL("**/orders/*");
    const id = page.url().split("/").pop();
    assert.match(await page.textContent("main"), /Order: decommission/);
    await beat({ status: "draining", orders: [{ id, outcome: "accepted" }] }, from);
    await beat({ status: "stopped", orders: [{ id, outcome: "done" }] }, from);
    await orderUntil(cloud, id, (order) => order.state === "done");
    await follow(page, page.locator("text=Read again"));
    assert.match(await page.textContent("[data-part=order]"), /AWS terminates it, and its group is smaller by one/);
  });
});

test("a capacity is changed within the group's limits, and the page says what became of it", inCloud, async () => {
  await as(cloud.operator, { baseURL: cloud.url }, async (page) => {
    await page.goto("/");
    assert.match(await page.textContent(".groups"), new RegExp(`${cloud.group}: \\d+ in service of \\d+ desired, 0 to 30`));
    await follow(page, page.locator(`a[aria-label="Change the capacity of ${cloud.group}"]`));
    await page.evaluate(() => document.querySelector("#desired").removeAttribute("max"));
    await page.fill("#desired", "31");
    await page.fill("#reason", "the evening");
    await page.click("button.main");
    assert.match(await page.textContent("[role=alert]"), /`desired` is from 0 to 30/);
    assert.equal(await page.inputValue("#reason"), "the evening");
    await page.fill("#desired", "4");
    await page.click("button.main");
    await page.waitForURL("**/capacity?before=*");
    assert.match(await page.textContent(".notice.good"), /Changed from \d+ to 4\. AWS starts hosts/);
    // What AWS says comes by itself.
    await page.waitForFunction(() => document.querySelector("[data-part=effect]").textContent.includes("desired: 4"));
  });
});

test("what was found stands above the hosts, with its command", inCloud, async () => {
  await as(cloud.admin, { baseURL: cloud.url }, async (page) => {
    await page.goto("/");
    const finding = page.locator(".notice.bad").first();
    assert.match(await finding.textContent(), /A host works and is not heard/);
    const [{ agent }] = cloud.hosts;
    assert.equal(await finding.locator("button[data-copy]").getAttribute("data-copy"), `valet-control host ${agent.id}`);
    await accessible(page, "findings");
    await page.goto(`/fleets/${cloud.group}/capacity`);
    await accessible(page, "capacity");
    await page.goto(`/hosts/${agent.id}/hold`);
    await accessible(page, "hold");
  });
});

test("the audit log follows what is done", async () => {
  await as(given.admin, {}, async (page) => {
    await page.goto("/audit");
    await page.evaluate(() => { globalThis.loadedOnce = true; });
    const reason = "audited " + Date.now();
    const response = await fetch(`${given.url}/api/v1/worker-keys`, { method: "POST", headers: { authorization: "Bearer " + given.operator, "content-type": "application/json" }, body: JSON.stringify({ reason }) });
    assert.equal(response.status, 403);
    await page.waitForFunction(() => document.querySelector("tbody tr").textContent.includes("http.refused"));
    assert.equal(await page.evaluate(() => globalThis.loadedOnce), true);
    // What every row does is a command.
    const rows = await page.locator("tbody tr").count();
    assert.equal(await page.locator("tbody tr button[data-copy]").count(), rows);
  });
});

test("every row is a command", async () => {
  await as(given.admin, {}, async (page) => {
    for (const address of ["/?search=us-east-1b", "/sessions", "/audit", "/keys"]) {
      await page.goto(address);
      const rows = await page.locator("tbody tr").count();
      const commands = await page.locator("tbody tr button[data-copy]").evaluateAll((all) => all.map((button) => button.dataset.copy));
      assert.ok(rows > 0, address);
      assert.equal(commands.length, rows, address);
      assert.ok(commands.every((command) => command.startsWith("valet-control ")), address);
    }
    await page.goto("/hosts/" + host);
    const links = await page.locator(".links a").evaluateAll((all) => all.map((link) => link.textContent));
    assert.deepEqual(links, ["Worker in Hatchet", "Metrics in CloudWatch", "Dashboard in CloudWatch", "Shell by Session Manager"]);
  });
});

test("hostile names stay text", async () => {
  const evil = `<script>globalThis.broken=1</script>"'><img src=x onerror=globalThis.broken=1>`;
  await beat({ status: "unhealthy", cause: evil, workerId: evil, lifecycle: evil.slice(0, 120), versions: { worker: evil, kernel: evil }, leases: [lease("l-evil", evil)] });
  await as(given.admin, {}, async (page) => {
    await page.goto(`/hosts/${host}/drain`);
    assert.match(await page.textContent("[data-part=effect]"), /<script>globalThis/);
    await page.fill("#reason", evil);
    await page.click("button.main");
    await page.waitForURL("**/orders/*");
    const { order } = await beat({ status: "unhealthy", cause: evil });
    await beat({ status: "unhealthy", cause: evil, orders: [{ id: order.id, outcome: "failed", detail: evil }] });
    const pages = [page.url(), `/?search=${encodeURIComponent(evil)}&state=${encodeURIComponent(evil)}&group=${encodeURIComponent(evil)}&sort=${encodeURIComponent(evil)}`,
      "/?state=unhealthy", "/hosts/" + host, "/sessions?host=" + encodeURIComponent(evil), "/sessions", "/audit?target=" + encodeURIComponent(evil), "/audit", "/hosts/" + encodeURIComponent(evil), "/sign-in?next=" + encodeURIComponent(evil)];
    for (const address of pages) {
      await page.goto(address);
      await page.waitForTimeout(60);
      assert.equal(await page.evaluate(() => globalThis.broken), undefined, address);
      assert.equal(await page.locator("main img, main script").count(), 0, address);
    }
    await page.goto("/hosts/" + host);
    assert.ok((await page.textContent("[data-part=notice]")).includes(evil));
    const copied = await page.locator("button[data-copy*=drain]").getAttribute("data-copy");
    assert.equal(copied, `valet-control drain ${host} --reason '…'`);
  });
  await beat({});
});

test("another site orders nothing", async () => {
  const before = (await orders(host)).length;
  const form = (token) => `<form method="post" action="${given.url}/hosts/${host}/drain"><input name="reason" value="forged"><input name="form_token" value="${token}"></form><script>document.forms[0].submit()</script>`;
  const site = createServer((_, response) => { response.setHeader("content-type", "text/html"); response.end(form("x".repeat(43))); });
  await new Promise((ready) => site.listen(0, "127.0.0.1", ready));
  try {
    const { context, page } = await open();
    await signIn(page, given.operator);
    // Another port is the same site, so that the cookie is sent; another name is another site.
    const answers = [];
    page.on("response", (response) => { if (response.request().method() === "POST") answers.push(response.status()); });
    for (const name of ["127.0.0.1", "localhost"]) {
      await page.goto(`http://${name}:${site.address().port}/`);
      await page.waitForURL((url) => url.origin === given.url);
    }
    assert.deepEqual(answers, [403, 303]);
    const cookie = (await context.cookies(given.url)).map(({ name, value }) => `${name}=${value}`).join("; ");
    const own = await (await context.request.get(`/hosts/${host}/drain`)).text();
    const token = own.match(/name="form_token" value="([\w-]+)"/)[1];
    const post = async (form_token, headers = {}, session = cookie) => {
      const response = await fetch(`${given.url}/hosts/${host}/drain`, { method: "POST", redirect: "manual", headers: { cookie: session, ...headers }, body: new URLSearchParams({ form_token, reason: "forged" }) });
      return [response.status, await response.text()];
    };
    const [status, text] = await post("");
    assert.equal(status, 403);
    assert.match(text.replace(/<[^>]*>/g, " ").replace(/\s+/g, " "), /This form does not count It was not made for this sign-in, or another site has sent it. Nothing was changed. Go back, load the page again, and send the form from there. form.refused/);
    assert.equal((await post(token, { "sec-fetch-site": "cross-site" }))[0], 403);
    // Somebody else's token does not count either.
    const other = await open();
    await signIn(other.page, given.admin);
    const theirs = (await (await other.context.request.get(`/hosts/${host}/drain`)).text()).match(/name="form_token" value="([\w-]+)"/)[1];
    await other.context.close();
    assert.equal((await post(theirs))[0], 403);
    assert.equal((await orders(host)).length, before);
    await context.close();
  } finally {
    site.close();
  }
});

test("a role sees and does what it may", async () => {
  await as(given.viewer, {}, async (page) => {
    assert.deepEqual(await page.locator(".bar li").allTextContents(), ["Fleet", "Sessions"]);
    await page.goto("/hosts/" + host);
    assert.equal(await page.locator(".actions").count(), 0);
    for (const address of ["/audit", "/keys", `/hosts/${host}/drain`]) {
      const response = await page.goto(address);
      assert.equal(response.status(), 403, address);
    }
    assert.match(await page.textContent("main"), /role\.too-low/);
  });
});

test("a key is added, shown once, and the old one ends with an overlap", async () => {
  await as(given.admin, {}, async (page) => {
    await page.goto("/keys");
    const rows = await page.locator("tbody tr").count();
    await page.fill("#reason", "yearly rotation");
    await page.click("button.main");
    const value = await page.textContent("#value");
    assert.match(value, /^[\w-]{43}$/);
    await follow(page, page.locator("text=I have it"));
    assert.equal(await page.locator("tbody tr").count(), rows + 1);
    assert.ok(!(await page.content()).includes(value));
    await follow(page, page.locator("tbody tr").last().locator("text=End it"));
    assert.match(await page.textContent("main"), /Other keys that count without an end: 1/);
    await page.selectOption("#after", "1209600");
    await page.fill("#reason", "replaced");
    await page.click("button.main");
    await page.waitForURL("**/keys");
    assert.deepEqual(await page.locator("tbody .state").allTextContents(), ["valid", "ending"]);
    assert.equal(await page.locator("svg .valid").count(), 2);
    await page.goto("/audit?target=worker-keys");
    assert.match(await page.textContent("tbody"), /key\.add.*yearly rotation/s);
  });
});

for (const scheme of ["light", "dark"]) {
  test(`axe finds nothing, ${scheme}`, async () => {
    await as(given.admin, { colorScheme: scheme }, async (page) => {
      await beat({ leases: [lease("l-7", "invoice-export")] });
      const [order] = await orders(host);
      const pages = { fleet: "/?search=00001", host: "/hosts/" + host, drain: `/hosts/${host}/drain`, order: "/orders/" + order.id, sessions: "/sessions", audit: "/audit", keys: "/keys", missing: "/hosts/i-0" };
      for (const [name, address] of Object.entries(pages)) {
        await page.goto(address);
        await accessible(page, name);
      }
    });
  });
}

test("screenshots", { skip: !given.screenshots }, async () => {
  for (const scheme of ["light", "dark"]) {
    await as(given.admin, { colorScheme: scheme, viewport: { width: 1280, height: 720 } }, async (page) => {
      const shot = async (name, address) => {
        await page.goto(address);
        await page.waitForTimeout(150);
        await page.screenshot({ path: `${given.screenshots}/control-${name}-${scheme}.png` });
      };
      await shot("fleet", "/?sort=state");
      await shot("host", "/hosts/" + given.shown);
      if (scheme === "light" || given.all) {
        await shot("drain", `/hosts/${given.shown}/drain`);
        await shot("keys", "/keys");
      }
      if (given.all) {
        await shot("order", "/orders/" + (await orders(host))[0].id);
        await shot("sessions", "/sessions");
        await shot("sign-in", "/sign-in");
      }
    });
    if (!cloud) continue;
    await as(cloud.admin, { baseURL: cloud.url, colorScheme: scheme, viewport: { width: 1280, height: 720 } }, async (page) => {
      const [{ agent }] = cloud.hosts;
      await beat({ leases: [lease("l-21", "invoice-export"), lease("l-22", "price-check")] }, { agent, url: cloud.url });
      const pages = { findings: "/", hold: `/hosts/${agent.id}/hold`, decommission: `/hosts/${agent.id}/decommission`, capacity: `/fleets/${cloud.group}/capacity?before=2&after=4`, audit: "/audit" };
      for (const [name, address] of Object.entries(pages)) {
        // Those that the docs show, unless all are asked for.
        if (!given.all && (scheme === "dark" || ["findings", "hold"].includes(name))) continue;
        await page.goto(address);
        await page.waitForTimeout(150);
        await page.screenshot({ path: `${given.screenshots}/control-${name}-${scheme}.png` });
      }
    });
  }
});
