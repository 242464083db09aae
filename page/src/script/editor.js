// The editor of a running server: a changed trace is run at once, and what its folder holds is shown as it changes.
const editor = (() => {
  if (data.editor === null) return null;
  const TYPING = 250;
  const LIVE = 2000;
  // Each tab has its own work.
  const tab = crypto.randomUUID();
  let opened = "";
  let run = 0;
  let typed = null;
  let stamp = "";
  let before = [];
  let executions = null;

  class Refused extends Error {}

  async function ask(what, order) {
    let answer;
    try {
      answer = await fetch(what, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(order) });
    } catch {
      throw new Refused("The server does not answer. It may have been ended.");
    }
    if (!answer.ok) throw new Refused((await answer.text()).trim());
    return answer.json();
  }

  const say = (text, isWrong = false) => {
    at("said").textContent = text;
    at("said").classList.toggle("wrong", isWrong);
  };

  const chosen = () => [...document.querySelectorAll("[data-subject]")].filter((box) => box.checked).map((box) => {
    const variant = document.querySelector(`[data-variant-of="${CSS.escape(box.dataset.subject)}"]`);
    return { name: box.dataset.subject, variant: variant?.value || null };
  });

  // Does work with the trace as it stands; what came of it, or null where newer work has taken its place.
  async function work(what) {
    clearTimeout(typed);
    run += 1;
    const mine = run;
    at("stop").disabled = false;
    try {
      let answer = await ask("work", { tab, work: what, text: at("text").value, subjects: chosen(), name: what === "keep" ? at("keep-name").value.trim() : opened });
      while (mine === run && !("done" in answer)) {
        say(answer.progress ? `${answer.progress} …` : "It runs …");
        answer = await ask("job", { tab, job: answer.job });
      }
      if (mine !== run) return null;
      const { done } = answer;
      at("text").toggleAttribute("aria-invalid", "line" in done);
      if ("error" in done) throw new Refused("line" in done ? `Line ${done.line}, column ${done.column}: ${done.error.replace(/^\d+:\d+: /, "")}` : done.error);
      return done;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (mine === run) say(error.message, true);
      return null;
    } finally {
      if (mine === run) at("stop").disabled = true;
    }
  }

  async function show(what, step) {
    const done = await work(what);
    if (done === null) return false;
    const { section, seconds } = done;
    trace.replace(section, opened, step);
    at("keep-name").placeholder = section.signature || "agrees";
    say(`${section.first === null ? "All sides agree" : section.signature} (${Math.max(1, Math.round(1000 * seconds))} ms)`);
    return true;
  }

  function setText(text) {
    if (at("text").value !== text) before.push(at("text").value);
    at("back").disabled = before.length === 0;
    at("text").value = text;
  }

  async function open(name, step) {
    try {
      const answer = await ask("trace", { name });
      if ("error" in answer) throw new Refused(answer.error);
      opened = name;
      at("open").value = name;
      setText(answer.text);
      choose(answer.subject, answer.fault);
      await show("run", step);
      at("editor").scrollIntoView();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      say(error.message, true);
    }
  }

  // Switches to the subject and the fault that a trace names, where they are there.
  function choose(subject, fault) {
    const box = subject && document.querySelector(`[data-subject="${CSS.escape(subject)}"]`);
    if (!box) return;
    box.checked = true;
    const variant = document.querySelector(`[data-variant-of="${CSS.escape(subject)}"]`);
    if (variant) variant.value = [...variant.options].some(({ value }) => value === fault) ? fault : "";
  }

  async function minimise() {
    const done = await work("minimise");
    if (done === null) return;
    setText(done.text);
    if (await show("run")) say(done.said);
  }

  async function keep() {
    if (at("keep-name").value.trim() === "" && at("keep-name").placeholder) at("keep-name").value = at("keep-name").placeholder;
    const done = await work("keep");
    if (done === null) return;
    say(`Kept: ${done.kept}`);
    opened = done.kept;
    await refresh();
    at("open").value = opened;
  }

  async function stop() {
    run += 1;
    at("stop").disabled = true;
    say("Stopped.");
    try {
      await ask("stop", { tab });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      say(error.message, true);
    }
  }

  function showSubjects() {
    at("subjects").append(...data.editor.subjects.map(({ name, is_chosen: isChosen, sort, variants }) => {
      const box = make("input", { type: "checkbox", "data-subject": name, checked: isChosen });
      const none = make("option", { value: "", text: `no ${sort}` });
      const select = variants.length ? [make("select", { "aria-label": `${sort} of ${name}`, "data-variant-of": name }, none, ...variants.map((it) => make("option", { value: it.name, title: it.meaning, text: it.name })))] : [];
      return make("div", {}, make("label", {}, box, ` ${name}`), " ", ...select);
    }));
    at("subjects").addEventListener("change", () => show("run", trace.step()));
    at("words").append(...data.rules.flatMap(({ word, meaning }) => [make("dt", {}, make("code", { text: word })), make("dd", { text: meaning })]));
  }

  // What the folder holds; a campaign that runs is seen by its executions.
  async function refresh() {
    const answer = await ask("folder", { stamp });
    if (answer.stamp === stamp) {
      if (executions !== null) at("live").textContent = "";
      executions = null;
      return;
    }
    stamp = answer.stamp;
    const { traces, campaigns: found, trouble } = answer.content;
    const names = traces.map((name) => make("option", { value: name, text: name }));
    at("open").replaceChildren(make("option", { value: "", text: `a trace of the folder (${traces.length})` }), ...names);
    at("open").value = traces.includes(opened) ? opened : "";
    campaigns.show(found);
    const sum = found ? found.folders[0].executions : 0;
    const now = performance.now();
    if (executions !== null && sum > executions.sum) {
      at("live").textContent = `A campaign runs here: ${grouped(Math.round((1000 * (sum - executions.sum)) / (now - executions.now)))} executions a second.`;
    }
    executions = { sum, now };
    if (trouble) say(trouble, true);
  }

  async function live() {
    try {
      if (!document.hidden) await refresh();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      at("live").textContent = error.message;
    }
    setTimeout(live, LIVE);
  }

  at("text").addEventListener("input", () => {
    clearTimeout(typed);
    typed = setTimeout(() => show("run", trace.step()), TYPING);
  });
  at("open").addEventListener("change", () => { if (at("open").value) open(at("open").value); });
  at("run").addEventListener("click", () => show("run", trace.step()));
  at("explain").addEventListener("click", () => show("explain", trace.step()));
  at("minimise").addEventListener("click", minimise);
  at("keep").addEventListener("click", keep);
  at("stop").addEventListener("click", stop);
  at("back").addEventListener("click", () => {
    at("text").value = before.pop();
    at("back").disabled = before.length === 0;
    show("run");
  });
  window.addEventListener("pagehide", () => navigator.sendBeacon?.("stop", new Blob([JSON.stringify({ tab })], { type: "application/json" })));
  showSubjects();
  at("text").value = "machine ram=4 device=2 spaces=2 pages=4\nmap s0 v0+4 rw\nwrite s0 v0 #07\nfork s0 s1\nmigrate s0 v0 to d0\nread s1 v0\n";
  const words = new URLSearchParams(location.hash.slice(1));
  const wanted = words.has("step") ? Number(words.get("step")) : undefined;
  live().then(() => (words.get("trace") ? open(words.get("trace"), wanted) : show("run")));
  return { open };
})();
