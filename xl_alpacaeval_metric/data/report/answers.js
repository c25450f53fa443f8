"use strict";
// The answers of runs, each with its request, its reference, its verdicts, and the other runs' answers.
pages.start(async (index) => {
  const { make, spelled, percent, record, textOf, preview, titled, folded, table } = pages;
  const { runs, languages, items, rows, answer_starts, item_starts } = index;
  const total = rows.run.length;
  const judged = rows.preference.some((value) => value !== null);
  const answerOf = (row) => record("a", answer_starts, row);
  const itemOf = (row) => record("i", item_starts, rows.item[row]);
  const nameOf = (code) => languages[code] || code || "";
  const idOf = (row) => items.id[rows.item[row]];
  const codeOf = (row) => items.language[rows.item[row]];
  const runOf = (row) => runs[rows.run[row]];
  const spansOf = (answer) => (answer.spans || []).map(([from, to, code]) => [from, to, code, nameOf(code)]);

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
  const verdictText = (row) =>
    rows.preference[row] === null ? "no verdict" : `${verdictOf(row)} ${(100 * rows.preference[row]).toFixed(0)}%`;

  // The preference minus the mean of the other runs' on the same request, in points.
  const againstOf = (row) => {
    const mine = rows.preference[row];
    const theirs = same.get(codeOf(row) + " " + idOf(row)).filter((other) => rows.run[other] !== rows.run[row]).map((other) => rows.preference[other]);
    const known = theirs.filter((value) => value !== null);
    return mine === null || !known.length ? null : 100 * (mine - known.reduce((sum, value) => sum + value, 0) / known.length);
  };
  const signed = (value) => {
    if (value === null) return "\u2013";
    const points = Math.round(value);
    return (points < 0 ? "\u2212" : points > 0 ? "+" : "") + Math.abs(points);
  };

  const byName = (codes) => [...codes].sort((a, b) => nameOf(a).localeCompare(nameOf(b))).map((code) => [code, nameOf(code)]);
  const filters = [
    { name: "run", label: "Run", options: [["", "all"], ...runs.map((name, k) => [String(k), name])], passes: (value, row) => rows.run[row] === Number(value) },
    { name: "language", label: "Language asked for", options: [["", "all"], ...byName(new Set(items.language))], passes: (value, row) => codeOf(row) === value },
    {
      name: "answered",
      label: "Answered in",
      options: [["", "any"], ["+", "the language asked for"], ["-", "another, or several"], ...byName(new Set(rows.answered.filter(Boolean)))],
      passes: (value, row) => {
        const code = rows.answered[row];
        if (value === "+") return code === codeOf(row);
        if (value === "-") return Boolean(code) && code !== codeOf(row) && code !== "none";
        return code === value;
      },
    },
    { name: "verdict", label: "Verdict", options: [["", "any"], ["won", "won"], ["lost", "lost"], ["tied", "tied"], ["none", "no verdict"]], passes: (value, row) => verdictOf(row) === value },
    {
      name: "fidelity",
      label: "Text in the language",
      options: [["", "any"], ["all", "all of it"], ["less", "less than all"], ["half", "less than half"], ["none", "not scored"]],
      passes: (value, row) => {
        const share = rows.fidelity[row];
        if (share === null || value === "none") return share === null && value === "none";
        return value === "all" ? share >= 100 : share < (value === "half" ? 50 : 100);
      },
    },
  ];

  const columns = [
    { name: "run", title: "Run", key: (row) => rows.run[row], cell: runOf },
    { name: "id", title: "Id", key: idOf, cell: idOf },
    { name: "language", title: "Language", key: (row) => nameOf(codeOf(row)), cell: (row) => nameOf(codeOf(row)) },
    { name: "answer", title: "Answer", cell: async (row) => preview((await answerOf(row)).prediction, codeOf(row)) },
    { name: "verdict", title: "Verdict", hint: "The judge's preference for the answer: above 50% it won.", key: (row) => rows.preference[row], cell: verdictText },
    { name: "against", title: "Difference", hint: "The preference minus the mean of the other runs' on the same request, in points.", key: againstOf, cell: (row) => signed(againstOf(row)) },
    { name: "fidelity", title: "In language", hint: "How much of the text is in the language asked for.", key: (row) => rows.fidelity[row], cell: (row) => percent(rows.fidelity[row]) },
    { name: "answered", title: "Answered in", key: (row) => nameOf(rows.answered[row]), cell: (row) => nameOf(rows.answered[row]) || "\u2013" },
    { name: "length", title: "Length", hint: "Characters.", key: (row) => rows.length[row], cell: (row) => spelled(rows.length[row]) },
  ];
  const wanted = ({ name }) => (runs.length > 1 || !["run", "against"].includes(name)) && (judged || !["verdict", "against"].includes(name));

  const item = (row) => rows.item[row];
  const sources = [
    { prefix: "i", starts: item_starts, number: item, key: item, text: (of, row) => [idOf(row), of.instruction, of.reference].join("\n") },
    { prefix: "a", starts: answer_starts, number: (row) => row, key: (row) => row, text: (of) => of.prediction },
  ];

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
    table(
      ["Judge", "Shown first", "Preference for the answer", "What the judge wrote", "Why there is none"],
      verdicts.map(({ judge, order, preference, raw, reason }) => [
        judge || "",
        order === "candidate_first" ? "the answer" : "the reference",
        preference === null ? "none" : `${(100 * preference).toFixed(1)}%`,
        textOf(raw || ""),
        reason || "",
      ]),
    );
  const detail = async (row) => {
    const [answer, item] = await Promise.all([answerOf(row), itemOf(row)]);
    const code = codeOf(row);
    const pair = [titled(runs.length > 1 ? `Answer: ${runOf(row)}` : "Answer", textOf(answer.prediction, code, spansOf(answer)))];
    if (item.reference) pair.push(titled("Reference", textOf(item.reference, code)));
    const found = [titled("Request", textOf(item.instruction)), make("div", { className: "pair" }, ...pair), factsOf(row, answer)];
    if (answer.thinking) found.push(folded("Thought", "", () => [textOf(answer.thinking)]));
    if (answer.verdicts.length) found.push(folded("Verdicts", "", () => [verdictsOf(answer.verdicts)]));
    for (const other of same.get(code + " " + idOf(row))) {
      if (other === row) continue;
      const title = `${runOf(other)}: ${judged ? verdictText(other) : percent(rows.fidelity[other])}`;
      found.push(
        folded(title, "other", async () => {
          const theirs = await answerOf(other);
          return [textOf(theirs.prediction, code, spansOf(theirs)), factsOf(other, theirs)];
        }),
      );
    }
    return found;
  };

  await pages.list({ total, words: "answers", filters: filters.filter(wanted), columns: columns.filter(wanted), sources, detail });
});
