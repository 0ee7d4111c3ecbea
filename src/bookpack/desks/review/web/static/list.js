// The queue: its filter and its list, a hundred lines at a time.

import { asChange, at, make, STATES, stateOf } from "./page.js";
import { inBulk, matches, sift, store } from "./store.js";

const PAGE = 100;
const FACETS = {
  state: ["any state", (entry) => [entry.state]],
  chapter: ["all chapters", (entry) => [entry.path]],
  category: ["all categories", (entry) => [entry.category]],
  engine: ["all engines", (entry) => entry.engines],
};
let limit = PAGE;

/** Show the filter and the list anew. */
export function showQueue() {
  sift();
  const place = store.shown.indexOf(store.at);
  while (place >= limit) limit += PAGE;
  const list = at("list");
  list.replaceChildren(...store.shown.slice(0, limit).map(line));
  const left = store.shown.length - limit;
  at("more").hidden = left <= 0;
  at("more").textContent = `Show ${Math.min(left, PAGE).toLocaleString("en")} more of ${left.toLocaleString("en")}`;
  const isAt = place >= 0;
  if (isAt) list.setAttribute("aria-activedescendant", `line-${store.at}`);
  else list.removeAttribute("aria-activedescendant");
  if (isAt) keepInSight(list, list.children[place]);
  showFacets();
  const entries = [...store.entries.values()];
  const many = store.shown.filter((id) => inBulk(store.entries.get(id))).length;
  at("count").textContent = `${store.shown.length.toLocaleString("en")} shown`;
  at("accept-all").disabled = at("reject-all").disabled = many === 0;
  const done = entries.filter((one) => !["open", "skipped", "lost"].includes(one.state)).length;
  at("progress").textContent =
    `${done.toLocaleString("en")} of ${entries.length.toLocaleString("en")} decided`;
  at("undo").disabled = !store.undo;
  at("undo").title = store.undo ? `Undo: ${store.undo}` : "Nothing was done yet";
}

function keepInSight(list, line) {
  // Only the list itself is scrolled, never the page: on a phone the list is not in view.
  const above = line.offsetTop - list.offsetTop - list.scrollTop;
  if (above < 0) list.scrollTop += above;
  const below = above + line.offsetHeight - list.clientHeight;
  if (below > 0) list.scrollTop += below;
}

function line(id) {
  const entry = store.entries.get(id);
  const isPicture = entry.kind === "description";
  const what = isPicture
    ? [make("bdi", {}, entry.name)]
    : asChange(entry);
  const kind = isPicture ? [entry.asking ? "being asked · " : "", entry.after]
    : [`${entry.category} · ${entry.engines.join(", ")}`];
  const isOpen = entry.state === "open";
  return make("li", {
    id: `line-${id}`,
    data: { id },
    attributes: { role: "option", "aria-selected": String(id === store.at) },
  },
  make("span", { className: "what", dir: "auto" }, ...what),
  make("span", { className: "kind" },
    make("span", { className: "where" }, `${entry.path}${entry.line ? `:${entry.line}` : ""}`),
    " · ", ...kind,
    isOpen ? "" : make("span", { className: `state ${entry.state}` }, ` · ${stateOf(entry)}`),
    store.drafts.has(id) ? make("span", { className: "state draft" }, " · draft") : ""));
}

function showFacets() {
  for (const [name, [all, valuesOf]] of Object.entries(FACETS)) {
    const select = at(`filter-${name}`);
    const others = { ...store.filter, [name]: "" };
    const counts = new Map();
    let total = 0;
    for (const entry of store.entries.values()) {
      const counted = matches(entry, others) ? 1 : 0;
      total += counted;
      for (const value of valuesOf(entry)) counts.set(value, (counts.get(value) ?? 0) + counted);
    }
    const values = name === "state" ? Object.keys(STATES) : [...counts.keys()];
    if (name === "category" || name === "engine") values.sort();
    if (store.filter[name] && !values.includes(store.filter[name])) values.push(store.filter[name]);
    const options = [["", `${all} (${total.toLocaleString("en")})`], ...values.map((value) =>
      [value, `${STATES[value] ?? value} (${(counts.get(value) ?? 0).toLocaleString("en")})`])];
    const key = JSON.stringify(options);
    // An open list must not be changed under somebody's pointer.
    if (select.dataset.key !== key && document.activeElement !== select) {
      select.replaceChildren(...options.map(([value, text]) => make("option", { value }, text)));
      select.dataset.key = key;
    }
    select.value = store.filter[name];
  }
  const said = Object.entries(store.filter).filter(([, value]) => value)
    .map(([name, value]) => (name === "words" ? `“${value}”` : STATES[value] ?? value));
  at("filter-said").textContent = said.join(" · ");
}

/** Listen to the filter and the list. `choose` hears the id of a line, and whether it was tapped. */
export function listenToQueue(choose, refilter) {
  const form = at("filter");
  const take = () => {
    for (const name of Object.keys(store.filter)) store.filter[name] = form.elements[name].value;
    limit = PAGE;
    at("list").scrollTop = 0;
    refilter();
  };
  form.addEventListener("input", take);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    Object.assign(store.filter, { words: "", state: "open", chapter: "", category: "", engine: "" });
    form.elements.words.value = "";
    limit = PAGE;
    refilter();
  });
  for (const name of Object.keys(FACETS)) at(`filter-${name}`).addEventListener("blur", showFacets);
  at("list").addEventListener("click", (event) => {
    const id = event.target.closest("li")?.dataset.id;
    if (id) choose(id, true);
  });
  at("list").addEventListener("keydown", (event) => {
    const end = { Home: store.shown[0], End: store.shown.at(-1) }[event.key];
    if (!end) return;
    event.preventDefault();
    choose(end);
  });
  at("more").addEventListener("click", () => {
    const first = limit;
    limit += PAGE;
    showQueue();
    if (at("more").hidden) at("list").focus();
    at("list").children[first]?.scrollIntoView({ block: "nearest" });
  });
  at("filters").open = matchMedia("(min-width: 60rem)").matches;
}
