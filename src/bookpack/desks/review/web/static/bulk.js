// All of a kind at once: which, every occurrence, and only then the decision.

import { asDiff, ask, at, make, say } from "./page.js";
import { current, inBulk, store } from "./store.js";

let verdict = "accept";
let scopes = [];
let ids = [];
let revision = 0;
let asked = 0;

/** Ask which to accept or reject. `isOfKind` offers what is like the entry that is shown first. */
export function openBulk(wanted, isOfKind) {
  verdict = wanted;
  const all = store.shown.map((id) => store.entries.get(id)).filter(inBulk);
  const one = current();
  scopes = [];
  if (one && one.kind !== "description" && !one.alone) {
    const same = all.filter((e) => e.sort === one.sort);
    const alike = same.filter((entry) => entry.pattern === one.pattern);
    scopes = [
      [`this change: ${named(one)}`, alike],
      [`${one.sort} in ${one.path}`, same.filter((entry) => entry.path === one.path)],
      [one.sort, same],
    ].filter(([, entries]) => entries.length);
  }
  scopes.push(["everything that is shown", all]);
  if (!all.length) {
    say("Nothing that is shown can be decided together.", true);
    return;
  }
  const chosen = isOfKind ? 0 : scopes.length - 1;
  at("bulk-title").textContent = verdict === "accept" ? "Accept all" : "Reject all";
  at("scopes").replaceChildren(...scopes.map(([name, entries], place) => make("label", {},
    make("input", { type: "radio", name: "scope", value: String(place), checked: place === chosen }),
    `${name} (${entries.length.toLocaleString("en")})`)));
  at("bulk").showModal();
  preview(chosen);
}

function named({ before, after }) {
  if (!after) return `“${before.trim()}” taken out`;
  return before ? `“${before}” → “${after}”` : `“${after}” put in`;
}

async function preview(place) {
  const mine = (asked += 1);
  ids = [];
  at("bulk-confirm").disabled = true;
  at("bulk-confirm").textContent = verdict === "accept" ? "Accept" : "Reject";
  at("bulk-count").textContent = "Looking …";
  try {
    const wanted = scopes[place][1].map((entry) => entry.id);
    const told = await ask("/api/preview", { verdict, ids: wanted, filter: store.filter });
    if (mine !== asked) return;
    ids = told.occurrences.map((one) => one.id);
    revision = told.revision;
    at("occurrences").replaceChildren(...told.occurrences.map((one) => make("li", {},
      make("span", { className: "where" }, one.place),
      make("span", { className: "text", dir: "auto" }, ...asDiff(one.pieces)))));
    at("occurrences").scrollTop = 0;
    const many = ids.length.toLocaleString("en");
    const left = told.left
      ? ` ${told.left.toLocaleString("en")} left out: decided meanwhile, or excluded by another one.`
      : "";
    at("bulk-count").textContent =
      `${many} will be ${verdict === "accept" ? "accepted" : "rejected"}.${left}`;
    at("bulk-confirm").textContent = `${verdict === "accept" ? "Accept" : "Reject"} ${many}`;
    at("bulk-confirm").disabled = ids.length === 0;
  } catch (error) {
    at("bulk-count").textContent = error.message;
  }
}

/** Listen to the dialog; `decide` carries out what was confirmed. */
export function listenToBulk(decide) {
  at("scopes").addEventListener("change", (event) => preview(Number(event.target.value)));
  at("bulk-cancel").addEventListener("click", () => at("bulk").close());
  at("bulk-confirm").addEventListener("click", () => {
    at("bulk").close();
    decide("/api/bulk", { verdict, ids, filter: store.filter, revision });
  });
  at("bulk").addEventListener("close", () => {
    asked += 1;
    at("occurrences").replaceChildren();
  });
}
