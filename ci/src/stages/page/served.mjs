// Tries the page of a running server: node served.mjs CHROMIUM FOLDER PICTURES ADDRESS. Ends with 1 and says what is wrong.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { barriers, browser, check, count, finish, fits, folder, keyboard, load, open, picture, same, stepOf, textOf, told } from "./browser.mjs";

const address = process.argv[5];
const ask = (name, options = {}) => open(name, { address, ...options });
// Tabs behind others draw no frames, in which a page would be looked at otherwise.
const WAITING = { timeout: 20000, polling: 20 };
async function said(page, text) {
  try {
    await page.waitForFunction((text) => document.getElementById("said").textContent.includes(text), WAITING, text);
  } catch {
    throw new Error(`it does not say "${text}" but "${await textOf(page, "#said")}"`);
  }
}
const times = [];

// Sets the text as typing does, and waits for what is said then.
async function type(page, text, expected) {
  await page.$eval("#said", (element) => { element.textContent = ""; });
  await page.$eval("#text", (area, text) => {
    area.value = text;
    area.dispatchEvent(new Event("input"));
  }, text);
  await said(page, expected);
}

// A trace of the folder is opened with its seeded bug; what is changed is run at once.
{
  const page = await ask("served");
  await said(page, "All sides agree");
  same(await textOf(page, "#signature"), "no finding", "a trace on which all sides agree");
  check(await page.$eval("#answers", (it) => it.hidden), "no answers where all sides agree");
  await page.select("#open", "stale_mapping.trace");
  await said(page, "rmap.places@migrate");
  same(await page.$eval("[data-variant-of=implementation]", (it) => it.value), "stale_mapping", "the seeded bug that the trace names");
  same(await textOf(page, "#signature"), "rmap.places@migrate", "the finding");
  const text = await page.$eval("#text", (area) => area.value);
  const lines = text.trimEnd().split("\n");
  await type(page, lines.slice(0, -1).join("\n"), "All sides agree");
  same(await count(page, "#operations li"), lines.filter((line) => !line.startsWith("#")).length - 2, "operations of the shorter trace");
  await type(page, text.replace("move", "moove"), "Line ");
  check(await page.$eval("#text", (area) => area.hasAttribute("aria-invalid")), "a text that is no trace");
  same(await count(page, "#operations li"), lines.filter((line) => !line.startsWith("#")).length - 2, "what was shown before stays");
  // As long as a reader waits, from the click to what is shown.
  for (let i = 0; i < 9; i++) {
    times.push(await page.evaluate((text) => new Promise((resolve) => {
      document.getElementById("text").value = text;
      document.getElementById("said").textContent = "";
      const begun = performance.now();
      new MutationObserver((_, observer) => {
        if (!document.getElementById("said").textContent.endsWith(" ms)")) return;
        observer.disconnect();
        resolve(performance.now() - begun);
      }).observe(document.getElementById("said"), { childList: true });
      document.getElementById("run").click();
    }), i % 2 ? text : text.replace("v0+2", "v0")));
    same(await textOf(page, "#signature"), i % 2 ? "rmap.places@migrate" : "no finding", "what is shown of the changed trace");
  }
  await type(page, text, "rmap.places@migrate");
  // Without the bug it agrees, with it again it does not.
  await page.select("[data-variant-of=implementation]", "");
  await said(page, "All sides agree");
  await page.select("[data-variant-of=implementation]", "stale_mapping");
  await said(page, "rmap.places@migrate");
  await page.close();
}

// Changed traces, minimising, undoing, keeping.
{
  const page = await ask("served", { hash: "#trace=stale_mapping.trace&step=2" });
  await said(page, "rmap.places@migrate");
  same(await stepOf(page), 2, "the step of the address");
  const text = await page.$eval("#text", (area) => area.value);
  await type(page, `${text}read s0 v0\n`.replace("\nmigrate", "\nread s0 v0\nmigrate"), "rmap.places@migrate");
  const longer = await page.$eval("#text", (area) => area.value);
  await page.click("#minimise");
  await said(page, "operations to 4");
  same(await count(page, "#operations li"), 4, "operations of the minimised trace");
  await page.click("#back");
  await said(page, "rmap.places@migrate");
  same(await page.$eval("#text", (area) => area.value), longer, "the text before it was minimised");
  await page.click("#explain");
  await page.waitForFunction(() => document.querySelectorAll("#why tbody tr").length > 0, WAITING);
  check((await count(page, "#around tbody tr")) > 0, "changed traces are told");
  await page.type("#keep-name", "kept-by-browser");
  await page.click("#keep");
  await said(page, "Kept: kept-by-browser.trace");
  check(readFileSync(join(folder, "served", "kept-by-browser.trace"), "utf8").startsWith("# rmap.places@migrate"), "the trace that was kept");
  await page.click("#keep");
  await said(page, "is there already");
  same(await page.$eval("#open", (it) => it.value), "kept-by-browser.trace", "it is the one that is open");
  await page.close();
}

// Two tabs work beside each other; a tab that is closed leaves the other alone.
{
  const [one, other] = [await ask("one"), await ask("other")];
  await Promise.all([said(one, "All sides agree"), said(other, "All sides agree")]);
  await Promise.all([one.select("#open", "stale_mapping.trace"), other.select("#open", "wrong_buddy.trace")]);
  await Promise.all([said(one, "rmap.places@migrate"), said(other, "ms")]);
  check((await textOf(one, "#signature")) !== (await textOf(other, "#signature")), "each tab has its own trace");
  // A tab behind another one cannot be clicked.
  await one.$eval("#explain", (button) => button.click());
  await one.close();
  await other.bringToFront();
  await other.click("#run");
  await said(other, "ms");
  await other.close();
}

// A page of another site cannot ask, although it knows the address.
{
  const page = await browser.newPage();
  await page.goto("data:text/html,<title>another</title>");
  const answers = await page.evaluate(async (address) => {
    const tries = [["GET", {}], ["POST", { "Content-Type": "text/plain" }], ["POST", { "Content-Type": "application/json" }]];
    return Promise.all(tries.map(async ([method, headers], index) => {
      try {
        const answer = await fetch(address + (index ? "folder" : ""), { method, headers, body: method === "POST" ? "{\"stamp\":\"\"}" : undefined });
        return answer.status;
      } catch {
        return "refused";
      }
    }));
  }, address);
  same(answers.join(), "refused,refused,refused", "what another site gets");
  await page.close();
}

// What it looks like, at each width, and without a barrier.
for (const options of [{}, { width: 400, height: 800 }, { width: 400, height: 800, dark: true }, { width: 3840, height: 2160 }]) {
  const page = await ask("served", { hash: "#trace=stale_mapping.trace", ...options });
  await page.bringToFront();
  await said(page, "rmap.places@migrate");
  await fits(page, `served at ${options.width ?? 1400}`);
  if (options.width !== 3840) await barriers(page, `served at ${options.width ?? 1400}${options.dark ? ", dark" : ""}`);
  if (!options.width) {
    await keyboard(page, "served");
    await page.evaluate(() => {
      document.activeElement?.blur();
      // Which kernels are built is a matter of the machine.
      document.querySelectorAll("#subjects div:not(:first-of-type)").forEach((element) => element.remove());
      document.getElementById("said").textContent = "";
      document.getElementById("open").value = "";
      scrollTo(0, 0);
    });
    await page.setViewport({ width: 1200, height: 800 });
    await picture(page, "served");
  }
  await page.close();
}
await finish(`the page of the server; a changed trace is shown again after ${told(times)} of ${times.length} (${load()})`);
