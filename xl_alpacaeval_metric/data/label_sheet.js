"use strict";
(() => {
  const { rows, languages, item, drawn } = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const key = "xl-alpacaeval labels " + rows.map((row) => row[item]).sort().join("");
  let state = { annotator: "", position: 0, given: {} };
  let kept = true;
  let unsaved = false;

  const load = () => {
    try {
      const stored = JSON.parse(localStorage.getItem(key) || "null");
      if (stored && typeof stored.given === "object" && stored.given) state = { ...state, ...stored };
      localStorage.setItem(key + " test", "1");
      localStorage.removeItem(key + " test");
    } catch {
      kept = false;
    }
    const position = Number.isInteger(state.position) ? state.position : 0;
    state.position = Math.min(Math.max(0, position), rows.length - 1);
  };

  const keep = () => {
    unsaved = true;
    try {
      localStorage.setItem(key, JSON.stringify(state));
      kept = true;
    } catch {
      kept = false;
    }
  };

  const of = (row) => state.given[row[item]] || {};
  const isLabelled = (row) => Boolean(of(row).label);
  const nLabelled = () => rows.filter(isLabelled).length;

  const write = (element, text, language) => {
    element.textContent = text.trim() ? text : "(empty)";
    element.classList.toggle("empty", !text.trim());
    if (language) element.lang = language;
  };

  const show = () => {
    const row = rows[state.position];
    at("meta").textContent =
      `Item ${state.position + 1} of ${rows.length} \u00b7 to be answered in ${languages[row.language] || row.language}`;
    write(at("instruction"), row.instruction);
    write(at("answer1"), row.answer_1, row.language);
    write(at("answer2"), row.answer_2, row.language);
    const { label, comment } = of(row);
    for (const button of document.querySelectorAll("[data-label]")) {
      button.setAttribute("aria-pressed", String(button.dataset.label === label));
    }
    at("card1").classList.toggle("chosen", label === "1");
    at("card2").classList.toggle("chosen", label === "2");
    at("comment").value = comment || "";
    at("annotator").value = state.annotator;
    const done = nLabelled();
    at("count").textContent = done === rows.length ? `all ${done} labelled: save them` : `${done} of ${rows.length} labelled`;
    at("progress").max = rows.length;
    at("progress").value = done;
    at("back").disabled = state.position === 0;
    at("next").disabled = state.position === rows.length - 1;
    at("open").disabled = done === rows.length;
    at("notice").hidden = kept;
    at("notice").textContent = "This browser keeps nothing for a page from the disk: save your labels before you close it.";
  };

  const go = (position) => {
    state.position = Math.min(Math.max(0, position), rows.length - 1);
    keep();
    show();
    scrollTo(0, 0);
  };

  const goToOpen = () => {
    for (let step = 1; step <= rows.length; step++) {
      const position = (state.position + step) % rows.length;
      if (!isLabelled(rows[position])) return go(position);
    }
    show();
  };

  const choose = (label) => {
    const row = rows[state.position];
    const again = of(row).label === label;
    state.given[row[item]] = { ...of(row), label: again ? "" : label };
    at("help").open = false;
    keep();
    show();
    if (!again) goToOpen();
  };

  const saved = () =>
    rows.map((row) => ({
      item: row[item],
      id: row.id,
      language: row.language,
      label: of(row).label || "",
      comment: of(row).comment || "",
      annotator: state.annotator,
      drawn: row[drawn],
    }));

  // A cell that a spreadsheet might take for a formula gets an apostrophe.
  const asText = (cell) => (/^[ \n]*[=+\-@\t\r']/.test(cell) ? "'" + cell : cell);
  const asCell = (cell) => '"' + asText(cell).replaceAll('"', '""') + '"';

  const download = (suffix, type, text) => {
    const name = state.annotator.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = `labels${name ? "-" + name : ""}${suffix}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    unsaved = false;
  };

  const saveCsv = () => {
    const found = saved();
    const lines = [Object.keys(found[0]), ...found.map((row) => Object.values(row))];
    download(".csv", "text/csv", "\ufeff" + lines.map((line) => line.map(asCell).join(",") + "\r\n").join(""));
  };
  const saveJsonl = () =>
    download(".jsonl", "application/jsonl", saved().map((row) => JSON.stringify(row) + "\n").join(""));

  const restart = () => {
    if (!confirm("This takes all labels of this sheet out of the browser. Have you saved them?")) return;
    state = { annotator: "", position: 0, given: {} };
    keep();
    unsaved = false;
    at("help").open = true;
    show();
    at("annotator").focus();
  };

  for (const button of document.querySelectorAll("[data-label]")) {
    button.addEventListener("click", () => choose(button.dataset.label));
  }
  at("back").addEventListener("click", () => go(state.position - 1));
  at("next").addEventListener("click", () => go(state.position + 1));
  at("open").addEventListener("click", goToOpen);
  at("csv").addEventListener("click", saveCsv);
  at("jsonl").addEventListener("click", saveJsonl);
  at("restart").addEventListener("click", restart);
  at("annotator").addEventListener("input", () => {
    state.annotator = at("annotator").value.trim();
    keep();
  });
  at("comment").addEventListener("input", () => {
    const row = rows[state.position];
    state.given[row[item]] = { ...of(row), comment: at("comment").value };
    keep();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea")) return;
    const label = { 1: "1", 2: "2", 3: "tie" }[event.key];
    if (label) choose(label);
    else if (event.key === "ArrowLeft") go(state.position - 1);
    else if (event.key === "ArrowRight") go(state.position + 1);
    else return;
    event.preventDefault();
  });
  addEventListener("beforeunload", (event) => {
    if (unsaved && !kept) event.preventDefault();
  });

  load();
  show();
})();
