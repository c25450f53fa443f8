"use strict";
// A list of records that lie packed in the page: searched, filtered, sorted, and opened one by one.
const pages = (() => {
  const at = (id) => document.getElementById(id);
  const PAGE = 50;
  const SHOWN = 20000; // Characters of a text that are shown at first.
  const KEPT = 80; // Inflated parts that are kept.
  const REMEMBERED = 3e8; // Characters of the texts that are kept for the next search.
  const TURN = 100; // Milliseconds after which a search lets the page draw, and says how far it is.
  // Controls, bidi overrides and invisible characters, which could make a text look like another.
  const HIDDEN = /([\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff\u{e0000}-\u{e007f}])\1*/gu;

  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  const spelled = (number) => number.toLocaleString("en");
  const percent = (value) => (value === null ? "\u2013" : `${value.toFixed(0)}%`);

  const bytesOf = (base64) => {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
    const binary = atob(base64);
    const bytes = new Uint8Array(binary.length);
    for (let k = 0; k < binary.length; k++) bytes[k] = binary.charCodeAt(k);
    return bytes;
  };
  const inflate = async (name) => {
    const bytes = bytesOf(at("data-" + name).textContent);
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

  // A record of those with a prefix; starts[k] is the number of the first record of part k.
  const record = async (prefix, starts, number) => {
    let low = 0, high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= number) low = middle;
      else high = middle - 1;
    }
    return (await part(prefix + low))[number - starts[low]];
  };

  const caseless = (text) => text.normalize("NFC").toLowerCase();

  /* The texts that are searched in, made caseless once and kept. sources: {prefix, starts, number(row),
     key(row), text(record, row)}; rows with one key have the same text in the record of that number. */
  const searching = (sources) => {
    const kept = sources.map(() => new Map());
    let room = REMEMBERED;
    const read = async ({ prefix, starts, number, text }, of, key, row) => {
      const found = caseless(text(await record(prefix, starts, number(row)), row));
      if (found.length <= room) {
        room -= found.length;
        of.set(key, found);
      }
      return found;
    };
    // The rows with these words; null where `tell`, which is told how far the search is, returns false.
    return async (rows, words, tell) => {
      const wanted = caseless(words);
      const hits = sources.map(() => new Map());
      const found = [];
      let turn = performance.now();
      for (let k = 0; k < rows.length; k++) {
        const row = rows[k];
        for (let s = 0; s < sources.length; s++) {
          const key = sources[s].key(row);
          let hit = hits[s].get(key);
          if (hit === undefined) {
            hit = (kept[s].get(key) ?? (await read(sources[s], kept[s], key, row))).includes(wanted);
            hits[s].set(key, hit);
          }
          if (hit) {
            found.push(row);
            break;
          }
        }
        if (performance.now() - turn > TURN) {
          if (!tell(k / rows.length)) return null;
          await new Promise((done) => setTimeout(done));
          turn = performance.now();
        }
      }
      return found;
    };
  };

  const writePlain = (parent, piece) => {
    const text = piece.replaceAll("\r\n", "\n");
    let last = 0;
    for (const found of text.matchAll(HIDDEN)) {
      parent.append(text.slice(last, found.index));
      const code = found[1].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
      const times = found[0].length / found[1].length;
      parent.append(make("span", { className: "control", textContent: `U+${code}${times > 1 ? " x" + times : ""}` }));
      last = found.index + found[0].length;
    }
    parent.append(text.slice(last));
  };

  // A text as text: no markup, hidden characters by their code, the spans in other languages marked.
  const write = (element, text, spans = [], limit = SHOWN) => {
    element.replaceChildren();
    if (!text.trim()) {
      element.append(make("span", { className: "empty", textContent: text ? "(blank)" : "(empty)" }));
      return;
    }
    const points = spans.length ? Array.from(text) : null; // Spans count code points, as Python does.
    const length = points ? points.length : text.length;
    const cut = (from, to) => (points ? points.slice(from, to).join("") : text.slice(from, to));
    const end = Math.min(length, limit);
    let position = 0;
    for (const [from, to, code, name] of spans) {
      if (from >= end || from < position) continue;
      writePlain(element, cut(position, from));
      const mark = make("mark", { lang: code, title: `in ${name}` });
      writePlain(mark, cut(from, Math.min(to, end)));
      element.append(mark);
      position = Math.min(to, end);
    }
    writePlain(element, cut(position, end));
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
  const preview = (text, code) => {
    const element = make("span");
    if (code) element.lang = code;
    write(element, text.slice(0, 160).replace(/\s+/g, " "), [], 160);
    return element;
  };
  const titled = (title, ...children) => make("div", {}, make("h3", { textContent: title }), ...children);
  const folded = (title, className, contents) => {
    const box = make("details", { className }, make("summary", { textContent: title }));
    box.addEventListener("toggle", async () => {
      if (box.childElementCount === 1) box.append(...(await contents()));
    });
    return box;
  };
  const table = (heads, rows) =>
    make("div", { className: "wide", tabIndex: 0 }, make("table", {},
      make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col", textContent: text })))),
      make("tbody", {}, ...rows.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, cell)))))));

  /* total, words: the number of records, and what they are called
     filters: {name, label, options: [[value, text]], passes(value, row)}; the value "" passes all
     columns: {name, title, hint, key(row) to sort by, cell(row)}; the column "id" opens a record
     sources: the texts that are searched in, as `searching` takes them
     detail(row): the elements that show a record */
  const list = async ({ total, words, filters, columns, sources, detail }) => {
    let order = { column: null, down: false };
    let shown = [], place = 0, asked = 0; // Numbers what was asked for: a later one ends an earlier one.

    const selects = filters.map(({ name, label, options }) => {
      const select = make("select", { id: "filter-" + name }, ...options.map(([value, text]) => make("option", { value, textContent: text })));
      select.addEventListener("change", () => update());
      at("filters").insertBefore(make("label", {}, label + " ", select), at("clear"));
      return select;
    });
    const heads = columns.map(({ name, title, hint, key }) => {
      const cell = make("th", { scope: "col", className: "c-" + name });
      if (!key) {
        cell.textContent = title;
        return cell;
      }
      const button = make("button", { type: "button", textContent: title, title: hint ? hint + " Sort" : "Sort" });
      button.addEventListener("click", () => {
        order = order.column !== name ? { column: name, down: false } : order.down ? { column: null, down: false } : { column: name, down: true };
        update();
      });
      cell.append(button);
      return cell;
    });
    at("heads").append(...heads);

    const passing = () => {
      const active = filters.map((filter, k) => [filter.passes, selects[k].value]).filter(([, value]) => value);
      const found = [];
      for (let row = 0; row < total; row++) if (active.every(([passes, value]) => passes(value, row))) found.push(row);
      return found;
    };
    const search = searching(sources);
    const told = (mine) => (share) => {
      if (mine === asked) at("count").textContent = `searching, ${Math.round(100 * share)}%`;
      return mine === asked;
    };
    const sorted = (found) => {
      columns.forEach(({ name }, k) => {
        if (name !== order.column) heads[k].removeAttribute("aria-sort");
        else heads[k].setAttribute("aria-sort", order.down ? "descending" : "ascending");
      });
      const column = columns.find(({ name }) => name === order.column);
      if (!column) return found;
      const keys = new Map(found.map((row) => [row, column.key(row)]));
      const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b);
      return found.sort((a, b) => {
        const one = keys.get(a), other = keys.get(b);
        if (one === null || other === null) return (one === null) - (other === null) || a - b;
        return (order.down ? -1 : 1) * compare(one, other) || a - b;
      });
    };
    const update = async () => {
      const mine = ++asked;
      let found = passing();
      const words = at("search").value.trim();
      if (words) found = await search(found, words, told(mine));
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
      at("count").textContent = `${shown.length === total ? "" : spelled(shown.length) + " of "}${spelled(total)} ${words}`;
      at("place").textContent = shown.length ? `${spelled(place + 1)}\u2013${spelled(place + some.length)}` : "";
      at("previous").disabled = place === 0;
      at("next").disabled = place + PAGE >= shown.length;
      document.body.dataset.ready = String(mine);
    };
    const rowOf = async (row) => {
      const cells = await Promise.all(columns.map(({ cell }) => cell(row)));
      const id = columns.findIndex(({ name }) => name === "id");
      const button = make("button", { type: "button", textContent: cells[id], title: cells[id] });
      button.setAttribute("aria-expanded", "false");
      cells[id] = button;
      const line = make("tr", { className: "row" }, ...columns.map(({ name }, k) => make("td", { className: "c-" + name, dir: "auto" }, cells[k])));
      line.addEventListener("click", async () => {
        const open = button.getAttribute("aria-expanded") === "true";
        button.setAttribute("aria-expanded", String(!open));
        if (open) return line.nextSibling.remove();
        const opened = make("tr", { className: "detail" }, make("td", { colSpan: columns.length }));
        line.after(opened);
        opened.firstChild.append(...(await detail(row)));
      });
      return line;
    };

    let waiting;
    at("search").addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(update, 250);
    });
    at("filters").addEventListener("submit", (event) => event.preventDefault());
    at("filters").addEventListener("reset", () => setTimeout(update));
    const turn = async (step) => {
      place += step;
      await draw();
      at("list-title").scrollIntoView();
    };
    at("previous").addEventListener("click", () => turn(-PAGE));
    at("next").addEventListener("click", () => turn(PAGE));
    await update();
  };

  const start = (show) =>
    inflate("index").then(show).catch((error) => {
      at("count").textContent = `The list cannot be shown: ${error.message}. This page needs a browser of 2023 or later.`;
    });

  return { make, spelled, percent, record, textOf, preview, titled, folded, table, list, start };
})();
