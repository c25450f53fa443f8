"use strict";
// What came of each passage: the response, its translations, which was chosen, what was dropped and why.
pages.start(async (index) => {
  const { make, record, textOf, preview, titled } = pages;
  const { ids, languages, rows, starts } = index;
  const draftOf = (row) => record("d", starts, rows.draft[row]);
  const idOf = (row) => ids[rows.draft[row]];
  const nameOf = (row) => languages[rows.language[row]] || "all";
  const outcomeOf = (row) => (rows.stage[row] ? "dropped" : "kept");
  const chosenOf = (draft, code) => {
    const selection = draft.selections[code], candidates = draft.candidates[code] || [];
    return selection && selection.chosen !== null && candidates[selection.chosen] ? candidates[selection.chosen].text : draft.response;
  };

  const stages = [...new Set(rows.stage.filter(Boolean))].sort();
  const filters = [
    { name: "language", label: "Language", options: [["", "all"], ...Object.entries(languages)], passes: (value, row) => rows.language[row] === value },
    { name: "outcome", label: "Outcome", options: [["", "any"], ["kept", "kept"], ["dropped", "dropped"]], passes: (value, row) => outcomeOf(row) === value },
    { name: "stage", label: "Dropped at", options: [["", "any stage"], ...stages.map((stage) => [stage, stage])], passes: (value, row) => rows.stage[row] === value },
  ];
  const columns = [
    { name: "id", title: "Id", key: idOf, cell: idOf },
    { name: "language", title: "Language", key: nameOf, cell: nameOf },
    { name: "answer", title: "Response", cell: async (row) => { const draft = await draftOf(row); return preview(chosenOf(draft, rows.language[row]) || draft.passage, rows.language[row]); } },
    { name: "outcome", title: "Outcome", key: outcomeOf, cell: outcomeOf },
    { name: "reason", title: "Why", key: (row) => rows.reason[row] || rows.method[row], cell: (row) => (rows.stage[row] ? `${rows.stage[row]}: ${rows.reason[row]}` : rows.method[row] ? `chosen by ${rows.method[row]}` : "") },
  ];
  const number = (row) => rows.draft[row];
  const sources = [
    { prefix: "d", starts, number, key: number, text: (draft, row) => [idOf(row), draft.passage, draft.instruction, draft.response].join("\n") },
    { prefix: "d", starts, number, key: (row) => row, text: (draft, row) => (draft.candidates[rows.language[row]] || []).map(({ text }) => text).join("\n") },
  ];
  const candidateOf = (one, k, selection, code) => {
    const facts = [`Candidate ${k + 1}`, one.model];
    const score = selection && selection.scores && selection.scores[k];
    if (typeof score === "number") facts.push(`score ${score.toFixed(3)}`);
    if (one.fault) facts.push(`cannot be used: ${one.fault}`);
    const chosen = Boolean(selection) && selection.chosen === k;
    if (chosen) facts.push(`chosen by ${selection.method}`);
    return make("div", { className: chosen ? "candidate chosen" : "candidate" }, titled(facts.join(" \u00b7 "), textOf(one.text, code)));
  };
  const detail = async (row) => {
    const draft = await draftOf(row), code = rows.language[row];
    const found = [titled(`Passage (${draft.seed})`, textOf(draft.passage))];
    if (draft.instruction) found.push(titled("Instruction", textOf(draft.instruction)));
    if (draft.response) found.push(titled("Response", textOf(draft.response)));
    const facts = Object.entries(draft.scores || {}).map(([name, level]) => `${name} ${level}`);
    facts.push(rows.stage[row] ? `dropped at ${rows.stage[row]}: ${rows.reason[row]}` : "kept");
    found.push(make("p", { className: "facts", textContent: facts.join(" \u00b7 ") }));
    if (draft.found && draft.found !== draft.response) found.push(titled("What was found", textOf(draft.found)));
    const candidates = draft.candidates[code] || [];
    found.push(...candidates.map((one, k) => candidateOf(one, k, draft.selections[code], code)));
    return found;
  };
  await pages.list({ total: rows.draft.length, words: "passages and languages", filters, columns, sources, detail });
});
