// Shows one finding, or one trace: each step for all sides. Texts of traces are only ever set as text.
const trace = (() => {
  // The operation of a step. A machine may differ before the first one.
  const named = (step) => finding.operations[step - 1]?.text ?? "the start";

  let finding = null;
  let number = 0;
  let step = 0;
  let open = null;
  let states = [];
  let all = false;
  // Things that share a card with no other any more.
  let apart = new Set();
  // The name of the trace of a server's folder that is shown.
  let opened = null;

  // What each side shows after a step, as a map from cells to values; null where that is not known.
  function statesAfter(last) {
    return finding.sides.map((side) => {
      const cells = new Map();
      for (let at = 0; at <= last; at++) {
        const changes = side.changes[at];
        if (!changes) return null;
        for (let i = 0; i < changes.length; i += 2) {
          if (changes[i + 1] === 0) cells.delete(changes[i]);
          else cells.set(changes[i], finding.values[changes[i + 1] - 1]);
        }
      }
      return cells;
    });
  }

  // The last step up to this one at which a cell of a side changed; -1 where none did.
  function writer(side, cell, last) {
    for (let at = Math.min(last, side.changes.length - 1); at >= 0; at--) {
      const changes = side.changes[at] || [];
      for (let i = 0; i < changes.length; i += 2) if (changes[i] === cell) return at;
    }
    return -1;
  }

  const shows = (side, cell) => !side.hidden.includes(finding.cells[cell][2]) && !(side === finding.sides[0] && finding.cells[cell][0] === "frame");
  const hasChanged = (index, cell) => {
    const changes = finding.sides[index].changes[step] || [];
    for (let i = 0; i < changes.length; i += 2) if (changes[i] === cell) return step > 0;
    return false;
  };
  const isCompared = (cell) => finding.cells[cell][0] !== "frame" && finding.cells[cell][2] !== "frame";
  const differs = (index, cell) => index > 0 && isCompared(cell) && shows(finding.sides[index], cell) && shows(finding.sides[0], cell)
    && states[0] !== null && states[index] !== null && states[0].get(cell) !== states[index].get(cell);

  // Cells that a side has now, or that have just gone, by thing.
  function things() {
    const found = new Map();
    for (const cell of finding.order) {
      const [group, thing] = finding.cells[cell];
      const isThere = states.some((state, index) => (state && state.has(cell)) || hasChanged(index, cell));
      if (!isThere) continue;
      const key = `${group} ${thing}`;
      if (!found.has(key)) found.set(key, { group, thing, cells: [] });
      found.get(key).cells.push(cell);
    }
    return [...found.values()];
  }

  // Things with one fact share a table; of the others each has its own.
  const GROUPS = [["space", "spaces"], ["place", null], ["page", null], ["slot", null], ["free", "free frames"]];
  const FEW = 60;

  function cellButton(index, cell) {
    const state = states[index];
    const side = finding.sides[index];
    if (!shows(side, cell)) return make("span", { class: "none", text: "not shown" });
    const marks = [hasChanged(index, cell) && "changed", differs(index, cell) && "differs"].filter(Boolean);
    const value = state === null ? "not known" : state.get(cell) ?? "–";
    const [, thing, fact] = finding.cells[cell];
    const said = [`${side.name}: ${thing} ${fact}: ${value === "–" ? "nothing" : value}`, hasChanged(index, cell) && "changed in this step",
      differs(index, cell) && "differs from the reference"].filter(Boolean).join(", ");
    const classes = marks.length ? marks.join(" ") : value === "–" || state === null ? "none" : null;
    return make("button", { type: "button", class: classes, "aria-label": said, "data-cell": `${index} ${cell}`, text: value, click: () => showCell(cell) });
  }

  // Facts of which the values of things in a row may count up, as the pages that a huge entry maps.
  const COUNTED_UP = ["entry", "reverse map", "folio", "frame"];
  // By which each number of a text is higher in another one, 0 or 1; null where the texts differ in more.
  function steps(one, other) {
    const [parts, others] = [one, other].map((text) => (text ?? "").split(/(\d+)/));
    const by = parts.map((part, index) => (index % 2 ? Number(others[index]) - Number(part) : part === others[index] ? 0 : NaN));
    return parts.length === others.length && by.every((it) => it === 0 || it === 1) ? by.join() : null;
  }
  // How a thing goes on from the one before it, where nothing differs and all else is alike; null where it does not.
  function goesOn(before, it) {
    const by = [steps(before.thing, it.thing)];
    if (!/^[0,]*1[0,]*$/.test(by[0] ?? "") || before.cells.length !== it.cells.length) return null;
    for (const [at, cell] of it.cells.entries()) {
      const [other, fact] = [before.cells[at], finding.cells[cell][2]];
      for (const index of finding.sides.keys()) {
        const step = steps(states[index]?.get(other), states[index]?.get(cell));
        const isAlike = finding.cells[other][2] === fact && step !== null && (COUNTED_UP.includes(fact) || !step.includes("1"))
          && hasChanged(index, cell) === hasChanged(index, other) && !differs(index, cell) && !differs(index, other);
        if (!isAlike) return null;
        by.push(step);
      }
    }
    return by.join(" ");
  }

  // Three things or more that go on from each other share a card.
  function folded(things) {
    const runs = [];
    for (const it of things) {
      const run = runs.at(-1);
      const by = run && !apart.has(it.thing) && !apart.has(run.its[0].thing) ? goesOn(run.its.at(-1), it) : null;
      if (by !== null && (run.its.length === 1 || run.by === by)) Object.assign(run, { by, its: [...run.its, it] });
      else runs.push({ its: [it] });
    }
    return runs.flatMap(({ its }) => (its.length < 3 ? its.map((it) => card(it)) : [card(its[0], its)]));
  }

  // What a fact comes to in the last of the things that share a card.
  function upTo(last, at, index) {
    const [cell, value] = [last.cells[at], states[index]?.get(last.cells[at])];
    const isSame = !COUNTED_UP.includes(finding.cells[cell][2]) || !shows(finding.sides[index], cell) || value === undefined || value === "hole" || value === "nothing";
    return isSame ? [] : [make("span", { class: "up-to", text: `to ${value.replace(/^(maps|migrating) /, "")}` })];
  }

  function card({ group, thing, cells }, its = [{ cells }]) {
    const isWrong = cells.some((cell) => finding.sides.some((_, index) => differs(index, cell)));
    const head = make("tr", {}, make("td", {}), ...finding.sides.map((side) => make("th", { scope: "col", text: side.name })));
    const last = its.at(-1);
    const rows = cells.map((cell, at) => make("tr", {}, make("th", { scope: "row", text: finding.cells[cell][2] }),
      ...finding.sides.map((_, index) => make("td", {}, cellButton(index, cell), ...(its.length > 1 ? upTo(last, at, index) : [])))));
    const caption = make("caption", {}, make("span", { class: "sort", text: `${group}${its.length > 1 ? "s" : ""} ` }), thing);
    if (its.length > 1) {
      const end = last.thing.split(" ").at(-1);
      caption.append(` to ${end} `, make("button", { type: "button", class: "each", "aria-label": `Show each of ${thing} to ${end}`, text: "Show each",
        click: () => { its.forEach((it) => apart.add(it.thing)); show(); } }));
    }
    return make("div", { class: isWrong ? "card wrong" : "card" }, make("table", {}, caption, make("thead", {}, head), make("tbody", {}, ...rows)));
  }

  // A row is a thing.
  function list(title, its) {
    const head = make("tr", {}, make("td", {}), ...finding.sides.map((side) => make("th", { scope: "col", text: side.name })));
    const rows = its.map(({ thing, cells: [cell] }) => make("tr", {}, make("th", { scope: "row", text: thing }),
      ...finding.sides.map((_, index) => make("td", {}, cellButton(index, cell)))));
    return make("div", { class: "card" }, make("table", {}, make("caption", { text: title }), make("thead", {}, head), make("tbody", {}, ...rows)));
  }

  function showState() {
    const isMarked = ({ cells }) => cells.some((cell) => finding.sides.some((_, index) => hasChanged(index, cell) || differs(index, cell)));
    const found = things().filter(({ group }) => group !== "frame");
    const isMany = found.length > FEW && !all;
    const shown = at("only").checked || isMany ? found.filter(isMarked) : found;
    at("cards").replaceChildren(...GROUPS.flatMap(([group, title]) => {
      const its = shown.filter((it) => it.group === group);
      return title && its.length ? [list(title, its)] : folded(its);
    }));
    const more = isMany && !at("only").checked;
    at("more").replaceChildren(...(more ? [`${shown.length} of ${found.length} things are changed or differ. `,
      make("button", { type: "button", text: "Show all", click: () => { all = true; show(); } })] : shown.length ? [] : ["Nothing is mapped or held."]));
  }

  function showFrames() {
    const found = things().filter(({ group }) => group === "frame");
    at("frames-part").hidden = found.length === 0;
    const strips = finding.sides.map((side, index) => {
      const its = found.flatMap(({ cells }) => cells).filter((cell) => states[index] && (states[index].has(cell) || hasChanged(index, cell)));
      return its.length ? make("div", {}, make("h3", { text: side.name }), make("div", { class: "strip" }, ...its.map((cell) => {
        const button = cellButton(index, cell);
        button.classList.add("frame");
        const said = hasChanged(index, cell) ? [make("span", { class: "quiet", text: " changed in this step" })] : [];
        button.removeAttribute("aria-label");
        button.replaceChildren(make("small", { text: finding.cells[cell][1] }), states[index].get(cell) ?? "free again", ...said);
        return button;
      }))) : null;
    });
    at("frames").replaceChildren(...strips.filter(Boolean));
  }

  // Edges between places and pages, each with the sides that have it and those that could.
  function edgesNow() {
    const edges = new Map();
    const knowing = { entry: [], reverse: [] };
    finding.sides.forEach((side, index) => {
      if (states[index] === null) return;
      if (!side.hidden.includes("entry")) knowing.entry.push(index);
      if (!side.hidden.includes("reverse map")) knowing.reverse.push(index);
      for (const [cell, value] of states[index]) {
        const [group, thing, fact] = finding.cells[cell];
        const add = (kind, place, page) => {
          const key = `${kind} ${place} ${page}`;
          if (!edges.has(key)) edges.set(key, { kind, place, page, sides: [] });
          edges.get(key).sides.push(index);
        };
        if (group === "place" && fact === "entry" && value !== "hole") add("entry", thing, value.split(" ")[1]);
        if (group === "page" && fact === "reverse map" && value !== "nothing") value.split(", ").forEach((place) => add("reverse", place, thing));
      }
    });
    return [...edges.values()].map((edge) => ({ ...edge, missing: knowing[edge.kind].filter((index) => !edge.sides.includes(index)) }));
  }

  const names = (indices) => indices.map((index) => finding.sides[index].name).join(" and ");
  const sentence = ({ kind, place, page, sides, missing }) => (kind === "entry" ? `${place} maps ${page}` : `the reverse map of ${page} finds ${place}`)
    + ` in ${names(sides)}, not in ${names(missing)}`;

  // What a thing shows: the first side that knows it, which is the reference in most cases.
  function valueOf(group, thing, fact) {
    const cell = finding.order.find((it) => finding.cells[it][0] === group && finding.cells[it][1] === thing && finding.cells[it][2] === fact);
    const state = states.find((it, index) => it !== null && cell !== undefined && shows(finding.sides[index], cell) && it.has(cell));
    return state?.get(cell);
  }
  // Of each item the first of those that belong to one: pages by the head of their folio, places of a huge entry by the folio that it maps.
  const folioOf = (page) => valueOf("page", page, "folio")?.split(" of ")[1] ?? null;
  const folios = (pages) => pages.map(folioOf);
  const huge = (places) => places.map((place) => {
    const [, page] = valueOf("place", place, "huge") === "yes" ? valueOf("place", place, "entry").split(" ") : [];
    return page ? `${place.split(" ")[0]} ${folioOf(page) ?? page}` : null;
  });

  function showGraph() {
    let edges = edgesNow();
    const odd = edges.filter((edge) => edge.missing.length > 0);
    if (edges.length > FEW) edges = odd;
    const sorted = (items) => [...new Set(items)].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    const [places, pages] = [sorted(edges.map((edge) => edge.place)), sorted(edges.map((edge) => edge.page))];
    const list = odd.map((edge) => make("li", { class: "odd", text: sentence(edge) }));
    const quiet = edges.length ? `All sides have these ${counted(edges.length, "edge")}.` : "There is no page that a place maps.";
    at("edges").replaceChildren(...(list.length ? list : [make("li", { text: quiet })]));
    at("graph").replaceChildren(...(edges.length ? [graph(edges, [places, huge(places)], [pages, folios(pages)], names)] : []));
    at("graph").hidden = edges.length === 0;
  }

  // Who wrote a cell last, on each side.
  function showCell(cell) {
    open = cell;
    if (cell === null) {
      at("cell").hidden = true;
      return;
    }
    const [, thing, fact] = finding.cells[cell];
    at("cell-title").textContent = `${thing}: ${fact}, after step ${step}`;
    const sides = finding.sides.map((side, index) => {
      const value = states[index] === null ? "not known" : !shows(side, cell) ? "not shown" : states[index].get(cell) ?? "nothing";
      return make("div", {}, make("h3", { text: side.name }), make("p", {}, make("code", { text: value })), ...written(side, cell));
    });
    at("writers").replaceChildren(make("div", { class: "writers" }, ...sides));
    at("cell").hidden = false;
  }

  function written(side, cell) {
    if (!shows(side, cell)) return [];
    const last = writer(side, cell, step);
    if (last < 0) return [make("p", { text: "No operation has changed it." })];
    if (last === 0) return [make("p", { text: "It is so from the start." })];
    const operation = finding.operations[last - 1];
    const rule = data.rules.find(({ word }) => word === operation.word);
    const jump = make("button", { type: "button", class: "mono", text: `${last}  ${operation.text}`, click: () => go(last) });
    const functions = rule.functions.flatMap(([name, file], index) => [index ? ", " : "", make("code", { text: name }), ` (${file})`]);
    return [make("p", { text: "Last changed by " }, jump), make("p", { text: rule.meaning }), make("p", { text: "In Linux 7.3: " }, ...functions)];
  }

  function showOperations() {
    at("operations").replaceChildren(...finding.operations.map((operation, index) => {
      const [expected, ...answers] = operation.answers;
      const odd = answers.map((answer, side) => [side + 1, answer]).filter(([, answer]) => answer !== null && answer !== expected && answer !== "not asked");
      const said = odd.length ? `= ${expected}, but ${odd.map(([side, answer]) => `${finding.sides[side].name}: ${answer}`).join("; ")}` : `= ${expected ?? "not asked"}`;
      return make("li", {}, make("button", { type: "button", "data-step": index + 1, click: () => go(index + 1) }, make("span", { class: "number", text: index + 1 }),
        make("span", { class: "text mono", text: operation.text }), make("span", { class: "answer mono", text: said })));
    }));
    [...at("operations").querySelectorAll("button")].forEach((button, index) => {
      const { answers } = finding.operations[index];
      button.classList.toggle("wrong", answers.slice(1).some((answer) => answer !== null && answer !== "not asked" && answer !== answers[0]));
      button.classList.toggle("parted", finding.first !== null && index + 1 >= finding.first);
    });
    at("unasked").textContent = finding.unasked ? `${counted(finding.unasked, "operation")} behind it: the sides have parted, and are not asked any more.` : "";
  }

  function markOperations() {
    for (const button of at("operations").querySelectorAll("button")) {
      const mine = Number(button.dataset.step);
      if (mine === step) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
      button.classList.toggle("later", mine > step);
      if (mine === step) {
        const list = [at("operations"), at("operations").parentElement].find((it) => it.scrollHeight > it.clientHeight + 1 && getComputedStyle(it).overflowY === "auto");
        if (list) list.scrollTop += button.getBoundingClientRect().top - list.getBoundingClientRect().top - list.clientHeight / 2;
      }
    }
  }

  function showMilestones() {
    const jump = (text, to) => make("button", { type: "button", text, click: () => go(to) });
    const milestone = (name, title, ...rest) => make("li", { class: name }, make("strong", { text: title }), ...rest);
    const { first, silent, visible, shown_by: added } = finding;
    if (first === null) {
      at("milestones").replaceChildren(milestone("agree", "All sides agree on all", counted(finding.operations.length, "operation")));
      return;
    }
    const before = first > 1 ? [jump(`Step ${first - 1}`, first - 1), ` ${named(first - 1)}`] : [jump("The start", 0)];
    const silently = silent ? [jump(`Step ${silent}`, silent), ` ${named(silent)}: the state differs, no answer does`] : ["None: the first difference is an answer."];
    const visibly = visible ? [jump(`Step ${visible}`, visible), ` ${named(visible)}: a program gets another answer`]
      : added ? ["Not in this trace; ", make("code", { text: added.join("; ") }), " behind it would get another answer."] : ["None: no answer in this trace shows it."];
    at("milestones").replaceChildren(milestone("agree", "All sides agree up to", ...before), milestone("silent", "First silent difference", ...silently),
      milestone("visible", "First visible difference", ...visibly));
  }

  const verdict = (index) => index === 0 ? make("span", { class: "agrees", text: "agrees" }) : index === 1 ? make("span", { class: "same", text: "same finding" })
    : make("span", { class: "other", text: `other: ${finding.verdicts[index - 2]}` });

  function showWhy() {
    at("why-note").textContent = finding.note ?? "What the trace does without an operation, and with another value in it, on the real driver.";
    const tried = finding.operations.map((operation, index) => [operation, index + 1]).filter(([operation]) => operation.without !== undefined || operation.instead);
    const group = (instead) => {
      const by = new Map();
      for (const [operand, text, index] of instead) {
        const key = `${operand} ${index}`;
        if (!by.has(key)) by.set(key, { operand, index, texts: [] });
        by.get(key).texts.push(text);
      }
      return make("ul", {}, ...[...by.values()].map(({ operand, index, texts }) => make("li", {}, `${operand}: `, verdict(index), " with ",
        ...texts.flatMap((text, i) => [i ? ", " : "", make("code", { text })]))));
    };
    const rows = tried.map(([operation, index]) => make("tr", {}, make("th", { scope: "row" }, `${index} `, make("code", { text: operation.text })),
      make("td", {}, operation.without === undefined ? "not tried" : verdict(operation.without)), make("td", {}, operation.instead ? group(operation.instead) : "–")));
    fill("why", ["operation", "without it", "with another value"], rows);
  }

  function fill(id, columns, rows) {
    const head = make("thead", {}, make("tr", {}, ...columns.map((text) => make("th", { scope: "col", text }))));
    at(id).replaceChildren(...(rows.length ? [head, make("tbody", {}, ...rows)] : []));
    at(id).parentElement.hidden = rows.length === 0;
  }

  const share = (part, all) => `${((100 * part) / all).toFixed(1)} %`;

  function showAround() {
    const around = finding.neighbours;
    if (!around) {
      at("around-note").textContent = finding.note ?? "None were run.";
      fill("around", [], []);
      return;
    }
    const [sum, same, other] = around.all;
    const others = around.others.map(([name, times]) => `${name} (${times})`).join(", ");
    at("around-note").textContent = `Of ${counted(sum, "mutated trace")} ${share(same + other, sum)} diverge: ${share(same, sum)} show the same finding, ${share(other, sum)} another one${others ? `: ${others}` : ""}.`
      + " Each row counts those that do not have the operation any more in its place.";
    const rows = finding.operations.map((operation, index) => [operation, index + 1]).filter(([operation]) => operation.changed && operation.changed[0]).map(([operation, index]) => {
      const [of, alike, unlike] = operation.changed;
      const bar = make("div", { class: "bar", "aria-hidden": "true" }, make("i", { class: "b1" }), make("i", { class: "b2" }));
      [alike, unlike].forEach((part, i) => { bar.children[i].style.width = `${(100 * part) / of}%`; });
      return make("tr", {}, make("th", { scope: "row" }, `${index} `, make("code", { text: operation.text })), make("td", { text: of.toLocaleString("en") }),
        make("td", {}, share(alike + unlike, of), bar), make("td", { text: share(alike, of) }), make("td", { text: share(unlike, of) }));
    });
    fill("around", ["operation", "changed in", "still diverge", "same finding", "other"], rows);
  }

  function showCopies() {
    const { trace, rust, c, command } = finding.copies;
    const texts = [["trace", trace], ["Rust test", rust], ["C program", c && c.join(data.shared_c)], ["command", command]];
    at("copies").replaceChildren(...texts.filter(([, text]) => text).flatMap(([name, text]) => [make("button", { type: "button", "data-copy": name, text: `Copy ${name}`, click: () => copy(name, text) })]),
      ...texts.filter(([, text]) => text).map(([name, text]) => make("details", {}, make("summary", { text: name }), make("pre", { tabindex: "0", role: "region", "aria-label": name, text }))));
    at("copied").textContent = "";
  }

  async function copy(name, text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // A browser without the interface still copies what is selected.
      const area = make("textarea", { class: "quiet", "aria-label": name });
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    at("copied").textContent = `Copied: ${name}.`;
  }

  function show() {
    states = statesAfter(step);
    const last = finding.operations.length;
    at("slider").max = last;
    at("slider").value = step;
    at("slider").setAttribute("aria-valuetext", step ? `step ${step} of ${last}, ${finding.operations[step - 1].text}` : "the start");
    at("where").textContent = step ? `Step ${step} of ${last}` : `Start, of ${counted(last, "step")}`;
    at("first").disabled = at("previous").disabled = step === 0;
    at("last").disabled = at("next").disabled = step === last;
    at("state-title").textContent = step ? `State after ${step}: ${finding.operations[step - 1].text}` : "State at the start";
    markOperations();
    showState();
    showGraph();
    showFrames();
    if (open !== null) showCell(open);
  }

  function go(to) {
    step = Math.max(0, Math.min(finding.operations.length, to));
    const place = data.findings.length > 1 ? `finding=${number + 1}&` : opened ? `trace=${encodeURIComponent(opened)}&` : "";
    const address = `#${place}step=${step}`;
    if (location.hash !== address) history.replaceState(null, "", address);
    show();
  }

  function choose(index) {
    number = index;
    finding = data.findings[index];
    [open, all, apart] = [null, false, new Set()];
    at("cell").hidden = true;
    const agrees = finding.first === null;
    at("name").textContent = finding.name;
    at("signature").textContent = agrees ? "no finding" : finding.signature;
    at("lead").textContent = agrees ? `${finding.sides.map(({ name }) => name).join(", ")} agree`
      : `reference and ${finding.sides[finding.culprit].name} differ at operation ${finding.first}: ${named(finding.first)}`;
    at("answers").hidden = agrees;
    at("expected").textContent = finding.expected;
    at("actual").textContent = finding.actual;
    at("cards").style.setProperty("--card-width", `${6.5 + 8 * finding.sides.length}rem`);
    at("machine").textContent = `machine ${finding.machine}`;
    document.querySelectorAll("[data-finding]").forEach((row) => {
      row.classList.toggle("now", Number(row.dataset.finding) === index + 1);
    });
    [showMilestones, showOperations, showWhy, showAround, showCopies].forEach((part) => part());
    ["why-part", "around-part"].forEach((part) => { at(part).hidden = agrees; });
    at("finding").hidden = false;
  }

  // The step of the difference; the last one where there is none.
  const difference = () => finding.first ?? finding.operations.length;

  function followAddress() {
    if (data.findings.length === 0) return;
    // A server's page has one at a time.
    if (data.editor !== null && finding === null) return;
    const words = new URLSearchParams(location.hash.slice(1));
    const wanted = Number(words.get("finding") ?? 1) - 1;
    const index = Number.isInteger(wanted) && data.findings[wanted] ? wanted : 0;
    if (finding === null || index !== number) choose(index);
    const there = words.has("step") ? Number(words.get("step")) : NaN;
    go(Number.isInteger(there) ? there : difference());
  }

  document.addEventListener("keydown", (event) => {
    if (finding === null) return;
    const isTyping = event.target.matches("input, textarea, select, pre, .scroll") || event.ctrlKey || event.altKey || event.metaKey;
    const keys = { ArrowLeft: step - 1, ArrowRight: step + 1, Home: 0, End: finding.operations.length, d: difference(), D: difference() };
    if (event.key === "Escape") showCell(null);
    else if (!isTyping && event.key in keys) {
      event.preventDefault();
      go(keys[event.key]);
    }
  });
  at("slider").addEventListener("input", () => go(Number(at("slider").value)));
  at("first").addEventListener("click", () => go(0));
  at("previous").addEventListener("click", () => go(step - 1));
  at("next").addEventListener("click", () => go(step + 1));
  at("last").addEventListener("click", () => go(finding.operations.length));
  at("only").addEventListener("change", show);
  at("close").addEventListener("click", () => showCell(null));
  window.addEventListener("hashchange", followAddress);
  followAddress();

  return {
    step: () => step,
    // Shows this one in the place of all, at the step that is wanted or else at the difference.
    replace(section, name, wanted) {
      const before = wanted ?? null;
      opened = name;
      data.findings = [section];
      choose(0);
      go(before ?? difference());
    },
  };
})();
