"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const PAGE = 50;
  const SHOWN = 20000; // Characters of a text that are shown at first.
  const FILTERS = ["run", "language", "answered", "verdict", "fidelity"];
  const HINTS = {
    verdict: "The judge's preference for the answer: above 50% it won. Sort",
    fidelity: "How much of the text is in the language asked for. Sort",
    length: "Characters. Sort",
  };
  const KEPT = 80; // Inflated parts that are kept.
  // Controls, bidi overrides and invisible characters, which could make a text look like another.
  const HIDDEN = /([\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}])\1*/gu;

  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };

  const inflate = async (name) => {
    const packed = atob(at("data-" + name).textContent);
    const bytes = new Uint8Array(packed.length);
    for (let k = 0; k < packed.length; k++) bytes[k] = packed.charCodeAt(k);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  };

  const parts = new Map();
  const part = (name) => {
    const found = parts.get(name) || inflate(name);
    parts.delete(name);
    parts.set(name, found);
    if (parts.size > KEPT) parts.delete(parts.keys().next().value);
    return found;
  };

  // The part that holds a record: starts[k] is the number of the first record of part k.
  const partOf = (starts, number) => {
    let low = 0, high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= number) low = middle;
      else high = middle - 1;
    }
    return low;
  };

  const start = async () => {
    const index = await inflate("index");
    const { runs, languages, items, rows, answer_starts, item_starts } = index;
    const total = rows.run.length;
    const judged = rows.preference.some((value) => value !== null);
    const recordOf = async (prefix, starts, number) => {
      const k = partOf(starts, number);
      return (await part(prefix + k))[number - starts[k]];
    };
    const answerOf = (row) => recordOf("a", answer_starts, row);
    const itemOf = (row) => recordOf("i", item_starts, rows.item[row]);
    const nameOf = (code) => (languages[code] ? languages[code].name : { mixed: "several", none: "none identified" }[code] || code || "");
    const idOf = (row) => items.id[rows.item[row]];
    const codeOf = (row) => items.language[rows.item[row]];
    const same = new Map();
    for (let row = 0; row < total; row++) {
      const key = codeOf(row) + " " + idOf(row);
      if (same.has(key)) same.get(key).push(row);
      else same.set(key, [row]);
    }

    const verdictOf = (row) => {
      const value = rows.preference[row];
      return value === null ? "none" : value > 0.5 ? "won" : value < 0.5 ? "lost" : "tied";
    };
    const verdictText = (row) => {
      const value = rows.preference[row];
      return value === null ? "no verdict" : `${verdictOf(row)} ${(100 * value).toFixed(0)}%`;
    };
    const percent = (value) => (value === null ? "\u2013" : `${value.toFixed(0)}%`);
    const spelled = (number) => number.toLocaleString("en");

    // A text as text: no markup, hidden characters by their code, parts in other languages marked.
    const write = (element, text, spans = [], limit = SHOWN) => {
      element.replaceChildren();
      if (!text.trim()) {
        element.append(make("span", { className: "empty", textContent: text ? "(blank)" : "(empty)" }));
        return;
      }
      const points = spans.length ? Array.from(text) : null;
      const length = points ? points.length : text.length;
      const cut = (from, to) => (points ? points.slice(from, to).join("") : text.slice(from, to));
      const plain = (parent, piece) => {
        let last = 0;
        for (const found of piece.replaceAll("\r\n", "\n").matchAll(HIDDEN)) {
          parent.append(found.input.slice(last, found.index));
          const code = found[1].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
          const times = found[0].length / found[1].length;
          parent.append(make("span", { className: "control", textContent: `U+${code}${times > 1 ? " x" + times : ""}` }));
          last = found.index + found[0].length;
        }
        parent.append(piece.replaceAll("\r\n", "\n").slice(last));
      };
      let position = 0;
      const end = Math.min(length, limit);
      for (const [from, to, code] of spans) {
        if (from >= end || from < position) continue;
        plain(element, cut(position, from));
        const mark = make("mark", { lang: code, title: `in ${nameOf(code)}` });
        plain(mark, cut(from, Math.min(to, end)));
        element.append(mark);
        position = Math.min(to, end);
      }
      plain(element, cut(position, end));
      if (end < length) {
        const more = make("button", { type: "button", textContent: `Show all ${spelled(length)} characters` });
        more.addEventListener("click", () => write(element, text, spans, Infinity));
        element.append(make("span", { textContent: " \u2026 " }), more);
      }
    };
    const textOf = (text, code, spans) => {
      const element = make("div", { className: "text", dir: "auto", tabIndex: 0 });
      if (code) element.lang = code;
      write(element, text, spans);
      return element;
    };

    // Filters ----------------------------------------------------------------------------------
    const fill = (id, options) => at(id).replaceChildren(...options.map(([value, text]) => make("option", { value, textContent: text })));
    const byName = (codes) => [...codes].sort((a, b) => nameOf(a).localeCompare(nameOf(b))).map((code) => [code, nameOf(code)]);
    fill("filter-run", [["", "all"], ...runs.map((name, number) => [String(number), name])]);
    fill("filter-language", [["", "all"], ...byName(new Set(items.language))]);
    const seen = new Set(rows.answered.filter(Boolean));
    fill("filter-answered", [["", "any"], ["+", "the language asked for"], ["-", "another, or several"], ...byName(seen)]);
    fill("filter-verdict", [["", "any"], ["won", "won"], ["lost", "lost"], ["tied", "tied"], ["none", "no verdict"]]);
    fill("filter-fidelity", [["", "any"], ["100", "all of it"], ["99", "less than all"], ["50", "less than half"], ["none", "not scored"]]);
    at("filter-run-label").hidden = runs.length < 2;
    at("filter-verdict-label").hidden = !judged;

    const passes = () => {
      const [run, code, answered, verdict, part] = FILTERS.map((name) => at("filter-" + name).value);
      const found = [];
      for (let row = 0; row < total; row++) {
        const value = rows.fidelity[row], mine = codeOf(row), other = rows.answered[row];
        if (run && rows.run[row] !== Number(run)) continue;
        if (code && mine !== code) continue;
        if (answered === "+" && other !== mine) continue;
        if (answered === "-" && (!other || other === mine || other === "none")) continue;
        if (answered && answered !== "+" && answered !== "-" && other !== answered) continue;
        if (verdict && verdictOf(row) !== verdict) continue;
        if (part === "none" ? value !== null : part && (value === null || (part === "100" ? value < 100 : part === "99" ? value >= 100 : value >= 50))) continue;
        found.push(row);
      }
      return found;
    };

    let asked = 0; // Numbers searches, so that a later one ends an earlier one.
    const search = async (found, wanted, mine) => {
      const has = (text) => text.normalize("NFC").toLowerCase().includes(wanted);
      const hits = new Map(); // item -> whether its request, reference or id has the words
      const kept = [];
      for (let k = 0; k < found.length; k++) {
        const row = found[k], item = rows.item[row];
        if (k % 500 === 0) at("count").textContent = `searching, ${Math.round((100 * k) / found.length)}%`;
        if (!hits.has(item)) {
          const { instruction, reference } = await itemOf(row);
          hits.set(item, has(items.id[item]) || has(instruction) || has(reference));
        }
        if (hits.get(item) || has((await answerOf(row)).prediction)) kept.push(row);
        if (mine !== asked) return null;
      }
      return kept;
    };

    // The list ---------------------------------------------------------------------------------
    const columns = [
      ...(runs.length > 1 ? [["run", "Run", (row) => rows.run[row]]] : []),
      ["id", "Id", (row) => idOf(row)],
      ["language", "Language", (row) => nameOf(codeOf(row))],
      ["answer", "Answer", null],
      ...(judged ? [["verdict", "Verdict", (row) => rows.preference[row]]] : []),
      ["fidelity", "In language", (row) => rows.fidelity[row]],
      ["answered", "Answered in", (row) => nameOf(rows.answered[row])],
      ["length", "Length", (row) => rows.length[row]],
    ];
    let order = { column: null, down: false };
    let shown = [], place = 0;

    const heads = columns.map(([name, title, value]) => {
      const cell = make("th", { scope: "col", className: "c-" + name });
      if (!value) return (cell.textContent = title), cell;
      const button = make("button", { type: "button", textContent: title, title: HINTS[name] || "Sort" });
      button.addEventListener("click", () => {
        order = order.column !== name ? { column: name, down: false } : order.down ? { column: null, down: false } : { column: name, down: true };
        update();
      });
      cell.append(button);
      return cell;
    });
    at("heads").append(...heads);

    const sorted = (found) => {
      const column = columns.find(([name]) => name === order.column);
      heads.forEach((cell, k) => {
        if (columns[k][0] !== order.column) cell.removeAttribute("aria-sort");
        else cell.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      });
      if (!column) return found;
      const value = column[2], sign = order.down ? -1 : 1;
      const keys = new Map(found.map((row) => [row, value(row)]));
      const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b);
      return found.sort((a, b) => {
        const one = keys.get(a), other = keys.get(b);
        if (one === null || other === null) return (one === null) - (other === null) || a - b;
        return sign * compare(one, other) || a - b;
      });
    };

    const update = async () => {
      const mine = ++asked;
      let found = passes();
      const wanted = at("search").value.trim().normalize("NFC").toLowerCase();
      if (wanted) found = await search(found, wanted, mine);
      if (found === null || mine !== asked) return;
      shown = sorted(found);
      place = 0;
      await draw();
    };

    const draw = async () => {
      const mine = asked;
      const some = shown.slice(place, place + PAGE);
      const made = await Promise.all(some.map(rowOf));
      if (mine !== asked) return;
      at("rows").replaceChildren(...made);
      at("count").textContent = shown.length === total ? `${spelled(total)} answers` : `${spelled(shown.length)} of ${spelled(total)} answers`;
      at("place").textContent = shown.length ? `${spelled(place + 1)}\u2013${spelled(place + some.length)}` : "";
      at("previous").disabled = place === 0;
      at("next").disabled = place + PAGE >= shown.length;
      document.body.dataset.ready = String(mine);
    };

    const rowOf = async (row) => {
      const { prediction } = await answerOf(row);
      const button = make("button", { type: "button", textContent: idOf(row), title: idOf(row) });
      button.setAttribute("aria-expanded", "false");
      const preview = make("bdi", { lang: codeOf(row), dir: "auto" });
      write(preview, prediction.slice(0, 160).replace(/\s+/g, " "), [], 160);
      const cells = {
        run: runs[rows.run[row]], id: button, language: nameOf(codeOf(row)), answer: preview, verdict: verdictText(row),
        fidelity: percent(rows.fidelity[row]), answered: nameOf(rows.answered[row]) || "\u2013", length: spelled(rows.length[row]),
      };
      const line = make("tr", { className: "row" }, ...columns.map(([name]) => make("td", { className: "c-" + name, dir: "auto" }, cells[name])));
      line.addEventListener("click", async () => {
        const open = button.getAttribute("aria-expanded") === "true";
        button.setAttribute("aria-expanded", String(!open));
        if (open) return line.nextSibling.remove();
        const detail = make("tr", { className: "detail" }, make("td", { colSpan: columns.length }));
        line.after(detail);
        detail.firstChild.append(...(await detailOf(row)));
      });
      return line;
    };

    const factsOf = (row, answer) => {
      const facts = [nameOf(codeOf(row))];
      if (judged) facts.push(verdictText(row));
      if (rows.fidelity[row] !== null) facts.push(`${percent(rows.fidelity[row])} of the text is in the language`);
      if (rows.answered[row]) facts.push(`answered in: ${nameOf(rows.answered[row])}`);
      facts.push(`${spelled(rows.length[row])} characters`);
      if (answer.cut) facts.push("cut off at the limit of tokens");
      for (const [name, level] of Object.entries(answer.levels || {})) facts.push(`${name} ${level}`);
      return make("p", { className: "facts", textContent: facts.join(" \u00b7 ") });
    };

    const verdictsOf = (verdicts) =>
      make("div", { className: "wide" }, make("table", {},
        make("thead", {}, make("tr", {}, ...["Judge", "Shown first", "Preference for the answer", "What the judge wrote", "Why there is none"].map((text) => make("th", { scope: "col", textContent: text })))),
        make("tbody", {}, ...verdicts.map(({ judge, order: first, preference, raw, reason }) =>
          make("tr", {}, ...[judge || "", first === "candidate_first" ? "the answer" : "the reference", preference === null ? "none" : `${(100 * preference).toFixed(1)}%`].map((text) => make("td", { textContent: text })),
            make("td", {}, textOf(raw || "")), make("td", { textContent: reason || "" }))))));

    const detailOf = async (row) => {
      const [answer, item] = await Promise.all([answerOf(row), itemOf(row)]);
      const code = codeOf(row);
      const parts = [
        make("h3", { textContent: "Request" }), textOf(item.instruction),
        make("div", { className: "pair" },
          make("div", {}, make("h3", { textContent: runs.length > 1 ? `Answer: ${runs[rows.run[row]]}` : "Answer" }), textOf(answer.prediction, code, answer.spans)),
          ...(item.reference ? [make("div", {}, make("h3", { textContent: "Reference" }), textOf(item.reference, code))] : [])),
        factsOf(row, answer),
      ];
      if (answer.thinking) parts.push(make("details", {}, make("summary", { textContent: "Thought" }), textOf(answer.thinking)));
      if (answer.verdicts.length) parts.push(make("details", {}, make("summary", { textContent: "Verdicts" }), verdictsOf(answer.verdicts)));
      for (const other of same.get(code + " " + idOf(row))) {
        if (other === row) continue;
        const box = make("details", { className: "other" }, make("summary", { textContent: `${runs[rows.run[other]]}: ${judged ? verdictText(other) : percent(rows.fidelity[other])}` }));
        box.addEventListener("toggle", async () => {
          if (box.childElementCount > 1) return;
          const theirs = await answerOf(other);
          box.append(textOf(theirs.prediction, code, theirs.spans), factsOf(other, theirs));
        });
        parts.push(box);
      }
      return parts;
    };

    // Events -----------------------------------------------------------------------------------
    let waiting;
    at("search").addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(update, 250);
    });
    for (const name of FILTERS) at("filter-" + name).addEventListener("change", update);
    at("filters").addEventListener("submit", (event) => event.preventDefault());
    at("filters").addEventListener("reset", () => setTimeout(update));
    const turn = (step) => {
      place += step;
      draw().then(() => at("answers").scrollIntoView());
    };
    at("previous").addEventListener("click", () => turn(-PAGE));
    at("next").addEventListener("click", () => turn(PAGE));
    await update();
  };

  start().catch((error) => {
    at("count").textContent = `The answers cannot be shown: ${error.message}. This page needs a browser of 2023 or later.`;
  });
})();
