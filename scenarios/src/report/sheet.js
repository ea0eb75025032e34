"use strict";
(() => {
  const sheet = document.body.dataset.sheet;
  const store = "rounds-review-" + sheet;
  const items = [...document.querySelectorAll("fieldset")];
  const rater = document.getElementById("rater");
  const done = document.getElementById("done");
  const verdict = (item) => (item.querySelector("input[type=radio]:checked") || { value: "" }).value;
  const comment = (item) => item.querySelector(".comment");
  let saved = true;

  function count() {
    const rated = items.filter((item) => verdict(item) !== "").length;
    done.textContent = rated + " of " + items.length + " answered";
  }
  // A browser may refuse to keep anything for a file; then only the saved CSV counts.
  function keep() {
    const answers = items.map((item) => [item.dataset.item, verdict(item), comment(item).value]);
    try { localStorage.setItem(store, JSON.stringify({ rater: rater.value, answers })); } catch (_) { return; }
  }
  function restore() {
    let kept = null;
    try { kept = JSON.parse(localStorage.getItem(store)); } catch (_) { return; }
    if (!kept) return;
    rater.value = kept.rater || "";
    for (const [id, value, words] of kept.answers || []) {
      const item = items.find((item) => item.dataset.item === id);
      if (!item) continue;
      comment(item).value = words;
      for (const input of item.querySelectorAll("input[type=radio]")) input.checked = input.value === value;
    }
  }
  function changed() { saved = false; count(); keep(); }

  function cell(text) { return '"' + String(text).replaceAll('"', '""') + '"'; }
  function csv() {
    const rows = [["item", "visit", "transcript", "question", "verdict", "rater", "comment"]];
    for (const item of items) {
      const visit = item.closest("section");
      const turns = [...visit.querySelectorAll(".turn")];
      const words = turns.map((turn) => turn.children[0].textContent + ": " + turn.children[1].textContent);
      rows.push([item.dataset.item, visit.dataset.visit, words.join("\n"),
        item.querySelector("legend").textContent, verdict(item), rater.value.trim(), comment(item).value]);
    }
    return rows.map((row) => row.map(cell).join(",")).join("\n") + "\n";
  }
  function save() {
    if (rater.value.trim() === "") { rater.focus(); return; }
    const link = document.createElement("a");
    const name = rater.value.trim().replace(/[^\p{L}\p{N}]+/gu, "-");
    link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv;charset=utf-8" }));
    link.download = document.body.dataset.name + "-" + name + ".csv";
    link.click();
    URL.revokeObjectURL(link.href);
    saved = true;
  }
  function go(item) {
    const input = item.querySelector("input[type=radio]:checked") || item.querySelector("input[type=radio]");
    input.focus();
    item.scrollIntoView({ block: "center" });
  }

  document.addEventListener("change", changed);
  document.addEventListener("input", (event) => { if (event.target.type === "text") changed(); });
  document.getElementById("save").addEventListener("click", save);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.type === "text") return;
    const keys = { y: "yes", n: "no", c: "cannot tell" };
    const focused = document.activeElement && document.activeElement.closest("fieldset");
    const open = items.find((item) => verdict(item) === "");
    const at = focused || open;
    if (!at) return;
    if (keys[event.key]) {
      for (const input of at.querySelectorAll("input[type=radio]")) input.checked = input.value === keys[event.key];
      changed();
      go(items[items.indexOf(at) + 1] || at);
      event.preventDefault();
    } else if (event.key === "j" || event.key === "k") {
      const step = focused ? (event.key === "j" ? 1 : -1) : 0;
      go(items[items.indexOf(at) + step] || at);
      event.preventDefault();
    }
  });
  window.addEventListener("beforeunload", (event) => { if (!saved) event.preventDefault(); });
  restore();
  count();
})();
