// The page that tunes: everything it shows comes from the management port, with a token that is kept
// in this variable and nowhere else. Names are strangers' words: they become text, never markup.
"use strict";
(() => {
  let token = "", told = null, usage = null, status = null, ledger = null, effect = null, histogram = null;
  let sortKey = "requests", ascending = false, selected = null, window_ = "24h", trial = null, asked = 0;
  const proposed = new Map();
  const $ = (id) => document.getElementById(id);
  const make = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children);
    return node;
  };
  const draw = (name, attributes = {}, ...children) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };
  const number = (value) => Number(value).toLocaleString("en-US", { maximumFractionDigits: 2 });
  const bytes = (value) => value >= 1 << 20 ? number(Math.round(value / 1048576 * 100) / 100) + " MiB" : value >= 1024 ? number(Math.ceil(value / 1024)) + " KiB" : number(value) + " B";
  const millis = (us) => us >= 1e7 ? number(us / 1e6) + " s" : number(us / 1e3) + " ms";
  const MEASURES = [
    ["cpu_ms", "CPU", (it) => number(it) + " ms", "fuel", "cpu-ms"],
    ["memory_bytes", "Memory", bytes, "memory_bytes", "memory-bytes"],
    ["wall_us", "Wall time", millis, "wall_us", "wall-ms"],
    ["subrequests", "Subrequests", number, "subrequests", "subrequests"],
  ];
  const show = (key, value) => key.endsWith("-bytes") ? bytes(value) : key.endsWith("-ms") ? number(value) + " ms" : number(value);

  const problem = (text) => { $("problem").hidden = !text; $("problem").textContent = text || ""; };

  async function call(method, path, body) {
    const headers = { authorization: "Bearer " + token };
    if (body) headers["content-type"] = "application/json";
    const answer = await fetch("/postern/v1/" + path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
    let envelope;
    try { envelope = await answer.json(); } catch { throw new Error("the management port answered " + answer.status); }
    if (!envelope.success) {
      const error = new Error(envelope.errors.map((it) => it.message).join("; "));
      error.status = answer.status;
      throw error;
    }
    return envelope.result;
  }
  // What fails is told, and ends nothing.
  const trying = (work) => async (...given) => {
    try { const done = await work(...given); problem(""); return done; } catch (error) { problem(error.message); }
  };

  const tenantKey = (it) => it && JSON.stringify([it.namespace, it.tenant]);
  const shownName = (it) => it.tenant ? it.namespace + "/" + it.tenant : "(all others)";
  const scope = () => document.querySelector("input[name=scope]:checked").value;
  const whose = () => selected && (scope() === "tenant" ? { namespace: selected.namespace, tenant: selected.tenant } : { namespace: selected.namespace });

  const refresh = trying(async () => {
    const changed = await call("GET", "tune/history?count=50");
    [told, usage, status] = await Promise.all([call("GET", "tune"), call("GET", "tune/usage?window=" + window_), call("GET", "status")]);
    if (ledger !== false) {
      try { ledger = await call("GET", "ledger"); } catch (error) { if (error.status === 404) ledger = false; else throw error; }
    }
    if (selected) selected = usage.tenants.find((it) => tenantKey(it) === tenantKey(selected)) || selected;
    else select(sorted().find((it) => it.tenant));
    trial = changed.trial && { number: changed.trial.number, who: changed.trial.who, ends: Date.now() + changed.trial.left_s * 1000 };
    device(); tenants(); history(changed.changes); showTrial();
    if (!$("sliders").children.length) sliders();
    $("fresh").textContent = "as of " + new Date().toLocaleTimeString();
  });

  function device() {
    $("board").textContent = "on " + told.board.name;
    const parts = [];
    // Device, planes, and of the tenants those that have most.
    const walk = (node, depth) => {
      parts.push([" ".repeat(depth * 2) + node.name, Math.max(node.granted_bytes, node.resident_bytes), node.limit_bytes ?? null, bytes, node.resident_bytes]);
      if (depth === 2) return;
      const below = [...node.parts || []].sort((a, b) => depth && Math.max(b.granted_bytes, b.resident_bytes) - Math.max(a.granted_bytes, a.resident_bytes));
      for (const part of below.slice(0, 12)) walk(part, depth + 1);
      if (below.length > 12) parts.push([" ".repeat(depth * 2 + 2) + (below.length - 12) + " more", below.slice(12).reduce((sum, it) => sum + it.granted_bytes, 0), null, bytes]);
    };
    if (ledger) walk(ledger.device, 0);
    if (!parts.length) {
      const it = status.isolates;
      parts.push(["isolates", it.memory_bytes, it.memory_limit_bytes, bytes], ["process (RSS)", status.rss_bytes, null, bytes], ["tenants' logs", status.logs.bytes, null, bytes]);
    }
    if (status.disk) parts.push(["disk", status.disk.used_bytes, status.disk.used_bytes + status.disk.free_bytes, bytes]);
    parts.push(["recorded requests", told.kept.requests, told.kept.capacity.requests, number]);
    const widest = Math.max(...parts.map((it) => it[2] ?? it[1]), 1), line = 24;
    const text = parts.map(([name, used, most, say]) => name.trim() + ": " + say(used) + (most === null ? "" : " of " + say(most))).join("; ");
    const svg = draw("svg", { viewBox: "0 0 800 " + parts.length * line, role: "img", "aria-label": "Device budget. " + text });
    parts.forEach(([name, used, most, say, resident], at) => {
      const y = at * line, whole = most === null ? widest : most || 1, wide = (it) => Math.min(it / whole, 1) * 290;
      const title = resident === undefined ? say(used) : say(used) + " granted, " + say(resident) + " in RAM" + (most === null ? "" : ", of " + say(most));
      svg.append(
        draw("text", { x: (name.length - name.trimStart().length) * 6, y: y + 16 }, name.trim().slice(0, 34)),
        draw("rect", { class: "free", x: 215, y: y + 4, width: most === null ? 0 : 290, height: 16 }),
        draw("rect", { class: "bar" + (most !== null && (resident ?? used) > most * .95 ? " over" : "") + (resident === undefined ? "" : " granted"), x: 215, y: y + 4, width: Math.max(wide(used), 1), height: 16 }, draw("title", {}, title)),
        draw("rect", { class: "bar" + (most !== null && resident > most * .95 ? " over" : ""), x: 215, y: y + 4, width: resident === undefined ? 0 : wide(resident), height: 16 }, draw("title", {}, title)),
        draw("text", { x: 515, y: y + 16 }, say(used) + (most === null ? "" : " of " + say(most)) + (resident === undefined ? "" : ", " + say(resident) + " in RAM")),
      );
    });
    $("device").replaceChildren(svg);
    const board = told.board.fuel_per_ms, percent = (told.fuel_per_ms / board - 1) * 100;
    $("speed").textContent = number(told.fuel_per_ms) + " fuel a millisecond" + (told.fuel_per_ms === board ? ", as the board file says" : ", as measured; the board file says " + number(board) + " (" + (percent > 0 ? "+" : "") + percent.toFixed(1) + " %)");
  }

  const COLUMNS = [["name", "Tenant"], ["requests", "Requests"], ["cut", "Cut"], ...MEASURES.flatMap(([key, name]) => [[key + ".p50", name + " p50"], [key + ".p95", "p95"], [key + ".p99", "p99"], [key + ".max", "max"]])];
  const value = (it, key) => key === "name" ? shownName(it) : key.split(".").reduce((at, part) => at[part], it);
  function sorted() {
    const order = (a, b) => { const [x, y] = [value(a, sortKey), value(b, sortKey)]; return x < y ? -1 : x > y ? 1 : shownName(a) < shownName(b) ? -1 : 1; };
    const all = [...usage.tenants].sort(order);
    return ascending ? all : all.reverse();
  }
  function tenants() {
    const by = (key) => () => { if (sortKey === key) ascending = !ascending; else { sortKey = key; ascending = key === "name"; } tenants(); document.querySelector("th[aria-sort] button").focus(); };
    const head = make("tr", {}, ...COLUMNS.map(([key, name]) => make("th", { scope: "col", "aria-sort": sortKey === key ? (ascending ? "ascending" : "descending") : null },
      make("button", { type: "button", onclick: by(key), "aria-label": "Sort by " + (key.includes(".") ? MEASURES.find((it) => it[0] === key.split(".")[0])[1] + " " + key.split(".")[1] : name) }, name))));
    const focused = document.activeElement?.dataset?.tenant;
    const rows = sorted().map((it) => {
      const chosen = tenantKey(it) === tenantKey(selected);
      const name = it.tenant ? make("button", { type: "button", "data-tenant": tenantKey(it), "aria-pressed": String(chosen), onclick: () => { select(it); tenants(); } }, shownName(it)) : shownName(it);
      const cells = MEASURES.flatMap(([key, , say]) => ["p50", "p95", "p99", "max"].map((at) => make("td", {}, say(it[key][at]))));
      return make("tr", { "aria-selected": String(chosen) }, make("td", {}, name), make("td", {}, number(it.requests)), make("td", {}, number(it.cut)), ...cells);
    });
    document.querySelector("#used thead").replaceChildren(head);
    document.querySelector("#used tbody").replaceChildren(...rows);
    if (focused) [...document.querySelectorAll("[data-tenant]")].find((it) => it.dataset.tenant === focused)?.focus();
    const about = usage.tenants.some((it) => !it.exact) ? "; from histograms, at most a quarter high" : "; exact";
    $("known").textContent = number(usage.tenants.length) + " tenants, " + number(usage.minutes) + " min are known" + (usage.tenants.length ? about : "");
  }

  function select(it) {
    if (!it || !it.tenant) return;
    selected = it;
    for (const node of document.querySelectorAll(".whose")) node.textContent = shownName(it);
    $("reasons").replaceChildren();
    histograms(); whatIf();
  }

  const histograms = trying(async () => {
    const wanted = tenantKey(selected);
    const got = await call("GET", "tune/histogram?window=" + window_ + "&namespace=" + encodeURIComponent(selected.namespace) + "&tenant=" + encodeURIComponent(selected.tenant));
    if (wanted !== tenantKey(selected)) return;
    histogram = got;
    pictures();
  });
  function pictures() {
    if (!histogram) return;
    const all = MEASURES.map(([, name, , key, limit]) => {
      const buckets = histogram[key];
      const rate = told.fuel_per_ms;
      const say = { fuel: (it) => number(Math.round(it / rate * 100) / 100) + " ms", memory_bytes: bytes, wall_us: millis, subrequests: number }[key];
      const scale = { fuel: rate, wall_us: 1000 }[key] || 1;
      const at = proposed.has(limit) ? proposed.get(limit) * scale : null;
      const most = Math.max(...buckets.map((it) => it[2]), 1);
      const log = (it) => Math.log2(Math.max(it, 0) + 1);
      const ends = buckets.flatMap((it) => [it[0], it[1]]).concat(at === null ? [] : [at]);
      const [low, high] = [log(Math.min(...ends)), log(Math.max(...ends))], span = Math.max(high - low, .5);
      const x = (it) => (log(it) - low) / span * 280 + 5;
      const bars = buckets.map(([least, greatest, count]) => {
        const height = Math.max(count / most * 70, 1.5);
        return draw("rect", { class: at !== null && least > at ? "bar over" : "bar", x: x(least), y: 80 - height, width: Math.max(x(greatest) - x(least) - 1, 3), height }, draw("title", {}, say(least) + " to " + say(greatest) + ": " + number(count)));
      });
      if (at !== null) bars.push(draw("line", { class: "limit", x1: x(at), x2: x(at), y1: 2, y2: 82 }));
      const text = buckets.map(([least, greatest, count]) => say(least) + " to " + say(greatest) + ": " + number(count)).join("; ");
      const svg = draw("svg", { viewBox: "0 0 300 98", role: "img", "aria-label": "Histogram of " + name + ". " + (text || "nothing") },
        ...bars, draw("text", { x: 5, y: 94 }, buckets.length ? say(buckets[0][0]) : ""), draw("text", { x: 285, y: 94, "text-anchor": "end" }, buckets.length ? say(buckets[buckets.length - 1][1]) : ""));
      return make("figure", {}, make("figcaption", {}, name), svg);
    });
    $("histograms").replaceChildren(...all);
  }

  // A slider is logarithmic: limits go from one to millions.
  const STEPS = 400;
  const toStep = (it, limit) => { const [a, b] = [Math.log(Math.max(limit.least, 1)), Math.log(Math.max(limit.ceiling, 2))]; return Math.round((Math.log(Math.max(it, 1)) - a) / (b - a) * STEPS); };
  const fromStep = (step, limit) => {
    const [a, b] = [Math.log(Math.max(limit.least, 1)), Math.log(Math.max(limit.ceiling, 2))];
    const exact = Math.exp(a + step / STEPS * (b - a)), unit = limit.limit.endsWith("-bytes") ? 65536 : 10 ** Math.max(Math.floor(Math.log10(exact)) - 1, 0);
    return Math.min(Math.max(Math.round(exact / unit) * unit, limit.least), limit.ceiling);
  };
  function sliders() {
    const rows = told.limits.filter((it) => it.recorded).map((limit) => {
      const id = "limit-" + limit.limit;
      const set = (it) => { if (it === null) proposed.delete(limit.limit); else proposed.set(limit.limit, it); paint(); whatIf(); };
      return make("div", { class: "slider", "data-limit": limit.limit },
        make("label", { for: id, title: limit.about }, limit.limit),
        make("input", { id, type: "range", min: 0, max: STEPS, "aria-describedby": id + "-cut", oninput: (event) => set(fromStep(Number(event.target.value), limit)) }),
        make("input", { type: "number", min: limit.least, max: limit.ceiling, "aria-label": limit.limit + " as a number", placeholder: "as it is", onchange: (event) => set(event.target.value === "" ? null : Number(event.target.value)) }),
        make("output", { id: id + "-cut", for: id }));
    });
    $("sliders").replaceChildren(...rows);
    paint();
  }
  function paint() {
    for (const row of $("sliders").children) {
      const limit = told.limits.find((it) => it.limit === row.dataset.limit), is = proposed.get(limit.limit);
      const [range, field, cut] = [row.children[1], row.children[2], row.children[3]];
      range.value = toStep(is ?? limit.default, limit);
      range.setAttribute("aria-valuetext", is === undefined ? "as it is" : show(limit.limit, is));
      field.value = is ?? "";
      const count = effect?.by_limit?.[limit.limit];
      cut.textContent = is === undefined ? "" : count === undefined ? "…" : "cuts " + number(count);
    }
    $("apply").disabled = !proposed.size || !selected;
    const between = (least, most) => least === most ? number(least) : number(least) + " to " + number(most);
    $("effect").textContent = !proposed.size ? "" : !effect ? "…" :
      between(effect.tenants_cut, effect.tenants_cut_at_most) + " of " + number(effect.tenants) + " tenants would have been cut, " + between(effect.requests_cut, effect.requests_cut_at_most) + " of " + number(effect.requests) + " requests" +
      (effect.minutes < 1440 ? " (" + number(effect.minutes) + " min are known)" : "") + (effect.cut_already ? "; " + number(effect.cut_already) + " were cut by the limits in force" : "");
    pictures();
  }
  let later;
  function whatIf() {
    clearTimeout(later);
    effect = null;
    if (!selected || !proposed.size) return told && paint();
    paint();
    later = setTimeout(trying(async () => {
      const number_ = ++asked;
      const got = await call("POST", "tune/what-if", { limits: Object.fromEntries(proposed), ...whose() });
      if (number_ !== asked) return;
      effect = got;
      paint();
    }), 120);
  }

  const describe = (before, after) => {
    const of = (it) => ({ ...(it?.plan ? { plan: it.plan } : {}), ...(it?.limits || {}) });
    const [was, is] = [of(before), of(after)];
    return [...new Set([...Object.keys(was), ...Object.keys(is)])].sort().filter((key) => was[key] !== is[key])
      .map((key) => key + " " + (was[key] ?? "off") + " → " + (is[key] ?? "off")).join(", ");
  };
  function history(changes) {
    const undo = (it) => trying(async () => { await call("POST", "tune/undo", { change: it.number, why: $("why").value }); await refresh(); });
    const rows = changes.map((it) => make("tr", {}, ...[it.number, it.at, it.who, it.of, describe(it.before, it.after), (it.undoes ? "takes back " + it.undoes + ". " : "") + it.why].map((text) => make("td", {}, String(text))),
      make("td", {}, make("button", { type: "button", onclick: undo(it), "aria-label": "Undo change " + it.number }, "undo"))));
    document.querySelector("#history tbody").replaceChildren(...rows);
  }
  function showTrial() {
    $("trial").hidden = !trial;
    if (!trial) return;
    const left = Math.max(Math.ceil((trial.ends - Date.now()) / 1000), 0);
    $("trial-text").textContent = "Change " + trial.number + " by " + trial.who + " is on trial: what was before holds again in " + left + " s.";
    if (left === 0) refresh();
  }

  $("open").addEventListener("submit", trying(async (event) => {
    event.preventDefault();
    token = $("token").value.trim();
    await call("GET", "tune");
    $("token").value = "";
    $("open").hidden = true;
    $("main").hidden = false;
    await refresh();
    setInterval(() => { if (!document.hidden) refresh(); }, 5000);
    setInterval(showTrial, 1000);
  }));
  for (const node of document.querySelectorAll("input[name=window]")) node.addEventListener("change", () => { window_ = node.value; refresh(); if (selected) histograms(); });
  for (const node of document.querySelectorAll("input[name=scope]")) node.addEventListener("change", whatIf);
  $("limits").addEventListener("submit", (event) => {
    event.preventDefault();
    trying(async () => {
      await call("POST", "tune/apply", { limits: Object.fromEntries(proposed), ...whose(), why: $("why").value, return_after_s: Number($("after").value) });
      await refresh();
      $("confirm").focus();
    })();
  });
  $("confirm").addEventListener("click", trying(async () => { await call("POST", "tune/confirm", { trial: trial.number }); proposed.clear(); whatIf(); await refresh(); }));
  $("return").addEventListener("click", trying(async () => { await call("POST", "tune/undo", { change: trial.number, why: $("why").value }); await refresh(); }));
  $("clear").addEventListener("click", () => { proposed.clear(); $("reasons").replaceChildren(); whatIf(); });
  $("suggest").addEventListener("click", trying(async () => {
    if (!selected) return;
    const got = await call("GET", "tune/suggest?namespace=" + encodeURIComponent(selected.namespace) + "&tenant=" + encodeURIComponent(selected.tenant));
    proposed.clear();
    for (const it of got.suggestions) if (it.suggested !== null) proposed.set(it.limit, it.suggested);
    $("reasons").replaceChildren(...got.suggestions.map((it) => make("li", {}, it.limit + ": " + it.reason)));
    whatIf();
  }));
  $("token").focus();
})();
