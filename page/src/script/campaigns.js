// Shows what folders of findings hold: campaigns, findings with their time lines, marks, and the matrix of transitions.
const campaigns = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  // Digits of a cell of the matrix.
  const [FIRST, SECOND, POSSIBLE] = [1, 2, 4];
  let shown = null;
  // Where the reader looks: the number of the matrix, the row and the column.
  let looked = null;

  const isPair = () => shown.folders.length === 2;
  const head = (...columns) => make("thead", {}, make("tr", {}, ...columns.map((text) => (text ? make("th", { scope: "col", text }) : make("td")))));
  const fill = (id, ...parts) => at(id).replaceChildren(...parts);
  const share = (part, all) => (all ? `${((100 * part) / all).toFixed(1)} %` : "–");
  const folderName = (index) => shown.folders[index].name;

  function showSums() {
    const { folders, marks, possible, findings } = shown;
    const met = (index) => marks.filter(([, times]) => times[index] > 0).length;
    const rows = [
      ["executions", (folder) => grouped(folder.executions)],
      ["operations", (folder) => grouped(folder.operations)],
      ["transitions", (folder) => `${grouped(folder.transitions)} of ${grouped(possible)} that are possible (${share(folder.transitions, possible)})`],
      ["marks", (_, index) => `${met(index)} of ${marks.length}`],
      ["findings", (_, index) => grouped(findings.filter(({ files }) => files[index] !== null).length)],
    ];
    const body = rows.map(([name, of]) => make("tr", {}, make("th", { scope: "row", text: name }), ...folders.map((folder, index) => make("td", { text: of(folder, index) }))));
    fill("sums", head("", ...folders.map(({ name }) => name)), make("tbody", {}, ...body));
    const untold = folders.reduce((sum, folder) => sum + folder.untold, 0);
    at("untold").textContent = untold ? `The transitions of ${counted(untold, "campaign")} are those of another version of the program, and are left out.` : "";
    const damaged = folders.flatMap((folder) => folder.damaged);
    fill("damaged", ...damaged.map((text) => make("li", { text })));
  }

  const campaignName = ({ id }) => `${id.engine} seed ${id.seed}`;

  function showCampaigns() {
    const rows = shown.folders.flatMap((folder) => folder.campaigns.map((campaign) => {
      const { id, executions, operations, shards } = campaign;
      const settings = Object.entries(id.settings).map(([name, value]) => `${name}: ${value}`).join("\n");
      return make("tr", {}, ...(isPair() ? [make("td", { text: folder.name })] : []), make("th", { scope: "row", text: campaignName(campaign) }),
        make("td", { text: [id.subject, id.variant, id.revision].filter(Boolean).join(" ") }), make("td", { text: grouped(executions) + (shards ? ` of ${counted(shards, "shard")}` : "") }),
        make("td", { text: grouped(operations) }), make("td", { text: id.version }), make("td", {}, make("details", {}, make("summary", { text: "settings" }), make("pre", { text: settings }))));
    }));
    const columns = [...(isPair() ? ["folder"] : []), "campaign", "subject", "executions", "operations", "stalemap", ""];
    fill("campaign-list", head(...columns), make("tbody", {}, ...rows));
    at("campaign-list").parentElement.hidden = rows.length === 0;
    const rest = shown.differences.map(([name, here, there]) => make("li", { text: `${name}: ${here || "nothing"} in ${folderName(0)}, ${there || "nothing"} in ${folderName(1)}` }));
    fill("differences", ...rest);
    at("differences-lead").textContent = isPair() && rest.length ? "The two campaigns have other settings:" : "";
  }

  // A place on the line of executions, which is logarithmic: most findings are met early.
  const place = (index, end) => (100 * Math.log1p(index)) / Math.log1p(Math.max(end, 1));

  function timeLine({ first, last, samples }, end) {
    const draw = (tag, attributes) => {
      const element = document.createElementNS(SVG, tag);
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      return element;
    };
    const svg = draw("svg", { viewBox: "0 0 104 12", class: "line", "aria-hidden": "true", preserveAspectRatio: "none" });
    svg.append(draw("path", { d: "M2 6H102", class: "axis" }));
    for (let power = 1; power < end; power *= 10) svg.append(draw("path", { d: `M${2 + place(power, end)} 4V8`, class: "axis" }));
    if (first !== null) svg.append(draw("rect", { x: 2 + place(first, end), y: 3, width: Math.max(0.8, place(last, end) - place(first, end)), height: 6, rx: 0.4 }));
    for (const sample of samples) svg.append(draw("path", { d: `M${2 + place(sample, end)} 1V11`, class: "sample" }));
    return svg;
  }

  function showFindings() {
    const end = Math.max(1, ...shown.folders.flatMap((folder) => folder.campaigns.map((campaign) => campaign.end)));
    const rows = shown.findings.map(({ signature, subject, variant, files, lines }) => {
      const file = files.find((it) => it !== null);
      const number = data.findings.findIndex(({ name }) => files.includes(name));
      const inFolder = data.editor === null || file === null ? null : file.slice(data.editor.folder.length + 1);
      const link = inFolder !== null ? make("button", { type: "button", class: "mono", "data-open": inFolder, text: signature, click: () => editor.open(inFolder) })
        : number < 0 ? make("code", { text: signature }) : make("a", { href: `#finding=${number + 1}` }, make("code", { text: signature }));
      const where = files.map((it, index) => (it === null ? null : folderName(index))).filter(Boolean);
      const times = lines.map((line) => {
        const campaign = shown.folders[line.folder].campaigns[line.campaign];
        const known = line.first === null ? "" : `, from execution ${grouped(line.first)} to ${grouped(line.last)}`;
        const of = `${isPair() ? `${folderName(line.folder)}, ` : ""}${campaignName(campaign)}: ${counted(line.executions, "execution")}${known}`;
        return make("div", {}, timeLine(line, end), make("small", { text: of }));
      });
      const of = isPair() ? [make("td", { text: where.length === 2 ? "both" : `only ${where[0]}` })] : [];
      return make("tr", {}, make("th", { scope: "row" }, link, make("small", { text: ` ${file}` })), make("td", { text: [subject, variant].filter(Boolean).join(" ") }), ...of, make("td", {}, ...times));
    });
    fill("found", head("finding", "subject", ...(isPair() ? ["met by"] : []), `executions, 0 to ${grouped(end)} (logarithmic)`), make("tbody", {}, ...rows));
    at("found").parentElement.hidden = rows.length === 0;
    at("found-lead").textContent = rows.length ? "A line shows from which execution to which a finding was met; strokes are executions that were shortened." : "No finding.";
  }

  function showMarks() {
    const { marks } = shown;
    const never = marks.filter(([, times]) => times.every((count) => count === 0));
    const met = marks.filter(([, times]) => times.some((count) => count > 0));
    fill("marks-never", ...never.map(([name]) => make("li", {}, make("code", { text: name }))));
    at("marks-lead").textContent = `${met.length} of ${marks.length} marks were met${never.length ? "; never:" : "."}`;
    const most = Math.log1p(Math.max(1, ...met.flatMap(([, times]) => times)));
    const bar = (count) => {
      const inner = make("i", { class: "b1" });
      inner.style.width = `${(100 * Math.log1p(count)) / most}%`;
      return make("div", { class: "bar", "aria-hidden": "true" }, inner);
    };
    const rows = met.map(([name, times]) => make("tr", { class: times.includes(0) ? "odd" : null }, make("th", { scope: "row" }, make("code", { text: name })),
      ...times.map((count) => make("td", {}, count ? grouped(count) : "never", bar(count)))));
    fill("marks", head("mark", ...(isPair() ? shown.folders.map(({ name }) => name) : ["met"])), make("tbody", {}, ...rows));
  }

  // Functions and lines of a subject's own code.
  function showPassed() {
    at("passed-part").hidden = shown.passed.length === 0;
    fill("passed", ...shown.passed.flatMap(({ subject, files, never }) => {
      const sums = shown.folders.map((_, index) => files.reduce((sum, [, counts]) => sum.map((it, at) => it + counts[index][at]), [0, 0, 0, 0]));
      const bar = (part, all) => {
        const inner = make("i", { class: "b1" });
        inner.style.width = `${all ? (100 * part) / all : 0}%`;
        return make("div", { class: "bar", "aria-hidden": "true" }, inner);
      };
      const cells = (counts) => counts.flatMap(([functions, allFunctions, lines, allLines]) => [make("td", { text: `${grouped(functions)} of ${grouped(allFunctions)}` }),
        make("td", {}, `${grouped(lines)} of ${grouped(allLines)}`, bar(lines, allLines))]);
      const of = (index) => (isPair() ? ` in ${folderName(index)}` : "");
      const columns = ["source", ...shown.folders.flatMap((_, index) => [`functions${of(index)}`, `lines${of(index)}`])];
      const rows = [...files, ["all", sums]].map(([name, counts]) => make("tr", {}, make("th", { scope: "row", text: name }), ...cells(counts)));
      return [make("h3", { text: subject }), make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Table of ${subject}` }, make("table", {}, head(...columns), make("tbody", {}, ...rows))),
        make("details", {}, make("summary", { text: "Functions that were never passed" }), make("dl", {}, ...never.flatMap(([name, functions]) => [make("dt", { text: name }), make("dd", {}, make("code", { text: functions.join(" ") }))])))];
    }));
  }

  // What a cell says: how it looks, its sign, and its word.
  function meaning(digit, column) {
    const met = digit & (FIRST | SECOND);
    if (isPair() && met === (FIRST | SECOND)) return ["met", "■", "met by both"];
    if (isPair() && met) return [met === FIRST ? "one" : "other", met === FIRST ? "◧" : "◨", `met by ${folderName(met === FIRST ? 0 : 1)} only`];
    if (met) return ["met", "■", "met"];
    if (!(digit & POSSIBLE)) return ["impossible", "", "impossible"];
    if (!column.asked.some(Boolean)) return ["unasked", "·", "never met: no campaign does the operation"];
    return ["never", "□", "never met"];
  }

  function showMatrices() {
    const kept = [...document.querySelectorAll("#matrices .scroll")].map((element) => [element.scrollLeft, element.scrollTop]);
    fill("matrices", ...shown.matrices.map(matrixTable));
    [...document.querySelectorAll("#matrices .scroll")].forEach((element, index) => {
      if (kept[index]) [element.scrollLeft, element.scrollTop] = kept[index];
    });
    const legend = isPair() ? [[FIRST | SECOND | POSSIBLE], [FIRST | POSSIBLE], [SECOND | POSSIBLE], [POSSIBLE], [0]] : [[FIRST | POSSIBLE], [POSSIBLE], [0]];
    fill("matrix-legend", ...legend.flatMap(([digit]) => {
      const [name, sign, word] = meaning(digit, { asked: [true] });
      return [make("span", { class: `cell-${name}` }, `${sign} ${word}`), " "];
    }));
    showLooked();
  }

  function matrixTable({ states, columns, rows }, number) {
    const words = [];
    for (const { word } of columns) {
      if (words.at(-1)?.word === word) words.at(-1).count += 1;
      else words.push({ word, count: 1 });
    }
    const most = Math.log1p(Math.max(1, ...columns.flatMap(({ times }) => times)));
    const first = make("tr", {}, make("td", {}), ...words.map(({ word, count }) => make("th", { scope: "colgroup", colspan: count, text: word })));
    const second = make("tr", { class: "outcomes" }, make("td", {}), ...columns.map(({ outcome }) => make("th", { scope: "col", text: outcome })));
    const heats = (columns.some(({ times }) => times.length) ? shown.folders : []).map((folder, index) => make("tr", { class: "times" }, make("th", { scope: "row", text: isPair() ? `times in ${folder.name}` : "times" }), ...columns.map(({ times }) => {
      const cell = make("td", { text: times.length ? short(times[index]) : "" });
      cell.style.setProperty("--heat", `${Math.round((100 * Math.log1p(times[index] ?? 0)) / most)}%`);
      return cell;
    })));
    const body = rows.map((digits, row) => {
      const isPossible = [...digits].some((digit) => digit >= POSSIBLE);
      const isOpen = [...digits].some((digit, column) => digit & POSSIBLE && !(digit & (FIRST | SECOND)) && columns[column].asked.some(Boolean));
      if (!isPossible && !at("with-impossible").checked || at("only-never").checked && !isOpen) return null;
      return make("tr", { "data-row": row }, make("th", { scope: "row", text: states[row] }), ...[...digits].map((digit, column) => {
        const [name, sign] = meaning(digit, columns[column]);
        return make("td", { class: `cell-${name}`, text: sign });
      }));
    }).filter(Boolean);
    const heading = `matrix-${number}`;
    const isLarge = states.some((state) => state.includes("large"));
    const sort = isLarge ? "Operations on a place of a machine with huge pages" : states.length > 8 ? "Operations on a place" : states.length > 1 ? "Operations on a slot" : "Other operations";
    const table = make("table", { class: "matrix", "data-matrix": number }, make("thead", {}, first, second), make("tbody", {}, ...heats, ...body));
    return make("div", {}, make("h3", { id: heading, text: sort }), make("div", { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": heading, "aria-describedby": "looked" }, table));
  }

  // A number in at most four letters.
  function short(count) {
    if (count < 1000) return String(count);
    const power = Math.min(4, Math.floor(Math.log10(count) / 3));
    const value = count / 10 ** (3 * power);
    return `${value < 10 ? value.toFixed(1) : Math.floor(value)}${["", "k", "M", "G", "T"][power]}`;
  }

  function showLooked() {
    document.querySelectorAll(".matrix .looked").forEach((cell) => cell.classList.remove("looked"));
    if (looked === null) return;
    const [number, row, column] = looked;
    const line = document.querySelector(`[data-matrix="${number}"] [data-row="${row}"]`);
    if (!line) return;
    const cell = line.children[column + 1];
    cell.classList.add("looked");
    const { states, columns, rows } = shown.matrices[number];
    const [, , word] = meaning(Number(rows[row][column]), columns[column]);
    at("looked").textContent = `${columns[column].word} = ${columns[column].outcome}, ${states[row]}: ${word}`;
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  function look(cell) {
    const line = cell.parentElement;
    looked = [Number(cell.closest("[data-matrix]").dataset.matrix), Number(line.dataset.row), [...line.children].indexOf(cell) - 1];
    showLooked();
  }

  // Arrow keys go from cell to cell of the matrix that has the focus.
  function move(event) {
    const table = event.target.querySelector?.("[data-matrix]");
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    if (!table || !(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const lines = [...table.querySelectorAll("[data-row]")];
    if (lines.length === 0) return;
    const isHere = looked !== null && looked[0] === Number(table.dataset.matrix);
    const row = isHere ? lines.findIndex((line) => Number(line.dataset.row) === looked[1]) : -1;
    const [down, right] = row < 0 ? [0, 0] : steps[event.key];
    const line = lines[Math.max(0, Math.min(lines.length - 1, row + down))];
    const column = row < 0 ? 0 : looked[2] + right;
    look(line.children[1 + Math.max(0, Math.min(line.children.length - 2, column))]);
  }

  function show(wanted) {
    shown = wanted;
    at("campaigns").hidden = shown === null;
    if (shown === null) return;
    [showSums, showCampaigns, showFindings, showMarks, showPassed, showMatrices].forEach((part) => part());
  }

  at("matrices").addEventListener("click", (event) => {
    const cell = event.target.closest("[data-row] > td");
    if (cell) look(cell);
  });
  at("matrices").addEventListener("keydown", move);
  for (const id of ["with-impossible", "only-never"]) at(id).addEventListener("change", showMatrices);
  show(data.campaigns);
  return { show };
})();
