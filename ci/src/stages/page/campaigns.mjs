// Tries pages of campaigns: node campaigns.mjs CHROMIUM FOLDER PICTURES. Ends with 1 and says what is wrong.
import { barriers, check, count, dataOf, finish, fits, keyboard, open, picture, same, textOf } from "./browser.mjs";

const [FIRST, SECOND, POSSIBLE] = [1, 2, 4];
const PAGES = ["campaign", "campaign-right", "campaign-pair"];

// Each cell of the matrix, computed here once more.
async function matrix(page, name) {
  const { campaigns } = await dataOf(page);
  for (const box of ["#with-impossible", "#only-never"]) same(await page.$eval(box, (it) => it.checked), false, `${name}: ${box}`);
  await page.click("#with-impossible");
  const shown = await page.evaluate(() => [...document.querySelectorAll("[data-matrix]")].map((table) => [...table.querySelectorAll("[data-row]")]
    .map((line) => [...line.querySelectorAll("td")].map((cell) => cell.className.split(" ")[0]))));
  const isPair = campaigns.folders.length === 2;
  let wrongCells = 0;
  campaigns.matrices.forEach(({ rows, columns }, number) => {
    same(shown[number].length, rows.length, `${name}: rows of the matrix ${number}`);
    rows.forEach((digits, row) => [...digits].forEach((digit, column) => {
      const met = digit & (FIRST | SECOND);
      const asked = columns[column].asked.some(Boolean);
      const expected = met ? (isPair && met !== (FIRST | SECOND) ? (met === FIRST ? "cell-one" : "cell-other") : "cell-met")
        : !(digit & POSSIBLE) ? "cell-impossible" : asked ? "cell-never" : "cell-unasked";
      if (shown[number][row][column] !== expected) wrongCells += 1;
    }));
  });
  same(wrongCells, 0, `${name}: cells that are shown wrongly`);
  const never = await count(page, ".cell-never[class], .matrix .cell-never");
  check(never > 0, `${name}: something was never met`);
  await page.click("#only-never");
  const rows = await count(page, "[data-row]");
  check(rows > 0 && (await page.$$eval("[data-row]", (lines) => lines.every((line) => line.querySelector(".cell-never")))), `${name}: only states with something never met`);
  await page.click("#only-never");
  await page.click("#with-impossible");
}

// A cell is named by a click and by the arrow keys.
async function cells(page, name) {
  const { campaigns: { matrices: [{ states, columns, rows }] } } = await dataOf(page);
  await page.$eval('[data-matrix="0"] [data-row] td', (cell) => cell.click());
  const said = (row, column) => `${columns[column].word} = ${columns[column].outcome}, ${states[row]}: `;
  check((await textOf(page, "#looked")).startsWith(said(0, 0)), `${name}: the first cell: ${await textOf(page, "#looked")}`);
  await page.focus("#matrices .scroll");
  for (const key of ["ArrowRight", "ArrowRight", "ArrowLeft", "ArrowDown"]) await page.keyboard.press(key);
  const possible = rows.findIndex((digits, row) => row > 0 && [...digits].some((digit) => digit >= POSSIBLE));
  check((await textOf(page, "#looked")).startsWith(said(possible, 1)), `${name}: the cell below: ${await textOf(page, "#looked")}`);
  same(await count(page, ".matrix .looked"), 1, `${name}: one cell is looked at`);
  for (const key of ["ArrowUp", "ArrowUp", "ArrowLeft", "ArrowLeft"]) await page.keyboard.press(key);
  check((await textOf(page, "#looked")).startsWith(said(0, 0)), `${name}: the corner: ${await textOf(page, "#looked")}`);
}

for (const name of PAGES) {
  const page = await open(name);
  const { campaigns, findings } = await dataOf(page);
  await matrix(page, name);
  await cells(page, name);
  same(await count(page, "#sums thead th"), campaigns.folders.length, `${name}: folders`);
  same(await count(page, "#found tbody tr"), campaigns.findings.length, `${name}: findings`);
  same(await count(page, "#found svg .sample"), campaigns.findings.flatMap(({ lines }) => lines).reduce((sum, { samples }) => sum + samples.length, 0), `${name}: strokes of the time lines`);
  same(await count(page, "#marks-never li"), campaigns.marks.filter(([, times]) => times.every((it) => it === 0)).length, `${name}: marks never met`);
  const sources = campaigns.passed.flatMap(({ files }) => files).length;
  same(await count(page, "#passed tbody tr"), sources ? sources + 1 : 0, `${name}: sources of the subject's own code`);
  same(await page.$eval("#passed-part", (it) => it.hidden), sources === 0, `${name}: the part of the subject's own code`);
  if (sources) {
    const sum = await page.$$eval("#passed tbody tr:last-child td", (cells) => cells.slice(-2).map((cell) => cell.textContent).join("; "));
    same(sum, "2 of 3; 3 of 4", `${name}: the sum of the subject's own code`);
  }
  if (findings.length) {
    const links = await page.$$eval("#found a", (links) => links.map((link) => link.hash));
    same(links.length, findings.length, `${name}: links to findings`);
    await page.click(`#found a[href="${links[0]}"]`);
    const number = Number(links[0].split("=")[1]) - 1;
    await page.waitForFunction((name) => document.getElementById("name").textContent === name, {}, findings[number].name);
  }
  await fits(page, name);
  await barriers(page, name);
  await keyboard(page, name);
  await page.close();
  for (const options of [{ width: 400, height: 800 }, { width: 400, height: 800, dark: true }, { width: 3840, height: 2160 }]) {
    const other = await open(name, options);
    await fits(other, `${name} at ${options.width}`);
    if (options.width === 400) await barriers(other, `${name} at 400${options.dark ? ", dark" : ""}`);
    await other.close();
  }
}
for (const [name, options] of [["campaign", {}], ["campaign-pair", { dark: true }]]) {
  const page = await open(name, { width: 1200, height: 1300, ...options });
  await picture(page, name);
  await page.close();
}
// Without scripts the sums are there as text.
{
  const page = await open("campaign", { scripts: false });
  check((await textOf(page, "noscript")).includes("possible transitions"), "a campaign without scripts");
  await page.close();
}
await finish(`${PAGES.length} pages of campaigns`);
