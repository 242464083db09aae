// Tries pages of findings: node findings.mjs CHROMIUM FOLDER PICTURES. Ends with 1 and says what is wrong.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { barriers, check, count, dataOf, finish, fits, folder, keyboard, load, open, picture, same, stepOf, textOf, told } from "./browser.mjs";

const paints = [];

// What a side shows after a step, computed here once more.
function stateOf(finding, side, step) {
  const cells = new Map();
  for (const changes of finding.sides[side].changes.slice(0, step + 1)) {
    if (!changes) return null;
    for (let i = 0; i < changes.length; i += 2) {
      if (changes[i + 1]) cells.set(changes[i], finding.values[changes[i + 1] - 1]);
      else cells.delete(changes[i]);
    }
  }
  return cells;
}

async function everyStep(page, name) {
  const [finding] = (await dataOf(page)).findings;
  const all = finding.operations.length;
  const steps = all > 40 ? [0, 1, all >> 1, all - 1, all] : [...Array(all + 1).keys()];
  for (const step of steps) {
    await page.evaluate((step) => { location.hash = `step=${step}`; }, step);
    await page.waitForFunction((step) => Number(document.getElementById("slider").value) === step, {}, step);
    const shown = await page.$$eval("[data-cell]", (buttons) => buttons.map((button) => [button.dataset.cell, button.textContent]));
    for (const [key, text] of shown) {
      const [side, cell] = key.split(" ").map(Number);
      const state = stateOf(finding, side, step);
      const expected = state === null ? "not known" : state.get(cell) ?? "–";
      const [group] = finding.cells[cell];
      if (group !== "frame") same(text, expected, `${name}, step ${step}, ${finding.cells[cell]}`);
    }
    const differs = await count(page, ".card .differs");
    if (step < finding.first) same(differs, 0, `${name}, step ${step}: cells that differ`);
    else if (step === finding.silent && finding.sides[finding.culprit].changes[step]) check(differs > 0 || finding.signature.startsWith("placement") || finding.signature.startsWith("refusal") || finding.signature.startsWith("conservation"), `${name}, step ${step}: no cell differs`);
  }
}

async function controls(page, name) {
  const [finding] = (await dataOf(page)).findings;
  const last = finding.operations.length;
  same(await stepOf(page), finding.first, `${name} opens at the difference`);
  const press = async (key, expected) => {
    await page.keyboard.press(key);
    same(await stepOf(page), expected, `${name}: ${key}`);
  };
  await press("Home", 0);
  await press("ArrowLeft", 0);
  await press("ArrowRight", 1);
  await press("End", last);
  await press("ArrowRight", last);
  await press("ArrowLeft", last - 1);
  await press("d", finding.first);
  for (const [button, expected] of [["first", 0], ["next", 1], ["last", last], ["previous", last - 1]]) {
    await page.click(`#${button}`);
    same(await stepOf(page), expected, `${name}: the button ${button}`);
  }
  await page.focus("#slider");
  await page.keyboard.press("Home");
  same(await stepOf(page), 0, `${name}: Home on the slider`);
  await page.keyboard.press("ArrowRight");
  same(await stepOf(page), 1, `${name}: an arrow on the slider moves one step`);
  same(await textOf(page, "#where"), `Step 1 of ${last}`, `${name}: the step in words`);
  await page.click("#operations li:last-child button");
  same(await stepOf(page), last, `${name}: an operation`);
  same(await count(page, "#operations [aria-current=step]"), 1, `${name}: one operation is the current one`);
  await page.click("#milestones li button");
  same(await stepOf(page), finding.first - 1, `${name}: the last agreement`);
  await page.keyboard.press("d");
  const before = await count(page, ".card");
  await page.click("#only");
  check((await count(page, ".card")) <= before, `${name}: only what is changed or differs`);
  await page.click("#only");
  same(await count(page, ".card"), before, `${name}: all again`);
  await writer(page, name, finding);
}

// The last writer of each cell at the difference, as the page says it and as it is computed here.
async function writer(page, name, finding) {
  const [step, { rules }] = [await stepOf(page), await dataOf(page)];
  for (const key of await page.$$eval(".card [data-cell]", (buttons) => buttons.map((button) => button.dataset.cell))) {
    const [side, cell] = key.split(" ").map(Number);
    await page.$eval(`[data-cell="${key}"]`, (button) => button.click());
    const { changes } = finding.sides[side];
    let last = Math.min(step, changes.length - 1);
    while (last >= 0 && !(changes[last] ?? []).some((it, i) => i % 2 === 0 && it === cell)) last -= 1;
    const said = await page.$$eval("#writers .writers > div", (parts, side) => parts[side].textContent, side);
    const expected = last > 0 ? `Last changed by ${last}  ${finding.operations[last - 1].text}` : last === 0 ? "It is so from the start." : "No operation has changed it.";
    check(said.includes(expected) || said.includes("not shown"), `${name}: the writer of ${finding.cells[cell]}: ${said} instead of ${expected}`);
    if (last < 1 || said.includes("not shown")) continue;
    const { functions } = rules.find(({ word }) => finding.operations[last - 1].text.split(" ")[0] === word);
    check(said.includes(`In Linux 7.3: ${functions[0].join(" (")})`), `${name}: the function of Linux behind ${finding.cells[cell]}: ${said}`);
  }
  check(await page.$eval("#cell", (element) => !element.hidden), `${name}: a cell is shown`);
  await page.keyboard.press("Escape");
  check(await page.$eval("#cell", (element) => element.hidden), `${name}: Escape closes the cell`);
}

async function copies(page, name) {
  const { findings: [finding], shared_c: shared } = await dataOf(page);
  const session = await page.createCDPSession();
  await session.send("Browser.grantPermissions", { permissions: ["clipboardReadWrite", "clipboardSanitizedWrite"] });
  await page.bringToFront();
  const { trace, rust, c, command } = finding.copies;
  for (const [what, text] of [["trace", trace], ["Rust test", rust], ["C program", c && c.join(shared)], ["command", command]]) {
    if (!text) continue;
    await page.click(`[data-copy="${what}"]`);
    await page.waitForFunction((what) => document.getElementById("copied").textContent === `Copied: ${what}.`, {}, what);
    same(await page.evaluate(() => navigator.clipboard.readText()), text, `${name}: the copied ${what}`);
  }
}

async function print(page, name) {
  await page.emulateMediaType("print");
  const hidden = await page.$eval(".controls", (element) => getComputedStyle(element).display);
  same(hidden, "none", `${name}: controls in print`);
  check((await page.$eval("#operations", (element) => element.getBoundingClientRect().height)) > 0, `${name}: operations in print`);
  check((await count(page, ".card")) > 0, `${name}: the state in print`);
  await page.pdf({ path: join(folder, `${name}.pdf`), format: "A4" });
  await page.emulateMediaType(null);
}

// When something is seen first, in milliseconds.
const paintOf = (page) => page.evaluate(() => new Promise((resolve) => {
  const look = () => {
    const [entry] = performance.getEntriesByName("first-contentful-paint");
    if (entry) resolve(entry.startTime);
    else setTimeout(look, 20);
  };
  look();
}));

const names = readdirSync(folder).filter((name) => name.endsWith(".html") && !name.startsWith("campaign")).map((name) => name.slice(0, -5)).sort();
check(names.length >= 26, `${names.length} pages`);
for (const name of names) {
  const page = await open(name);
  const paint = await paintOf(page);
  paints.push([paint, name]);
  if (name !== "folder") {
    await controls(page, name);
    await everyStep(page, name);
  }
  await fits(page, name);
  await barriers(page, name);
  await page.close();
  console.log(`${name}: first paint after ${Math.round(paint)} ms`);
  for (const options of [{ width: 400, height: 800 }, { width: 400, height: 800, dark: true }, { width: 3840, height: 2160 }]) {
    const other = await open(name, options);
    await fits(other, `${name} at ${options.width}`);
    if (options.width === 400) await barriers(other, `${name} at 400${options.dark ? ", dark" : ""}`);
    await other.close();
  }
}

// The address.
{
  const page = await open("stale_mapping", { hash: "#step=2" });
  same(await textOf(page, "#where"), "Step 2 of 4", "an address with a step");
  await page.close();
  for (const [hash, step] of [["#step=99", 4], ["#step=-1", 0], ["#step=x", 4], ["#nothing", 4]]) {
    const page = await open("stale_mapping", { hash });
    same(await stepOf(page), step, `the address ${hash}`);
    await page.close();
  }
}

// The graph names the edge that differs, and the reverse map of the subject lacks it.
{
  const page = await open("stale_mapping");
  same(await count(page, "svg path.reverse.odd"), 1, "edges that differ");
  check((await textOf(page, "#edges")).includes("finds s0 v0 in reference, not in implementation"), "the edge in words");
  await page.keyboard.press("Home");
  same(await count(page, "svg"), 0, "a graph of nothing");
  await copies(page, "stale_mapping");
  await page.keyboard.press("d");
  await keyboard(page, "stale_mapping");
  await print(page, "stale_mapping");
  await page.close();
}

// Huge pages: what goes on from place to place and from page to page shares a card, and the graph frames huge entries and folios.
{
  const page = await open("trophy-head_for_tail", { hash: "#step=4" });
  const captions = await page.$$eval(".card caption", (all) => all.map((it) => it.textContent));
  for (const shared of ["places s0 v0 to v3", "places s0 v4 to v7", "pages p1 to p3"]) {
    check(captions.some((it) => it.startsWith(shared)), `a card of the ${shared}: ${captions}`);
  }
  same(await count(page, "svg rect.group"), 3, "huge entries and folios in the graph");
  const before = await count(page, ".card");
  await page.click(".card .each");
  same(await count(page, ".card"), before + 3, "each of the four places");
  await page.keyboard.press("ArrowRight");
  same(await count(page, ".card .differs"), 0, "the difference is an answer");
  await keyboard(page, "trophy-head_for_tail");
  await page.close();
}

// A folder: each link leads to its finding, and the address names both.
{
  const page = await open("folder");
  const { findings } = await dataOf(page);
  for (const index of [1, findings.length - 1]) {
    await page.click(`a[href="#finding=${index + 1}"]`);
    await page.waitForFunction((name) => document.getElementById("name").textContent === name, {}, findings[index].name);
    same(await page.evaluate(() => location.hash), `#finding=${index + 1}&step=${findings[index].first}`, "the address of a finding");
    same(await count(page, "tr.now"), 1, "the row of the finding");
  }
  await page.close();
  const there = await open("folder", { hash: "#finding=3&step=1" });
  same(await textOf(there, "#name"), findings[2].name, "an address with a finding");
  same(await stepOf(there), 1, "and a step");
  await there.close();
}

// Without scripts the finding is there as text.
{
  const page = await open("stale_mapping", { scripts: false });
  check((await textOf(page, "noscript")).includes("rmap.places@migrate"), "the finding without scripts");
  await page.close();
}

for (const [name, options] of [
  ["narrow", { width: 400, height: 900 }],
  ["wide", { width: 1600, height: 1200 }],
  ["dark", { width: 1600, height: 1200, dark: true }],
  ["4k", { width: 3840, height: 2160 }],
]) {
  const page = await open("stale_mapping", options);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  await page.close();
}
for (const [name, options] of [["narrow", { width: 400, height: 800 }], ["wide", { width: 1200, height: 900 }], ["dark", { width: 1200, height: 900, dark: true }]]) {
  const page = await open("stale_mapping", options);
  await picture(page, `finding-${name}`);
  await page.close();
}
{
  const page = await open("trophy-head_for_tail", { width: 1200, height: 1100, hash: "#step=4" });
  await picture(page, "huge");
  await page.close();
}
{
  const page = await open("stale_mapping", { width: 1400, height: 1000 });
  await page.screenshot({ path: join(folder, "readme.webp"), type: "webp", quality: 80 });
  await page.close();
}

// Beside a page of one word, in turn with it: how busy the machine is says nothing then.
const beside = { "a page of one word": [], stale_mapping: [], folder: [] };
mkdirSync(join(folder, "word"));
writeFileSync(join(folder, "word", "word.html"), "<!doctype html><title>word</title><p>word");
for (let i = 0; i < 9; i++) {
  for (const name of Object.keys(beside)) {
    const page = await open(name in { stale_mapping: 0, folder: 0 } ? name : "word/word");
    beside[name].push(await paintOf(page));
    await page.close();
  }
}
console.log(`first paint, of 9 (${load()}): ${Object.entries(beside).map(([name, all]) => `${name} ${told(all)}`).join("; ")}`);
const [slowest, name] = paints.sort(([a], [b]) => b - a)[0];
await finish(`${names.length} pages; the slowest first paint: ${Math.round(slowest)} ms (${name})`);
