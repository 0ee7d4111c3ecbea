// The page of the review: what was pressed, what the server said to it, what others did meanwhile.

import { listenToBulk, openBulk } from "./bulk.js";
import {
  bringIntoSight, closeEdit, isEdited, nameActions, nameEdit, openEdit, showEntry, showNothing,
  showPosition, shown, words,
} from "./entry.js";
import { listenToQueue, showQueue } from "./list.js";
import { ask, at, say } from "./page.js";
import { beside, current, keepDraft, matches, sift, store, takeIn } from "./store.js";

let isBusy = false;
let fetching = 0;

/** Let everybody know that something is under way, and which entry is shown when it is not. */
function setBusy(value) {
  isBusy = value;
  at("entry").setAttribute("aria-busy", String(value));
}

/** Go to an entry and show it; nothing where `id` is empty. */
async function goTo(id) {
  store.at = id;
  showQueue();
  await fetchEntry();
}

async function fetchEntry() {
  const id = store.at;
  const mine = (fetching += 1);
  if (!id) {
    const hadFocus = at("actions").contains(document.activeElement);
    showNothing();
    if (hadFocus) at("entry").focus();
    return;
  }
  try {
    const details = await ask(`/api/entry?id=${encodeURIComponent(id)}`);
    if (mine === fetching) showEntry(details);
  } catch (error) {
    say(error.message, true);
  }
}

/** Show what changed, here or elsewhere; where we are stays. */
async function refresh() {
  const told = await ask(`/api/queue?since=${store.revision || -1}`);
  at("book").textContent = told.title;
  document.title = told.title ? `Review: ${told.title}` : "Review";
  at("trouble").hidden = !told.trouble;
  at("trouble").textContent = told.trouble;
  const changed = takeIn(told);
  if (!store.at) {
    sift();
    await goTo(store.shown[0] ?? "");
    return;
  }
  showQueue();
  showPosition();
  const one = current();
  const isConcerned = changed.some((entry) => entry.id === store.at
    || (one.group && entry.group === one.group) || entry.path === one.path);
  if (isConcerned) await fetchEntry();
}

/** Send something to be done, say what came of it, and go on. */
async function send(path, body, whereTo) {
  if (isBusy) return;
  setBusy(true);
  try {
    const told = await ask(path, { ...body, revision: body.revision ?? store.revision });
    const changed = takeIn(told.queue);
    const refused = told.refused.slice(0, 5).map(([place, reason]) => `${place}: ${reason}.`);
    if (told.refused.length > 5) refused.push(`And ${told.refused.length - 5} more.`);
    const next = whereTo(told, changed) ?? store.at;
    store.at = next;
    await goTo(next);
    const one = current();
    const where = next && one ? ` Now at ${one.path}${one.line ? `, line ${one.line}` : ""}.` : "";
    say([told.said, ...refused].join(" "), refused.length > 0, where);
  } catch (error) {
    say(error.message, true);
    await refresh().catch(() => {});
    await fetchEntry();
  } finally {
    setBusy(false);
  }
}

/** After a decision: on to the next entry that passes the filter, else back to the one before. */
function onward(told) {
  if (!told.done) return store.at;
  const from = store.at;
  const next = beside(1, matches) || beside(-1, matches);
  return next || (matches(store.entries.get(from)) ? from : "");
}

function decide(name) {
  const one = current();
  if (!one || shown.id !== one.id) return;
  if (name === "edit" && one.kind === "description") {
    at("words-text").focus();
    return;
  }
  const button = at("actions").querySelector(`[data-do="${name}"]`);
  if (!button || button.hidden || button.disabled) return;
  if (one.kind === "description") describe(name, one);
  else if (name === "edit") openEdit();
  else send("/api/decide", { id: one.id, verdict: name }, (told) => {
    if (told.done && ["accept", "reject"].includes(name)) keepDraft(one.id, null);
    return name === "reopen" ? store.at : onward(told);
  });
}

/** Return what stood in the description when typing began. */
const seenByTyping = () => store.drafts.get(store.at)?.seen ?? shown.details.seen;

function describe(name, one) {
  const verdict = name === "accept" ? "approve" : name;
  const edited = isEdited() ? words() : {};
  const sent = ["approve", "save"].includes(verdict) ? edited : {};
  if (verdict === "save" && !isEdited()) {
    say("Nothing was edited.");
    return;
  }
  const leaves = ["approve", "skip"].includes(verdict);
  const whereTo = (told) => {
    if (["approve", "save"].includes(verdict)) keepDraft(one.id, null);
    return leaves ? onward(told) : store.at;
  };
  send("/api/describe", { id: one.id, verdict, seen: shown.details.seen, ...sent }, whereTo);
}

const undo = () => send("/api/undo", {}, (told, changed) => {
  if (changed.length === 1) return changed[0].id;
  return store.at || (changed.find((entry) => matches(entry))?.id ?? "");
});

/** Keep what is typed by entry, so that looking at another one throws nothing away. */
function keepTyped(draft) {
  if (keepDraft(store.at, draft)) showQueue();
}

const decideAll = (path, body) => send(path, body, onward);

const KEYS = {
  a: () => decide("accept"),
  r: () => decide("reject"),
  e: () => decide("edit"),
  s: () => decide("skip"),
  u: () => store.undo && undo(),
  A: () => openBulk("accept", true),
  R: () => openBulk("reject", true),
  j: () => step(1),
  k: () => step(-1),
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  "/": () => {
    at("filters").open = true;
    at("filter-words").focus();
    at("filter-words").select();
  },
  "?": () => at("help").showModal(),
};

function step(by) {
  const id = beside(by);
  if (id) goTo(id);
}

function keep(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(name);
    localStorage.setItem(name, value);
  } catch { /* a browser that keeps nothing is fine */ }
  return null;
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
  const isArrow = event.key.startsWith("Arrow");
  if (!at("use-keys").checked && !(isArrow && event.target.id === "list")) return;
  const act = Object.hasOwn(KEYS, event.key) ? KEYS[event.key] : null;
  if (!act) return;
  event.preventDefault();
  if (event.repeat && !isArrow && !["j", "k"].includes(event.key)) return;
  act();
}

function listen() {
  listenToQueue(async (id, isTapped = false) => {
    await goTo(id);
    if (isTapped) bringIntoSight();
  }, () => {
    sift();
    // A new filter begins with its first entry, unless the one we are at passes it.
    const isAt = current() && matches(current());
    const id = isAt ? store.at : store.shown.find((one) => one !== store.at) ?? "";
    goTo(id);
  });
  listenToBulk(decideAll);
  at("actions").addEventListener("click", (event) => {
    const name = event.target.closest("button")?.dataset.do;
    if (name) decide(name);
  });
  at("previous").addEventListener("click", () => step(-1));
  at("next").addEventListener("click", () => step(1));
  at("undo").addEventListener("click", undo);
  at("show-help").addEventListener("click", KEYS["?"]);
  at("accept-all").addEventListener("click", () => openBulk("accept", false));
  at("reject-all").addEventListener("click", () => openBulk("reject", false));
  at("rival-list").addEventListener("click", (event) => {
    const id = event.target.closest("button")?.dataset.id;
    if (id) goTo(id);
  });
  at("words").addEventListener("input", () => {
    keepTyped(isEdited() ? { words: words(), seen: seenByTyping() } : null);
    nameActions();
  });
  at("words-cancel").addEventListener("click", () => {
    keepTyped(null);
    showEntry(shown.details);
    at("words-text").focus();
  });
  at("edit-text").addEventListener("input", () => {
    keepTyped({ edit: at("edit-text").value });
    nameEdit();
  });
  window.addEventListener("beforeunload", (event) => {
    if (store.drafts.size) event.preventDefault();
  });
  at("words").addEventListener("submit", (event) => event.preventDefault());
  at("edit-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = at("edit-text").value;
    send("/api/decide", { id: store.at, verdict: "edit", text }, (told) => {
      if (told.done) {
        keepDraft(store.at, null);
        closeEdit();
        at("entry").focus();
      }
      return onward(told);
    });
  });
  const leaveEdit = () => {
    keepTyped(null);
    if (closeEdit()) at("actions").querySelector('[data-do="edit"]').focus();
  };
  at("edit-cancel").addEventListener("click", leaveEdit);
  at("edit-text").addEventListener("keydown", (event) => {
    if (event.key === "Escape") leaveEdit();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("edit-form").requestSubmit();
  });
  at("filter-words").addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "Escape") at("list").focus();
  });
  at("use-keys").checked = keep("bookpack-review-keys") !== "off";
  at("use-keys").addEventListener("change", () =>
    keep("bookpack-review-keys", at("use-keys").checked ? "on" : "off"));
  at("picture").addEventListener("error", () => {
    at("picture").hidden = true;
    at("no-picture").hidden = false;
  });
  document.addEventListener("keydown", onKey);
}

function follow() {
  const events = new EventSource("/api/events");
  const ended = "The review cannot be reached. If the command has ended, start it again: "
    + "everything decided so far is in the book.";
  events.addEventListener("message", (event) => {
    if (Number(event.data) > store.revision && !isBusy) refresh().catch(() => {});
    if (Number(event.data) > store.revision && isBusy) setTimeout(() => refresh().catch(() => {}), 300);
  });
  events.addEventListener("error", () => {
    at("trouble").hidden = false;
    at("trouble").textContent = ended;
  });
  events.addEventListener("open", () => refresh().catch(() => {}));
}

listen();
refresh().then(follow).catch((error) => say(error.message, true));
