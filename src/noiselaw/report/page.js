(() => {
  "use strict";
  const DATA = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const drawing = typeof window.vegaEmbed === "function";
  const STEPS = 240;

  // ---- Numbers as the report writes them ----
  const minus = (text) => text.replace("-", "\u2212");
  const two = (value) => { const text = minus(value.toFixed(2)); return text === "\u22120.00" ? "0.00" : text; };
  const three = (value) => Number(value.toPrecision(3));
  const count = (value) => minus(three(value).toLocaleString("en-US", { maximumSignificantDigits: 3 }));
  const whole = (value) => Math.round(value).toLocaleString("en-US");
  const withUnit = (value, unit) => `${count(value)} ${unit.startsWith("1/") ? "in " : ""}${unit}`.trim();
  const bits = (value) => `${two(value)}\u00a0bits`;
  const signed = (value) => `${value > 0 ? "+" : ""}${two(value)}\u00a0bits`;
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

  const fill = (select, names) => select.replaceChildren(...names.map((name, i) => new Option(name, i)));
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  // ---- Charts ----
  const settings = () => ({
    background: null, font: "system-ui, -apple-system, Segoe UI, Roboto, Arial, sans-serif",
    axis: { labelColor: colour("ink"), titleColor: colour("ink"), gridColor: colour("grid"), domainColor: colour("muted"),
      tickColor: colour("muted"), labelFontSize: 12, titleFontSize: 12, titleFontWeight: 500, labelOverlap: true },
    legend: { labelColor: colour("ink"), titleColor: colour("ink"), labelFontSize: 12, symbolSize: 90 },
    view: { stroke: null },
  });
  const embed = (box, spec, description) => window.vegaEmbed(box, {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: "container", height: 340, description,
    autosize: { type: "fit-x", contains: "padding" }, config: settings(), ...spec,
  }, { ast: true, actions: false, renderer: "svg", tooltip: { theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light" } });
  const onTheme = (redraw) => matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  // On a logarithmic axis marks stand at 1, 2 and 5 where there are few powers of ten, else at these alone.
  const ticks = (low, high) => {
    const few = Math.log10(high / low) < 2.5 ? [1, 2, 5] : [1], from = Math.floor(Math.log10(low)), to = Math.ceil(Math.log10(high));
    return Array.from({ length: to - from + 1 }, (_, i) => few.map((f) => f * 10 ** (from + i))).flat().filter((v) => v >= low && v <= high);
  };
  const horizontal = (title, log, low, high) => ({ field: "x", type: "quantitative", title,
    scale: { type: log ? "log" : "linear", nice: false, domain: [low, high] },
    axis: { format: "~r", labelExpr: "format(datum.value, datum.value < 10000 ? '~r' : ',')", ...(log ? { values: ticks(low, high) } : { tickCount: 6 }) } });

  // ---- The curves ----
  function explore() {
    const chart = $("e-chart"), picture = $("e-picture"), read = $("e-read");
    const hint = read.textContent;
    const GLYPHS = { circle: "\u25cf", square: "\u25a0", "triangle-up": "\u25b2", diamond: "\u25c6", "triangle-down": "\u25bc", cross: "\u271a", "triangle-right": "\u25b6" };
    let view = null, shown = [], at = -1, turn = 0;
    const chosen = (name) => document.querySelector(`input[name="${name}"]:checked`).value;
    const section = () => DATA.curves[$("e-signal").value];
    const told = (p) => `${p.model}: ${bits(p.bits)}${p.error === null ? "" : ` \u00b1 ${two(p.error)}`} at ${count(p.x)} ${p.unit}`;

    function models() {
      const boxes = section().models.map((model, i) => {
        const label = document.createElement("label"), box = document.createElement("input");
        Object.assign(box, { type: "checkbox", name: "e-model", value: String(i), checked: true });
        box.addEventListener("change", draw);
        const mark = document.createElement("span");
        Object.assign(mark, { textContent: GLYPHS[model.shape], ariaHidden: "true" });
        mark.style.color = `var(--c${model.colour})`;
        label.append(box, mark, ` ${model.name}`);
        return label;
      });
      $("e-models").replaceChildren($("e-models").querySelector("legend"), ...boxes);
      for (const radio of document.querySelectorAll('input[name="e-axis"]')) {
        radio.disabled = !section().views[radio.value];
        if (radio.value === "cells") radio.nextSibling.textContent = ` ${section().cells}`;
        if (radio.value === "depth") { radio.nextSibling.textContent = ` ${section().noun}`; radio.checked = true; }
      }
    }

    async function draw() {
      const own = section(), panel = own.views[chosen("e-axis")], logX = chosen("e-x") === "log", logY = chosen("e-y") === "log";
      const mine = ++turn;
      at = -1;
      read.textContent = hint;
      const names = [...document.querySelectorAll('input[name="e-model"]:checked')].map((box) => own.models[box.value].name);
      if (!panel || !names.length) {
        shown = []; view = null;
        picture.replaceChildren(); read.textContent = panel ? "No model is chosen." : "There is no measurement to draw.";
        return;
      }
      const good = (y) => y !== null && (!logY || y > 0);
      const unit = chosen("e-axis") === "depth" ? own.unit || "u" : panel.x;
      shown = panel.points.map(([model, x, y, error]) => ({ model, x, bits: y, error, unit, text: "" }))
        .filter((p) => names.includes(p.model) && good(p.bits))
        .map((p) => ({ ...p, text: told(p), low: p.error === null ? p.bits : Math.max(p.bits - p.error, logY ? 1e-3 : -Infinity), high: p.bits + (p.error ?? 0) }))
        .sort((a, b) => names.indexOf(a.model) - names.indexOf(b.model) || a.x - b.x);
      const lines = panel.laws.flatMap((law, i) => names.includes(law.model) ? law.rows
        .filter(([, y]) => good(y)).map(([x, y, low, high]) => ({ model: law.model, x, bits: y, part: i, sure: law.sure,
          low: logY ? Math.max(low ?? y, 1e-3) : low, high })) : []);
      const reach = Math.max(...shown.map((p) => p.high), own.ceiling ?? 0, ...lines.map((l) => l.bits)) * 1.08;
      const ends = [...shown, ...lines].map((p) => p.x);
      const x = horizontal(panel.x, logX, logX ? Math.min(...ends) / 1.1 : 0, Math.max(...ends) * 1.05);
      const y = { field: "bits", type: "quantitative", title: `bits kept about ${own.signal}`,
        scale: { type: logY ? "log" : "linear", domain: [Math.min(logY ? Infinity : 0, ...shown.map((p) => p.low)), reach] } };
      const picked = own.models.filter((model) => names.includes(model.name));
      const by = { field: "model", type: "nominal", legend: null,
        scale: { domain: picked.map((m) => m.name), range: picked.map((m) => colour(`c${m.colour}`)) } };
      const shape = { ...by, scale: { domain: by.scale.domain, range: picked.map((m) => m.shape) } };
      const silent = { aria: false, clip: true, tooltip: null };
      const made = await embed(picture, {
        datasets: { lines, points: shown, focus: [] },
        layer: [
          { data: { name: "lines" }, mark: { type: "area", opacity: 0.13, ...silent },
            encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, detail: { field: "part" }, color: by } },
          ...[true, false].map((sure) => ({ data: { name: "lines" }, transform: [{ filter: `datum.sure === ${sure}` }],
            mark: { type: "line", strokeWidth: 2, strokeDash: sure ? [1, 0] : [6, 4], ...silent },
            encoding: { x, y, detail: { field: "part" }, color: by } })),
          ...(own.ceiling === null ? [] : [{ data: { values: [{ bits: own.ceiling }] }, mark: { type: "rule", color: colour("muted"), ...silent }, encoding: { y } },
            { data: { values: [{ bits: own.ceiling }] }, mark: { type: "text", align: "left", dx: 6, dy: 11, color: colour("ink"), text: `ceiling: ${two(own.ceiling)} bits`, ...silent, x: 0 }, encoding: { y } }]),
          { data: { name: "points" }, mark: { type: "rule", ...silent }, encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color: by } },
          { data: { name: "points" }, mark: { type: "point", filled: true, size: 75, opacity: 1, clip: true },
            encoding: { x, y, color: by, shape, description: { field: "text" },
              tooltip: [{ field: "text", title: "measured" }] } },
          { data: { name: "focus" }, mark: { type: "point", size: 330, strokeWidth: 2.5, color: colour("ink"), ...silent }, encoding: { x, y } },
        ],
      }, `Bits kept about ${own.title} against ${panel.noun}, ${shown.length} measurements of ${names.join(", ")}`);
      if (mine !== turn) return;
      view = made.view;
      view.addEventListener("mouseover", (event, item) => { if (item && item.datum && item.datum.text) read.textContent = item.datum.text; });
    }

    function step(to) {
      if (!shown.length || !view) return;
      at = (to + shown.length) % shown.length;
      read.textContent = `${shown[at].text} (measurement ${at + 1} of ${shown.length})`;
      view.data("focus", [{ ...shown[at] }]).runAsync();
    }
    chart.addEventListener("keydown", (event) => {
      const to = { ArrowRight: at + 1, ArrowLeft: at < 0 ? -1 : at - 1, Home: 0, End: shown.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      step(to);
    });
    fill($("e-signal"), DATA.curves.map((s) => s.title));
    $("e-signal").addEventListener("change", () => { models(); draw(); });
    for (const name of ["e-axis", "e-x", "e-y"]) for (const radio of document.querySelectorAll(`input[name="${name}"]`)) radio.addEventListener("change", draw);
    $("explore").hidden = false;
    models();
    draw();
    onTheme(draw);
  }

  // ---- The planner: every number comes from CODES, which were written out from the laws ----
  function plan() {
    const P = DATA.planner, state = { u: NaN, N: NaN, budget: NaN };
    const run = (what, ...x) => CODES[what.code](...x, what.c);
    const priced = Boolean($("p-prices")), sections = DATA.curves, own = (i) => P.curves.filter((curve) => curve.section === i);
    const section = () => sections[$("p-signal").value];
    const curve = () => own(Number($("p-signal").value))[$("p-model").value];
    const sliders = { u: { low: 1, high: 10 }, N: { low: 1, high: 10 }, budget: { low: 1, high: 10 } };
    let view = null, turn = 0, paying = null;

    const valueAt = (key, k) => { const { low, high } = sliders[key]; return three(low * (high / low) ** (k / STEPS)); };
    const placeOf = (key, value) => { const { low, high } = sliders[key]; return Math.round(STEPS * Math.log(value / low) / Math.log(high / low)); };
    const said = (key, value) => key === "budget" ? `${whole(value)} ${P.currency}` : key === "u" ? withUnit(value, section().unit) : `${count(value)} ${section().cells}`;

    function set(key, value, from) {
      state[key] = value;
      const slide = $(`p-${key}`), number = $(`p-${key}-n`);
      if (from !== "slide") slide.value = placeOf(key, value);
      if (from !== "number") number.value = value;
      slide.setAttribute("aria-valuetext", said(key, value));
    }
    function range(key, low, high, start) {
      sliders[key] = { low, high };
      set(key, start);
    }
    const put = (id, text, values) => {
      $(id).textContent = text;
      for (const name of ["value", "low", "high", "u", "cells", "cost", "beyond"]) delete $(id).dataset[name];
      for (const [name, value] of Object.entries(values ?? {})) $(id).dataset[name] = value;
    };
    const disable = (key, off) => { for (const id of [`p-${key}`, `p-${key}-n`]) $(id).disabled = off; };

    function where(beyond) {
      if (beyond <= 1.05) return ["inside what was measured", "yes"];
      if (beyond <= P.far * (1 + 1e-9)) return [`extrapolated: ${count(beyond)} times outside what was measured`, "no"];
      return [`far extrapolation: ${count(beyond)} times outside what was measured, further than any test of these intervals reached`, "no"];
    }

    // What is typed into the fields of prices and of the library; each is a number, null (empty) or NaN (no number).
    const field = (f) => $(`p-c-${f.name}`);
    const typed = (f) => field(f).validity.badInput ? NaN : field(f).value.trim() === "" ? null : field(f).valueAsNumber;
    function complaint(f, value) {
      const may = `${f.above ? "above" : "at least"} ${f.least}${f.most === null ? "" : ` and at most ${f.most}`}`;
      if (value === null) return f.empty === null ? `${f.label}: type a number ${may}; the field is empty.` : "";
      if (Number.isNaN(value)) return `${f.label}: type a number ${may}; this is none.`;
      const fits = Number.isFinite(value) && (f.above ? value > f.least : value >= f.least) && (f.most === null || value <= f.most);
      return fits ? "" : `${f.label}: type a number ${may}; this is ${minus(String(value))}.`;
    }
    function together(at) {
      if (at.per_cell === 0 && !(at.per_library > 0 && at.cells_per_library !== null))
        return [["per_cell", "per_library", "cells_per_library"], "Cells cost nothing: give a price per cell, or per library with the cells that one takes; else no budget limits their number."];
      const told = ["saturation", "reads", "umi"].filter((name) => at[name] !== null);
      if (told.length && (at.saturation === null || at.reads === null))
        return [["saturation", "reads"].filter((name) => at[name] === null), "Saturation and the mean reads per cell where it was seen go together (UMI per cell too, if known): all stand in one sequencing summary."];
      if (!told.length) return null;
      const found = run(P.library, at.saturation, at.reads, at.umi ?? NaN);
      if (!(found.share > 0 && found.share < 1)) return [["saturation"], `Saturation must be a share between 0 and 1, or a percentage above 1 and below 100; this is ${at.saturation}.`];
      if (!(found.needed <= 1 + 1e-9)) return [["umi"], `${count(at.umi)} UMI from ${count(at.reads)} reads at that saturation would need ${count(found.needed)} usable reads per read. Check that all three come from the same summary.`];
      return null;
    }
    /** Read every field; `paying` holds what the prices are, or nothing while one cannot be meant. */
    function readPrices() {
      const at = Object.fromEntries(P.fields.map((f) => [f.name, typed(f)]));
      const wrong = P.fields.map((f) => [[f.name], complaint(f, at[f.name])]).filter(([, text]) => text);
      const also = wrong.length ? null : together(at);
      if (also) wrong.push(also);
      const bad = new Set(wrong.flatMap(([names]) => names));
      for (const f of P.fields) field(f).setAttribute("aria-invalid", String(bad.has(f.name)));
      $("p-wrong").textContent = wrong.map(([, text]) => text).join(" ");
      $("p-library").textContent = "";
      paying = null;
      grids.clear();
      if (wrong.length) return;
      const summary = at.saturation !== null;
      const library = summary ? run(P.library, at.saturation, at.reads, at.umi ?? NaN) : { complexity: Infinity, usable: at.umi_per_read };
      const listed = P.fields.filter((f) => !["saturation", "reads", "umi"].includes(f.name)).map((f) => at[f.name] ?? Infinity);
      paying = { list: [...listed, library.complexity, library.usable], complexity: library.complexity };
      $("p-library").textContent = summary ? `This library holds ${withUnit(library.complexity, "UMI per cell")}, and ${Math.round(100 * library.usable)} % of its reads are usable; UMI per read is not used.` : "";
    }
    const price = (u, N) => run(P.price, u, N, ...paying.list);
    const bought = (found, cells) => `${whole(found.reads)} reads per cell${found.paid > cells ? `, ${whole(found.paid)} cells paid for` : ""}`;

    // Bits of every design are worked out once for a curve, costs once for its prices; a budget then only chooses.
    const worth = new Map(), grids = new Map();
    function grid(c) {
      const [depths, cells] = c.axes.map((i) => P.axes[i]);
      if (!worth.has(c)) worth.set(c, cells.flatMap((N) => depths.map((u) => run(c.centre, u, N).value)));
      if (!grids.has(c)) {
        const cost = cells.flatMap((N) => depths.map((u) => price(u, N).cost)), finite = cost.filter(Number.isFinite);
        grids.set(c, { depths, cells, cost, value: worth.get(c), cheapest: finite.reduce((a, b) => Math.min(a, b), Infinity), dearest: finite.reduce((a, b) => Math.max(a, b), -Infinity) });
      }
      return grids.get(c);
    }
    function best(c, budget) {
      const { depths, cells, cost, value } = grid(c), wide = depths.length;
      let top = -Infinity, row = -1, column = -1;
      const reached = cells.map((_, i) => {
        let most = -Infinity;
        for (let j = 0; j < wide; j++) if (cost[i * wide + j] <= budget && value[i * wide + j] > most) {
          most = value[i * wide + j];
          if (most > top) { top = most; row = i; column = j; }
        }
        return most;
      });
      if (row < 0) return null;
      const near = cells.filter((_, i) => reached[i] >= (top > 0 ? top * P.nearly : top / P.nearly));
      return { cells: cells[row], u: depths[column], near: [near[0], near[near.length - 1]], exhausted: depths[column] > P.exhausted * paying.complexity,
        edges: [...(row === cells.length - 1 ? ["cells"] : []), ...(column === wide - 1 ? [section().noun] : [])] };
    }

    function answer() {
      const c = curve();
      const asked = !c.reason && state.u > 0 && (c.no_cells || state.N > 0) && Number.isFinite(state.u);
      if (!asked) {
        put("p-bits", "\u2014"); put("p-gain", "\u2014"); put("p-range", "\u2014"); put("p-cost", "");
        $("p-why").textContent = c.reason || `${capital(section().noun)} and ${section().cells} must be numbers above 0.`;
        $("p-where").textContent = ""; $("p-where").className = "chip";
        return;
      }
      const found = run(c.ask, state.u, state.N);
      put("p-bits", bits(found.value), { value: found.value, low: found.low, high: found.high, beyond: found.beyond });
      put("p-range", `95 % interval ${two(found.low)} to ${two(found.high)}${c.ceiling !== null && found.high >= c.ceiling ? "; no more is possible" : ""}`);
      put("p-gain", `${signed(found.gain)} (${two(found.gain_low)} to ${two(found.gain_high)})`, { value: found.gain, low: found.gain_low, high: found.gain_high });
      const [text, kind] = where(found.beyond);
      $("p-where").textContent = text; $("p-where").className = `chip ${kind}`;
      const kept = c.ceiling === null ? "" : `${Math.round(100 * found.value / c.ceiling)} % of the ${bits(c.ceiling)} that are possible at most. `;
      $("p-why").textContent = kept + costing(c);
      redraw();
    }
    function costing(c) {
      put("p-cost", "");
      if (c.no_budget) return "";
      if (!paying) return "What it costs cannot be told: see the prices below.";
      const found = price(state.u, state.N);
      if (!Number.isFinite(found.reads)) return `No reads give this depth: the library below holds ${withUnit(paying.complexity, "UMI per cell")}.`;
      put("p-cost", `At the prices below this design costs ${whole(found.cost)} ${P.currency} (${bought(found, state.N)}).`, { value: found.cost });
      return "";
    }

    function spend() {
      if (!priced) return;
      const c = curve();
      if (c.reason || c.no_budget) {
        put("p-best", "\u2014");
        $("p-best-why").textContent = `Cannot be told: ${c.reason || c.no_budget}.`.replace("..", ".");
        $("p-take").hidden = true;
        return;
      }
      if (!(state.budget > 0)) {
        put("p-best", "\u2014");
        $("p-best-why").textContent = "A budget must be an amount above 0.";
        $("p-take").hidden = true;
        return;
      }
      if (!paying) {
        put("p-best", "\u2014");
        $("p-best-why").textContent = "Cannot be told until every price below can be meant.";
        $("p-take").hidden = true;
        return;
      }
      const found = best(c, state.budget);
      $("p-take").hidden = found === null;
      if (found === null) {
        put("p-best", "\u2014");
        const { cheapest } = grid(c);
        $("p-best-why").textContent = Number.isFinite(cheapest) ? `${whole(state.budget)} ${P.currency} buy no design that the law may be asked about: the cheapest costs ${whole(cheapest)} ${P.currency}.`
          : `No reads give a depth that the law may be asked about: the library below holds ${withUnit(paying.complexity, "UMI per cell")}.`;
        return;
      }
      const paid = price(found.u, found.cells), expected = run(c.ask, found.u, found.cells);
      put("p-best", `${whole(found.cells)} cells at ${withUnit(found.u, section().unit)}: ${bits(expected.value)}`,
        { u: found.u, cells: found.cells, cost: paid.cost, value: expected.value, low: expected.low, high: expected.high, beyond: expected.beyond });
      $("p-best-why").textContent = `95 % interval ${two(expected.low)} to ${two(expected.high)}, for ${whole(paid.cost)} ${P.currency} (${bought(paid, found.cells)}). `
        + `From ${whole(found.near[0])} to ${whole(found.near[1])} cells are within 5 % of that. ${capital(where(expected.beyond)[0])}.`
        + (found.edges.length ? ` This takes ${found.edges.join(" and ")} as far as the law may be asked.` : "")
        + (found.exhausted ? ` The library holds no more than ${withUnit(paying.complexity, "UMI per cell")}.` : "");
      $("p-take").onclick = () => { set("u", found.u); set("N", found.cells); answer(); };
    }

    // A picture along the slider that was moved last.
    let along = "u";
    const path = (c) => {
      const i = c.variables.indexOf(along), low = c.smallest[i], high = c.most[i];
      return Array.from({ length: 61 }, (_, k) => {
        const x = low * (high / low) ** (k / 60), f = run(c.ask, along === "u" ? x : state.u, along === "N" ? x : state.N);
        return { x, bits: f.value, low: f.low, high: f.high, far: f.beyond > 1.05 };
      });
    };
    const here = (c) => { const f = run(c.ask, state.u, state.N); return [{ x: state[along], bits: f.value, low: f.low, high: f.high }]; };
    async function draw() {
      const c = curve(), mine = ++turn;
      view = null;
      if (!drawing) return;
      if (c.reason) { $("p-chart").replaceChildren(); return; }
      if (!c.variables.includes(along)) along = "u";
      const i = c.variables.indexOf(along), line = path(c);
      const x = horizontal(along === "u" ? section().unit || "u" : section().cells, true, c.smallest[i], c.most[i]);
      const y = { field: "bits", type: "quantitative", title: `bits kept about ${section().signal}` };
      const ink = colour(`c${section().models.find((m) => m.name === c.model).colour}`), quiet = { aria: false, tooltip: null, clip: true };
      const made = await embed($("p-chart"), {
        height: 260, datasets: { line, at: here(c) },
        layer: [
          { data: { values: [{ a: c.smallest[i], b: c.largest[i] }] }, mark: { type: "rect", color: colour("grid"), opacity: 0.45, ...quiet }, encoding: { x: { ...x, field: "a" }, x2: { field: "b" } } },
          { data: { name: "line" }, mark: { type: "area", opacity: 0.18, color: ink, ...quiet }, encoding: { x, y: { ...y, field: "low", title: y.title }, y2: { field: "high" } } },
          { data: { name: "line" }, mark: { type: "line", color: ink, strokeWidth: 2, ...quiet }, encoding: { x, y } },
          { data: { name: "at" }, mark: { type: "rule", color: colour("ink"), strokeWidth: 1.5, ...quiet }, encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" } } },
          { data: { name: "at" }, mark: { type: "point", filled: true, size: 110, opacity: 1, color: colour("ink"), ...quiet }, encoding: { x, y } },
        ],
      }, `Bits expected of ${c.model} along ${along === "u" ? section().noun : section().cells} with their 95 % interval; grey: what was measured`);
      if (mine === turn) view = made.view;
    }
    function redraw() {
      const c = curve();
      if (!view || c.reason) return;
      view.data("line", path(c)).data("at", here(c)).runAsync();
    }

    function start() {
      const c = curve();
      for (const [key, i] of [["u", 0], ["N", 1]]) {
        const off = Boolean(c.reason) || i >= c.variables.length;
        disable(key, off);
        if (!off) range(key, c.smallest[i], c.most[i], three(c.largest[i]));
        else { state[key] = NaN; $(`p-${key}-n`).value = ""; }
      }
      $("p-u-unit").textContent = section().unit || "";
      for (const [key, name] of [["u", section().noun], ["N", section().cells]]) {
        $(`p-${key}-label`).textContent = capital(name);
        $(`p-${key}-n`).setAttribute("aria-label", `${capital(name)}, as a number`);
      }
      $("p-N-unit").textContent = section().cells.replace("training ", "");
      const at = c.reason ? [] : c.variables.map((name, k) => said(name, c.largest[k]));
      $("p-gain-label").textContent = at.length ? `Compared with the most that was measured (${at.join(", ")})` : "Compared with the most that was measured";
      $("p-no-cells").textContent = c.reason || !c.no_cells ? "" : `More ${section().cells} cannot be told of: ${c.no_cells}.`;
      if (priced) {
        const off = Boolean(c.reason || c.no_budget);
        disable("budget", off);
        if (off) { state.budget = NaN; $("p-budget-n").value = ""; } else budgets(NaN);
      }
      answer(); spend(); draw();
    }
    /** Let the budget reach from the cheapest design to the dearest; it stays what it was, or starts at what was measured. */
    function budgets(stays) {
      const c = curve();
      if (!paying || c.reason || c.no_budget) return;
      const { cheapest, dearest } = grid(c), known = price(c.largest[0], c.largest[1]).cost;
      if (!Number.isFinite(cheapest)) return;
      sliders.budget = { low: cheapest * 0.7, high: dearest };
      set("budget", stays > 0 ? stays : three(Math.min(Math.max(known, cheapest), dearest)));
    }
    function repriced() {
      readPrices();
      budgets(state.budget);
      answer(); spend();
    }
    function refill() {
      for (const f of P.fields) field(f).value = f.value ?? "";
      readPrices();
    }

    for (const key of ["u", "N", ...(priced ? ["budget"] : [])]) {
      const changed = () => {
        if (key === "budget") return spend();
        const turned = along !== key;
        along = key;
        answer();
        return turned ? draw() : undefined;
      };
      $(`p-${key}`).min = 0; $(`p-${key}`).max = STEPS;
      $(`p-${key}`).addEventListener("input", (event) => { set(key, valueAt(key, Number(event.target.value)), "slide"); changed(); });
      $(`p-${key}-n`).addEventListener("input", (event) => {
        const value = event.target.valueAsNumber;
        if (value > 0) set(key, value, "number"); else state[key] = NaN;
        changed();
      });
    }
    fill($("p-signal"), sections.map((s) => s.title));
    const models = () => fill($("p-model"), own(Number($("p-signal").value)).map((c) => c.model));
    $("p-signal").addEventListener("change", () => { models(); start(); });
    $("p-model").addEventListener("change", start);
    $("plan").hidden = false;
    models();
    if (priced) {
      for (const f of P.fields) field(f).addEventListener("input", repriced);
      $("p-prices").addEventListener("submit", (event) => event.preventDefault());
      $("p-reset").addEventListener("click", () => { refill(); repriced(); });
      refill();
    }
    start();
    if (drawing) onTheme(draw);
  }

  // Browsers refuse to save long data addresses; the same bytes as a file in memory they save.
  for (const link of document.querySelectorAll('a[download][href^="data:"]')) {
    link.addEventListener("click", () => {
      if (!link.href.startsWith("data:")) return;
      const [kind, content] = [link.href.slice(5, link.href.indexOf(";")), link.href.slice(link.href.indexOf(",") + 1)];
      link.href = URL.createObjectURL(new Blob([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], { type: kind }));
    });
  }
  if (drawing && DATA.curves.some((s) => Object.keys(s.views).length)) explore();
  if (DATA.planner.curves.length) plan();
})();
