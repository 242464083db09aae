// The browser that tries pages, and what is checked of each: nothing is asked of the network, no error, no barrier, no overflow.
import { existsSync, readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { loadavg } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import puppeteer from "puppeteer-core";

const [chromium, FOLDER, PICTURES] = process.argv.slice(2);
export const folder = FOLDER;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const wrong = [];
let checks = 0;
export const check = (isRight, what) => {
  checks += 1;
  if (!isRight) wrong.push(what);
};
export const same = (actual, expected, what) => check(actual === expected, `${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);

export const browser = await puppeteer.launch({ executablePath: chromium, headless: true, args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none", "--force-color-profile=srgb"] });

// Opens a page: a file of the folder, or an address. It may ask for what begins with its own address and for nothing else.
export async function open(name, { width = 1400, height = 1000, dark = false, hash = "", scripts = true, address = null } = {}) {
  const page = await browser.newPage();
  const origin = address ?? pathToFileURL(folder).href;
  page.on("console", (message) => check(message.type() !== "error", `${name}: ${message.text()}`));
  page.on("pageerror", (error) => check(false, `${name}: ${error.message}`));
  page.on("request", (request) => check(request.url().startsWith(origin), `${name} asks for ${request.url()}`));
  await page.setJavaScriptEnabled(scripts);
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }]);
  await page.goto((address ?? pathToFileURL(join(folder, `${name}.html`)).href) + hash, { waitUntil: "load" });
  return page;
}

export const dataOf = (page) => page.evaluate(() => JSON.parse(document.getElementById("data").textContent));
export const stepOf = (page) => page.evaluate(() => Number(new URLSearchParams(location.hash.slice(1)).get("step")));
export const textOf = (page, selector) => page.$eval(selector, (element) => element.textContent);
export const count = (page, selector) => page.$$eval(selector, (elements) => elements.length);

// Milliseconds of several tries, and how busy the machine is, without which they say little.
export function told(times) {
  const sorted = [...times].sort((a, b) => a - b);
  return `median ${Math.round(sorted[sorted.length >> 1])} ms, least ${Math.round(sorted[0])} ms`;
}
export const load = () => `load ${loadavg()[0].toFixed(1)}`;

export async function barriers(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  for (const { id, nodes } of violations) check(false, `${name}: axe-core: ${id}: ${nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
  checks += 1;
}

export async function fits(page, name) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  check(content <= window, `${name}: the content is ${content} pixels wide in a window of ${window}`);
}

// By keyboard alone everything that can be pressed is reached.
export async function keyboard(page, name) {
  const SELECTOR = "a[href], button:not(:disabled), input:not(:disabled), select, textarea, summary, [tabindex='0']";
  await page.evaluate((selector) => {
    document.querySelectorAll(selector).forEach((element, index) => { element.dataset.reach = index; });
    document.activeElement?.blur();
  }, SELECTOR);
  const wanted = await page.$$eval("[data-reach]", (elements) => elements.filter((it) => it.checkVisibility()).map((it) => it.dataset.reach));
  const reached = new Set();
  for (let i = 0; i < wanted.length + 5; i++) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement?.dataset.reach));
  }
  const missed = wanted.filter((it) => !reached.has(it));
  const elements = await page.evaluate((missed) => missed.slice(0, 3).map((it) => document.querySelector(`[data-reach="${it}"]`).outerHTML.slice(0, 120)), missed);
  check(missed.length === 0, `${name}: ${missed.length} of ${wanted.length} controls are not reached by Tab: ${elements.join(" | ")}`);
}

// The share of pixels that may differ from the picture that is kept.
const MOST_DIFFERENT = 0.002;

// Compares what is seen with the picture that is kept; where they differ the new one is kept.
export async function picture(page, name, options = {}) {
  // Where the folder lies is a matter of the machine.
  await page.evaluate((folder) => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) walker.currentNode.data = walker.currentNode.data.replaceAll(`${folder}/`, "");
  }, folder);
  const seen = PNG.sync.read(Buffer.from(await page.screenshot({ type: "png", ...options })));
  const path = join(PICTURES, `${name}.png`);
  let why = "there is none yet";
  if (existsSync(path)) {
    const kept = PNG.sync.read(readFileSync(path));
    if (kept.width === seen.width && kept.height === seen.height) {
      const differences = new PNG({ width: kept.width, height: kept.height });
      const different = pixelmatch(kept.data, seen.data, differences.data, kept.width, kept.height, { threshold: 0.1 });
      if (different <= MOST_DIFFERENT * kept.width * kept.height) {
        checks += 1;
        return;
      }
      writeFileSync(join(folder, `${name}-differences.png`), PNG.sync.write(differences));
      why = `${different} pixels differ (${name}-differences.png)`;
    } else {
      why = `it has ${kept.width} × ${kept.height} pixels, and now ${seen.width} × ${seen.height}`;
    }
  }
  mkdirSync(PICTURES, { recursive: true });
  writeFileSync(path, PNG.sync.write(seen, { deflateLevel: 9, deflateStrategy: 0, filterType: 0 }));
  check(false, `the picture ${name} is not what is seen today: ${why}; it is drawn anew: look at it and commit it`);
}

// Ends the process: with 1 where something was wrong.
export async function finish(said) {
  await browser.close();
  console.log(`${said}, ${checks} checks`);
  if (wrong.length) {
    console.log(`${wrong.length} wrong:\n${[...new Set(wrong)].slice(0, 60).join("\n")}`);
    process.exit(1);
  }
}
